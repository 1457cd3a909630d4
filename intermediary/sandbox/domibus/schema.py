"""The schema of the plugin as data: what a request may hold, in which namespace and order.

Facts from the WSDL and XSDs of the plugin: body elements are qualified with unqualified children in a fixed
sequence; the ebMS subset of the header is qualified, and its order is free (xsd:all) but for the lists.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

WSPLUGIN = "http://eu.domibus.wsplugin/"
EB = "http://docs.oasis-open.org/ebxml-msg/ebms/v3.0/ns/core/200704/"
SOAP = "http://www.w3.org/2003/05/soap-envelope"

_MANY = 10_000
_TEXT = re.compile(r"(?s).{1,255}")
_VALUE = re.compile(r"(?s).{1,1024}")
_ANY = re.compile(r"(?s).*")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]*={0,2}\s*")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


class Invalid(ValueError):  # noqa: N818
    """The request breaks the schema; the text is what the plugin would say."""


@dataclass(frozen=True)
class Shape:
    """One element: its attributes (name: required), and its text or its children (name: least, most)."""

    text: re.Pattern[str] | None = None
    children: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    attributes: Mapping[str, bool] = field(default_factory=dict)
    ordered: bool = True


def _texts(*names: str) -> dict[str, tuple[int, int]]:
    return dict.fromkeys(names, (1, 1))


_LEAF = Shape(_TEXT)
_PARTY = Shape(children=_texts("PartyId", "Role"), ordered=False)
_PROPERTIES = Shape(children={"Property": (1, _MANY)})
HEADER: Mapping[str, Shape] = {
    "Messaging": Shape(children={"UserMessage": (1, 1)}, attributes={"mustUnderstand": False}),
    "UserMessage": Shape(
        children={
            "MessageInfo": (0, 1),
            "PartyInfo": (1, 1),
            "CollaborationInfo": (1, 1),
            "MessageProperties": (0, 1),
            "PayloadInfo": (0, 1),
        },
        attributes={"mpc": False},
        ordered=False,
    ),
    "MessageInfo": Shape(
        children={"Timestamp": (0, 1), "MessageId": (0, 1), "RefToMessageId": (0, 1)}, ordered=False
    ),
    "Timestamp": Shape(_TIME),
    "MessageId": _LEAF,
    "RefToMessageId": _LEAF,
    "PartyInfo": Shape(children={"From": (1, 1), "To": (0, 1)}, ordered=False),
    "From": _PARTY,
    "To": _PARTY,
    "PartyId": Shape(_TEXT, attributes={"type": True}),
    "Role": _LEAF,
    "CollaborationInfo": Shape(
        children={"AgreementRef": (0, 1), **_texts("Service", "Action"), "ConversationId": (0, 1)},
        ordered=False,
    ),
    "AgreementRef": Shape(_TEXT, attributes={"type": False, "pmode": False}),
    "Service": Shape(_TEXT, attributes={"type": True}),
    "Action": _LEAF,
    "ConversationId": Shape(_ANY),
    "MessageProperties": _PROPERTIES,
    "PayloadInfo": Shape(children={"PartInfo": (1, _MANY)}),
    "PartInfo": Shape(children={"PartProperties": (0, 1)}, attributes={"href": False}),
    "PartProperties": _PROPERTIES,
    "Property": Shape(_VALUE, attributes={"name": True, "type": False}),
}
_PAYLOAD = Shape(children={"value": (1, 1)}, attributes={"payloadId": False, "contentType": False})
_ROLE = Shape(re.compile("SENDING|RECEIVING"))
_ONE_ID = Shape(children=_texts("messageID"))
_WITH_ROLE = Shape(children=_texts("messageID", "accessPointRole"))
FILTERS = (
    "messageId",
    "conversationId",
    "refToMessageId",
    "fromPartyId",
    "finalRecipient",
    "originalSender",
    "receivedFrom",
    "receivedTo",
)
BODY: Mapping[str, Shape] = {
    "submitRequest": Shape(children={"bodyload": (0, 1), "payload": (0, _MANY)}),
    "bodyload": _PAYLOAD,
    "payload": _PAYLOAD,
    "value": Shape(_BASE64),
    "listPendingMessagesRequest": Shape(children=dict.fromkeys(FILTERS, (0, 1))),
    **dict.fromkeys(FILTERS, _LEAF),
    "retrieveMessageRequest": Shape(children={"messageID": (1, 1), "markAsDownloaded": (0, 1)}),
    "messageID": _LEAF,
    "markAsDownloaded": Shape(re.compile("true|false|1|0")),
    "markMessageAsDownloadedRequest": _ONE_ID,
    "statusRequest": _ONE_ID,
    "statusRequestWithAccessPointRole": _WITH_ROLE,
    "getErrorsRequest": _ONE_ID,
    "getErrorsRequestWithAccessPointRole": _WITH_ROLE,
    "accessPointRole": _ROLE,
}
REQUESTS = frozenset(name for name in BODY if "Request" in name)


def check(element: etree._Element, shapes: Mapping[str, Shape], children_in: str | None) -> None:
    """Raise Invalid where an element, or anything in it, is not as the schema wants it."""
    name = etree.QName(element).localname
    shape = shapes[name]
    for given in map(str, element.attrib):
        if etree.QName(given).localname not in shape.attributes:
            raise Invalid(f"cvc-complex-type.3.2.2: Attribute '{given}' is not allowed in '{name}'.")
    for attribute, needed in shape.attributes.items():
        if needed and not element.get(attribute):
            raise Invalid(f"cvc-complex-type.4: Attribute '{attribute}' must appear on element '{name}'.")
    inside = [child for child in element if isinstance(child.tag, str)]
    if shape.text is not None:
        if inside or not shape.text.fullmatch(element.text or ""):
            raise Invalid(f"cvc-type.3.1.3: The value of element '{name}' is not valid.")
        return
    names = []
    for child in inside:
        tag = etree.QName(child)
        if tag.localname not in shape.children or tag.namespace != children_in:
            raise Invalid(f"cvc-complex-type.2.4.a: Invalid content was found starting with '{child.tag}'.")
        names.append(tag.localname)
    for wanted, (least, most) in shape.children.items():
        if not least <= names.count(wanted) <= most:
            raise Invalid(f"cvc-complex-type.2.4.b: The content of element '{name}' is not complete.")
    order = list(shape.children)
    if shape.ordered and names != sorted(names, key=order.index):
        raise Invalid(f"cvc-complex-type.2.4.a: Invalid content was found in '{name}': wrong order.")
    for child in inside:
        check(child, shapes, children_in)
