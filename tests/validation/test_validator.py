"""What the validator says, about what, and what it never says."""

import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from intermediary import xml
from intermediary.validation import (
    RELEASES,
    Finding,
    SchemaUnusable,
    Severity,
    UnknownRelease,
    Validator,
)
from intermediary.validation.validator import MAX_FINDINGS, MAX_SIBLINGS
from intermediary.validation.wording import PREFIXES
from tests.oracles import XSD, mutants
from tests.validation.messages import PLANTED, request

EDM = [release for release in RELEASES if release.startswith("oots-edm:")]
PERSON = "/query:QueryRequest/query:Query/rim:Slot/rim:SlotValue/sdg:Person"


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator(XSD)


@pytest.mark.parametrize("release", EDM)
def test_a_good_request_has_no_findings(validator: Validator, release: str) -> None:
    report = validator.check(request(), release)
    assert report.ok
    assert report.findings == ()


@pytest.mark.parametrize(
    ("change", "rule", "place", "line", "text", "remedy", "expected"),
    [
        (
            ("<sdg:FamilyName>Sample</sdg:FamilyName>", ""),
            "SCHEMAV_ELEMENT_CONTENT",
            f"{PERSON}/sdg:GivenName",
            31,
            "sdg:GivenName is not expected here: sdg:Person begins with sdg:LevelOfAssurance, "
            "sdg:Identifier or sdg:FamilyName.",
            "Write sdg:LevelOfAssurance, sdg:Identifier or sdg:FamilyName here, "
            "or move sdg:GivenName to its place in the order of the schema.",
            "sdg:LevelOfAssurance, sdg:Identifier, sdg:FamilyName",
        ),
        (
            ("<sdg:DateOfBirth>1999-03-01</sdg:DateOfBirth>\n          <sdg:Gender>Female</sdg:Gender>", ""),
            "SCHEMAV_ELEMENT_CONTENT",
            PERSON,
            29,
            "sdg:Person is incomplete: after sdg:GivenName it needs sdg:DateOfBirth.",
            "Add sdg:DateOfBirth inside sdg:Person.",
            "sdg:DateOfBirth",
        ),
        (
            ("1999-03-01", PLANTED),
            "SCHEMAV_CVC_DATATYPE_VALID_1_2_1",
            f"{PERSON}/sdg:DateOfBirth",
            32,
            "The value of sdg:DateOfBirth must be a date, such as 2026-05-31.",
            "Write a date, such as 2026-05-31.",
            "xs:date",
        ),
        (
            (">true<", f">{PLANTED}<"),
            "SCHEMAV_CVC_DATATYPE_VALID_1_2_1",
            "/query:QueryRequest/rim:Slot[3]/rim:SlotValue/rim:Value",
            13,
            "The value of rim:Value must be true or false.",
            "Write true or false.",
            "xs:boolean",
        ),
        (
            ("Female", PLANTED),
            "SCHEMAV_CVC_ENUMERATION_VALID",
            f"{PERSON}/sdg:Gender",
            33,
            "The value of sdg:Gender must be Female, Male or Unspecified.",
            "Use one of these values as it is written here.",
            "Female, Male, Unspecified",
        ),
        (
            ('name="IssueDateTime"', f'name="{PLANTED * 20}"'),
            "SCHEMAV_CVC_MAXLENGTH_VALID",
            "/query:QueryRequest/rim:Slot[2]/@name",
            9,
            "The value of the attribute name of rim:Slot is longer than the 256 characters allowed.",
            "Shorten it.",
            "256",
        ),
        (
            (' name="IssueDateTime"', ""),
            "SCHEMAV_CVC_COMPLEX_TYPE_4",
            "/query:QueryRequest/rim:Slot[2]",
            9,
            "rim:Slot must have the attribute name.",
            "Add the attribute name to rim:Slot.",
            None,
        ),
        (
            ("<sdg:Person>", f'<sdg:Person note="{PLANTED}">'),
            "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1",
            f"{PERSON}/@note",
            29,
            "sdg:Person must not have the attribute note.",
            "Remove the attribute note.",
            None,
        ),
        (
            ('xsi:type="rim:BooleanValueType"', f'xsi:type="rim:{PLANTED}"'),
            "SCHEMAV_CVC_ELT_4_2",
            "/query:QueryRequest/rim:Slot[3]/rim:SlotValue/@xsi:type",
            13,
            "The attribute xsi:type of rim:SlotValue must name a type of the schema that fits here.",
            "Use a type of the schema; declare the prefix used in the attribute's value.",
            None,
        ),
        (
            (' xsi:type="rim:BooleanValueType"', ""),
            "SCHEMAV_CVC_TYPE_2",
            "/query:QueryRequest/rim:Slot[3]/rim:SlotValue",
            13,
            "rim:SlotValue must say with xsi:type which kind of value it holds.",
            "Add xsi:type to rim:SlotValue: rim:AnyValueType, rim:BooleanValueType, rim:CollectionValueType, "
            "rim:DateTimeValueType, rim:DurationValueType, rim:FloatValueType, rim:IntegerValueType, "
            "rim:InternationalStringValueType, rim:MapValueType, rim:SlotValueType, rim:StringValueType "
            "or rim:VocabularyTermValueType.",
            "rim:AnyValueType, rim:BooleanValueType, rim:CollectionValueType, rim:DateTimeValueType, "
            "rim:DurationValueType, rim:FloatValueType, rim:IntegerValueType, "
            "rim:InternationalStringValueType, rim:MapValueType, rim:SlotValueType, rim:StringValueType, "
            "rim:VocabularyTermValueType",
        ),
        (
            ("<query:ResponseOption", f"{PLANTED}<query:ResponseOption"),
            "SCHEMAV_CVC_COMPLEX_TYPE_2_3",
            "/query:QueryRequest",
            5,
            "query:QueryRequest must hold elements only, no text.",
            "Remove the text directly inside query:QueryRequest.",
            None,
        ),
        (
            ("https://sr.example/requirements/1", f"<sdg:Note>{PLANTED}</sdg:Note>"),
            "SCHEMAV_CVC_COMPLEX_TYPE_2_2",
            "/query:QueryRequest/rim:Slot[4]/rim:SlotValue/rim:Element/sdg:Requirement/sdg:Identifier",
            19,
            "sdg:Identifier must hold text only, no elements.",
            "Remove the elements inside sdg:Identifier.",
            None,
        ),
    ],
    ids=lambda value: value.partition("SCHEMAV_")[2] if isinstance(value, str) else "",
)
def test_a_finding_names_rule_place_line_and_remedy(
    validator: Validator,
    change: tuple[str, str],
    rule: str,
    place: str,
    line: int,
    text: str,
    remedy: str,
    expected: str | None,
) -> None:
    root = request(change)
    (finding,) = validator.check(root, "oots-edm:v1.0").findings
    source = "oots-edm/1.0/oots-edm.xsd"
    assert finding == Finding(
        f"XSD:{rule}", Severity.ERROR, place, line, text, remedy, source, expected=expected
    )
    assert root.xpath(place, namespaces={prefix: uri for uri, prefix in PREFIXES.items()})


