"""Answers of EB and DSD: all official samples, what is no answer, and what attacks the reader."""

import re
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intermediary.directory import AnswerUnreadable, RefusalCode, read_answer, write_answer
from intermediary.directory.codes import JurisdictionLevel
from intermediary.directory.model import Answer, text_in
from intermediary.sandbox.common_services import load_publications
from tests.directory.samples import SAMPLES, names, requires_samples, sample

IDS = [UUID(int=n) for n in range(1, 99)]


@requires_samples
@pytest.mark.parametrize("name", names("eb", "dsd"))
def test_every_official_sample_is_read_and_written_without_loss(name: str) -> None:
    answer = read_answer((SAMPLES / name).read_bytes())
    assert answer.requirements or answer.services or answer.refusals
    assert read_answer(write_answer(answer, IDS)) == answer
    refused = "4.4" in name or "exception" in name
    assert answer.refused is refused
    assert bool(answer.inputs) is ("4.4.3" in name or "exception" in name)


@requires_samples
def test_lists_are_alternatives_whose_members_belong_together() -> None:
    (requirement,) = read_answer(sample("eb/4.3.-get-evidence-types-for-requirement-query-sec")).requirements
    sizes = [len(held.evidence_types) for held in requirement.evidence_type_lists]
    assert sizes[0] == 3
    assert len(sizes) == 2
    assert {each.country for held in requirement.evidence_type_lists for each in held.evidence_types} == {
        "DE"
    }
    assert text_in(requirement.names, ["de"]) == "Nachweis eines Sekundarschulabschlusses/Zeugnisses"
    assert text_in(requirement.names, ["fr"]) == text_in(requirement.names)
    places = {str(each.jurisdiction) for each in requirement.reference_frameworks}
    assert places == {"DE/DEF", "DE/DE7"}


@requires_samples
def test_a_data_service_names_access_point_provider_formats_and_questions() -> None:
    (service,) = read_answer(sample("dsd/4.3.-query-response-of-the-dsd-secondary")).services
    assert service.level_of_assurance == "High"
    assert service.determination is not None
    assert service.determination.level is JurisdictionLevel.NUTS1
    assert [form.media_type for form in service.distributions][-1] == "application/pdf"
    assert all(access.conforms_to == ("oots-edm:v1.0",) for access in service.access_services)
    assert all(access.provider.identifier.scheme for access in service.access_services)
    asked = service.classifications[0].identifier
    assert asked in {c.identifier for a in service.access_services for c in a.provider.concepts}


@requires_samples
def test_more_is_needed_for_each_of_two_evidence_types() -> None:
    first, second = read_answer(sample("dsd/pre10-exception")).inputs
    assert [concept.identifier for concept in first.classifications] == [
        "TypeOfInsurance",
        "SomeOtherCriterion",
    ]
    assert second.classifications == ()
    assert second.determination is not None
    assert second.determination.level.parameter == "jurisdiction-admin-l3"


@requires_samples
def test_prefixes_and_comments_do_not_matter() -> None:
    plain = sample("dsd/4.3.-query-response-of-the-dsd-secondary")
    other = re.sub(rb"(</?|xmlns:)sdg\b", rb"\1oots", plain)
    other = other.replace(b">High<", b">Hi<!-- x -->gh<")
    assert read_answer(other) == read_answer(plain)


def _body(inner: str, status: str = "Success", root: str = "QueryResponse", version: str = "") -> bytes:
    slot = (
        '<rim:Slot name="SpecificationIdentifier"><rim:SlotValue xsi:type="rim:StringValueType">'
        f"<rim:Value>{version}</rim:Value></rim:SlotValue></rim:Slot>"
    )
    return (
        f'<query:{root} xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:4.0" '
        'xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:4.0" xmlns:sdg="http://data.europa.eu/p4s" '
        'xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:4.0" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:{status}">'
        f"{slot if version else ''}{inner}</query:{root}>"
    ).encode()


