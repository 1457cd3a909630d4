"""What lint finds beyond broken files: what is never reached, missing languages, levels; the list of rules."""

# ruff: noqa: E501 - one case a line

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from intermediary.mapping import (
    EvidenceMapping,
    LintFinding,
    MappingInvalid,
    MappingSet,
    Severity,
    lint,
    load,
    rulebook,
)
from intermediary.mapping.files import findings_of
from intermediary.mapping.model import (
    AdditionalInput,
    Conversion,
    FormatMapping,
    IdentificationRule,
    Provider,
    Routing,
    SubjectKind,
)
from intermediary.mapping.reach import MAKES, published
from intermediary.mapping.rulebook import RULES
from intermediary.shipped import shipped
from intermediary.translation.conversions import CONVERSIONS

SHIPPED = load(shipped("mappings"))
VEHICLE = "evidence/fahrzeugregistrierung.yaml"
ROOM = Path(rulebook.__file__).parent
REFERENCE = Path(__file__).parents[2] / "docs" / "mapping-rules.md"
BASE = ("family_name", "given_name", "date_of_birth")


def held(key: str, **changes: object) -> MappingSet:
    """The shipped set with one row changed."""
    rows = tuple(replace(m, **changes) if m.key == key else m for m in SHIPPED.mappings)  # type: ignore[arg-type]
    return replace(SHIPPED, mappings=rows)


def row(key: str) -> EvidenceMapping:
    found = SHIPPED.by_key(key)
    assert found is not None
    return found


def found(mapping_set: MappingSet) -> list[str]:
    return [f.rule for f in findings_of(mapping_set)]


LAND = AdditionalInput(
    "land", {"en": "State", "de": "Land"}, choices={c: {"en": c, "de": c} for c in ("BE", "HH")}
)
TABLE = {"BE": "melderegister-berlin", "HH": "melderegister-hamburg"}


@pytest.mark.parametrize(
    ("routing", "asked", "rules"),
    [
        (Routing(None, "land", TABLE), LAND, []),
        (Routing("melderegister", "land", {"BE": "melderegister-berlin"}), LAND, []),
        (Routing("melderegister", "land", TABLE), LAND, ["MAP-ROUTE-FALLBACK-NEVER"]),
        (Routing("melderegister", "land", TABLE), replace(LAND, required=False), []),
        (Routing(None, "land", {"BE": "melderegister-berlin"}), LAND, ["MAP-ROUTE-GAP"]),
        (Routing(None, "land", TABLE), replace(LAND, required=False), ["MAP-ROUTE-OPEN"]),
        (Routing(None, "land", TABLE), replace(LAND, choices={}), ["MAP-ROUTE-OPEN"]),
        (Routing(None, "land", {**TABLE, "BY": "melderegister"}), LAND, ["MAP-ROUTE-NEVER"]),
        (Routing("melderegister", "land", {" BE": "melderegister"}), replace(LAND, choices={}), ["MAP-ROUTE-NEVER"]),
        (Routing("melderegister", "land", {"x" * 201: "melderegister"}), replace(LAND, choices={}), ["MAP-ROUTE-NEVER"]),
        (Routing("melderegister", "land", {"BE": "melderegister"}),
         replace(LAND, pattern="B.", hints=LAND.titles), ["MAP-INPUT-CHOICE-NEVER", "MAP-ROUTE-FALLBACK-NEVER"]),
    ],
)  # fmt: skip
def test_routing_that_leads_nowhere(routing: Routing, asked: AdditionalInput, rules: list[str]) -> None:
    changed = held("meldebescheinigung", routing=routing, additional_inputs=(asked,))
    assert sorted(found(changed)) == sorted(rules)


def person(*fields: str) -> IdentificationRule:
    return IdentificationRule((*BASE, *fields))


@pytest.mark.parametrize(
    ("tried", "at"),
    [
        ((person("identifier"), person()), []),
        ((person(), person("identifier")), [1]),
        ((person("birth_name"), person("identifier"), person("birth_name", "identifier"), person()), [2]),
        ((person(), person()), [1]),
        ((person(), IdentificationRule(("legal_name",))), []),
    ],
)
def test_rules_of_identification_that_an_earlier_one_shadows(
    tried: tuple[IdentificationRule, ...], at: list[int]
) -> None:
    both = tuple(SubjectKind)
    changed = held(
        "meldebescheinigung", identification=(*tried, IdentificationRule(("identifier:VAT",))), subjects=both
    )
    shadowed = [f.path[1] for f in findings_of(changed) if f.rule == "MAP-IDENTIFY-SHADOWED"]
    assert shadowed == at


def test_a_rule_for_a_kind_of_person_that_is_not_served() -> None:
    rules = (person(), IdentificationRule(("legal_name",)))
    assert found(held("meldebescheinigung", identification=rules)) == ["MAP-IDENTIFY-SUBJECT"]


