"""A sheet as form and as YAML: nothing gets lost on the way, and what is too long stays YAML."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary.console.editor.forms import FORMS
from intermediary.console.editor.nodes import empty
from intermediary.console.editor.sheet import PLACE, Sheet, notes_of, opened, sheet_from
from intermediary.mapping import LintFinding, Severity, documents_of, load
from intermediary.mapping.rulebook import RULES
from intermediary.shipped import shipped

DOCUMENTS = documents_of(load(shipped("mappings")))


def sheet_of(entry: str, document: dict[str, Any]) -> Sheet:
    kind, _, key = entry.partition("/")
    blank = Sheet(kind, key, False, False, empty(FORMS[kind].root), expected=7, based_on=3, reason="why")
    return opened(blank, document)[0]


@pytest.mark.parametrize("entry", DOCUMENTS)
def test_a_sheet_is_the_same_after_yaml_and_after_the_browser(entry: str) -> None:
    sheet = sheet_of(entry, DOCUMENTS[entry])
    assert not sheet.expert
    assert sheet_from(sheet.kind, sheet.key, sheet.fields()) == sheet
    as_yaml, notes = sheet.turned(True)
    assert (as_yaml.expert, notes) == (True, ())
    assert sheet_from(as_yaml.kind, as_yaml.key, as_yaml.fields()).text == as_yaml.text
    back, notes = as_yaml.turned(False)
    assert (back, notes) == (sheet, ())
    assert back.document() == (DOCUMENTS[entry], ())


def test_what_is_too_long_for_a_form_is_edited_as_yaml() -> None:
    said = dict(DOCUMENTS["evidence/geburtsurkunde"])
    said["routing"] = {"by": "standesamt", "table": {f"V{n}": "x" for n in range(2000)}}
    sheet = sheet_of("evidence/geburtsurkunde", said)
    assert sheet.expert
    document, notes = sheet.document()
    assert document is not None
    assert document["routing"] == said["routing"]
    again, notes = sheet.turned(False)
    assert again.expert
    assert [note.place for note in notes] == ["yaml"]


def test_every_rule_can_be_shown_at_a_field() -> None:
    sheet = sheet_of("evidence/geburtsurkunde", DOCUMENTS["evidence/geburtsurkunde"])
    for rule in RULES.values():
        found = LintFinding(
            Severity.ERROR, "f", 1, "text", "remedy", sheet.entry, ("formats", 0, "media_type"), rule.id
        )
        (note,) = notes_of(sheet, [found])
        assert note.place == f"{PLACE}.formats.0.media_type"
        assert note.label == "Media type for the requester"
        (note,) = notes_of(replace(sheet, expert=True), [found])
        assert note.place == "yaml"
        (note,) = notes_of(sheet, [replace(found, entry="evidence/other")])
        assert (note.place, note.entry) == ("", "evidence/other")


@given(
    st.lists(st.tuples(st.sampled_from(("mode", "expected", "yaml", "d.titles.rows", "d..", "d")), st.text()))
)
@settings(max_examples=100, deadline=None)
def test_whatever_a_browser_sends_is_a_sheet(fields: list[tuple[str, str]]) -> None:
    for kind in FORMS:
        sheet = sheet_from(kind, None, fields)
        sheet.document()
        assert sheet.entry
