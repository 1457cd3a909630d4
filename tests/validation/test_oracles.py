"""The oracles themselves: what they say of samples with a known outcome, and how the compiler reads rules."""

from pathlib import Path

import pytest
from lxml import etree

from intermediary import xml
from intermediary.validation.releases.errors import UnknownSchematron
from intermediary.validation.releases.schematron import SEPARATOR, compile_schematron
from tests.oracles import (
    OOTS,
    SAMPLES,
    fired,
    kind_of,
    mutants,
    official_problems,
    official_schema,
    release_of,
    requires_official,
)
from tests.oracles.official import REPAIRS, SUBSTITUTIONS, _saxon

MAY = {("R-EDM-REQ-S008", "info"), ("R-EDM-REQ-S014", "info"), ("EDM-REQ-S#p4r1a11", "info")}
"""Rules that say «MAY be present» and fire on absence; the last has no id."""
TAX = {"R-EDM-REQ-C067"}
KNOWN = {
    "tdd-4.5.4/tax/4.1_Step_1_Evidence_Request_-_Tax_-_full_example.xml": TAX,
    "tdd-4.5.4-old/4.1_Step_1_Evidence_Request_-_Tax.xml": TAX,
    "tdd-4.5.4-old/3.2_Step_2_Error_Response_-_Education.xml": {
        f"R-EDM-ERR-{number}" for number in ("C004", "C008", "C010", "C014", "C020")
    },
}
"""Samples that the rules refuse, by the table in the README of ../shared/oots; all others they accept."""
MESSAGES = sorted(
    path
    for folder in ("projectathon-2023", "tdd-4.5.4", "tdd-4.5.4-old")
    for path in (SAMPLES / folder).rglob("*.xml")
    if "header" not in path.name.lower()
)
EDUCATION_1_2 = OOTS / "1.2" / "samples" / "tdd-4.5.4" / "education"


def read(path: Path) -> etree._Element:
    return xml.parse(path.read_bytes())


@requires_official
@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.name)
def test_the_official_samples_give_the_known_results(path: Path) -> None:
    root = read(path)
    assert official_schema().validate(root)
    found = fired(kind_of(root), root)
    errors = {rule for rule, role in found if role != "info"}
    assert errors == KNOWN.get(str(path.relative_to(SAMPLES)), set())
    assert {entry for entry in found if entry[1] == "info"} <= MAY
    assert {problem.partition(" ")[0] for problem in official_problems(root)} == errors


@requires_official
def test_all_the_samples_are_there() -> None:
    assert sum(kind_of(read(path)) == "EDM-REQ" for path in MESSAGES if "projectathon" in str(path)) == 15
    assert {kind_of(read(path)) for path in MESSAGES} == {"EDM-REQ", "EDM-RESP", "EDM-ERR"}


@requires_official
@pytest.mark.parametrize(
    "name", ["EDM_Ferst_Request", "EDM_Ferst_Response", "EDM_Second_Request", "EDM_Second_Response"]
)
def test_the_1_2_samples_are_clean_under_the_substituted_rules_and_refused_by_the_1_0_ones(name: str) -> None:
    root = xml.parse((EDUCATION_1_2 / f"{name}.xml").read_bytes().replace(b"xsi:lang", b"xml:lang"))
    assert release_of(root) == "oots-edm:v1.2"
    assert official_problems(root) == ()
    assert {rule for rule, role in fired(kind_of(root), root) if role == "error"}


@requires_official
def test_the_1_2_response_breaks_the_1_0_rules_that_the_readme_names() -> None:
    found = fired("EDM-RESP", read(EDUCATION_1_2 / "EDM_Second_Response.xml"))
    assert {rule for rule, _ in found} == {
        f"R-EDM-RESP-{n}" for n in ("C002", "C017", "C022", "C042", "C043")
    }


@requires_official
def test_every_repair_and_every_substitution_still_finds_its_text() -> None:
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (OOTS / "1.0" / "sch").glob("*.sch")}
    assert all(old in texts[name] for name, pairs in REPAIRS.items() for old, _ in pairs)
    for pairs in SUBSTITUTIONS.values():
        assert not [old for old, _ in pairs if not any(old in text for text in texts.values())]


@requires_official
def test_a_message_of_1_2_that_is_wrong_is_still_refused() -> None:
    text = (EDUCATION_1_2 / "EDM_Second_Response.xml").read_text()
    wrong = text.replace("sr.oots.tech.ec.europa.eu/datamodels", "sr.oots.tech.europa.eu/distributions")
    assert {p.partition(" ")[0] for p in official_problems(xml.parse(wrong.encode()))} == {
        "R-EDM-RESP-C022",
        "R-EDM-RESP-C043",
    }


@requires_official
def test_problems_of_schema_and_rules_come_together_and_an_unknown_version_is_one() -> None:
    text = (SAMPLES / "projectathon-2023" / "TC01_Request.xml").read_text()
    both = text.replace('name="PossibilityForPreview"', 'name="Possibility" kind="x"')
    problems = official_problems(xml.parse(both.encode()))
    assert any(problem.startswith("XSD ") for problem in problems)
    assert any(problem.startswith("R-EDM-REQ-S009 ") for problem in problems)
    (unknown,) = official_problems(xml.parse(text.replace("oots-edm:v1.0", "oots-edm:v9.9").encode()))
    assert "oots-edm:v9.9" in unknown


