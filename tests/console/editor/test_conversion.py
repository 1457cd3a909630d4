"""A document goes into the form and comes out as it was: all that ship, and whatever the model can hold."""

import dataclasses
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from intermediary.console.editor.conversion import said
from intermediary.console.editor.fields import flat, locate
from intermediary.console.editor.forms import FORMS, act, document_of, form_of, new_tree, tree_from, tree_of
from intermediary.console.editor.nodes import (
    ABSENT,
    Content,
    Group,
    Leaf,
    Many,
    Node,
    Table,
    Ticks,
    Tree,
    Unshowable,
)
from intermediary.mapping import documents_of, load
from intermediary.mapping.model import (
    AdditionalInput,
    Conversion,
    EvidenceMapping,
    FormatMapping,
    IdentificationRule,
    JurisdictionLevel,
    MappingSet,
    PlatformIdentity,
    PreviewPolicy,
    Provider,
    Routing,
    SubjectKind,
)
from intermediary.national.rest.options import Options
from intermediary.shipped import shipped

SHIPPED = load(shipped("mappings"))


def through_the_form(entry: str, document: dict[str, Any]) -> dict[str, Any]:
    """Document → form → HTML fields → form → document."""
    form = form_of(entry)
    tree = tree_of(form, document)
    assert tree_from(form, list(flat(form.root, tree))) == tree
    back, troubles = document_of(form, tree)
    assert troubles == ()
    return back


@pytest.mark.parametrize(("entry", "document"), documents_of(SHIPPED).items())
def test_what_ships_comes_out_as_it_went_in(entry: str, document: dict[str, Any]) -> None:
    assert through_the_form(entry, document) == document


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: text == text.strip()
)
KEYS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
MAYBE = st.none() | WORDS
DAYS = st.none() | st.dates()
TITLES = st.dictionaries(st.sampled_from(("en", "de", "fr", "pl")), WORDS, max_size=3)
TABLES = st.dictionaries(WORDS, WORDS, max_size=3)


def tuples(of: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=least, max_size=3).map(tuple)


INPUTS = st.builds(
    AdditionalInput,
    key=WORDS,
    titles=TITLES,
    hints=TITLES,
    classification=MAYBE,
    attribute=MAYBE,
    pattern=st.none() | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1),
    choices=st.dictionaries(WORDS, TITLES.filter(bool), max_size=2),
)
FORMATS = st.builds(
    FormatMapping,
    media_type=WORDS,
    national_media_type=WORDS,
    conforms_to=MAYBE,
    conforms_to_in=TABLES,
    national_data_model=MAYBE,
    transformation=MAYBE,
    conversion=st.sampled_from(Conversion),
)
MAPPINGS = st.builds(
    EvidenceMapping,
    key=KEYS,
    evidence_type_classifications=tuples(WORDS),
    requirements=tuples(WORDS),
    procedures=tuples(st.sampled_from(("R1", "S1", "ZZ"))),
    national_id=WORDS,
    national_version=WORDS,
    national_service=WORDS,
    titles=TITLES,
    descriptions=TITLES,
    jurisdiction_level=st.sampled_from(JurisdictionLevel),
    routing=st.builds(Routing, provider=MAYBE, by=MAYBE, table=TABLES),
    subjects=tuples(st.sampled_from(SubjectKind)),
    identification=tuples(
        st.builds(IdentificationRule, fields=tuples(WORDS, least=1), optional=tuples(WORDS))
    ),
    formats=tuples(FORMATS),
    level_of_assurance=WORDS,
    legal_basis=WORDS,
    preview=st.sampled_from(PreviewPolicy),
    preview_legal_basis=MAYBE,
    additional_inputs=tuples(INPUTS),
    valid_from=st.dates(),
    valid_until=DAYS,
    retention_days=st.integers(-9, 9),
    source=st.none(),
)
LETTERS = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | LETTERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3),
    max_leaves=8,
)
BODIES = JSON.filter(lambda value: value not in (None, "", [], {}))


@st.composite
def interfaces(draw: st.DrawFn) -> dict[str, Any]:
    outcomes = st.dictionaries(WORDS, st.sampled_from(("delivered", "not-found")), min_size=1, max_size=2)
    request = {"path": draw(WORDS)} | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "method": st.just("POST"),
                "query": TABLES.filter(bool),
                "headers": TABLES.filter(bool),
                "body": BODIES,
            },
        )
    )
    representation = st.builds(
        lambda kind, path, more: {"media_type": "application/pdf", kind: path} | more,
        st.sampled_from(("base64", "text", "json", "link")),
        WORDS,
        st.fixed_dictionaries(
            {}, optional={"data_model": WORDS, "language": WORDS, "optional": st.just(True)}
        ),
    )
    evidence = {
        "issuing_date": draw(WORDS),
        "issuing_authority": {"id": draw(WORDS), "name": draw(WORDS)},
        "representations": draw(st.lists(representation, min_size=1, max_size=3)),
    }
    outcome = st.builds(lambda path, values: {"path": path, "values": values}, WORDS, outcomes)
    more = {
        "statuses": outcomes,
        "outcome": outcome,
        "code": WORDS,
        "evidences": WORDS,
        "available_at": WORDS,
    }
    answer = {"evidence": evidence} | draw(st.fixed_dictionaries({}, optional=more))
    return {"request": request, "answer": answer}


