"""Broken and odd messages: everything is either read or refused with rule, place and remedy."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from intermediary import edm, xml
from intermediary.edm.codes import DocumentRole
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, EvidenceResponse
from tests.edm import examples
from tests.edm.strategies import VERSIONS
from tests.edm.test_samples import MESSAGES
from tests.oracles import mutants

SECRET = "Rossi"


def _sources() -> list[bytes]:
    ours = [edm.write(example(version)) for example in examples.EXAMPLES for version in VERSIONS]
    return ours + [Path(path).read_bytes() for path in MESSAGES]


SOURCES = _sources()


def _judge(root: etree._Element) -> None:
    """read() reads, and then without loss; or refuses in full. peek() never raises."""
    edm.peek(root)
    try:
        message = edm.read(root)
    except edm.EdmUnreadable as unreadable:
        assert unreadable.problems
        for problem in unreadable.problems:
            assert problem.rule == "EDM-STRUCTURE" or re.fullmatch(
                r"R-EDM-(REQ|RESP|ERR)-[SC]\d+", problem.rule
            )
            assert root.getroottree().xpath(problem.place, namespaces=_PREFIXES)
            assert problem.text.endswith(".")
            assert problem.remedy.endswith(".")
        return
    written = edm.write(message)
    assert edm.read(xml.parse(written)) == message


_PREFIXES = {
    "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0",
    "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0",
    "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0",
    "sdg": "http://data.europa.eu/p4s",
}


@settings(deadline=None, max_examples=150)
@given(data=st.data(), seed=st.integers(0, 2**32), times=st.integers(1, 3))
def test_a_damaged_message_is_read_or_refused(data: st.DataObject, seed: int, times: int) -> None:
    root = xml.parse(data.draw(st.sampled_from(SOURCES)))
    dice = random.Random(seed)
    for _ in range(times):
        ((_, root),) = mutants(root, dice.randrange(2**32), 1)
    _judge(xml.parse(etree.tostring(root)))


@pytest.mark.parametrize(
    "text",
    [
        "<a/>",
        "<QueryRequest/>",
        f'<QueryRequest xmlns="{_PREFIXES["query"]}"/>',
        f'<QueryResponse xmlns="{_PREFIXES["query"]}"/>',
        f'<QueryResponse xmlns="{_PREFIXES["query"]}" status="{"x" * 5000}"><!-- --><?pi x?></QueryResponse>',
        f'<QueryRequest xmlns="{_PREFIXES["query"]}"><Slot xmlns="{_PREFIXES["rim"]}"/></QueryRequest>',
    ],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    root = xml.parse(text.encode())
    edm.peek(root)
    with pytest.raises(edm.EdmUnreadable):
        edm.read(root)


def _broken(find: str, replacement: str, version: str = "oots-edm:v1.0") -> etree._Element:
    text = edm.write(examples.request(version)).decode()
    assert re.search(find, text), find
    return xml.parse(re.sub(find, replacement, text).encode())


def _slot(name: str) -> str:
    return rf'<rim:Slot name="{name}">.*?</rim:Slot>'


@pytest.mark.parametrize(
    ("find", "replacement", "rule", "place"),
    [
        (_slot("IssueDateTime"), "", "R-EDM-REQ-S006", "/query:QueryRequest"),
        (_slot("PossibilityForPreview"), "", "R-EDM-REQ-S009", "/query:QueryRequest"),
        (_slot("ExplicitRequestGiven"), "", "R-EDM-REQ-S010", "/query:QueryRequest"),
        (_slot("EvidenceRequester"), "", "R-EDM-REQ-S012", "/query:QueryRequest"),
        (_slot("EvidenceProvider"), "", "R-EDM-REQ-S013", "/query:QueryRequest"),
        (_slot("EvidenceRequest"), "", "R-EDM-REQ-S015", "/query:QueryRequest/query:Query"),
        (_slot("NaturalPerson"), "", "R-EDM-REQ-S016", "/query:QueryRequest/query:Query"),
        (
            "oots-edm:v1.0",
            "oots-edm:v9.9",
            "R-EDM-REQ-C001",
            "/query:QueryRequest/rim:Slot[@name='SpecificationIdentifier']/rim:SlotValue/rim:Value",
        ),
        (
            ">true<",
            ">Rossi<",
            "R-EDM-REQ-S024",
            "/query:QueryRequest/rim:Slot[@name='PossibilityForPreview']/rim:SlotValue",
        ),
        (
            "1984-05-07",
            "Rossi",
            "EDM-STRUCTURE",
            "/query:QueryRequest/query:Query/rim:Slot[@name='NaturalPerson']/rim:SlotValue/sdg:Person/sdg:DateOfBirth",
        ),
        (
            "<sdg:FamilyName>Rossi</sdg:FamilyName>",
            "",
            "EDM-STRUCTURE",
            "/query:QueryRequest/query:Query/rim:Slot[@name='NaturalPerson']/rim:SlotValue/sdg:Person",
        ),
        (
            '(name="EvidenceRequest"><rim:SlotValue xsi:type="rim:)Any',
            r"\1String",
            "R-EDM-REQ-S033",
            "/query:QueryRequest/query:Query/rim:Slot[@name='EvidenceRequest']/rim:SlotValue",
        ),
        (
            "sdg:Requirement>",
            "sdg:Demand>",
            "R-EDM-REQ-S037",
            "/query:QueryRequest/rim:Slot[@name='Requirements']/rim:SlotValue/rim:Element",
        ),
    ],
)
def test_a_refusal_names_rule_and_place(find: str, replacement: str, rule: str, place: str) -> None:
    with pytest.raises(edm.EdmUnreadable) as caught:
        edm.read(_broken(find, replacement))
    assert (rule, place) in [(p.rule, p.place) for p in caught.value.problems]
    assert SECRET not in str(caught.value)


def test_all_problems_come_at_once() -> None:
    root = _broken(f"{_slot('IssueDateTime')}|{_slot('EvidenceRequest')}|{_slot('EvidenceProvider')}", "")
    with pytest.raises(edm.EdmUnreadable) as caught:
        edm.read(root)
    rules = [problem.rule for problem in caught.value.problems]
    assert {"R-EDM-REQ-S006", "R-EDM-REQ-S013", "R-EDM-REQ-S015"} <= set(rules)


def test_enough_is_told_of_a_broken_request_to_answer_it() -> None:
    header = edm.peek(_broken(f"{_slot('NaturalPerson')}|{_slot('IssueDateTime')}", ""))
    assert header.id == examples.REQUEST_ID
    assert header.evidence_requester == examples.ITALIAN_OFFICE
    assert header.evidence_provider == examples.VEHICLE_REGISTER


# --- odd, but said clearly --------------------------------------------------------------------------------


def _request(root: etree._Element) -> EvidenceRequest:
    message = edm.read(root)
    assert isinstance(message, EvidenceRequest)
    return message


@pytest.mark.parametrize(
    ("find", "replacement"),
    [
        ('name="Requirements"', 'name="Requirement"'),
        ("rim:(?=[A-Z])|(?<=xmlns:)rim", lambda found: found.group().replace("rim", "r")),
        (">(oots-edm:v1.0|true|2026-03-12T09:30:15.120Z)<", r">\n   \1 <!-- padded -->\n<"),
        ("<sdg:Title lang=", "<sdg:Title xml:lang="),
        ("LocalizedString xml:lang", "LocalizedString xsi:lang"),
        (">true<", ">1<"),
        ("<rim:Slot ", "<!-- a comment --><?pi?><rim:Slot "),
        (f"({_slot('IssueDateTime')})(.*?)(<query:ResponseOption)", r"\2\1\3"),
    ],
)
def test_odd_forms_mean_the_same(find: str, replacement: str) -> None:
    assert _request(_broken(find, replacement)) == examples.request("oots-edm:v1.0")


def test_lone_agents_and_collections_are_both_read() -> None:
    one = examples.request(evidence_requesters=(examples.ITALIAN_OFFICE,))
    text = edm.write(one).decode()
    lone = re.sub(
        r'(name="EvidenceRequester"><rim:SlotValue) xsi:type="rim:CollectionValueType"[^>]*>'
        r'<rim:Element xsi:type="rim:AnyValueType">(.*?)</rim:Element>',
        r'\1 xsi:type="rim:AnyValueType">\2',
        text,
    )
    grouped = re.sub(
        r'(name="EvidenceProvider"><rim:SlotValue) xsi:type="rim:AnyValueType">(.*?)</rim:SlotValue>',
        r'\1 xsi:type="rim:CollectionValueType" '
        r'collectionType="urn:oasis:names:tc:ebxml-regrep:CollectionType:Set">'
        r'<rim:Element xsi:type="rim:AnyValueType">\2</rim:Element></rim:SlotValue>',
        lone,
    )
    assert grouped != lone != text
    assert _request(xml.parse(grouped.encode())) == one


def test_a_second_error_provider_is_kept() -> None:
    platform = examples.ITALIAN_PLATFORM
    message = examples.error(further_error_providers=(platform,))
    again = edm.read(xml.parse(edm.write(message)))
    assert isinstance(again, EvidenceErrorResponse)
    assert again == message


def test_unknown_slots_elements_and_attributes_come_back_in_their_places() -> None:
    root = _broken(
        "<query:ResponseOption",
        '<rim:Slot name="Novelty"><rim:SlotValue xsi:type="rim:AnyValueType">'
        '<n:New xmlns:n="urn:new">x</n:New>'
        "</rim:SlotValue></rim:Slot><query:ResponseOption",
    )
    agent = root.find(".//{http://data.europa.eu/p4s}Agent")
    assert agent is not None
    jurisdiction = etree.Element("{http://data.europa.eu/p4s}Jurisdiction")
    etree.SubElement(jurisdiction, "{http://data.europa.eu/p4s}AdminUnitLevel1").text = "IT"
    agent.insert(3, jurisdiction)
    gender = root.find(".//{http://data.europa.eu/p4s}Gender")
    assert gender is not None
    gender.set("listID", "human-sex")
    again = xml.parse(edm.write(edm.read(root)))
    names = [slot.get("name") for slot in again.iterchildren("{*}Slot")]
    assert "Novelty" in names
    kept = again.find(".//{http://data.europa.eu/p4s}Agent")
    assert kept is not None
    assert [etree.QName(child).localname for child in kept] == [
        "Identifier",
        "Name",
        "Address",
        "Jurisdiction",
        "Classification",
    ]
    kept_gender = again.find(".//{http://data.europa.eu/p4s}Gender")
    assert kept_gender is not None
    assert kept_gender.get("listID") == "human-sex"


def test_an_untyped_collection_stays_untyped() -> None:
    typed = edm.write(examples.request("oots-edm:v1.2"))
    untyped = re.sub(rb' collectionType="[^"]*"', b"", typed)
    assert untyped != typed
    assert edm.write(edm.read(xml.parse(untyped))) == untyped


# --- packages of 2.0 --------------------------------------------------------------------------------------


def test_a_2_0_response_is_packed_as_its_rules_say() -> None:
    root = xml.parse(edm.write(examples.response()))
    path = "rim:RegistryObjectList/rim:RegistryObject"
    (package,) = root.findall(path, _PREFIXES)  # R-EDM-RESP-S066: packages and nothing else
    assert package.get(_TYPE) == "rim:RegistryPackageType"
    main, readable, association = package.findall(path, _PREFIXES)
    classifications = [node.find("rim:Classification", _PREFIXES) for node in (main, readable)]
    assert [c.get("classificationNode") for c in classifications if c is not None] == [
        "MainEvidence",
        "HumanReadableVersion",
    ]
    assert association.get(_TYPE) == "rim:AssociationType"  # S050 to S061: companion to main, typed as it
    assert association.get("sourceObject") == readable.get("id")
    assert association.get("targetObject") == main.get("id")
    assert str(association.get("type")).endswith(":AssociationType:HumanReadableVersion")
    evidence = readable.find(".//sdg:Evidence", _PREFIXES)
    assert evidence is not None
    assert [etree.QName(child).localname for child in evidence] == ["Identifier", "Distribution"]  # S063
    ids = [str(node.get("id")) for node in root.iter("*") if node.get("id") is not None]
    assert len(ids) == 6
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", identity) for identity in ids)  # S037, S065
    assert len(set(ids)) == len(ids)


_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def test_a_companion_keeps_its_kind_and_a_loose_association_is_not_lost() -> None:
    text = edm.write(examples.response()).decode()
    loose = text.replace("AssociationType:HumanReadableVersion", "AssociationType:Annex")
    message = edm.read(xml.parse(loose.encode()))
    assert isinstance(message, EvidenceResponse)
    assert [d.role for d in message.documents] == [
        DocumentRole.MAIN_EVIDENCE,
        DocumentRole.HUMAN_READABLE_VERSION,
    ]
    again = edm.write(message)
    assert again.count(b"rim:AssociationType") == 1
    assert edm.read(xml.parse(again)) == message


@pytest.mark.parametrize("version", VERSIONS)
def test_a_deferred_response_is_unavailable_with_an_empty_list(version: str) -> None:
    root = xml.parse(edm.write(examples.deferred(version)))
    assert str(root.get("status")).endswith(":Unavailable")  # R-EDM-RESP-S006
    listing = root.find("rim:RegistryObjectList", _PREFIXES)
    assert listing is not None  # R-EDM-RESP-S007
    assert len(listing) == 0


def test_preview_method_is_gone_in_2_0() -> None:
    assert b"PreviewMethod" not in edm.write(examples.preview_required("oots-edm:v2.0"))
    assert b"PreviewMethod" in edm.write(examples.preview_required("oots-edm:v1.2"))  # R-EDM-ERR-S031


# --- what cannot be written -------------------------------------------------------------------------------


def test_a_control_character_cannot_be_written() -> None:
    with pytest.raises(edm.EdmUnwritable):
        edm.write(examples.request(preview_location="https://example.org/\x00"))


def test_a_version_that_nobody_knows_is_not_written() -> None:
    with pytest.raises(edm.UnsupportedVersion):
        edm.write(examples.request(specification_identifier="oots-edm:v7.0"))


def test_a_relative_namespace_has_no_canonical_form_but_is_kept() -> None:
    """Found by fuzzing: libxml2 refuses to canonicalise it."""
    from tests.edm import examples

    body = edm.write(examples.request()).replace(
        b"</query:QueryRequest>", b'<a xmlns="b"/></query:QueryRequest>'
    )
    root = xml.parse(body)
    assert edm.peek(root).kind == "request"
    message = edm.read(root)
    assert b'="b"' in edm.write(message)
    assert edm.read(xml.parse(edm.write(message))) == message