def test_the_place_uses_the_well_known_prefixes_whatever_the_message_uses(validator: Validator) -> None:
    ours = (
        b'<QueryResponse xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0" status="s">'
        b'<a:Slot xmlns:a="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0" name="n"/>'
        b'<Slot xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0"/></QueryResponse>'
    )
    (finding,) = validator.check(xml.parse(ours), "oots-edm:v1.0").findings
    assert finding.place == "/query:QueryResponse/rim:Slot[2]"


def test_unknown_root_and_unknown_namespace_are_told_without_guessing(validator: Validator) -> None:
    (finding,) = validator.check(xml.parse(b'<x xmlns="urn:other"/>'), "oots-edm:v1.0").findings
    assert (finding.rule, finding.place) == ("XSD:SCHEMAV_CVC_ELT_1", "/*[local-name()='x']")
    (finding,) = validator.check(
        request(("<sdg:Person>", '<sdg:Person xmlns:o="urn:other" o:note="1">')), "oots-edm:v1.0"
    ).findings
    assert finding.place == f"{PERSON}/@*[local-name()='note']"


@pytest.mark.parametrize("release", EDM)
def test_no_finding_ever_quotes_a_value_of_the_message(validator: Validator, release: str) -> None:
    root = request()
    for node in root.iter():
        if not (node.text or "").strip():
            continue
        node.text = f"{PLANTED}{node.text}"
    for _, mutant in mutants(root, 11, 400):
        for node in mutant.iter():
            for name, value in list(node.attrib.items()):
                if len(value) < 30 and "type" not in str(name) and PLANTED not in str(value):
                    node.set(name, f"{PLANTED}{value!s}")
        report = validator.check(mutant, release)
        assert PLANTED not in repr(report) + repr([f.translations for f in report.findings])
        assert all(f.place.startswith("/") and f.text and f.remedy for f in report.findings)


