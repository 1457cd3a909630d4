"""The double is as strict as the plugin: what our client never sends is refused with the right fault."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from lxml import etree

from intermediary.sandbox.domibus import Options
from intermediary.sandbox.world import GATEWAY, World
from intermediary.transport.domibus.envelopes import submit
from tests.exchange.house import a_request
from tests.transport.domibus.conftest import Site, open_site, trust
from tests.transport.domibus.test_messaging import a_message

WS, SOAP = "http://eu.domibus.wsplugin/", "http://www.w3.org/2003/05/soap-envelope"
EB = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, gateway_keys: World) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("strict"), gateway_keys) as running:
        yield running


@pytest.fixture
def site(running: Site) -> Site:
    """One gateway for all tests of this file, configured anew for each."""
    running.gateway.options = Options(push=False)
    return running


def post(site: Site, body: bytes, **options: object) -> httpx.Response:
    access = site.access()
    given: dict[str, object] = {"auth": (access.user, access.password), **options}
    headers = {"Content-Type": "text/xml"}
    return httpx.post(
        access.url,
        content=body,
        headers=headers,
        verify=trust(site.world),
        trust_env=False,
        **given,  # type: ignore[arg-type]
    )


def a_submission(site: Site) -> bytes:
    header, payloads, _ = a_message(site)
    return submit(header, payloads).body


def fault(answer: httpx.Response) -> tuple[str, str, str]:
    """Whose fault, code of the detail, and the reason."""
    assert answer.status_code == 500
    root = etree.fromstring(answer.content)
    found = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    assert found is not None
    whose = found.findtext(f"{{{SOAP}}}Code/{{{SOAP}}}Value") or ""
    code = found.findtext(f"{{{SOAP}}}Detail/{{{WS}}}FaultDetail/code") or ""
    return whose, code, found.findtext(f"{{{SOAP}}}Reason/{{{SOAP}}}Text") or ""


def swap_payload_and_bodyload(body: bytes) -> bytes:
    return body.replace(
        b"</ws:submitRequest>", b"<bodyload><value>AA==</value></bodyload></ws:submitRequest>"
    )


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "wrong order in the sequence": swap_payload_and_bodyload,
    "children qualified": lambda b: b.replace(b"<payload ", b"<ws:payload ").replace(
        b"</payload>", b"</ws:payload>"
    ),
    "another namespace": lambda b: b.replace(WS.encode(), b"http://org.ecodex.backend/1_1/"),
    "SOAP 1.1": lambda b: b.replace(SOAP.encode(), b"http://schemas.xmlsoap.org/soap/envelope/"),
    "no eb:Messaging": lambda b: b.replace(b"eb:Messaging", b"eb:Other"),
    "header unqualified": lambda b: b.replace(b"<eb:Action>", b"<Action>").replace(
        b"</eb:Action>", b"</Action>"
    ),
    "signed ids are not known": lambda b: b.replace(b"<eb:UserMessage>", b'<eb:UserMessage id="m">'),
    "party without type": lambda b: b.replace(b"<eb:PartyId type=", b"<eb:PartyId xtype="),
    "unknown attribute": lambda b: b.replace(b"payloadId=", b"payloadid="),
    "not base64": lambda b: b.replace(b"<value>", b"<value>*"),
    "too long an id": lambda b: b.replace(
        b"@platform.sandbox</eb:MessageId>", b"@%s</eb:MessageId>" % (b"x" * 256)
    ),
    "two messages": lambda b: b.replace(b"</eb:Messaging>", b"<eb:UserMessage/></eb:Messaging>"),
}


def test_what_our_client_sends_is_right(site: Site) -> None:
    assert post(site, a_submission(site)).status_code == 200


@pytest.mark.parametrize("how", BROKEN)
def test_a_request_that_breaks_the_schema(site: Site, how: str) -> None:
    good = a_submission(site)
    broken = BROKEN[how](good)
    assert broken != good
    whose, code, reason = fault(post(site, broken))
    assert (whose, code) == ("soap:Sender", "")
    assert reason.startswith("Unmarshalling Error")


def test_the_order_of_the_header_is_free(site: Site) -> None:
    """xsd:all: what ebMS fixes, the plugin's schema leaves open."""
    body = a_submission(site)
    start, end = body.index(b"<eb:MessageInfo>"), body.index(b"</eb:MessageInfo>") + len(b"</eb:MessageInfo>")
    info = body[start:end]
    moved = (body[:start] + body[end:]).replace(b"<eb:PayloadInfo>", info + b"<eb:PayloadInfo>")
    assert post(site, moved).status_code == 200


