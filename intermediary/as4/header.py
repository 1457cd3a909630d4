"""eb:UserMessage and eb:SignalMessage read strictly: order, cardinality, attributes (ebMS 3.0 Core §5.2).

Every function raises Refusal (EBMS:0009, or a more exact code) with the place; values never enter a reason.
"""

import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import Refusal
from intermediary.as4.model import (
    DigestReference,
    EbmsError,
    ErrorSignal,
    Party,
    Property,
    Receipt,
    UserMessage,
)
from intermediary.as4.soap import child
from intermediary.as4.vocabulary import EB, EBBP, ds, eb

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:Z|[+-]\d\d:\d\d)")
_MESSAGE_ID = re.compile(r"[\x21-\x3b=\x3f-\x7e]{1,250}")
_NRI, _PART_NRI = f"{{{EBBP}}}NonRepudiationInformation", f"{{{EBBP}}}MessagePartNRInformation"
_MOST = 4096
"""Characters of one header value."""


@dataclass(frozen=True, slots=True)
class PartInfo:
    """eb:PartInfo: the cid: URI as it stands, and all its part properties."""

    href: str
    properties: tuple[Property, ...]

    def value(self, name: str) -> str | None:
        """The value of a part property, or None."""
        return next((p.value for p in self.properties if p.name == name), None)


class _Children:
    """The children of an element, taken in the order that the schema fixes."""

    def __init__(self, parent: etree._Element, allowed: frozenset[str] = frozenset()) -> None:
        self._parent = parent
        self._rest: list[etree._Element] = []
        self._at = 0
        _check_attributes(parent, allowed)
        texts = [parent.text]
        for inside in parent:
            texts.append(inside.tail)
            if isinstance(inside.tag, str):
                self._rest.append(inside)
        if any(text and not text.isspace() for text in texts):
            raise _invalid(f"{self.name} holds text between its elements")

    @property
    def name(self) -> str:
        return _local(self._parent)

    def optional(self, tag: str) -> etree._Element | None:
        if self._at < len(self._rest) and self._rest[self._at].tag == tag:
            self._at += 1
            return self._rest[self._at - 1]
        return None

    def one(self, tag: str) -> etree._Element:
        found = self.optional(tag)
        if found is None:
            raise _invalid(f"{self.name} lacks {etree.QName(tag).localname} at its place")
        return found

    def all(self, tag: str) -> list[etree._Element]:
        found = []
        while (element := self.optional(tag)) is not None:
            found.append(element)
        if not found:
            raise _invalid(f"{self.name} lacks {etree.QName(tag).localname} at its place")
        return found

    def end(self) -> None:
        if self._at < len(self._rest):
            raise _invalid(f"{self.name} holds {_local(self._rest[self._at])} out of place")


def message_id_of(messaging: etree._Element) -> str | None:
    """The MessageId of a message that may be broken elsewhere; only for the answer and the log."""
    found = child(messaging, eb("UserMessage"), eb("MessageInfo"), eb("MessageId"))
    value = "" if found is None else (found.text or "").strip()
    return value if is_message_id(value) else None


def is_message_id(value: str) -> bool:
    """Whether the value has the form local@domain without blanks and brackets (RFC 2822)."""
    return _MESSAGE_ID.fullmatch(value) is not None and 0 < value.find("@") < len(value) - 1