@pytest.mark.parametrize(
    "tail", ["type 'xs:date'.", "Expected is ( {u}Smith ).", "The attribute 'Smith' is required but missing."]
)
@pytest.mark.parametrize("size", [10, 49_990, 63_900, 200_000])
def test_a_value_that_imitates_libxml2_is_not_repeated(validator: Validator, tail: str, size: int) -> None:
    value = ("y" * size + tail).replace("{", "&#123;")
    for mark in ("1999-03-01", "Female", "rim:BooleanValueType", "IssueDateTime"):
        for finding in validator.check(request((mark, value)), "oots-edm:v1.0").findings:
            assert "Smith" not in finding.text + finding.remedy + finding.place
            assert "Smith" not in f"{finding.expected} {finding.translations}"


def test_one_fault_is_told_once_and_two_faults_at_one_element_twice(validator: Validator) -> None:
    changed = request(('xml:lang="EN"', 'federated="often" startIndex="first"'))
    findings = validator.check(changed, "oots-edm:v1.0").findings
    assert [f.place for f in findings] == [
        "/query:QueryRequest/@federated",
        "/query:QueryRequest/@startIndex",
    ]


def test_a_report_has_an_end(validator: Validator) -> None:
    many = request(
        ("<sdg:Requirement>", "<sdg:Requirement>" + "<sdg:X/>"),
        ("  <rim:Slot", "<rim:Slot/>" * 400 + "  <rim:Slot"),
    )
    assert len(validator.check(many, "oots-edm:v1.0").findings) == MAX_FINDINGS


def test_a_crowd_of_siblings_is_refused_before_libxml2_counts_them(validator: Validator) -> None:
    crowd = "<rim:Slot/>" * (MAX_SIBLINGS + 1)
    (finding,) = validator.check(request(("  <rim:Slot", crowd + "  <rim:Slot")), "oots-edm:v1.0").findings
    assert finding.rule == "XSD:MAX_SIBLINGS"


def test_an_unknown_release_is_named_only_by_what_is_known(validator: Validator) -> None:
    with pytest.raises(UnknownRelease) as caught:
        validator.check(request(), PLANTED)
    assert PLANTED not in str(caught.value)
    assert "oots-edm:v2.0" in str(caught.value)


def test_a_schema_that_is_missing_or_broken_is_an_installation_fault(tmp_path: Path) -> None:
    with pytest.raises(SchemaUnusable, match="missing"):
        Validator(tmp_path).check(request(), "oots-edm:v1.0")
    shutil.copytree(XSD, tmp_path / "xsd")
    (tmp_path / "xsd" / "regrep" / "4.0" / "rs.xsd").write_text("<schema/>")
    with pytest.raises(SchemaUnusable, match="compile"):
        Validator(tmp_path / "xsd").check(request(), "oots-edm:v1.0")


