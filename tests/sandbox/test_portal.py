"""The foreign portal over real TLS sockets; the AS4 codec in this process plays the platform."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from intermediary import as4, edm, xml
from intermediary.as4.model import Payload
from intermediary.edm.codes import ErrorCode
from intermediary.edm.model import (
    EvidenceResponse,
)
from intermediary.mapping import load
from intermediary.sandbox.pki import make_pki
from intermediary.sandbox.portal import create_app
from intermediary.sandbox.portal.access_point import tls_context
from intermediary.sandbox.portal.catalogue import load_catalogue
from intermediary.sandbox.supervisor import free_world
from intermediary.sandbox.world import World
from intermediary.shipped import shipped
from intermediary.validation import Validator
from tests.oracles import OOTS, official_problems
from tests.sandbox.platform_double import (
    LOCATION,
    PDF,
    Platform,
    Portal,
    Server,
    asked,
    document,
    error,
    evidence,
    html,
    message_id,
    previewed,
    until,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = free_world(tmp_path_factory.mktemp("world"))
    make_pki(world)
    return world


@pytest.fixture(scope="module")
def platform(world: World) -> Iterator[Platform]:
    platform = Platform(world)
    server = Server(platform.app, world, "platform")
    yield platform
    server.stop()


@pytest.fixture(scope="module")
def portal(world: World, platform: Platform) -> Iterator[Portal]:
    server = Server(create_app(world), world, "portal")
    with httpx.Client(base_url=world.url("portal"), verify=tls_context(world), trust_env=False) as http:
        yield Portal(world, http)
    platform.http.close()
    server.stop()


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.0"])
@pytest.mark.parametrize(
    ("item", "person"),
    [("vehicle-registration", "bjoern"), ("birth-certificate", "paolo"), ("business-registration", "chiara")],
)
def test_first_request_is_valid_and_its_header_names_the_four_corners(
    platform: Platform, portal: Portal, version: str, item: str, person: str
) -> None:
    exchange = portal.begin(version=version, evidence=item, person=person)
    received, request = asked(platform, exchange)
    assert request.specification_identifier == f"oots-edm:v{version}"
    assert request.preview_location is None and request.return_location is None
    header = received.message
    assert (header.service, header.action) == ("QueryManager", "ExecuteQueryRequest")
    sender, recipient = header.property("originalSender"), header.property("finalRecipient")
    assert sender and recipient
    assert (sender.value, sender.type) == (
        request.evidence_requester.identifier.value,
        request.evidence_requester.identifier.scheme_id,
    )
    assert recipient.value == request.evidence_provider.identifier.value
    exchange_id, specification = header.property("ExchangeId"), header.property("SpecificationId")
    if version == "2.0":
        assert exchange_id and exchange_id.value == exchange["id"]
        assert specification and specification.value == "oots-edm:v2.0"
    else:
        assert exchange_id is None and specification is None
    root = xml.parse(received.payloads[0].data)
    assert not Validator(shipped("xsd")).check(root, request.specification_identifier).errors
    if OOTS.is_dir():
        assert not official_problems(root)


def test_receipt_is_verified_and_shown(platform: Platform, portal: Portal) -> None:
    exchange = portal.begin()
    received, request = asked(platform, exchange)
    (sent,) = until(lambda: (m := portal.exchange(exchange["id"])["messages"]) and m[0]["receipt_id"] and m)
    assert sent["acknowledgement"] == "receipt" and sent["attempts"] == 1
    assert (sent["message_id"], sent["edm_id"]) == (received.message.message_id, request.id)
    assert portal.exchange(exchange["id"])["state"] == "sent"


def test_preview_in_2_0_puts_the_return_location_in_the_second_request(
    platform: Platform, portal: Portal
) -> None:
    exchange, received, second = previewed(platform, portal, version="2.0")
    first = asked(platform, exchange)
    assert second.id != first[1].id and received.message.message_id != first[0].message.message_id
    assert second.preview_location == LOCATION
    assert second.return_location == portal.world.url("portal", f"/exchanges/{exchange['id']}/return")
    assert received.message.property("ExchangeId") == first[0].message.property("ExchangeId")
    assert (second.subject, second.evidence_type) == (first[1].subject, first[1].evidence_type)
    assert portal.state(exchange["id"], "preview-required")["preview"]["link"] == LOCATION


def test_preview_in_1_x_puts_the_return_location_in_the_link(platform: Platform, portal: Portal) -> None:
    exchange, received, second = previewed(platform, portal, version="1.2")
    assert second.return_location is None and received.message.property("ExchangeId") is None
    link = portal.state(exchange["id"], "preview-required")["preview"]["link"]
    url = httpx.URL(link)
    back = portal.world.url("portal", f"/exchanges/{exchange['id']}/return")
    assert dict(url.params) == {"a": "b", "returnurl": back, "returnmethod": "GET"}
    assert "returnurl=https%3A%2F%2Flocalhost%3A" in link
    page = html(portal.http.get(f"/exchanges/{exchange['id']}").text)
    assert page.get_element_by_id("preview").get("href") == link


def test_evidence_is_shown_offered_and_kept_as_received(platform: Platform, portal: Portal) -> None:
    exchange, received, second = previewed(platform, portal)
    pdf, structured = document(), document("Data")
    platform.push(
        received,
        evidence(second, pdf, structured),
        "ExecuteQueryResponse",
        Payload(pdf.content_id, "application/pdf", PDF),
        Payload(structured.content_id, "application/xml", b"<a><b>1 &lt; 2</b></a>"),
    )
    shown = portal.state(exchange["id"], "evidence")
    assert [(d["type"], d["size"]) for d in shown["documents"]] == [
        ("application/pdf", len(PDF)),
        ("application/xml", 22),
    ]
    for root in ("/api", ""):
        assert portal.http.get(f"{root}/exchanges/{exchange['id']}/documents/1").content == PDF
    assert portal.http.get(f"/exchanges/{exchange['id']}/documents/3").status_code == 404
    page = portal.http.get(f"/exchanges/{exchange['id']}/return").text
    assert "Welcome back" in page and "<b>registration" not in page and "1 &amp;lt; 2" in page
    kept = portal.archive(shown["messages"][-1]["message_id"])
    parts = json.loads((kept / "parts.json").read_text())
    assert [part["content_id"] for part in parts[1:]] == [pdf.content_id, structured.content_id]
    assert (kept / parts[1]["file"]).read_bytes() == PDF
    answer = edm.read(xml.parse((kept / "edm.xml").read_bytes()))
    assert isinstance(answer, EvidenceResponse) and answer.request_id == second.id
    assert xml.parse((kept / "header.xml").read_bytes()).tag.endswith("}Messaging")
    assert (kept / "message.mime").read_bytes().count(b"Content-ID") == 4


def test_answer_to_another_request_is_acknowledged_and_not_processed(
    platform: Platform, portal: Portal
) -> None:
    exchange, received, second = previewed(platform, portal)
    first = asked(platform, exchange)[1]
    foreign = replace(second, id=f"urn:uuid:{uuid.uuid4()}")
    for wrong in (foreign, first):
        platform.push(received, evidence(wrong), "ExecuteQueryResponse")
        shown = portal.exchange(exchange["id"])
        assert shown["state"] == "preview-required"
        assert "not processed" in shown["messages"][-1]["note"]
    count = len(shown["messages"])
    platform.push(received, evidence(second), "ExecuteQueryResponse", conversation_id="another")
    assert portal.exchange(exchange["id"])["state"] == "preview-required"
    platform.push(
        received,
        evidence(foreign),
        "ExecuteQueryResponse",
        ref_to_message_id=message_id(),
        conversation_id="no",
    )
    assert len(portal.exchange(exchange["id"])["messages"]) == count + 1
    platform.push(received, evidence(second), "ExecuteQueryResponse", ref_to_message_id=None)
    assert portal.exchange(exchange["id"])["state"] == "evidence"


def test_same_message_twice_gets_the_same_receipt_and_is_handled_once(
    platform: Platform, portal: Portal
) -> None:
    exchange, received, second = previewed(platform, portal)
    packed, message = platform.push(received, error(second, ErrorCode.OBJECT_NOT_FOUND), "ExceptionResponse")
    before = portal.state(exchange["id"], "error")
    again = platform.deliver(packed, message)
    assert again.message_id == before["messages"][-1]["receipt_id"]
    assert portal.exchange(exchange["id"]) == before


def test_error_is_told_in_plain_words(platform: Platform, portal: Portal) -> None:
    exchange = portal.begin()
    received, request = asked(platform, exchange)
    platform.push(received, error(request, ErrorCode.OBJECT_NOT_FOUND), "ExceptionResponse")
    shown = portal.state(exchange["id"], "error")
    assert shown["error"]["code"] == "EDM:ERR:0004" and shown["error"]["detail"] == "why"
    page = portal.http.get(f"/exchanges/{exchange['id']}").text
    assert "found no such evidence" in page and "non ha trovato" in page
    assert 'http-equiv="refresh"' not in page


def test_request_that_could_not_be_read_is_answered_without_request_id(
    platform: Platform, portal: Portal
) -> None:
    exchange = portal.begin()
    received, request = asked(platform, exchange)
    refusal = replace(error(request, ErrorCode.INVALID_REQUEST), request_id=None)
    platform.push(received, refusal, "ExceptionResponse")
    assert portal.state(exchange["id"], "error")["error"]["code"] == "EDM:ERR:0003"


def test_deferred_answer_says_when_to_ask_again(platform: Platform, portal: Portal) -> None:
    exchange, received, second = previewed(platform, portal)
    there = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
    deferred = replace(evidence(second), response_available_date_time=there)
    platform.push(received, deferred, "ExecuteQueryResponse")
    assert portal.state(exchange["id"], "deferred")["available_at"] == there.isoformat()
    assert "06.05.2031 07:08" in portal.http.get(f"/exchanges/{exchange['id']}").text


def test_document_that_is_not_in_the_message_is_an_error(platform: Platform, portal: Portal) -> None:
    exchange, received, second = previewed(platform, portal)
    platform.push(received, evidence(second, document()), "ExecuteQueryResponse")
    assert "not in the message" in portal.state(exchange["id"], "error")["error"]["message"]


def test_push_is_repeated_with_the_same_message_id_until_the_receipt_holds(
    platform: Platform, portal: Portal
) -> None:
    platform.spoil_receipts = 1
    exchange = portal.begin()
    sent = until(lambda: (m := portal.exchange(exchange["id"])["messages"][0])["receipt_id"] and m)
    assert sent["attempts"] == 2
    ids = [r.message.message_id for r in platform.requests(exchange["conversation_id"])]
    assert ids == [sent["message_id"]] * 2


def test_push_waits_for_a_platform_that_is_down(world: World, tmp_path: Path) -> None:
    elsewhere = free_world(tmp_path)
    make_pki(elsewhere)
    server = Server(create_app(elsewhere), elsewhere, "portal")
    with httpx.Client(
        base_url=elsewhere.url("portal"), verify=tls_context(elsewhere), trust_env=False
    ) as http:
        portal = Portal(elsewhere, http)
        exchange = portal.begin()
        platform = Platform(elsewhere)
        peer = Server(platform.app, elsewhere, "platform")
        sent = until(lambda: (m := portal.exchange(exchange["id"])["messages"][0])["receipt_id"] and m)
        assert sent["attempts"] > 1
    server.stop()  # the client first: a TLS server waits for its clients' goodbye
    peer.stop()


def test_ebms_error_ends_the_exchange(platform: Platform, portal: Portal) -> None:
    platform.refuse.append(as4.EbmsError(as4.EbmsErrorCode.FAILED_AUTHENTICATION, "no"))
    exchange = portal.begin()
    shown = portal.state(exchange["id"], "undeliverable")
    platform.refuse.clear()
    assert shown["messages"][0]["acknowledgement"] == "refused"
    assert shown["messages"][0]["note"].startswith("EBMS:0101")


def test_form_begins_an_exchange_without_javascript(portal: Portal) -> None:
    page = html(portal.http.get("/").text)
    (form,) = page.forms
    assert {"paolo", "giulia"} <= set(form.inputs["person"].value_options)
    form.fields["person"], form.fields["evidence"] = "giulia", "fishing-licence"
    form.fields["version"] = "oots-edm:v1.2"
    answer = portal.http.post(form.get("action"), data=dict(form.form_values()))
    assert answer.status_code == 303
    shown = portal.exchange(answer.headers["location"].rpartition("/")[2])
    assert (shown["evidence"], shown["version"]) == ("fishing-licence", "oots-edm:v1.2")
    assert "<script" not in portal.http.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"explicit": ""}, "confirm"),
        ({"person": "<nobody>"}, "no test person &lt;nobody&gt;"),
        ({"evidence": "x"}, "no evidence x"),
        ({"version": "oots-edm:v9"}, "not spoken here"),
    ],
)
def test_form_says_what_is_wrong(portal: Portal, change: dict[str, str], sentence: str) -> None:
    data = {"person": "giulia", "evidence": "birth-certificate", "explicit": "yes"} | change
    answer = portal.http.post("/exchanges", data=data)
    assert answer.status_code == 422 and sentence in answer.text
    body = {k: v for k, v in data.items() if k != "explicit"}
    if change.get("explicit") is None:
        assert portal.http.post("/api/exchanges", json=body).status_code == 422


def test_unknown_exchange(portal: Portal) -> None:
    for path in ("/exchanges/x", "/exchanges/x/return", "/exchanges/x/documents/1", "/api/exchanges/x"):
        assert portal.http.get(path).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"hello"),
        ("application/soap+xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ('multipart/related; boundary="x"', b"--x\r\n\r\nno soap\r\n--x--\r\n"),
    ],
)
def test_anything_else_at_the_access_point_gets_an_ebms_error(
    portal: Portal, content_type: str, body: bytes
) -> None:
    answer = portal.http.post("/as4", content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (200, 400)
    assert b"EBMS:" in answer.content and b"SignalMessage" in answer.content


def test_catalogue_says_what_the_shipped_mappings_say() -> None:
    mappings, day = load(shipped("mappings")), datetime.now(UTC).date()
    for offer in load_catalogue().values():
        for profile in edm.PROFILES.values():
            host = profile.semantic_repository
            row = mappings.find(f"{host}/evidencetypeclassifications/{offer.classification}", day)
            if offer.key == "fishing-licence":
                assert row is None
                continue
            assert row is not None
            assert f"{host}/requirements/{offer.requirement}" in row.requirements
            assert offer.procedure in row.procedures
            assert offer.legal_persons <= ("legal" in row.subjects)
            provider = mappings.providers[row.routing.provider or ""]
            assert (provider.agent_scheme, provider.agent_id) == (offer.provider_scheme, offer.provider_id)
            version, models = profile.specification_identifier, f"{host}/{profile.data_model_path}"
            offered = {(f.media_type, f.data_model and f"{models}/{f.data_model}") for f in offer.forms}
            assert offered == {(f.media_type, f.data_model(version)) for f in row.formats}