def read_user_message(messaging: etree._Element) -> tuple[UserMessage, tuple[PartInfo, ...]]:
    """The one eb:UserMessage; `part_ids` stays empty until the parts are known."""
    unit = _only_unit(messaging)
    if unit.tag != eb("UserMessage"):
        raise Refusal(
            EbmsErrorCode.FEATURE_NOT_SUPPORTED_UNPACKAGING,
            "a signal message arrived where only user messages are accepted",
        )
    parts = _Children(unit, frozenset({"mpc"}))
    info = _Children(parts.one(eb("MessageInfo")))
    timestamp, message_id, ref = _message_info(info)
    party_info = _Children(parts.one(eb("PartyInfo")))
    sender, receiver = _party(party_info.one(eb("From"))), _party(party_info.one(eb("To")))
    party_info.end()
    collaboration = _Children(parts.one(eb("CollaborationInfo")))
    agreement = collaboration.optional(eb("AgreementRef"))
    service = collaboration.one(eb("Service"))
    action = collaboration.one(eb("Action"))
    conversation = collaboration.one(eb("ConversationId"))
    collaboration.end()
    properties = _properties(parts.optional(eb("MessageProperties")), typed=True)
    payload_info = parts.optional(eb("PayloadInfo"))
    parts.end()
    message = UserMessage(
        message_id=message_id,
        timestamp=timestamp,
        sender=sender,
        receiver=receiver,
        service=_leaf(service, frozenset({"type"})),
        service_type=_optional_attribute(service, "type"),
        action=_leaf(action),
        conversation_id=_leaf(conversation, empty=True),
        ref_to_message_id=ref,
        agreement=None if agreement is None else _leaf(agreement, frozenset({"type", "pmode"})),
        agreement_type=None if agreement is None else _optional_attribute(agreement, "type"),
        mpc=_optional_attribute(unit, "mpc"),
        properties=properties,
    )
    return message, _payload_info(payload_info)


def read_signal_message(messaging: etree._Element) -> Receipt | ErrorSignal:
    """The one eb:SignalMessage, a receipt with NonRepudiationInformation or errors."""
    unit = _only_unit(messaging)
    if unit.tag != eb("SignalMessage"):
        raise _invalid("the answer is a user message, not a signal")
    parts = _Children(unit)
    timestamp, message_id, ref = _message_info(_Children(parts.one(eb("MessageInfo"))))
    receipt = parts.optional(eb("Receipt"))
    if receipt is not None:
        parts.end()
        if ref is None:
            raise _invalid("the receipt has no RefToMessageId")
        return Receipt(message_id, timestamp, ref, _non_repudiation(receipt))
    errors = tuple(_error(element) for element in parts.all(eb("Error")))
    parts.end()
    ref = ref or next((error.ref_to_message_id for error in errors if error.ref_to_message_id), None)
    return ErrorSignal(message_id, timestamp, ref, errors)


def _only_unit(messaging: etree._Element) -> etree._Element:
    _Children(messaging, frozenset({"id"}))
    # The schema lets foreign extension elements follow; they are signed with the rest and not used.
    units = list(messaging.iterchildren(f"{{{EB}}}*"))
    if len(units) != 1:
        raise _invalid("eb:Messaging does not hold exactly one message")
    return units[0]


def _message_info(info: _Children) -> tuple[datetime, str, str | None]:
    timestamp = _leaf(info.one(eb("Timestamp")))
    message_id = _leaf(info.one(eb("MessageId")))
    ref_element = info.optional(eb("RefToMessageId"))
    info.end()
    if not is_message_id(message_id):
        raise _invalid("MessageId is not of the form local@domain")
    ref = None if ref_element is None else _leaf(ref_element)
    if not _TIMESTAMP.fullmatch(timestamp):
        raise _invalid("Timestamp is not a dateTime with time zone")
    try:
        # Python drops decimals beyond the sixth; they are legal and of no use here.
        at = datetime.fromisoformat(timestamp)
    except ValueError:
        raise _invalid("Timestamp is not a dateTime with time zone") from None
    return at, message_id, ref


def _party(element: etree._Element) -> Party:
    children = _Children(element)
    party_id = children.one(eb("PartyId"))
    role = children.one(eb("Role"))
    children.end()
    return Party(_leaf(party_id, frozenset({"type"})), _optional_attribute(party_id, "type"), _leaf(role))


def _properties(element: etree._Element | None, *, typed: bool) -> tuple[Property, ...]:
    if element is None:
        return ()
    children = _Children(element)
    found: list[Property] = []
    for prop in children.all(eb("Property")):
        name = _optional_attribute(prop, "name")
        if not name:
            raise _invalid("Property has no name")
        # Some senders type part properties too; the type is of no use there.
        kind = _optional_attribute(prop, "type") if typed else None
        value = _leaf(prop, frozenset({"name", "type"}), empty=True, strip=False)
        found.append(Property(name, value, kind))
    children.end()
    if len({prop.name for prop in found}) != len(found):
        raise Refusal(EbmsErrorCode.VALUE_INCONSISTENT, f"{children.name} names a property twice")
    return tuple(found)