def test_a_missing_payload(site: Site) -> None:
    body = a_submission(site)
    start = body.index(b"<payload ")
    end = body.index(b"</payload>") + len(b"</payload>")
    whose, code, reason = fault(post(site, body[:start] + body[end:]))
    assert (whose, code) == ("soap:Receiver", "WS_PLUGIN_0001")
    assert "No Payload or Bodyload found" in reason


def test_a_duplicate(site: Site) -> None:
    body = a_submission(site)
    post(site, body)
    assert fault(post(site, body)) == ("soap:Receiver", "EBMS_0004", "Message submission failed")


def asks(site: Site, element: str, **children: str) -> httpx.Response:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in children.items())
    call = f'<w:{element} xmlns:w="{WS}">{inside}</w:{element}>'
    return post(site, f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{call}</s:Body></s:Envelope>'.encode())


@pytest.mark.parametrize(
    "element", ["retrieveMessageRequest", "markMessageAsDownloadedRequest", "getErrorsRequest"]
)
def test_a_message_that_is_not_there(site: Site, element: str) -> None:
    assert fault(asks(site, element, messageID="no@x"))[1] == "WS_PLUGIN_0001"


@pytest.mark.parametrize(
    ("element", "children"),
    [
        ("retrieveMessageRequest", {"messageID": ""}),
        ("retrieveMessageRequest", {}),
        ("statusRequestWithAccessPointRole", {"accessPointRole": "SENDING", "messageID": "a"}),
        ("statusRequestWithAccessPointRole", {"messageID": "a", "accessPointRole": "BOTH"}),
        ("listPendingMessagesRequest", {"finalRecipient": "a", "messageId": "a"}),
        ("getStatus", {"messageID": "a"}),
    ],
)
def test_other_requests_that_break_the_schema(site: Site, element: str, children: dict[str, str]) -> None:
    assert fault(asks(site, element, **children))[:2] == ("soap:Sender", "")


def test_retention_zero_deletes_on_a_plain_retrieval(site: Site) -> None:
    """The trap: without markAsDownloaded=false the answer is the only copy."""
    message_id = site.push()
    assert asks(site, "retrieveMessageRequest", messageID=message_id).status_code == 200
    assert fault(asks(site, "retrieveMessageRequest", messageID=message_id))[1] == "WS_PLUGIN_0001"


def test_push_that_marks_as_downloaded_loses_the_message(site: Site) -> None:
    """The other trap: wsplugin.push.markAsDownloaded with retention 0; nothing we could do about it."""
    site.options(push=True, push_marks=True)
    message_id = site.push()
    assert site.gateway.status(message_id, "RECEIVING") == "DELETED"


def test_basic_is_needed(site: Site) -> None:
    assert post(site, a_submission(site), auth=("platform", "wrong")).status_code == 401


def test_a_filter(site: Site) -> None:
    first = site.push()
    site.push()
    assert asks(site, "listPendingMessagesRequest", messageId=first).text.count("<messageID>") == 1


def test_the_gateway_speaks_as4_for_the_platform(site: Site) -> None:
    """A duplicate is acknowledged by the same receipt and kept once; rubbish gets an error signal."""
    packed = site.partner.pack(a_request())
    before = len(site.gateway.overview())
    assert site.push(packed) == site.push(packed)
    assert len(site.gateway.overview()) == before + 1
    url = site.world.url(GATEWAY, "/domibus/services/msh")
    answer = httpx.post(url, content=b"x", verify=trust(site.world), trust_env=False)
    assert b"Error" in answer.content
