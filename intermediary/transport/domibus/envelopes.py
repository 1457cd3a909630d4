"""Envelopes of the web-service plugin: requests written, answers read. Pure.

Sources: Domibus 5.x plugin WSDL facts (digest domibus-backend): SOAP 1.2, document/literal, operations in
`http://eu.domibus.wsplugin/` with unqualified children, eb:Messaging as a SOAP header block.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from intermediary import xml
from intermediary.as4 import DigestReference, Packed, Party, Payload, Property, UserMessage, rendering
from intermediary.as4.header import PartInfo
from intermediary.as4.mime import cid_uri
from intermediary.as4.vocabulary import EB, SHA256, SOAP
from intermediary.content import Content, as_content, spooled
from intermediary.transport.domibus.errors import (
    ArrivalUnreadable,
    GatewayFault,
    GatewayUnreachable,
    NotificationUnreadable,
)

WSPLUGIN = "http://eu.domibus.wsplugin/"
CONTENT_TYPE = "application/soap+xml; charset=UTF-8"
LARGEST_TEXT = 10_000_000
"""Characters of one text that libxml2 accepts: no answer, hence no base64 payload, may be longer."""

_NOTIFICATIONS = {
    "receiveSuccess",
    "receiveFailure",
    "sendSuccess",
    "sendFailure",
    "messageStatusChange",
    "submitMessage",
    "delete",
    "deleteBatch",
}
_MIME = "MimeType"
_BASE64_STEP = 57 * 1024
"""Bytes encoded at once; a multiple of three, so that the pieces join without padding."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that the gateway has received, verified and decrypted for us."""

    header: UserMessage
    payloads: tuple[Payload, ...] = field(repr=False)
    references: tuple[DigestReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """What the plugin pushed: the operation, and the messages it is about."""

    operation: str
    message_ids: tuple[str, ...]


def submit(header: UserMessage, payloads: Iterable[Payload]) -> Packed:
    """The complete submitRequest; signing, encryption and compression are the gateway's business.

    `references` are SHA-256 digests of the payloads: what was sent can be proven by them.
    """
    payloads = tuple(payloads)
    parts = [
        PartInfo(cid_uri(p.content_id), (Property(_MIME, p.media_type), *p.properties)) for p in payloads
    ]
    return Packed(
        CONTENT_TYPE,
        spooled(_submit(rendering.user_message(header, parts), payloads)),
        digests(payloads),
    )


def _submit(user_message: str, payloads: tuple[Payload, ...]) -> Iterator[bytes]:
    yield (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header><eb:Messaging xmlns:eb="{EB}">{user_message}'
        f'</eb:Messaging></soap:Header><soap:Body><ws:submitRequest xmlns:ws="{WSPLUGIN}">'
    ).encode()
    for payload in payloads:
        href, kind = quoteattr(cid_uri(payload.content_id)), quoteattr(payload.media_type)
        yield f"<payload payloadId={href} contentType={kind}><value>".encode()
        yield from _base64(as_content(payload.content))
        yield b"</value></payload>"
    yield b"</ws:submitRequest></soap:Body></soap:Envelope>"


def _base64(content: Content) -> Iterator[bytes]:
    for start in range(0, content.size, _BASE64_STEP):
        piece = b"".join(content.chunks(start, min(start + _BASE64_STEP, content.size)))
        yield base64.b64encode(piece)


def digests(payloads: Iterable[Payload]) -> tuple[DigestReference, ...]:
    """SHA-256 of each payload by its cid: URI."""
    found = []
    for payload in payloads:
        digest = hashlib.sha256()
        for chunk in as_content(payload.content).chunks():
            digest.update(chunk)
        found.append(DigestReference(cid_uri(payload.content_id), SHA256, digest.digest()))
    return tuple(found)


def request(element: str, **children: str) -> bytes:
    """Any other request: an element with simple children in the order given."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in children.items())
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body>'
        f'<ws:{element} xmlns:ws="{WSPLUGIN}">{inside}</ws:{element}></soap:Body></soap:Envelope>'
    ).encode()


ACCEPTED = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body/></soap:Envelope>'.encode()
"""The answer to a notification."""


def answer(body: bytes, element: str) -> tuple[etree._Element | None, etree._Element]:
    """eb:UserMessage (or None) and the answer of the plugin. Raises GatewayFault, GatewayUnreachable."""
    try:
        root = xml.parse(body, xml.Limits(bytes=LARGEST_TEXT))
    except xml.XmlRefused as refused:
        raise GatewayUnreachable(f"the gateway's answer was refused: {refused}") from None
    fault = root.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
    if fault is not None:
        raise _fault(fault)
    found = root.find(f"{{{SOAP}}}Body/{{{WSPLUGIN}}}{element}")
    if found is None:
        raise GatewayUnreachable(f"the gateway's answer holds no {element}; is url that of its wsplugin?")
    return root.find(f"{{{SOAP}}}Header/{_eb('Messaging', 'UserMessage')}"), found


def _fault(fault: etree._Element) -> GatewayFault:
    detail = fault.find(f"{{{SOAP}}}Detail/{{{WSPLUGIN}}}FaultDetail")
    if detail is None:
        kind = (fault.findtext(f"{{{SOAP}}}Code/{{{SOAP}}}Value") or "").rpartition(":")[2]
        return GatewayFault(f"soap:{kind}", fault.findtext(f"{{{SOAP}}}Reason/{{{SOAP}}}Text") or "")
    return GatewayFault(ebms_code(detail.findtext("code") or ""), detail.findtext("message") or "")


def ebms_code(value: str) -> str:
    """The plugin writes EBMS_0001 what ebMS writes EBMS:0001."""
    return value.strip().replace("EBMS_", "EBMS:")


def texts(element: etree._Element, name: str) -> tuple[str, ...]:
    """The texts of children, none of them empty."""
    return tuple(t.strip() for child in element.findall(name) if (t := child.text) and t.strip())


def arrival(user_message: etree._Element | None, response: etree._Element) -> Arrival:
    """A retrieveMessageResponse. Raises ArrivalUnreadable."""
    if user_message is None:
        raise ArrivalUnreadable("the gateway's answer has no eb:Messaging")
    header = _header(user_message)
    contents = {(p.get("payloadId") or "").lower(): p.findtext("value") for p in response.findall("payload")}
    body = response.findtext("bodyload/value")
    payloads = []
    for number, info in enumerate(user_message.iterfind(_eb("PayloadInfo", "PartInfo")), 1):
        href = (info.get("href") or "").strip()
        encoded = contents.get(href.lower(), body)
        if encoded is None:
            raise ArrivalUnreadable(f"part {number} of eb:PayloadInfo has no payload in the answer")
        properties = _properties(info.iterfind(_eb("PartProperties", "Property")))
        kind = next((p.value for p in properties if p.name.lower() == _MIME.lower()), None)
        payloads.append(
            Payload(
                unquote(href.removeprefix("cid:")) or f"part-{number}",
                kind or "application/octet-stream",
                _decoded(encoded, number),
            )
        )
    if not payloads:
        raise ArrivalUnreadable("the message has no payload")
    return Arrival(header, tuple(payloads), digests(payloads))


def _decoded(encoded: str, number: int) -> bytes:
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ArrivalUnreadable(f"payload {number} is not base64") from None


def _header(message: etree._Element) -> UserMessage:
    """Read whatever the order: the plugin's schema has xsd:all where ebMS has sequences."""

    def value(*path: str) -> str | None:
        return (message.findtext(_eb(*path)) or "").strip() or None

    def needed(*path: str) -> str:
        found = value(*path)
        if found is None:
            raise ArrivalUnreadable(f"eb:{'/eb:'.join(path)} is missing")
        return found

    def attribute(name: str, *path: str) -> str | None:
        found = message.find(_eb(*path))
        return None if found is None else found.get(name)

    def party(side: str) -> Party:
        path = ("PartyInfo", side)
        return Party(
            needed(*path, "PartyId"), attribute("type", *path, "PartyId"), value(*path, "Role") or ""
        )

    collaboration = "CollaborationInfo"
    return UserMessage(
        message_id=needed("MessageInfo", "MessageId"),
        timestamp=_time(value("MessageInfo", "Timestamp")),
        sender=party("From"),
        receiver=party("To"),
        service=needed(collaboration, "Service"),
        service_type=attribute("type", collaboration, "Service"),
        action=needed(collaboration, "Action"),
        conversation_id=value(collaboration, "ConversationId") or "",
        ref_to_message_id=value("MessageInfo", "RefToMessageId"),
        agreement=value(collaboration, "AgreementRef"),
        mpc=message.get("mpc"),
        properties=_properties(message.iterfind(_eb("MessageProperties", "Property"))),
    )


def _time(value: str | None) -> datetime:
    """Some versions leave out the zone; they mean UTC."""
    try:
        read = datetime.fromisoformat(value or "")
    except ValueError:
        raise ArrivalUnreadable("eb:Timestamp is no dateTime") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _properties(elements: Iterable[etree._Element]) -> tuple[Property, ...]:
    return tuple(Property(e.get("name") or "", (e.text or "").strip(), e.get("type")) for e in elements)


def notification(body: bytes) -> Notification:
    """A call of the plugin's back-end interface, in whatever namespace of `eu.domibus` its version uses.

    Raises NotificationUnreadable.
    """
    try:
        root = xml.parse(body, xml.Limits(bytes=1024 * 1024))
    except xml.XmlRefused as refused:
        raise NotificationUnreadable(f"{refused.rule}: {refused}") from None
    calls = [child for child in root.iterfind(f"{{{SOAP}}}Body/*") if isinstance(child.tag, str)]
    if len(calls) != 1:
        raise NotificationUnreadable("The SOAP 1.2 body does not hold exactly one operation")
    name = etree.QName(calls[0])
    namespace = (name.namespace or "").removeprefix("http://")
    if name.localname not in _NOTIFICATIONS or not namespace.startswith("eu.domibus"):
        raise NotificationUnreadable("The operation is none of the plugin's back-end interface")
    ids = [e.text.strip() for e in calls[0].iterfind("{*}messageID") if e.text and e.text.strip()]
    return Notification(name.localname, tuple(ids))


def _eb(*path: str) -> str:
    return "/".join(f"{{{EB}}}{name}" for name in path)