def _payload_info(element: etree._Element | None) -> tuple[PartInfo, ...]:
    if element is None:
        return ()
    children = _Children(element)
    found = []
    for part in children.all(eb("PartInfo")):
        href = _optional_attribute(part, "href")
        if href is None or href[:4].lower() != "cid:":
            raise Refusal(EbmsErrorCode.EXTERNAL_PAYLOAD_ERROR, "a PartInfo has no cid: reference")
        inside = _Children(part, frozenset({"href"}))
        inside.optional(eb("Schema"))
        inside.optional(eb("Description"))
        properties = _properties(inside.optional(eb("PartProperties")), typed=False)
        inside.end()
        found.append(PartInfo(href, properties))
    children.end()
    return tuple(found)


def _non_repudiation(receipt: etree._Element) -> tuple[DigestReference, ...]:
    found = []
    for information in receipt.iterchildren(_NRI):
        for part in information.iterchildren(_PART_NRI):
            reference = child(part, ds("Reference"))
            if reference is None:
                raise _invalid("a MessagePartNRInformation has no ds:Reference")
            found.append(read_digest(reference))
    return tuple(found)


def read_digest(reference: etree._Element) -> DigestReference:
    """URI, digest method and digest of a ds:Reference."""
    method, value = child(reference, ds("DigestMethod")), child(reference, ds("DigestValue"))
    if method is None or value is None:
        raise _invalid("a ds:Reference lacks its digest")
    return DigestReference(reference.get("URI", ""), method.get("Algorithm", ""), read_base64(value))


def read_base64(element: etree._Element) -> bytes:
    """The bytes of a base64 element; white space is allowed, anything else is not."""
    value = "".join(_leaf(element, None, most=1 << 20).split())
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        raise _invalid(f"{_local(element)} is not base64") from None


def _error(element: etree._Element) -> EbmsError:
    code, severity = element.get("errorCode", ""), element.get("severity", "")
    if not code or not severity:
        raise _invalid("an Error lacks its code or severity")
    described = element.find(eb("Description"))
    description = "" if described is None else _leaf(described, None, empty=True)
    known = next((c for c in EbmsErrorCode if c.code == code), None)
    if known is None:
        known = EbmsErrorCode.FEATURE_NOT_SUPPORTED if severity == "warning" else EbmsErrorCode.OTHER
        description = f"{code[:20]} {description}".strip()
    detailed = element.find(eb("ErrorDetail"))
    detail = "" if detailed is None else " ".join(" ".join(map(str, detailed.itertext())).split())
    return EbmsError(known, description[:500], element.get("refToMessageInError"), detail[:500])


def _leaf(
    element: etree._Element,
    allowed: frozenset[str] | None = frozenset(),
    *,
    empty: bool = False,
    strip: bool = True,
    most: int = _MOST,
) -> str:
    # A comment would split the text that canonicalisation joins: signed and read would differ.
    if len(element):
        raise _invalid(f"{_local(element)} holds more than text")
    if allowed is not None:
        _check_attributes(element, allowed)
    value = element.text or ""
    if len(value) > most:
        raise _invalid(f"{_local(element)} is too long")
    if strip:
        value = value.strip()
    if not value and not empty:
        raise _invalid(f"{_local(element)} is empty")
    return value


def _check_attributes(element: etree._Element, allowed: frozenset[str]) -> None:
    for name in element.keys():  # noqa: SIM118 - a list of names, cheaper than the attribute proxy
        if name not in allowed and not str(name).startswith("{"):
            raise _invalid(f"{_local(element)} has an attribute that the schema does not know")


def _optional_attribute(element: etree._Element, name: str) -> str | None:
    value = element.get(name)
    if value is not None and len(value) > _MOST:
        raise _invalid(f"{_local(element)}/@{name} is too long")
    return value


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)[:60]


def _invalid(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.INVALID_HEADER, reason)