PROVIDERS = st.builds(
    Provider,
    key=KEYS,
    national_id=WORDS,
    names=TITLES,
    agent_scheme=WORDS,
    agent_id=WORDS,
    country=WORDS,
    protocol=WORDS,
    url=WORDS,
    component=MAYBE,
    audience=MAYBE,
    nuts=MAYBE,
    lau=MAYBE,
    valid_from=DAYS,
    valid_until=DAYS,
    options=interfaces() | st.just({}),
)
NOBODY = PlatformIdentity("", "", "", {}, "")


@given(MAPPINGS)
@settings(max_examples=150, deadline=None)
def test_any_evidence_mapping_comes_out_as_it_went_in(mapping: EvidenceMapping) -> None:
    entry = f"evidence/{mapping.key}"
    document = documents_of(MappingSet(NOBODY, {}, (mapping,)))[entry]
    assert through_the_form(entry, document) == pruned(document)


@given(PROVIDERS)
@settings(max_examples=150, deadline=None)
def test_any_provider_comes_out_as_it_went_in(provider: Provider) -> None:
    entry = f"provider/{provider.key}"
    document = documents_of(MappingSet(NOBODY, {provider.key: provider}, ()))[entry]
    assert through_the_form(entry, document) == pruned(document)


def pruned(document: dict[str, Any]) -> dict[str, Any]:
    """Without lists and maps that are a must and empty: a draft may lack them, the rules say so."""
    kept = {
        name: value for name, value in document.items() if value not in ([], {}) or name == "descriptions"
    }
    if "additional_inputs" in kept:
        kept["additional_inputs"] = [pruned(item) for item in kept["additional_inputs"]]
    return kept


@given(st.sampled_from(sorted(FORMS)), st.data())
@settings(max_examples=200, deadline=None)
def test_what_the_form_has_no_place_for_is_never_lost_in_silence(kind: str, data: st.DataObject) -> None:
    form = FORMS[kind]
    names = [part.name for part in getattr(form.root, "parts", ())] or ["birth"]
    junk: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from([*names, "unknown"]), JSON, max_size=3))
    try:
        tree = tree_of(form, junk)
    except Unshowable as refused:
        assert refused.path[0] in junk
        return
    back, troubles = document_of(form, tree)
    assert troubles == ()
    assert tree_of(form, back) == tree, "nothing more to lose"
    assert set(back) >= {name for name, value in junk.items() if _says_something(form.root, name, value)}


def _says_something(root: Node, name: str, value: Any) -> bool:
    part = next((p for p in getattr(root, "parts", ()) if p.name == name), None)
    default = part.default if isinstance(part, Leaf) else None
    return value not in (None, "", [], {}, default) and str(value) != str(default) and not _hollow(value)


def _hollow(value: Any) -> bool:
    """Nothing but empty things."""
    return isinstance(value, dict) and all(_hollow(v) or v in (None, "", [], {}) for v in value.values())


# ---------------------------------------------------------------------------------- the forms know the model


def _names(part: Node) -> set[str]:
    assert isinstance(part, Group)
    return {n for p in part.parts for n in (p.names if isinstance(p, Content) else (p.name,))}


def _of(part: Node, *steps: str) -> Node:
    for step in steps:
        if isinstance(part, Group):
            part = next(p for p in part.parts if p.name == step)
        elif isinstance(part, Many):
            part = part.item
        elif isinstance(part, Table):
            part = part.value
    return part


@pytest.mark.parametrize(
    ("model", "part"),
    [
        (EvidenceMapping, FORMS["evidence"].root),
        (Routing, _of(FORMS["evidence"].root, "routing")),
        (IdentificationRule, _of(FORMS["evidence"].root, "identification", "")),
        (AdditionalInput, _of(FORMS["evidence"].root, "additional_inputs", "")),
        (FormatMapping, _of(FORMS["evidence"].root, "formats", "")),
        (Provider, FORMS["provider"].root),
        (PlatformIdentity, FORMS["platform"].root),
    ],
)
def test_every_field_of_the_model_has_a_place(model: Any, part: Node) -> None:
    ours = {"source"} | ({"key"} if model in (EvidenceMapping, Provider) else set())
    extra = {"identifiers_without_meaning"} if model is PlatformIdentity else set()
    assert _names(part) == {f.name for f in dataclasses.fields(model)} - ours | extra
    for field in dataclasses.fields(model):
        found = next((p for p in getattr(part, "parts", ()) if p.name == field.name), None)
        if (
            isinstance(found, Leaf)
            and field.default not in (dataclasses.MISSING, None)
            and found.kind != "date"
        ):
            assert found.default == field.default, field.name