def test_releases_differ_where_they_should(validator: Validator) -> None:
    described = request(("</sdg:Name>", '</sdg:Name><sdg:Description lang="EN">More</sdg:Description>'))
    nationality = request(("</sdg:Gender>", "</sdg:Gender><sdg:Nationality>DE</sdg:Nationality>"))
    coded = request(("Female", "2"))
    verdicts = {
        release: [validator.check(root, release).ok for root in (described, nationality, coded)]
        for release in EDM
    }
    assert verdicts == {
        "oots-edm:v1.0": [False, False, False],
        "oots-edm:v1.1": [True, True, False],
        "oots-edm:v1.2": [True, True, False],
        "oots-edm:v2.0": [True, True, True],
    }


def test_2_0_knows_languages_and_companions_wanted(validator: Validator) -> None:
    wanted = (
        "<rim:Slot name='EvidenceRequest'><rim:SlotValue xsi:type='rim:AnyValueType'>"
        "<sdg:DataServiceEvidenceType><sdg:Identifier>i</sdg:Identifier><sdg:EvidenceTypeClassification>c</sdg:EvidenceTypeClassification>"
        "<sdg:Title lang='EN'>t</sdg:Title><sdg:DistributedAs><sdg:Format>application/pdf</sdg:Format>{}"
        "</sdg:DistributedAs></sdg:DataServiceEvidenceType></rim:SlotValue></rim:Slot></query:Query>"
    )
    plain = request(("</query:Query>", wanted.format("")))
    newer = request(
        (
            "</query:Query>",
            wanted.format(
                "<sdg:Language>EN</sdg:Language><sdg:Language>DE</sdg:Language>"
                "<sdg:AssociatedDocumentRequest>Annex</sdg:AssociatedDocumentRequest>"
            ),
        )
    )
    assert all(validator.check(plain, release).ok for release in EDM)
    assert [validator.check(newer, release).ok for release in EDM] == [False, False, False, True]


def test_every_entry_point_that_ships_compiles_from_the_folder_alone(tmp_path: Path) -> None:
    shutil.copytree(XSD, tmp_path / "elsewhere")
    fresh = Validator(tmp_path / "elsewhere")
    for release, path in RELEASES.items():
        if (XSD / path).exists():
            fresh.check(request(), release)
    locations = [
        str(each.get("schemaLocation"))
        for path in XSD.rglob("*.xsd")
        for each in etree.parse(path).iter("{*}import", "{*}include")
    ]
    assert locations
    assert not [location for location in locations if ":" in location or location == "None"]


def test_no_schema_hides_behind_a_version_of_xsd() -> None:
    assert not [path for path in XSD.rglob("*.xsd") if b"minVersion" in path.read_bytes()]


def test_threads_share_a_validator_without_mixing_their_findings() -> None:
    shared = Validator(XSD)
    wrong = [
        request(("1999-03-01", "never")),
        request((">true<", ">perhaps<")),
        request(),
        request(("Female", "F")),
    ]
    alone = [Validator(XSD).check(root, "oots-edm:v1.0") for root in wrong]
    texts = [etree.tostring(root) for root in wrong]

    def check(turn: int) -> bool:
        root = xml.parse(texts[turn % len(texts)])
        return {f.text for f in shared.check(root, "oots-edm:v1.0").findings} == {
            f.text for f in alone[turn % len(alone)].findings
        }

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(check, range(400)))


@dataclass
class Rules:
    """A rule set that says one thing and remembers whether it was asked."""

    release: str
    asked: int = 0

    def __call__(self, root: etree._Element) -> Iterable[Finding]:
        self.asked += 1
        yield Finding("R-TEST-1", Severity.WARNING, f"/{root.prefix}:QueryRequest", None, "Hm.", "Think.")


def test_business_rules_are_asked_about_their_release_and_only_about_what_the_schema_accepts() -> None:
    rules, others = Rules("oots-edm:v1.0"), Rules("oots-edm:v2.0")
    validator = Validator(XSD, [rules, others])
    report = validator.check(request(), "oots-edm:v1.0")
    assert [f.rule for f in report.findings] == ["R-TEST-1"]
    assert report.ok
    assert not validator.check(request(("1999-03-01", "never")), "oots-edm:v1.0").ok
    assert (rules.asked, others.asked) == (1, 0)
