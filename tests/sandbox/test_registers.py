"""The registers, asked as the platform asks them: mutual TLS, a token, the national protocol."""

import base64
import dataclasses
import ssl
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from intermediary import xml
from intermediary.mapping import load
from intermediary.national import xnachweis
from intermediary.national.model import (
    Authority,
    Format,
    NationalAnswer,
    NationalEvidenceType,
    NationalLegalPerson,
    NationalNaturalPerson,
    NationalRequest,
    Outcome,
    Purpose,
)
from intermediary.sandbox import documents
from intermediary.sandbox.iam import token_url_of
from intermediary.sandbox.people import COMPANIES, PEOPLE, Person, person
from intermediary.sandbox.platform_files import PROVIDERS
from intermediary.sandbox.registers import business, civil_status, residents, vehicles
from intermediary.sandbox.supervisor import client_context
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.transport.national import Connector, NationalSettings
from intermediary.validation import Validator
from tests.sandbox.test_iam import token_request

PATH = "/v1/nachweisabrufe"
REGISTERS = {
    "vehicle-register": vehicles,
    "residents-register": residents,
    "civil-status-register": civil_status,
    "business-register": business,
}
RECORDS = tuple(record for register in REGISTERS.values() for record in register.records())


@pytest.fixture(scope="module")
def world(neighbours: World) -> World:
    return neighbours