@requires_official
def test_the_preview_rule_runs_once_its_bracket_is_mended() -> None:
    root = read(SAMPLES / "projectathon-2023" / "TC06_Response_1.xml")
    assert fired("EDM-ERR", root) == set()
    (location,) = root.findall("{*}Exception/{*}Slot[@name='PreviewLocation']")
    exception = location.getparent()
    assert exception is not None
    exception.remove(location)
    assert ("R-EDM-ERR-C022", "error") in fired("EDM-ERR", root)


@requires_official
def test_a_dynamic_error_is_a_problem_and_not_a_pass() -> None:
    root = read(SAMPLES / "projectathon-2023" / "TC01_Response.xml")
    (distribution,) = root.findall(".//{*}Distribution")
    form = distribution.find("{*}Format")
    assert form is not None
    distribution.insert(0, etree.fromstring(etree.tostring(form)))
    assert ("EDM-RESP-C#dynamic-error", "error") in fired("EDM-RESP", root)
    assert any("dynamic-error" in problem for problem in official_problems(root))


@requires_official
def test_mutants_reach_many_rules_and_the_same_seed_gives_the_same_ones() -> None:
    root = read(SAMPLES / "tdd-4.5.4" / "birth" / "2.1_Step_1_Evidence_Request_-_Birth_-_full_example.xml")
    once, again = ([etree.tostring(m) for _, m in mutants(root, 5, 80)] for _ in range(2))
    assert once == again
    assert len(set(once)) > 70
    reached = {rule for text in once for rule, _ in fired("EDM-REQ", xml.parse(text))}
    assert len(reached) > 20


SCHEMA = """<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
  <sch:ns prefix="n" uri="urn:n"/>
  {}
</sch:schema>"""


def run(patterns: str, document: str) -> list[tuple[str, str, str]]:
    compiled = compile_schematron(etree.fromstring(SCHEMA.format(patterns)), "OWN")
    executable = _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_text=compiled.sheet)
    said = executable.transform_to_string(xdm_node=_saxon().parse_xml(xml_text=document)) or ""
    tests = [compiled.tests[int(line.split(SEPARATOR)[0])] for line in said.splitlines()]
    return [(test.id, test.role, test.text) for test in tests]


def test_within_a_pattern_the_first_rule_that_matches_wins_and_patterns_are_independent() -> None:
    first = '<sch:rule context="n:b[@x]"><sch:assert test="false()" id="A">a</sch:assert></sch:rule>'
    second = '<sch:rule context="n:b"><sch:assert test="false()" id="B">b</sch:assert></sch:rule>'
    document = '<n:a xmlns:n="urn:n"><n:b x="1"/><n:b/></n:a>'
    one = run(f"<sch:pattern>{first}{second}</sch:pattern>", document)
    assert [rule for rule, _, _ in one] == ["A", "B"]
    two = run(f"<sch:pattern>{first}</sch:pattern><sch:pattern>{second}</sch:pattern>", document)
    assert sorted(rule for rule, _, _ in two) == ["A", "B", "B"]


def test_attributes_are_contexts_too() -> None:
    rule = '<sch:rule context="n:b/@lang"><sch:report test=". = \'xx\'" id="L">bad</sch:report></sch:rule>'
    document = '<n:a xmlns:n="urn:n"><n:b lang="xx"/><n:b lang="en"/></n:a>'
    assert run(f"<sch:pattern>{rule}</sch:pattern>", document) == [("L", "error", "bad")]


def test_variables_values_roles_flags_and_missing_ids() -> None:
    rule = """<sch:rule context="n:a"><sch:let name="k" value="@k"/>
      <sch:assert test="$k = 1" role="warning">Is
         '<sch:value-of select="$k"/>', not 1</sch:assert>
      <sch:report test="$k = 2" flag="ERROR" id="R">two</sch:report></sch:rule>"""
    assert run(f"<sch:pattern>{rule}</sch:pattern>", '<n:a xmlns:n="urn:n" k="2"/>') == [
        ("OWN#p1r1a1", "warning", "Is '…', not 1"),
        ("R", "error", "two"),
    ]


@pytest.mark.parametrize(
    "unknown",
    [
        '<sch:phase id="p"/>',
        "<sch:pattern><sch:rule><sch:extends rule='x'/></sch:rule></sch:pattern>",
        "<sch:pattern><sch:rule context='a'><sch:extends rule='x'/></sch:rule></sch:pattern>",
        "<sch:pattern><sch:rule context='a'><sch:assert id='x'/></sch:rule></sch:pattern>",
    ],
)
def test_what_the_compiler_does_not_know_stops_it(unknown: str) -> None:
    with pytest.raises(UnknownSchematron):
        compile_schematron(etree.fromstring(SCHEMA.format(unknown)), "OWN")
