"""The double over HTTP.

POST /domibus/services/wsplugin   the web-service plugin: SOAP 1.2, HTTP Basic of the plugin user
POST /domibus/services/msh        AS4 messages of partners
POST /_sandbox/options            change `Options` (JSON), for tests
GET  /_sandbox/messages           role, id, status and attempts of all messages
"""

import base64
import binascii
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import FastAPI, Request, Response
from lxml import etree
from starlette.concurrency import run_in_threadpool

from intermediary import xml
from intermediary.as4 import Party, Payload, Property, UserMessage
from intermediary.sandbox.domibus.gateway import RECEIVING, SENDING, Gateway, Options, Refused
from intermediary.sandbox.domibus.messages import Stored, as4_bytes
from intermediary.sandbox.domibus.schema import BODY, EB, HEADER, REQUESTS, SOAP, WSPLUGIN, Invalid, check
from intermediary.sandbox.world import World

USER = "platform"
"""The plugin user; the password is the world's secret `domibus`."""
_LIMITS = xml.Limits(bytes=64 * 1024 * 1024)
_NS = {"soap": SOAP, "eb": EB, "ws": WSPLUGIN}


def create_app(world: World, options: Options | None = None) -> FastAPI:
    """The gateway of a world; queues are worked off while the application lives."""
    gateway = Gateway(world, options)
    password = world.secret("domibus").read_text()
    expected = base64.b64encode(f"{USER}:{password}".encode()).decode()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gateway.start()
        yield
        await run_in_threadpool(gateway.stop)

    app = FastAPI(title="Domibus double", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.gateway = gateway

    @app.post("/domibus/services/wsplugin")
    async def wsplugin(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if not secrets.compare_digest(given, expected):
            return Response("", 401, {"WWW-Authenticate": "Basic"})
        if "xml" not in request.headers.get("content-type", ""):
            return Response("", 415)
        status, body = await run_in_threadpool(answer, gateway, await request.body())
        return Response(body, status, {"Content-Type": "application/soap+xml;charset=UTF-8"})

    @app.post("/domibus/services/msh")
    async def msh(request: Request) -> Response:
        body = await request.body()
        kind = request.headers.get("content-type", "")
        signal = await run_in_threadpool(gateway.receive, kind, body)
        return Response(signal.body, 200, {"Content-Type": signal.content_type})

    @app.post("/_sandbox/options")
    async def change(request: Request) -> dict[str, bool]:
        gateway.options = replace(gateway.options, **await request.json())
        return {"changed": True}

    @app.get("/_sandbox/messages")
    def messages() -> list[dict[str, object]]:
        return gateway.overview()

    return app


def answer(gateway: Gateway, body: bytes) -> tuple[int, str]:
    """One call of the plugin: HTTP status and envelope."""
    try:
        root = xml.parse(body, _LIMITS)
        header, request = _open(root)
        operation = etree.QName(request).localname
        return 200, _OPERATIONS[operation](gateway, request, header)
    except xml.XmlRefused:
        return 500, _fault("Sender", "Error reading XMLStreamReader.")
    except Invalid as invalid:
        return 500, _fault("Sender", f"Unmarshalling Error: {invalid}")
    except Refused as refused:
        return 500, _fault("Receiver", refused.summary, refused.code, str(refused))


def _open(root: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Invalid("the envelope is not of SOAP 1.2")
    bodies = root.findall("soap:Body", _NS)
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Invalid("the Body does not hold one request")
    request = bodies[0][0]
    name = etree.QName(request)
    if name.namespace != WSPLUGIN or name.localname not in REQUESTS:
        raise Invalid(f"Unexpected element {request.tag} found.")
    check(request, BODY, None)
    header = root.find("soap:Header/eb:Messaging", _NS)
    if header is not None:
        check(header, HEADER, EB)
    return header, request


def _submit(gateway: Gateway, request: etree._Element, header: etree._Element | None) -> str:
    if header is None:
        raise Invalid("the header eb:Messaging is missing")
    payloads = {(p.get("payloadId") or "").lower(): p for p in request.findall("payload")}
    if "" in payloads:
        text = "Attribute 'payloadId' of the 'payload' element must not be empty"
        raise Refused("Invalid request", "WS_PLUGIN_0005", text)
    parts = []
    for info in header.iterfind("eb:UserMessage/eb:PayloadInfo/eb:PartInfo", _NS):
        href = info.get("href") or ""
        found = payloads.get(href.lower())
        if found is None:
            summary = f"No Payload or Bodyload found for PartInfo with href: {href}"
            raise Refused(summary, "WS_PLUGIN_0001", href)
        kind = info.findtext("eb:PartProperties/eb:Property[@name='MimeType']", None, _NS)
        kind = kind or found.get("contentType") or "text/xml"
        try:
            content = base64.b64decode(found.findtext("value") or "")
        except binascii.Error:
            raise Invalid("cvc-datatype-valid: the value is not base64Binary") from None
        parts.append(Payload(href.removeprefix("cid:"), kind, content))
    message_id = gateway.submit(_user_message(header), parts)
    return _envelope("submitResponse", f"<messageID>{escape(message_id)}</messageID>")


def _user_message(messaging: etree._Element) -> UserMessage:
    message = messaging.find("eb:UserMessage", _NS)
    assert message is not None, "the schema was checked"

    def text(path: str) -> str | None:
        return (message.findtext(path, None, _NS) or "").strip() or None

    def party(side: str) -> Party:
        identifier = message.find(f"eb:PartyInfo/eb:{side}/eb:PartyId", _NS)
        if identifier is None:
            raise Invalid(f"eb:{side} is missing")
        role = text(f"eb:PartyInfo/eb:{side}/eb:Role") or ""
        return Party((identifier.text or "").strip(), identifier.get("type"), role)

    service = message.find("eb:CollaborationInfo/eb:Service", _NS)
    assert service is not None
    properties = message.iterfind("eb:MessageProperties/eb:Property", _NS)
    return UserMessage(
        message_id=text("eb:MessageInfo/eb:MessageId") or "",
        timestamp=datetime.now(UTC),
        sender=party("From"),
        receiver=party("To"),
        service=(service.text or "").strip(),
        service_type=service.get("type"),
        action=text("eb:CollaborationInfo/eb:Action") or "",
        conversation_id=text("eb:CollaborationInfo/eb:ConversationId") or "",
        ref_to_message_id=text("eb:MessageInfo/eb:RefToMessageId"),
        agreement=text("eb:CollaborationInfo/eb:AgreementRef"),
        properties=tuple(Property(p.get("name") or "", p.text or "", p.get("type")) for p in properties),
    )


def _list(gateway: Gateway, request: etree._Element, _: etree._Element | None) -> str:
    wanted = {str(child.tag): (child.text or "").strip() for child in request}

    def fits(stored: Stored) -> bool:
        header = stored.header
        sender, receiver = header.property("originalSender"), header.property("finalRecipient")
        have = {
            "messageId": header.message_id,
            "conversationId": header.conversation_id,
            "refToMessageId": header.ref_to_message_id,
            "fromPartyId": header.sender.id,
            "originalSender": sender and sender.value,
            "finalRecipient": receiver and receiver.value,
        }
        return all(have.get(name, value) == value for name, value in wanted.items())

    found = "".join(
        f"<messageID>{escape(s.header.message_id)}</messageID>" for s in gateway.pending() if fits(s)
    )
    return _envelope("listPendingMessagesResponse", found)


def _retrieve(gateway: Gateway, request: etree._Element, _: etree._Element | None) -> str:
    mark = request.findtext("markAsDownloaded")
    if mark is not None and not gateway.options.knows_mark:
        raise Invalid("cvc-complex-type.2.4.d: Invalid content was found starting with 'markAsDownloaded'.")
    stored = gateway.retrieve(_id(request), mark not in ("false", "0"))
    payloads = "".join(
        f"<payload payloadId={quoteattr('cid:' + p.content_id)}>"
        f"<value>{base64.b64encode(as4_bytes(p)).decode()}</value></payload>"
        for p in stored.parts
    )
    return _envelope("retrieveMessageResponse", payloads, _messaging(stored))


def _messaging(stored: Stored) -> str:
    """eb:Messaging in the order in which the real one happens to write it."""
    header = stored.header

    def leaf(element: str, value: str | None, **attributes: str | None) -> str:
        given = "".join(f" {n}={quoteattr(v)}" for n, v in attributes.items() if v is not None)
        return "" if value is None else f"<eb:{element}{given}>{escape(value)}</eb:{element}>"

    def party(side: str, one: Party) -> str:
        inside = leaf("PartyId", one.id, type=one.type) + leaf("Role", one.role)
        return f"<eb:{side}>{inside}</eb:{side}>"

    properties = "".join(leaf("Property", p.value, name=p.name, type=p.type) for p in header.properties)
    parts = "".join(
        f"<eb:PartInfo href={quoteattr('cid:' + p.content_id)}><eb:PartProperties>"
        f"{leaf('Property', p.media_type, name='MimeType')}</eb:PartProperties></eb:PartInfo>"
        for p in stored.parts
    )
    at = header.timestamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        f'<eb:Messaging xmlns:eb="{EB}" mustUnderstand="false"><eb:UserMessage mpc="{EB}defaultMPC">'
        f"<eb:MessageInfo>{leaf('Timestamp', at)}{leaf('MessageId', header.message_id)}"
        f"{leaf('RefToMessageId', header.ref_to_message_id)}</eb:MessageInfo>"
        f"<eb:PartyInfo>{party('From', header.sender)}{party('To', header.receiver)}</eb:PartyInfo>"
        f"<eb:CollaborationInfo>{leaf('AgreementRef', header.agreement)}"
        f"{leaf('Service', header.service, type=header.service_type)}{leaf('Action', header.action)}"
        f"{leaf('ConversationId', header.conversation_id)}</eb:CollaborationInfo>"
        f"<eb:MessageProperties>{properties}</eb:MessageProperties>"
        f"<eb:PayloadInfo>{parts}</eb:PayloadInfo></eb:UserMessage></eb:Messaging>"
    )


def _mark(gateway: Gateway, request: etree._Element, _: etree._Element | None) -> str:
    gateway.mark(_id(request))
    return _envelope("markMessageAsDownloadedResponse", f"<messageID>{escape(_id(request))}</messageID>")


def _status(gateway: Gateway, request: etree._Element, _: etree._Element | None) -> str:
    role = request.findtext("accessPointRole")
    if role is None:
        found = {gateway.status(_id(request), one) for one in (SENDING, RECEIVING)} - {"NOT_FOUND"}
        if len(found) > 1:
            text = f"Duplicated message found, id [{_id(request)}]"
            raise Refused(text, "WS_PLUGIN_0007", text)
        return _envelope("getStatusResponse", next(iter(found), "NOT_FOUND"))
    return _envelope("getStatusResponse", gateway.status(_id(request), role))


def _errors(gateway: Gateway, request: etree._Element, _: etree._Element | None) -> str:
    role = request.findtext("accessPointRole") or SENDING
    items = "".join(
        f"<item><domibusErrorCode>{e['code']}</domibusErrorCode><errorDetail>{escape(e['detail'])}</errorDetail>"
        f"<messageInErrorId>{escape(_id(request))}</messageInErrorId><mshRole>{role}</mshRole>"
        f"<timestamp>{e['at']}</timestamp></item>"
        for e in gateway.errors(_id(request), role)
    )
    return _envelope("getMessageErrorsResponse", items)


def _id(request: etree._Element) -> str:
    return (request.findtext("messageID") or "").strip()


_OPERATIONS: dict[str, Callable[[Gateway, etree._Element, Any], str]] = {
    "submitRequest": _submit,
    "listPendingMessagesRequest": _list,
    "retrieveMessageRequest": _retrieve,
    "markMessageAsDownloadedRequest": _mark,
    "statusRequest": _status,
    "statusRequestWithAccessPointRole": _status,
    "getErrorsRequest": _errors,
    "getErrorsRequestWithAccessPointRole": _errors,
}


def _envelope(element: str, inside: str, header: str = "") -> str:
    header = f"<soap:Header>{header}</soap:Header>" if header else ""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}">{header}<soap:Body>'
        f'<ns4:{element} xmlns:ns4="{WSPLUGIN}">{inside}</ns4:{element}></soap:Body></soap:Envelope>'
    )


def _fault(whose: str, reason: str, code: str | None = None, text: str = "") -> str:
    detail = (
        f'<soap:Detail><ns4:FaultDetail xmlns:ns4="{WSPLUGIN}"><code>{code}</code>'
        f"<message>{escape(text)}</message></ns4:FaultDetail></soap:Detail>"
        if code
        else ""
    )
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><soap:Fault><soap:Code><soap:Value>soap:{whose}'
        f'</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">{escape(reason)}</soap:Text>'
        f"</soap:Reason>{detail}</soap:Fault></soap:Body></soap:Envelope>"
    )
