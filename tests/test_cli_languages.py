"""`intermediary languages`: what is missing where, and how another language begins."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from typer.testing import CliRunner, Result

from intermediary import languages
from intermediary.cli import app
from intermediary.languages import Surface, coverage, texts_of

SMALL = '_("Hello, %(name)s")\n_N("Bye")\nngettext("One thing", "%(num)s things", 3)\n'
GERMAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "Hello, %(name)s"
msgstr "Hallo, %(name)s"

msgid "Bye"
msgstr ""

msgid "One thing"
msgid_plural "%(num)s things"
msgstr[0] "Ein Ding"
msgstr[1] "%(num)s Dinge"

msgid "Nobody says this"
msgstr "Niemand sagt das"
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surface:
    """A small room with texts and a German catalogue."""
    room = tmp_path / "intermediary" / "room"
    (room / "locale" / "de" / "LC_MESSAGES").mkdir(parents=True)
    shutil.copy(languages.HOME / "console" / "babel.cfg", room)
    (room / "pages.py").write_text(SMALL)
    (room / "locale" / "de" / "LC_MESSAGES" / "area.po").write_text(GERMAN)
    made = Surface("console", room)
    monkeypatch.setattr(languages, "HOME", tmp_path / "intermediary")
    monkeypatch.setattr(languages, "surfaces", lambda: (made,))
    return made


def call(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["languages", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_what_is_missing_is_told_with_file_and_line(pages: Surface) -> None:
    said = call(code=1).stdout
    assert "intermediary/room/pages.py:2: de: missing: Bye" in said
    assert "left over: area.po: Nobody says this" in said
    told = json.loads(call("--json", code=1).stdout)
    german = next(row for row in told if row["language"] == "de")
    assert (german["texts"], german["percent"], german["offered"]) == (3, 66, True)
    assert german["missing"] == [
        {"text": "Bye", "why": "missing", "places": ["intermediary/room/pages.py:2"]}
    ]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('msgid "Bye"\nmsgstr ""', '#, fuzzy\nmsgid "Bye"\nmsgstr "Tschüss"', "fuzzy"),
        ("Hallo, %(name)s", "Hallo, %(nmae)s", "places"),
        ('[1] "%(num)s Dinge"', '[1] ""', "missing"),
    ],
)
def test_a_translation_that_cannot_be_used_is_missing(pages: Surface, old: str, new: str, why: str) -> None:
    file = pages.locale / "de" / "LC_MESSAGES" / "area.po"
    file.write_text(file.read_text().replace(old, new))
    assert why in [m.why for m in coverage(pages, "de", texts_of(pages)).missing]


def test_a_complete_language_ends_with_zero(pages: Surface) -> None:
    file = pages.locale / "de" / "LC_MESSAGES" / "area.po"
    file.write_text(file.read_text().replace('"Bye"\nmsgstr ""', '"Bye"\nmsgstr "Tschüss"'))
    call()


def test_another_language_begins_with_every_text_and_keeps_what_is_translated(pages: Surface) -> None:
    call("new", "fr")
    file = pages.locale / "fr" / "LC_MESSAGES" / "area.po"
    with file.open("rb") as source:
        texts = [m.id for m in read_po(source) if m.id]
    assert texts == ["Hello, %(name)s", "Bye", ("One thing", "%(num)s things")]
    assert coverage(pages, "fr", texts_of(pages)).percent == 0
    file.write_text(file.read_text().replace('msgid "Bye"\nmsgstr ""', 'msgid "Bye"\nmsgstr "Adieu"'))
    (pages.folder / "pages.py").write_text(SMALL + '_("More")\n')
    call("new", "fr")
    found = coverage(pages, "fr", texts_of(replace(pages)))
    assert {m.text for m in found.missing} == {"Hello, %(name)s", "One thing", "More"}


@pytest.mark.parametrize("code", ["en", "xx", "../de", "Deutsch", "de_AT"])
def test_what_is_no_language_is_a_wrong_call(pages: Surface, code: str) -> None:
    call("new", code, code=2)
    assert {f.name for f in pages.locale.iterdir()} == {"de"}
