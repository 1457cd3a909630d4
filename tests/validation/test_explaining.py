"""What is said of a refusal with the help of `xmlschema`, and what is never said or changed by it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from intermediary import xml
from intermediary.validation import RELEASES, Report, SchemaUnusable, Validator
from intermediary.validation.explaining import MOST, NODES, Explainer, load
from tests.oracles import XSD, mutants
from tests.validation.messages import PLANTED, REQUEST, request

EDM = [release for release in RELEASES if release.startswith("oots-edm:")]
SDG = "{http://data.europa.eu/p4s}"
OPTION = "<query:ResponseOption"
WANTED = (
    "<rim:Slot name='EvidenceRequest'><rim:SlotValue xsi:type='rim:AnyValueType'>"
    "<sdg:DataServiceEvidenceType>"
    "<sdg:Identifier>i</sdg:Identifier><sdg:EvidenceTypeClassification>c</sdg:EvidenceTypeClassification>"
    "<sdg:Title lang='EN'>t</sdg:Title>{}</sdg:DataServiceEvidenceType>"
    "</rim:SlotValue></rim:Slot></query:Query>"
)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator(XSD)


@pytest.fixture(scope="module")
def schemas() -> dict[str, xmlschema.XMLSchema11]:
    return {release: load(XSD / RELEASES[release]) for release in EDM}


@pytest.fixture
def unexplained(monkeypatch: pytest.MonkeyPatch) -> Callable[[etree._Element, str], Report]:
    """The report in libxml2's words alone."""

    def check(root: etree._Element, release: str) -> Report:
        with monkeypatch.context() as changed:
            changed.setattr(Explainer, "ask", lambda *_: {})
            return Validator(XSD).check(root, release)

    return check


def test_every_schema_that_ships_compiles_and_those_of_the_edm_know_the_sdg(
    schemas: dict[str, xmlschema.XMLSchema11],
) -> None:
    for schema in schemas.values():
        assert sum(name.startswith(SDG) for name in schema.maps.elements) > 10
    for path in set(RELEASES.values()):
        assert load(XSD / path).maps.elements


def test_a_schema_that_has_lost_the_sdg_explains_nothing_and_refuses_as_before(tmp_path: Path) -> None:
    shutil.copytree(XSD, tmp_path / "xsd")
    entry = tmp_path / "xsd" / RELEASES["oots-edm:v1.0"]
    # libxml2 ignores the attribute; the schema processor takes the schema for one of the future.
    for path in (tmp_path / "xsd" / "sdg").rglob("*.xsd"):
        text = path.read_text()
        marked = '<xs:schema xmlns:vc="http://www.w3.org/2007/XMLSchema-versioning" vc:minVersion="1.9" '
        path.write_text(text.replace("<xs:schema ", marked, 1))
    with pytest.raises((SchemaUnusable, xmlschema.XMLSchemaException)):
        load(entry)
    (finding,) = Validator(tmp_path / "xsd").check(request(("Female", "F")), "oots-edm:v1.0").findings
    assert (finding.text, finding.expected) == ("The value of sdg:Gender is none of those allowed.", None)