@pytest.fixture(scope="module")
def platform(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(verify=client_context(world), trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(world: World, platform: httpx.Client) -> dict[str, str]:
    return {
        system: platform.post(token_url_of(world), data=token_request(world, module.AUDIENCES[0])).json()[
            "access_token"
        ]
        for system, module in REGISTERS.items()
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Asking:
    """A platform that asks registers."""

    world: World
    platform: httpx.Client
    tokens: dict[str, str]

    def post(self, system: str, request: NationalRequest, **headers: str) -> httpx.Response:
        return self.platform.post(
            self.world.url(system, PATH),
            content=xnachweis.write_request(request),
            headers={
                "Authorization": f"Bearer {self.tokens[system]}",
                "Idempotency-Key": request.request_id,
                "Content-Type": "application/xml",
            }
            | headers,
        )

    def poll(self, system: str, location: str) -> httpx.Response:
        bearer = {"Authorization": f"Bearer {self.tokens[system]}"}
        return self.platform.get(self.world.url(system, location), headers=bearer)

    def answer(self, system: str, request: NationalRequest) -> NationalAnswer:
        response = self.post(system, request)
        assert response.status_code == 200
        return read(response)


@pytest.fixture
def asking(world: World, platform: httpx.Client, tokens: dict[str, str]) -> Asking:
    return Asking(world, platform, tokens)


def read(response: httpx.Response) -> NationalAnswer:
    message, attachments = xnachweis.unpack(response.headers["content-type"], response.content)
    return xnachweis.read_answer(xml.parse(message), attachments)


def request(
    who: str, evidence_type: str, *, formats: tuple[str, ...] = (), **additional: str
) -> NationalRequest:
    held = person(who)
    return NationalRequest(
        message_id=str(uuid.uuid4()),
        request_id=str(uuid.uuid4()),
        conversation_id=str(uuid.uuid4()),
        issued_at=datetime.now(UTC),
        sender=Authority("ip-de", "Intermediäre Plattform"),
        recipient=Authority("register", "Register"),
        evidence_type=NationalEvidenceType(evidence_type, "1.0", "Nachweis"),
        purpose=Purpose("99000000000000", "Art. 14 VO (EU) 2018/1724"),
        level_of_assurance="Substantial",
        explicit_request=True,
        preview_by_consumer=False,
        formats=tuple(Format(media_type) for media_type in formats),
        subject=NationalNaturalPerson(held.family_name, held.given_names, held.date_of_birth),
        additional=tuple(additional.items()),
    )


def vehicle(who: str, plate: str) -> NationalRequest:
    return request(who, vehicles.EVIDENCE_TYPE, kennzeichen=plate)


def test_a_register_delivers_the_same_facts_as_pdf_and_as_xml(asking: Asking) -> None:
    answer = asking.answer("vehicle-register", vehicle("giulia", "b gr-1990"))
    (evidence,) = answer.evidences
    assert answer.outcome is Outcome.DELIVERED
    assert evidence.issuing_date == date(2026, 1, 15)
    forms = {form.format.media_type: form.content for form in evidence.representations}
    assert set(forms) == {"application/pdf", "application/xml"}
    root = xml.parse(forms["application/xml"])
    assert root.findtext(".//{*}kennzeichen") == "B-GR 1990"
    assert forms["application/pdf"].startswith(b"%PDF-")
    assert all(documents.MARKER.encode() in content for content in forms.values())


def test_only_the_wanted_form_is_delivered(asking: Asking) -> None:
    wanted = request("bjoern", civil_status.EVIDENCE_TYPE, formats=("application/xml",))
    (evidence,) = asking.answer("civil-status-register", wanted).evidences
    assert [form.format.media_type for form in evidence.representations] == ["application/xml"]
    refused = request("bjoern", civil_status.EVIDENCE_TYPE, formats=("text/csv",))
    assert asking.answer("civil-status-register", refused).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("who", "outcome"),
    [
        ("giulia", Outcome.DELIVERED),
        ("rene", Outcome.DELIVERED),
        ("paolo", Outcome.NOT_FOUND),
        ("luca", Outcome.AMBIGUOUS),
        ("elena", Outcome.REJECTED),
    ],
)
def test_what_the_residents_register_says_of_the_test_persons(
    asking: Asking, who: str, outcome: Outcome
) -> None:
    assert asking.answer("residents-register", request(who, residents.EVIDENCE_TYPE)).outcome is outcome


def test_who_has_two_homes_gets_two_documents(asking: Asking) -> None:
    answer = asking.answer("residents-register", request("bjoern", residents.EVIDENCE_TYPE))
    kinds = [
        xml.parse(form.content).findtext(".//{*}art")
        for evidence in answer.evidences
        for form in evidence.representations
        if form.format.media_type == "application/xml"
    ]
    assert kinds == ["Hauptwohnung", "Nebenwohnung"]
    assert len({evidence.evidence_id for evidence in answer.evidences}) == 2


def test_somebody_elses_plate_is_not_found(asking: Asking) -> None:
    assert asking.answer("vehicle-register", vehicle("rene", "B-GR 1990")).outcome is Outcome.NOT_FOUND


def test_a_company_is_found_by_its_name_unless_a_number_differs(
    asking: Asking,
) -> None:
    company = COMPANIES[0]
    asked = vehicle("chiara", "M-KH 17")
    for number, outcome in ((company.euid, Outcome.DELIVERED), ("DEX.HRB1", Outcome.NOT_FOUND)):
        subject = NationalLegalPerson(company.name, (("euid", number),))
        mine = dataclasses.replace(asked, request_id=str(uuid.uuid4()), subject=subject)
        assert asking.answer("vehicle-register", mine).outcome is outcome


def test_an_answer_that_takes_a_moment_is_polled(asking: Asking) -> None:
    asked = vehicle("giulia", "B-GR 3000")
    first = asking.post("vehicle-register", asked)
    assert (first.status_code, first.content) == (202, b"")
    assert asking.poll("vehicle-register", first.headers["location"]).status_code == 202
    _hurry(asking)
    later = asking.poll("vehicle-register", first.headers["location"])
    assert read(later).outcome is Outcome.DELIVERED


def test_an_answer_that_comes_tomorrow_says_so(asking: Asking) -> None:
    first = asking.post("vehicle-register", vehicle("giulia", "B-GR 8000"))
    assert first.status_code == 202
    answer = read(first)
    assert answer.outcome is Outcome.LATER
    assert answer.available_at is not None
    assert answer.available_at > datetime.now(UTC)
    _hurry(asking)
    later = asking.poll("vehicle-register", first.headers["location"])
    assert read(later).outcome is Outcome.DELIVERED


def _hurry(asking: Asking) -> None:
    asking.platform.post(asking.world.url("vehicle-register", "/_sandbox/hurry")).raise_for_status()


def test_a_repeated_question_is_one_question_and_is_counted(asking: Asking) -> None:
    asked = vehicle("bjoern", "L-ÖG 85")
    assert read(asking.post("vehicle-register", asked)) == read(asking.post("vehicle-register", asked))
    counted = asking.platform.get(asking.world.url("vehicle-register", "/_sandbox/requests")).json()
    assert {"id": asked.request_id, "asked": 2, "polled": 0} in counted["requests"]
    assert sum(entry["id"] == asked.request_id for entry in counted["requests"]) == 1


def test_a_key_that_is_not_the_request_id_is_refused(asking: Asking) -> None:
    answer = asking.post("vehicle-register", vehicle("bjoern", "L-ÖG 85"), **{"Idempotency-Key": "other"})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:intermediary:national:problem:rejected"


def test_what_is_no_request_is_refused(asking: Asking) -> None:
    bearer = {"Authorization": f"Bearer {asking.tokens['vehicle-register']}"}
    for body in (b"", b"<a/>", b"<!DOCTYPE a><a/>"):
        url = asking.world.url("vehicle-register", PATH)
        assert asking.platform.post(url, content=body, headers=bearer).status_code == 422


def test_an_unknown_question_cannot_be_polled(asking: Asking) -> None:
    answer = asking.poll("vehicle-register", f"{PATH}/{uuid.uuid4()}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:intermediary:national:problem:unknown-request"


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer abc", "Basic abc"])
def test_without_a_good_token_nobody_is_answered(asking: Asking, token: str) -> None:
    answer = asking.post("vehicle-register", vehicle("giulia", "B-GR 1990"), Authorization=token)
    assert answer.status_code == 401
    assert "www-authenticate" in answer.headers


def test_a_token_for_another_register_is_not_good_here(asking: Asking) -> None:
    other = f"Bearer {asking.tokens['residents-register']}"
    answer = asking.post("vehicle-register", vehicle("giulia", "B-GR 1990"), Authorization=other)
    assert answer.status_code == 401


def test_without_a_client_certificate_there_is_no_connection(world: World) -> None:
    trust = ssl.create_default_context(cafile=str(world.authority))
    with httpx.Client(verify=trust, trust_env=False) as stranger, pytest.raises(httpx.TransportError):
        stranger.get(world.url("vehicle-register", "/_sandbox/requests"))


def test_an_outage_is_switched_on_and_off(asking: Asking) -> None:
    switch = asking.world.url("residents-register", "/_sandbox/outage")
    asked = request("giulia", residents.EVIDENCE_TYPE)
    assert asking.platform.post(switch, json={"seconds": 60}).status_code == 204
    assert asking.post("residents-register", asked).status_code == 503
    assert asking.platform.delete(switch).status_code == 204
    assert asking.post("residents-register", asked).status_code == 200


@pytest.fixture(scope="module")
def connector(world: World) -> Iterator[Connector]:
    """The platform's own connector, as the platform of the sandbox is set up."""
    settings = NationalSettings(
        ca=world.authority,
        client_certificate=world.certificate("platform", "tls-client"),
        client_key=world.key("platform", "tls-client"),
        token_url=token_url_of(world),
        client_id="platform",
        token_key=world.key("platform", "token"),
        retry_seconds=0.01,
    )
    validator = Validator(shipped("xsd"))
    with Connector(
        settings, lambda root: validator.check(root, xnachweis.RELEASE), lambda: datetime.now(UTC)
    ) as connector:
        yield connector


@pytest.mark.parametrize(
    ("name", "euid", "outcome"),
    [
        (COMPANIES[0].name, COMPANIES[0].euid, Outcome.DELIVERED),
        (COMPANIES[0].name.upper(), None, Outcome.DELIVERED),
        (COMPANIES[0].name, COMPANIES[1].euid, Outcome.NOT_FOUND),
        (COMPANIES[1].name, COMPANIES[1].euid, Outcome.LATER),
    ],
)
def test_the_register_with_an_interface_of_its_own_is_asked_as_the_mapping_says(
    world: World, connector: Connector, name: str, euid: str | None, outcome: Outcome
) -> None:
    provider = load(world.data("platform") / "mappings").providers["unternehmensbasisregister"]
    subject = NationalLegalPerson(name, () if euid is None else (("euid", euid),))
    asked = dataclasses.replace(request("chiara", business.BASE), subject=subject)
    answer = connector.ask(provider, asked)
    assert answer.outcome is outcome
    for evidence in answer.evidences:
        (form,) = evidence.representations
        assert xml.parse(form.content).findtext(".//{*}firma") == COMPANIES[0].name
    if outcome is Outcome.LATER:
        hurry = world.url("business-register", "/_sandbox/hurry")
        httpx.post(hurry, verify=client_context(world), trust_env=False).raise_for_status()
        assert connector.ask(provider, asked).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("key", ["kba-zfzr", "melderegister-berlin", "standesamt-muenchen", "gewerbeamt"])
def test_the_platforms_connector_and_the_registers_understand_each_other(
    world: World, connector: Connector, key: str
) -> None:
    mapped = load(world.data("platform") / "mappings")
    provider = mapped.providers[key]
    (mapping,) = [
        m
        for m in mapped.mappings
        if m.routing.provider == key or key in m.routing.table.values()
        if m.national_id in {r.evidence_type for r in RECORDS}
    ]
    record = next(r for r in RECORDS if r.evidence_type == mapping.national_id)
    held = record.subject
    subject: NationalLegalPerson | NationalNaturalPerson = (
        NationalNaturalPerson(held.family_name, held.given_names, held.date_of_birth)
        if isinstance(held, Person)
        else NationalLegalPerson(held.name)
    )
    formats = tuple(Format(f.national_media_type, f.national_data_model) for f in mapping.formats)
    asked = dataclasses.replace(
        request("giulia", mapping.national_id),
        subject=subject,
        formats=formats,
        additional=tuple(record.keys.items()),
    )
    answer = connector.ask(provider, asked)
    assert answer.outcome is Outcome.DELIVERED
    given = {(form.format.media_type, form.format.data_model) for form in answer.evidences[0].representations}
    assert given == {(form.media_type, form.data_model) for form in formats}


def test_every_register_is_a_provider_of_the_shipped_mappings(world: World) -> None:
    mapped = load(world.data("platform") / "mappings")
    for key, system in PROVIDERS.items():
        provider = mapped.providers[key]
        assert provider.url == world.url(system)
        assert provider.audience in REGISTERS[system].AUDIENCES
    served = {m.national_id: m for m in mapped.mappings}
    for record in RECORDS:
        models = {form.national_data_model for form in served[record.evidence_type].formats}
        assert {sheet.data_model for sheet in record.sheets} <= models
        asked = {asked.key for asked in served[record.evidence_type].additional_inputs}
        assert set(record.keys) <= asked


def test_documents_are_always_the_same_readable_and_searchable() -> None:
    for sheet in (sheet for record in RECORDS for sheet in record.sheets):
        pdf, evidence = documents.pdf(sheet), documents.xml(sheet)
        assert documents.pdf.__wrapped__(sheet) == pdf
        assert documents.xml.__wrapped__(sheet) == evidence
        for content in (pdf, evidence):
            assert f"{documents.MARKER}-{sheet.number}".encode() in content
        assert xml.parse(evidence).tag == f"{{{sheet.data_model}}}{sheet.root}"


def test_a_pdf_is_one_a4_page_with_title_language_and_text() -> None:
    ((sheet,),) = [r.sheets for r in residents.records() if r.subject == person("rene")]
    reader = PdfReader(BytesIO(documents.pdf(sheet)))
    (page,) = reader.pages
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    assert reader.metadata is not None
    assert reader.metadata.title == f"Meldebescheinigung {sheet.number}"
    assert str(reader.root_object["/Lang"]) == "de-DE"
    text = page.extract_text()
    assert "Đorđević" in text
    assert "René" in text
    assert "21.07.1978" in text


def test_a_leak_is_found_in_base64_too() -> None:
    patterns = documents.leak_patterns()
    for shift in range(6):
        hidden = base64.b64encode(b"x" * shift + documents.MARKER.encode() + b"-rest")
        assert any(pattern in hidden for pattern in patterns)
    assert not any(pattern in base64.b64encode(b"nothing to see here, move along") for pattern in patterns)


def test_every_test_person_has_an_identifier_of_their_own() -> None:
    assert len({p.identifier for p in PEOPLE}) == len(PEOPLE) == len({p.key for p in PEOPLE})