def rest(path: str) -> Provider:
    provider = SHIPPED.providers["unternehmensbasisregister"]
    request = {"method": "GET", "path": "/x", "query": {"q": path}}
    return replace(provider, options={**provider.options, "request": request})


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("{additional.wirtschafts_id?}", []),
        ("{subject.name}", ["MAP-INPUT-UNUSED"]),
        ("{additional.wirtschafts_id}", ["MAP-INPUT-NEEDED"]),  # it is not required
        ("{additional.wirtschafts_id?}{additional.other}", ["MAP-INPUT-NEEDED"]),
    ],
)
def test_inputs_that_no_provider_gets_or_that_one_lacks(query: str, rules: list[str]) -> None:
    changed = replace(SHIPPED, providers={**SHIPPED.providers, "unternehmensbasisregister": rest(query)})
    assert found(changed) == rules


@pytest.mark.parametrize(
    ("form", "rules"),
    [
        (FormatMapping("application/pdf", "application/xml", national_data_model="urn:x"), ["MAP-FORMAT-CONVERSION"]),
        (FormatMapping("application/pdf", "application/xml"), ["MAP-FORMAT-CONVERSION", "MAP-FORMAT-NATIONAL-MODEL"]),
        (FormatMapping("application/pdf", "image/png", conversion=Conversion.IMAGE_TO_PDF), []),
        (FormatMapping("image/png", "image/png", conversion=Conversion.IMAGE_TO_PDF), ["MAP-FORMAT-CONVERSION"]),
        (FormatMapping("application/pdf", "image/gif", conversion=Conversion.IMAGE_TO_PDF), ["MAP-FORMAT-CONVERSION"]),
        (FormatMapping("application/json", "application/x+json", "urn:x:m"), []),
        (FormatMapping("application/json", "application/xml", "urn:x:m", {}, "urn:x:n"), ["MAP-FORMAT-CONVERSION"]),
        (FormatMapping("application/pdf", "application/pdf", transformation="urn:x:t"), ["MAP-FORMAT-TRANSFORMATION"]),
    ],
)  # fmt: skip
def test_forms_that_no_conversion_reaches(form: FormatMapping, rules: list[str]) -> None:
    assert found(held("meldebescheinigung", formats=(form,))) == rules


def test_the_same_form_twice() -> None:
    form = FormatMapping("application/pdf", "application/pdf")
    assert found(held("meldebescheinigung", formats=(form, form))) == ["MAP-FORMAT-TWICE"]


def test_every_conversion_is_known_to_lint() -> None:
    assert {*MAKES, Conversion.IDENTITY} == set(CONVERSIONS)


@pytest.mark.parametrize(
    ("others", "shadowed"),
    [
        ([(date(2020, 1, 1), None)], True),
        ([(date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2026, 12, 31))], True),
        ([(date(2026, 1, 1), date(2026, 6, 30)), (date(2026, 7, 2), date(2026, 12, 31))], False),
        ([(date(2026, 1, 2), None)], False),
        ([(date(2026, 1, 1), date(2026, 12, 30))], False),
    ],
)
def test_a_row_behind_others_on_all_of_its_days(
    others: list[tuple[date, date | None]], *, shadowed: bool
) -> None:
    last = replace(
        row("fahrerlaubnis"), key="zzz", valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31)
    )
    before = [
        replace(last, key=f"a{n}", valid_from=first, valid_until=until)
        for n, (first, until) in enumerate(others)
    ]
    changed = replace(SHIPPED, mappings=(last, *before))
    assert ("MAP-DAYS-SHADOWED" in found(changed)) is shadowed
    assert shadowed == all(
        changed.find(last.evidence_type_classifications[0], day) is not last
        for day in (date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 12, 31))
    )


def test_texts_are_there_in_english_and_the_platforms_language() -> None:
    titles = {"en": "Residence"}
    asked = replace(row("meldebescheinigung").additional_inputs[0], hints={"en": "x"})
    changed = held("meldebescheinigung", titles=titles, additional_inputs=(asked,))
    missing = [(f.path, f.values) for f in findings_of(changed)]
    assert missing == [
        (("titles",), (("name", "titles"), ("language", "de"))),
        (("additional_inputs", 0, "hints"), (("name", "additional_inputs.0.hints"), ("language", "de"))),
    ]


def test_the_platform_may_name_more_languages(folder: Path) -> None:
    path = folder / "platform.yaml"
    path.write_text(path.read_text() + "languages: [en, de, fr]\n")
    findings = lint(folder)
    assert {f.rule for f in findings} == {"MAP-LANGUAGE-MISSING"}
    assert all(dict(f.values)["language"] == "fr" for f in findings)
    assert {"providers.yaml", "platform.yaml", "evidence/a1bescheinigung.yaml"} <= {f.file for f in findings}
    path.write_text(path.read_text().replace("[en, de, fr]", "[en, deutsch]"))
    with pytest.raises(MappingInvalid, match="«deutsch» is no language code"):
        load(folder)