@pytest.mark.parametrize(
    ("changes", "english", "german", "expected"),
    [
        (
            [("</query:Query>", WANTED.format("<sdg:Format>application/pdf</sdg:Format>"))],
            (
                "sdg:Format is not expected here: after sdg:Title only sdg:Title, sdg:Description or "
                "sdg:DistributedAs may follow.",
                "Remove sdg:Format: sdg:DataServiceEvidenceType has no such element.",
            ),
            (
                "sdg:Format wird hier nicht erwartet: Nach sdg:Title darf nur sdg:Title, sdg:Description "
                "oder sdg:DistributedAs folgen.",
                "sdg:Format entfernen: sdg:DataServiceEvidenceType hat kein solches Element.",
            ),
            "sdg:Title, sdg:Description, sdg:DistributedAs",
        ),
        (
            [("<sdg:FamilyName>Sample</sdg:FamilyName>", "")],
            (
                "sdg:GivenName is not expected here: sdg:Person begins with sdg:LevelOfAssurance, "
                "sdg:Identifier or sdg:FamilyName.",
                "Write sdg:LevelOfAssurance, sdg:Identifier or sdg:FamilyName here, or move sdg:GivenName to "
                "its place in the order of the schema.",
            ),
            (
                "sdg:GivenName wird hier nicht erwartet: sdg:Person beginnt mit sdg:LevelOfAssurance, "
                "sdg:Identifier oder sdg:FamilyName.",
                "Hier sdg:LevelOfAssurance, sdg:Identifier oder sdg:FamilyName schreiben oder sdg:GivenName "
                "an seinen Platz in der Reihenfolge des Schemas setzen.",
            ),
            "sdg:LevelOfAssurance, sdg:Identifier, sdg:FamilyName",
        ),
        (
            [("</sdg:Gender>", "</sdg:Gender><sdg:Gender>Male</sdg:Gender>")],
            ("sdg:Gender may occur in sdg:Person at most once.", "Remove every sdg:Gender beyond that."),
            (
                "sdg:Gender darf in sdg:Person höchstens einmal vorkommen.",
                "Jedes weitere sdg:Gender entfernen.",
            ),
            "sdg:Nationality, sdg:CountryOfBirth, sdg:TownOfBirth, sdg:CountryOfResidence, sdg:PhoneNumber, "
            "sdg:EmailAddress, sdg:SectorSpecificAttribute",
        ),
        (
            [("<query:Query queryDefinition", "<query:Other/><query:Query queryDefinition")],
            (
                "query:Other is not expected here: after query:ResponseOption only query:Query may follow.",
                "Remove query:Other: query:QueryRequest has no such element.",
            ),
            (
                "query:Other wird hier nicht erwartet: Nach query:ResponseOption darf nur "
                "query:Query folgen.",
                "query:Other entfernen: query:QueryRequest hat kein solches Element.",
            ),
            "query:Query",
        ),
        (
            [('returnType="LeafClassWithRepositoryItem"', f'returnType="{PLANTED}"')],
            (
                "The value of the attribute returnType of query:ResponseOption must be "
                "LeafClassWithRepositoryItem, LeafClass, RegistryObject or ObjectRef.",
                "Use one of these values as it is written here.",
            ),
            (
                "Der Wert des Attributs returnType von query:ResponseOption muss "
                "LeafClassWithRepositoryItem, LeafClass, RegistryObject oder ObjectRef sein.",
                "Einen dieser Werte verwenden, so geschrieben wie hier.",
            ),
            "LeafClassWithRepositoryItem, LeafClass, RegistryObject, ObjectRef",
        ),
        (
            [('<rim:Slot name="IssueDateTime">', '<rim:Slot name="IssueDateTime" kind="x" type="y">')],
            (
                "rim:Slot must not have the attribute kind.",
                "Remove the attribute kind; rim:Slot may have name or type.",
            ),
            (
                "rim:Slot darf das Attribut kind nicht haben.",
                "Das Attribut kind entfernen; rim:Slot darf name oder type haben.",
            ),
            "name, type",
        ),
        (
            [("<sdg:DateOfBirth>1999-03-01</sdg:DateOfBirth>", ""), ("<sdg:Gender>Female</sdg:Gender>", "")],
            (
                "sdg:Person is incomplete: after sdg:GivenName it needs sdg:DateOfBirth.",
                "Add sdg:DateOfBirth inside sdg:Person.",
            ),
            (
                "sdg:Person ist unvollständig: Nach sdg:GivenName braucht es sdg:DateOfBirth.",
                "In sdg:Person ergänzen: sdg:DateOfBirth.",
            ),
            "sdg:DateOfBirth",
        ),
    ],
    ids=["after", "begins", "too many", "stranger", "values", "attributes", "incomplete"],
)
def test_an_explanation_says_what_may_stand_there(
    validator: Validator,
    changes: list[tuple[str, str]],
    english: tuple[str, str],
    german: tuple[str, str],
    expected: str,
) -> None:
    (finding,) = validator.check(request(*changes), "oots-edm:v1.1").findings
    assert (finding.text, finding.remedy) == english
    assert finding.translations == (("de", *german),)
    assert finding.expected == expected
    assert PLANTED not in repr((finding, finding.translations))


@pytest.mark.parametrize("release", EDM)
def test_both_processors_refuse_the_same_mutants(
    release: str, validator: Validator, schemas: dict[str, xmlschema.XMLSchema11]
) -> None:
    refused = 0
    for damage, mutant in mutants(request(), 7, 150):
        valid = validator.check(mutant, release).ok
        try:
            other = next(iter(schemas[release].iter_errors(mutant)), None) is None
        except (xmlschema.XMLSchemaException, KeyError, TypeError, ValueError):
            other = False
        assert valid == other, damage
        refused += not valid
    assert refused > 75


