"""The official samples are read and written back without loss."""

from pathlib import Path

import pytest

from intermediary import edm, xml
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import EvidenceErrorResponse, EvidenceRequest, EvidenceResponse, LegalPerson
from tests.edm.canonical import canonical
from tests.oracles import OOTS, SAMPLES, fired, kind_of, official_schema, requires_official

pytestmark = requires_official

V1_2 = OOTS / "1.2" / "samples" / "tdd-4.5.4" / "education"
MESSAGES = sorted(
    path
    for folder in ("projectathon-2023", "tdd-4.5.4", "tdd-4.5.4-old")
    for path in (SAMPLES / folder).rglob("*.xml")
    if "eader" not in path.name
) + sorted(V1_2.glob("*.xml"))
NAMES = [f"{path.parent.name}/{path.name}" for path in MESSAGES]


def sample(name: str) -> bytes:
    (path,) = (path for path in MESSAGES if path.name.startswith(name))
    return path.read_bytes()


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_a_sample_survives_reading_and_writing(path: Path) -> None:
    root = xml.parse(path.read_bytes())
    message = edm.read(root)
    written = edm.write(message)
    again = xml.parse(written)
    assert edm.read(again) == message
    assert edm.write(edm.read(again)) == written
    assert canonical(again) == canonical(root)


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_what_the_official_schema_accepts_it_accepts_rewritten(path: Path) -> None:
    root = xml.parse(path.read_bytes())
    schema = official_schema()
    if not schema.validate(root):
        pytest.skip("the sample itself is not valid (README of ../shared/oots)")
    again = xml.parse(edm.write(edm.read(root)))
    assert schema.validate(again), schema.error_log


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_the_official_rules_say_the_same_of_a_rewritten_sample(path: Path) -> None:
    root = xml.parse(path.read_bytes())
    if path.parent == V1_2:
        pytest.skip("the 1.0 rules reject 1.2 messages as they must")
    again = xml.parse(edm.write(edm.read(root)))
    assert fired(kind_of(again), again) == fired(kind_of(root), root)


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_peek_agrees_with_read(path: Path) -> None:
    root = xml.parse(path.read_bytes())
    message, header = edm.read(root), edm.peek(root)
    assert header.specification_identifier == message.specification_identifier
    assert header.id == message.id
    if isinstance(message, EvidenceRequest):
        assert header.kind == "request"
        assert header.preview_location == message.preview_location
        assert header.evidence_requester == message.evidence_requester
        assert header.evidence_provider == message.evidence_provider
    elif isinstance(message, EvidenceResponse):
        assert (header.kind, header.request_id) == ("response", message.request_id)
    else:
        assert (header.kind, header.request_id) == ("error", message.request_id)
        assert header.exceptions == tuple(raised.code for raised in message.exceptions)
        assert header.evidence_provider == message.error_provider


def test_a_request_for_a_company_names_its_representative() -> None:
    message = edm.read(
        xml.parse(
            (SAMPLES / "tdd-4.5.4" / "tax")
            .joinpath("4.1_Step_1_Evidence_Request_-_Tax_-_full_example.xml")
            .read_bytes()
        )
    )
    assert isinstance(message, EvidenceRequest)
    assert isinstance(message.subject, LegalPerson)
    assert message.subject.legal_name == "Sweden ltd"
    assert [i.scheme_id for i in message.subject.identifiers] == ["TAX", "VAT"]
    assert message.authorized_representative is not None
    assert message.procedure_code == "X4"
    assert [t.lang for t in message.evidence_type.titles] == ["EN", "DE"]


def test_a_declined_preview_of_1_0_is_a_response_without_documents() -> None:
    message = edm.read(xml.parse(sample("TC08_Response_2")))
    assert isinstance(message, EvidenceResponse)
    assert message.packages == ()
    assert edm.profile_for(message.specification_identifier).decline_is_empty_response


def test_a_closed_preview_is_an_error_with_a_location_but_no_preview_severity() -> None:
    message = edm.read(xml.parse(sample("TC09_Response_2")))
    assert isinstance(message, EvidenceErrorResponse)
    (raised,) = message.exceptions
    assert raised.code is ErrorCode.TIMEOUT
    assert raised.preview is not None
    profile = edm.profile_for(message.specification_identifier)
    assert profile.severity_of(raised) == profile.severity_error


def test_padded_values_of_the_1_2_samples_are_trimmed() -> None:
    message = edm.read(xml.parse((V1_2 / "EDM_Ferst_Request.xml").read_bytes()))
    assert isinstance(message, EvidenceRequest)
    assert message.requirements[0].identifier.value.startswith(
        "https://sr.oots.tech.ec.europa.eu/requirements/"
    )
    assert message.procedure[0].lang == "EN"  # written as xsi:lang
    assert message.evidence_provider_classifications[0].supported_values == ("HH",)