def _record(inner: str) -> str:
    return (
        '<rim:RegistryObjectList><rim:RegistryObject id="x"><rim:Slot name="Requirement">'
        f'<rim:SlotValue xsi:type="rim:AnyValueType"><sdg:Requirement>{inner}</sdg:Requirement>'
        "</rim:SlotValue></rim:Slot></rim:RegistryObject></rim:RegistryObjectList>"
    )


_NAMED = "<sdg:Identifier>r</sdg:Identifier><sdg:Name>n</sdg:Name>"
_LIST = "<sdg:EvidenceTypeList><sdg:Identifier>l</sdg:Identifier></sdg:EvidenceTypeList>"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (_body("<rim:RegistryObjectList/>"), "CS-SUCCESS-EMPTY"),
        (_body(""), "CS-SUCCESS"),
        (_body("<rim:RegistryObjectList/><rs:Exception code='EB:ERR:0001'/>"), "CS-SUCCESS"),
        (_body("", "Failure"), "CS-FAILURE"),
        (_body("<rs:Exception code='EB:ERR:0001'/><rim:RegistryObjectList/>", "Failure"), "CS-FAILURE"),
        (_body("<rs:Exception/>", "Failure"), "CS-EXCEPTION"),
        (_body("<rs:Exception code='DSD:ERR:0005'/>", "Failure"), "R-DSD-RESP-S022"),
        (_body(_record(_NAMED), "Unavailable"), "CS-STATUS"),
        (_body(_record(_NAMED), root="QueryRequest"), "CS-ROOT"),
        (_body(_record("<sdg:Name>n</sdg:Name>")), "CS-MISSING"),
        (_body(_record("<sdg:Identifier> </sdg:Identifier><sdg:Name>n</sdg:Name>")), "CS-MISSING"),
        (_body(_record(_NAMED + _LIST)), "CS-EMPTY-LIST"),
        (_body(_record(_NAMED + _LIST), version="oots-cs:v1.2"), "CS-EMPTY-LIST"),
        (b"<query:QueryResponse", "XML-WELL-FORMED"),
        (b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + _body(_record(_NAMED)), "XML-NO-DOCTYPE"),
        (_body("<a>" * 60 + "</a>" * 60), "XML-LIMITS"),
        (b" " * (11 * 1024 * 1024), "XML-LIMITS"),
    ],
)
def test_what_is_no_answer_is_a_protocol_error(body: bytes, rule: str) -> None:
    with pytest.raises(AnswerUnreadable) as refused:
        read_answer(body)
    assert refused.value.rule == rule


def test_in_2_0_an_empty_list_says_that_the_country_cannot_prove_it() -> None:
    (requirement,) = read_answer(_body(_record(_NAMED + _LIST), version="oots-cs:v2.0")).requirements
    assert requirement.evidence_type_lists[0].no_match


def test_unknown_elements_are_passed_over() -> None:
    (requirement,) = read_answer(
        _body(_record(_NAMED + "<sdg:New><sdg:Name>x</sdg:Name></sdg:New>"))
    ).requirements
    assert [text.value for text in requirement.names] == ["n"]
    assert requirement.names[0].language == "EN"


def test_refusals_are_data_and_keep_codes_of_later_releases() -> None:
    (refusal,) = read_answer(_body("<rs:Exception code='EB:ERR:0099' message='m'/>", "Failure")).refusals
    assert refusal.code == "EB:ERR:0099"
    assert not refusal.nothing_found


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    body = write_answer(Answer(requirements=load_publications()[0].requirements), IDS)
    at = len(data) * 7 % len(body)
    for attack in (data, body[:at] + data + body[at:]):
        try:
            read_answer(attack)
        except AnswerUnreadable as refused:
            assert refused.rule


def test_every_published_code_has_its_exception_type() -> None:
    assert RefusalCode.DSD_MORE_NEEDED.exception_type == "ObjectNotFoundExceptionType"
    assert RefusalCode.EB_PARAMETERS.exception_type == "InvalidRequestExceptionType"