@pytest.mark.parametrize("release", EDM)
def test_an_explanation_changes_words_only(
    release: str, validator: Validator, unexplained: Callable[[etree._Element, str], Report]
) -> None:
    better = 0
    for _, mutant in mutants(request(), 23, 60):
        explained, plain = (check(mutant, release).findings for check in (validator.check, unexplained))
        assert [(f.rule, f.place, f.line) for f in explained] == [(f.rule, f.place, f.line) for f in plain]
        better += any(one.text != other.text for one, other in zip(explained, plain, strict=True))
    assert better > 10


def chain(levels: int, inside: str, after: str) -> str:
    """Slots in slots; in each of them, `after` in the wrong place."""
    opened = '<rim:Slot name="a"><rim:SlotValue xsi:type="rim:SlotValueType">' * levels
    return f"{opened}{inside}{f'</rim:SlotValue>{after}</rim:Slot>' * levels}"


@pytest.mark.parametrize(
    "hostile",
    [
        "<rim:Slot/>" * 1_900,
        "".join(
            f'<rim:Slot name="{n}"><rim:SlotValue xsi:type="rim:CollectionValueType">'
            f"{'<sdg:X/>' * 490}</rim:SlotValue></rim:Slot>"
            for n in range(60)
        ),
        chain(40, "<sdg:X/>", "<a/>" * 60) * 30,
        '<rim:Slot name="a"' + "".join(f' a{n}="x"' for n in range(20_000)) + "/>",
    ],
    ids=["wide", "many wide ones", "deep", "attributes"],
)
def test_a_hostile_message_gets_only_so_much_attention(
    hostile: str,
    monkeypatch: pytest.MonkeyPatch,
    unexplained: Callable[[etree._Element, str], Report],
) -> None:
    made = list[int]()
    before = xmlschema.XMLSchemaValidationError.__init__

    def counted(self: xmlschema.XMLSchemaValidationError, *some: object, **named: object) -> None:
        made.append(1)
        before(self, *some, **named)  # type: ignore[arg-type]

    root = request((OPTION, hostile + OPTION))
    plain = unexplained(root, "oots-edm:v1.0").findings
    monkeypatch.setattr(xmlschema.XMLSchemaValidationError, "__init__", counted)
    explained = Validator(XSD).check(root, "oots-edm:v1.0").findings
    assert len(made) <= 2 * NODES
    assert [(f.rule, f.place, f.line) for f in explained] == [(f.rule, f.place, f.line) for f in plain]


def test_a_large_message_is_refused_in_the_words_of_libxml2(validator: Validator) -> None:
    padding = ("<query:Query ", f"<!--{'x' * MOST}--><query:Query ")
    (small,) = validator.check(request(("Female", "F")), "oots-edm:v1.0").findings
    (large,) = validator.check(request(("Female", "F"), padding), "oots-edm:v1.0").findings
    assert small.expected == "Female, Male, Unspecified"
    assert (large.rule, large.place, large.expected) == (small.rule, small.place, None)


def test_no_schema_is_loaded_because_a_message_names_it(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.xsd"
    theirs.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:theirs">'
        '<xs:element name="Any" type="xs:date"/></xs:schema>'
    )
    hint = f'xsi:schemaLocation="urn:theirs {theirs.as_uri()}"'
    text = REQUEST.replace("<query:QueryRequest", f"<query:QueryRequest {hint}", 1)
    foreign = f'<t:Any xmlns:t="urn:theirs" {hint}>x</t:Any>'
    holder = (
        f'<rim:Slot name="a"><rim:SlotValue xsi:type="rim:AnyValueType">{foreign}</rim:SlotValue></rim:Slot>'
    )
    root = xml.parse(text.replace(OPTION, holder + OPTION, 1).replace("Female", "F").encode())
    explainer = Explainer(XSD)
    path = RELEASES["oots-edm:v1.0"]
    assert explainer.ask(root, path, list(root.iter("{*}Any", "{*}Gender")))
    schema = explainer._schemas[path]
    assert schema is not None
    assert "urn:theirs" not in schema.maps.namespaces


def test_where_xmlschema_breaks_or_disagrees_the_finding_of_libxml2_stands(validator: Validator) -> None:
    both = request(("Female", "F"), ('xsi:type="rim:BooleanValueType"', 'xsi:type="rim:NoSuchType"'))
    findings = validator.check(both, "oots-edm:v1.0").findings
    assert [f.rule for f in findings] == [
        "XSD:SCHEMAV_CVC_ELT_4_2",
        "XSD:SCHEMAV_CVC_ENUMERATION_VALID",
    ]
    assert findings[1].text == "The value of sdg:Gender is none of those allowed."