@pytest.mark.parametrize(
    ("ours", "theirs", "rules"),
    [
        ("Substantial", "Substantial", []),
        ("Low", "High", ["MAP-LEVEL-BELOW-DIRECTORY"]),
        ("High", "Low", ["MAP-LEVEL-ABOVE-DIRECTORY"]),
        ("High", "something else", []),
    ],
)
def test_levels_of_assurance_are_those_of_the_directory(ours: str, theirs: str, rules: list[str]) -> None:
    changed = held("fahrerlaubnis", level_of_assurance=ours)
    uri = row("fahrerlaubnis").evidence_type_classifications[0]
    problems = list(published(changed, {uri.upper(): theirs, "https://nobody": "High"}))
    assert [p.rule.id for p in problems] == rules
    assert all(p.entry == "evidence/fahrerlaubnis" for p in problems)


def test_every_finding_says_its_rule(folder: Path) -> None:
    (folder / VEHICLE).write_text("titles: {en: x}\ntitles: 3\nunknown: 1\n")
    (folder / "more.yml").write_text("a: b")
    findings = lint(folder)
    assert len(findings) > 10
    for f in findings:
        rule = RULES[f.rule]
        assert (rule.text % dict(f.values), rule.remedy % dict(f.values)) == (f.text, f.remedy)
        assert rule.severity is f.severity


def test_ids_are_proper_and_every_rule_is_used() -> None:
    sources = "".join(
        path.read_text()
        for path in [*ROOM.glob("*.py"), ROOM.parent / "reaching.py"]
        if path.name != "rulebook.py"
    )
    text = (ROOM / "rulebook.py").read_text()
    names = re.findall(r"^([A-Z_]+) = Rule\(", text, re.MULTILINE)
    assert len(names) == len(RULES)
    assert all(re.fullmatch(r"MAP(-[A-Z]+)+", rule) for rule in RULES)
    assert [name for name in names if f"book.{name}" not in sources] == []


def test_the_list_of_rules_is_the_one_of_the_code() -> None:
    want = reference()
    if not REFERENCE.exists() or REFERENCE.read_text() != want:
        REFERENCE.write_text(want)
        pytest.fail(f"{REFERENCE} was not the code's; it is written anew: look at it and commit it")


def reference() -> str:
    """docs/mapping-rules.md"""
    lines = [
        "# The rules for mappings",
        "",
        "What `intermediary mappings lint`, the console (Lint) and its API (`GET /findings`) find, all by the same code.",
        "An id never changes and is never used for another rule. An **error** refuses the set; with a **warning** it works,",
        "but somebody should look. This page is written by `tests/mapping/test_lint.py` from `intermediary/mapping/rulebook.py`.",
        "",
        "| rule | | what it says | what to do |",
        "|---|---|---|---|",
    ]
    for rule in RULES.values():
        texts = [
            re.sub(r"%\((\w+)\)s", r"‹\1›", text).replace("|", "\\|").replace("<", "&lt;")
            for text in (rule.text, rule.remedy)
        ]
        lines.append(f"| `{rule.id}` | {rule.severity} | {texts[0]} | {texts[1]} |")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------- attacks

BOMB = "a: &a [x, x]\n" + "".join(
    f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (BOMB, "MAP-FILE-YAML"),
        ("a: *nowhere\n", "MAP-FILE-YAML"),
        ("<<: {a: b}\n", "MAP-SCHEMA-UNKNOWN"),  # no merging: it is a field like any other
        ("titles: !!python/object/apply:os.system [id]\n", "MAP-FILE-YAML"),
        ("a: " + "{a: " * 40 + "x" + "}" * 40, "MAP-FILE-YAML"),
        ("a: " + "[" * 100_000, "MAP-FILE-YAML"),
        ("a: 1\n--- \nb: 2\n", "MAP-FILE-YAML"),
        ("a: 1\nA: 2\na: 3\n", "MAP-FILE-TWICE"),
        ("x" * ((1 << 20) + 1), "MAP-FILE-SIZE"),
        ("titles: {en: \x00}\n", "MAP-FILE-YAML"),
        ("? {a: b}\n: c\n", "MAP-FILE-KEY"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_hostile_yaml_is_a_finding_and_nothing_else(folder: Path, content: str, rule: str) -> None:
    (folder / VEHICLE).write_text(content)
    mine = [f for f in lint(folder) if f.file == VEHICLE]
    assert rule in {f.rule for f in mine}
    assert all(len(f.text) < 1000 for f in mine)


def test_many_files_of_the_allowed_size_are_read_in_turn(folder: Path) -> None:
    big = "titles:\n" + "".join(f"  a{n}: x\n" for n in range(20_000))
    (folder / VEHICLE).write_text(big)
    findings: tuple[LintFinding, ...] = lint(folder)
    assert any(f.severity is Severity.ERROR for f in findings)
