"""load(dump(x)) == x, and the lookup."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intermediary.mapping import EvidenceMapping, MappingSet, Provider, dump, load
from intermediary.mapping.documents import decode, encode
from intermediary.mapping.model import (
    AdditionalInput,
    Conversion,
    FormatMapping,
    IdentificationRule,
    JurisdictionLevel,
    PreviewPolicy,
    Routing,
    SubjectKind,
)
from intermediary.shipped import shipped

SHIPPED = load(shipped("mappings"))

# Awkward for YAML on purpose: words that YAML 1.1 takes for something else, quotes, breaks, comment signs.
words = st.sampled_from(
    [
        "no",
        "null",
        "~",
        "1.0",
        "0123",
        "yes: no",
        "# no",
        "- a",
        "a\nb",
        "'\"",
        "{}",
        "ü\u2028",
        "$x",
        "2026-01-01",
        "\t",
    ]
)
plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
texts = words | plain
names = texts.filter(lambda text: bool(text.strip()))
keys = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
titles = st.dictionaries(st.sampled_from(["de", "fr", "no"]), names).flatmap(
    lambda more: names.map(lambda english: {"en": english, **more})
)
uris = st.from_regex(
    r"https://[a-z]{1,8}\.example/evidencetypeclassifications/DE/[0-9a-f]{4}", fullmatch=True
)
inputs = st.builds(
    AdditionalInput,
    key=keys,
    titles=titles,
    required=st.booleans(),
    classification=st.none() | keys,
    hints=st.just({}) | titles,
    choices=st.dictionaries(texts, titles, max_size=2),
)
conversions = st.sampled_from(
    [
        ("application/pdf", Conversion.IDENTITY),
        ("application/xml", Conversion.XML_TO_PDF),
        ("image/png", Conversion.IMAGE_TO_PDF),
    ]
)
formats = conversions.flatmap(
    lambda made_of: st.builds(
        FormatMapping,
        media_type=st.just("application/pdf"),
        national_media_type=st.just(made_of[0]),
        conforms_to=st.none() | uris,
        conforms_to_in=st.dictionaries(st.just("oots-edm:v1.0"), uris),
        conversion=st.just(made_of[1]),
    )
)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
mappings = st.builds(
    EvidenceMapping,
    key=keys,
    evidence_type_classifications=st.lists(uris, min_size=1, max_size=3).map(tuple),
    requirements=st.lists(uris, min_size=1, max_size=2).map(tuple),
    procedures=st.lists(st.sampled_from(["V1", "T2"]), min_size=1).map(tuple),
    national_id=names,
    national_version=names,
    national_service=names,
    titles=titles,
    descriptions=st.just({}) | titles,
    jurisdiction_level=st.sampled_from(JurisdictionLevel),
    routing=st.just(Routing("rest")),
    subjects=st.just((SubjectKind.NATURAL,)),
    identification=st.just(
        (IdentificationRule(("family_name", "given_name", "date_of_birth"), ("gender",)),)
    ),
    formats=st.lists(formats, min_size=1, max_size=2).map(tuple),
    level_of_assurance=st.sampled_from(["Low", "High"]),
    legal_basis=names,
    preview=st.sampled_from(PreviewPolicy),
    preview_legal_basis=names,
    additional_inputs=st.lists(inputs, max_size=2, unique_by=lambda i: i.key).map(tuple),
    valid_from=days,
    valid_until=st.none() | days.map(lambda day: day + timedelta(days=4000)),
    retention_days=st.integers(0, 9),
)
json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
REST = SHIPPED.providers["unternehmensbasisregister"]


def with_body(body: Any) -> Provider:
    """A REST provider whose request carries an arbitrary JSON body."""
    request: Any = REST.options["request"]
    body = _without_placeholders(body)
    return replace(REST, key="rest", options={**REST.options, "request": {**request, "body": body}})


def _without_placeholders(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("{", "(").replace("}", ")")
    if isinstance(value, list):
        return [_without_placeholders(item) for item in value]
    return {k: _without_placeholders(v) for k, v in value.items()} if isinstance(value, dict) else value


@st.composite
def sets(draw: st.DrawFn) -> MappingSet:
    """A valid set: several mappings, references that overlap, a provider with JSON options."""
    rows = draw(st.lists(mappings, max_size=4, unique_by=lambda m: m.key))
    kept: list[EvidenceMapping] = []
    taken: set[str] = set()
    for row in rows:
        if taken.isdisjoint(row.evidence_type_classifications):
            kept.append(row)
            taken |= set(row.evidence_type_classifications)
    used = sorted(taken) or ["https://a.example/x"]
    references = draw(
        st.dictionaries(names, st.lists(st.sampled_from(used), min_size=1, max_size=3).map(tuple), max_size=4)
    )
    return MappingSet(
        replace(SHIPPED.platform, names=draw(titles)),
        {"rest": with_body(draw(json))},
        tuple(kept),
        draw(st.just(()) | st.just(("NO", "AT"))),
        references,
    )


def loaded(files: dict[str, str]) -> MappingSet:
    """What a folder with these files holds."""
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, newline="")
        return load(Path(folder))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sets())
def test_load_gives_back_what_dump_wrote(mapping_set: MappingSet) -> None:
    files = dump(mapping_set)
    assert loaded(files) == mapping_set
    assert dump(loaded(files)) == files


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sets())
def test_documents_hold_the_whole_set(mapping_set: MappingSet) -> None:
    read, problems = decode(encode(mapping_set))
    assert problems == ()
    assert read == mapping_set


def test_the_shipped_set_goes_round() -> None:
    assert loaded(dump(SHIPPED)) == SHIPPED


def test_published_identifiers_are_written_by_their_names() -> None:
    files = dump(SHIPPED)
    assert "$evidence/geburtsurkunde" in files["evidence/geburtsurkunde.yaml"]
    assert not any("sr.oots.tech" in text for name, text in files.items() if name != "classifications.yaml")


def test_the_order_in_which_mappings_are_given_does_not_matter() -> None:
    turned = MappingSet(
        SHIPPED.platform,
        dict(list(SHIPPED.providers.items())[::-1]),
        SHIPPED.mappings[::-1],
        SHIPPED.identifiers_without_meaning,
        dict(list(SHIPPED.references.items())[::-1]),
    )
    assert turned == SHIPPED
    assert dump(turned) == dump(SHIPPED)


def test_two_periods_of_one_classification_are_told_apart_by_the_day() -> None:
    first = replace(SHIPPED.mappings[0], key="first", valid_until=date(2026, 12, 31))
    then = replace(SHIPPED.mappings[0], key="then", valid_from=date(2027, 1, 1))
    both = replace(SHIPPED, mappings=(then, first))
    uri = first.evidence_type_classifications[0]
    assert both.find(uri, date(2026, 12, 31)) is first
    assert both.find(uri, date(2027, 1, 1)) is then
    assert both.find(uri, date(2020, 1, 1)) is None
    assert both.find("https://elsewhere.example", date(2027, 1, 1)) is None
    assert both.by_key("then") is then
    assert both.by_key("never") is None