def test_every_option_of_the_rest_connector_has_a_place() -> None:
    def same(model: type[BaseModel], part: Node) -> None:
        assert _names(part) == {info.alias or name for name, info in model.model_fields.items()}
        for name, info in model.model_fields.items():
            inner = info.annotation
            below = _of(part, name) if not info.alias and name not in ("base64", "text", "link") else None
            for kind in (inner, *getattr(inner, "__args__", ())):
                if isinstance(kind, type) and issubclass(kind, BaseModel) and below is not None:
                    same(kind, below.item if isinstance(below, Many) else below)

    same(Options, _of(FORMS["provider"].root, "options"))


# ------------------------------------------------------------------------------------ rows and places


def _tree(**fields: Any) -> Tree:
    return tree_of(FORMS["evidence"], fields)


def test_rows_are_added_moved_and_removed() -> None:
    form, tree = FORMS["evidence"], _tree(identification=[{"fields": ["a"]}, {"fields": ["b"]}])
    assert act(form, tree, "up", "identification.1") == "identification.0"
    assert act(form, tree, "add", "identification") == "identification.2"
    tree["identification"][2]["fields"] = ("c",)
    assert act(form, tree, "remove", "identification.1") == "identification"
    assert document_of(form, tree)[0]["identification"] == [{"fields": ["b"]}, {"fields": ["c"]}]
    for nonsense in ("identification.9", "nowhere", "", "..", "titles.x", "identification.0.fields.0"):
        for action in ("add", "remove", "up", "fly"):
            act(form, tree, action, nonsense)
    assert document_of(form, tree)[0]["identification"] == [{"fields": ["b"]}, {"fields": ["c"]}]


def test_a_row_within_a_row() -> None:
    form, tree = FORMS["evidence"], _tree(additional_inputs=[{"key": "a"}])
    place = act(form, tree, "add", "additional_inputs.0.choices")
    assert place == "additional_inputs.0.choices.0"
    place = act(form, tree, "add", f"{place}.value")
    assert place == "additional_inputs.0.choices.0.value.0"
    tree["additional_inputs"][0]["choices"][0] = {"key": "x", "value": [{"key": "en", "value": "X"}]}
    asked = document_of(form, tree)[0]["additional_inputs"]
    assert asked == [{"key": "a", "choices": {"x": {"en": "X"}}}]


def test_a_finding_is_shown_at_its_field() -> None:
    form = FORMS["evidence"]
    tree = _tree(titles={"en": "Birth", "de": "Geburt"}, formats=[{"media_type": "x"}, {"media_type": "y"}])
    tree["formats"].insert(0, tree_from(form, [("formats.rows", "0")])["formats"][0])
    where = {
        ("titles", "de"): "titles.1.value",
        ("titles",): "titles",
        ("titles", "fr"): "titles",
        ("formats", 1, "media_type"): "formats.2.media_type",
        ("formats", 7): "formats",
        ("routing", "table", "x"): "routing.table",
        (): "",
    }
    assert {path: locate(form.root, tree, path) for path in where} == where
    options = {"answer": {"evidence": {"representations": [{"json": "$.x"}]}}}
    provider = tree_of(FORMS["provider"], {"options": options})
    path = ("options", "answer", "evidence", "representations", 0, "json")
    found = locate(FORMS["provider"].root, provider, path)
    assert found == "options.answer.evidence.representations.0.content.path"


def test_what_cannot_be_said_is_a_trouble_and_not_a_loss() -> None:
    form = FORMS["provider"]
    tree = tree_of(form, {"names": {"en": "A"}})
    tree["names"].append({"key": "en", "value": "B"})
    tree["options"]["request"]["body"] = '{"a": 1, "a": 2}'
    _, troubles = document_of(form, tree)
    assert [t.place for t in troubles] == ["names.1.key", "options.request.body"]
    for broken in ("{", "NaN", "[" * 100_000, '"\\ud800"'):
        tree["options"]["request"]["body"] = broken
        assert len(document_of(form, tree)[1]) == 2, broken[:9]


def test_a_browsers_line_ends_and_the_spaces_around_a_text_do_not_count() -> None:
    form = FORMS["evidence"]
    tree = tree_from(form, [("legal_basis", " § 1\r\n§ 2 "), ("retention_days", "07"), ("national_id", " ")])
    said = document_of(form, tree)[0]
    assert said == {"descriptions": {}, "legal_basis": "§ 1\n§ 2", "retention_days": 7}


def test_a_new_form_says_nothing_yet() -> None:
    for form in FORMS.values():
        tree = new_tree(form, ("en", "de"))
        must: dict[str, Any] = {"descriptions": {}} if form.kind == "evidence" else {}
        assert document_of(form, tree) == (must, ())
    assert [row["key"] for row in new_tree(FORMS["evidence"], ("en", "de"))["titles"]] == ["en", "de"]


def test_dates_are_days() -> None:
    with pytest.raises(Unshowable):
        _tree(valid_from="soon")
    assert _tree(valid_from=date(2026, 1, 1).isoformat())["valid_from"] == "2026-01-01"


def test_ticks_keep_their_order() -> None:
    part = Ticks("x", "x")
    assert said(part, ("b", "a"))[0] == ["b", "a"]
    assert said(part, ())[0] is ABSENT
