"""The SOAP 1.2 envelope around eb:Messaging: reading it with its ids, writing it canonically.

Everything this room writes is already in exclusive canonical form (W3C xml-exc-c14n): what is hashed is what
is sent, with no tree in between. A test holds this against libxml2's canonicaliser.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from intermediary import xml
from intermediary.as4.codes import EbmsErrorCode
from intermediary.as4.errors import CannotPack, Refusal
from intermediary.as4.mime import MediaType
from intermediary.as4.vocabulary import (
    DS,
    EB,
    MESSAGING,
    MUST_UNDERSTAND,
    SECURITY,
    SOAP,
    WSSE,
    WSU,
    WSU_ID,
    ds,
    soap,
)

_XML_LIMITS = xml.Limits(bytes=8 * 1024 * 1024, nodes=100_000, attributes=100_000, depth=40)
_ID_NAMES = frozenset((WSU_ID, "Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"))
_SIGNATURE = ds("Signature")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile("[ !#-%'-;=?-~]*").fullmatch
"""Printable ASCII of which nothing is escaped: most values."""
_DECLARATION = re.compile(r"\A\ufeff?<\?xml\b[^>]*\?>")
_CHARSETS = ("utf-16", "utf-16le", "utf-16be", "iso-8859-1", "iso-8859-15", "windows-1252")

MESSAGING_ID, BODY_ID = "messaging", "body"
"""wsu:Id of what we write; they need to be unique within one envelope only."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The places of an envelope that matter; `by_id` holds every identified element, ids being unique."""

    messaging: etree._Element = field(repr=False)
    body: etree._Element = field(repr=False)
    security: etree._Element | None = field(repr=False)
    by_id: Mapping[str, etree._Element] = field(repr=False)


def elements(parent: etree._Element) -> list[etree._Element]:
    """Child elements without comments and processing instructions."""
    return list(parent.iterchildren("*"))


def child(parent: etree._Element, *path: str) -> etree._Element | None:
    """The first child of that name, its first child of the next name, and so on; or None.

    `find` says the same in twice the time, which counts in a header of a hundred look-ups.
    """
    found: etree._Element | None = parent
    for name in path:
        found = None if found is None else next(found.iterchildren(name), None)
    return found


def read_envelope(data: bytes, kind: MediaType) -> Envelope:
    """Parse the SOAP part once and check its structure.

    Raises Refusal: EBMS:0009 for the structure, EBMS:0008 for a header that must be understood and is not,
    EBMS:0101 for an id that is not unique (signature wrapping).
    """
    try:
        root = xml.parse(_utf8(data, kind.parameters.get("charset", "utf-8")), _XML_LIMITS)
    except xml.XmlRefused as refused:
        raise _invalid(f"the SOAP part was refused ({refused.rule}, line {refused.line or 0})") from None
    if root.tag != soap("Envelope"):
        raise _invalid("the root element is not a SOAP 1.2 Envelope")
    children = elements(root)
    if [child.tag for child in children] != [soap("Header"), soap("Body")]:
        raise _invalid("the Envelope does not consist of one Header and one Body")
    header, body = children
    messaging = security = None
    for block in elements(header):
        if block.tag == MESSAGING and messaging is None:
            messaging = block
        elif block.tag == SECURITY and security is None:
            security = block
        elif block.tag in (MESSAGING, SECURITY):
            raise _invalid("the Header holds eb:Messaging or wsse:Security twice")
        elif block.get(MUST_UNDERSTAND, "false") in ("true", "1"):
            raise Refusal(
                EbmsErrorCode.FEATURE_NOT_SUPPORTED_UNPACKAGING, "a mandatory SOAP header block is not known"
            )
    if messaging is None:
        raise _invalid("the Header holds no eb:Messaging")
    seen: set[object] = set()
    for element in root.iter(MESSAGING, SECURITY, _SIGNATURE):
        if element.tag in seen:
            raise _invalid(f"the envelope holds {etree.QName(element).localname} more than once")
        seen.add(element.tag)
    return Envelope(messaging, body, security, _ids(root))


def _utf8(data: bytes, charset: str) -> bytes:
    charset = charset.lower()
    if charset in ("utf-8", "us-ascii"):
        return data
    if charset not in _CHARSETS:
        raise _invalid("the charset of the SOAP part is not supported")
    try:
        # The Content-Type outranks the declaration (RFC 7303 §3).
        return _DECLARATION.sub("", data.decode(charset)).removeprefix("\ufeff").encode("utf-8")
    except UnicodeError:
        raise _invalid("the SOAP part does not fit its charset") from None


def _ids(root: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    # A walk over the names of all attributes takes a third of the time of an XPath that looks for them.
    for element in root.iter():
        for name in element.keys():  # noqa: SIM118 - an element is no mapping
            if name not in _ID_NAMES:
                continue
            value = element.get(name, "")
            if found.get(value, element) is not element:
                raise Refusal(
                    EbmsErrorCode.FAILED_AUTHENTICATION, "two elements have the same id: signature wrapping"
                )
            found[value] = element
    return found


def canonical(node: etree._Element, prefixes: tuple[str, ...] = ()) -> bytes:
    """Exclusive canonical form without comments of a node where it stands (in its document's namespaces).

    Raises Refusal (EBMS:0103) where libxml2 cannot: relative namespace URIs, or a default namespace in the
    InclusiveNamespaces PrefixList that would have to be rendered.
    """
    inclusive = [prefix for prefix in prefixes if prefix != "#default"]
    if len(inclusive) != len(prefixes) and None in node.nsmap and node.prefix is not None:
        # lxml drops "#default" silently, which would end in a wrong digest: say so instead.
        raise Refusal(
            EbmsErrorCode.POLICY_NONCOMPLIANCE, "PrefixList #default with a default namespace in scope"
        )
    try:
        return etree.tostring(
            node, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=inclusive or None
        )
    except (etree.LxmlError, ValueError):
        raise Refusal(EbmsErrorCode.POLICY_NONCOMPLIANCE, "an element cannot be canonicalised") from None


def text(value: str) -> str:
    """Escape character data canonically; raises CannotPack for what XML cannot carry."""
    if _PLAIN(value):
        return value
    _checked(value)
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


def attribute(value: str) -> str:
    """Escape an attribute value canonically; raises CannotPack for what XML cannot carry."""
    if _PLAIN(value):
        return value
    _checked(value)
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return value.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")


def _checked(value: str) -> None:
    if not (value.isascii() and value.isprintable()) and _NOT_XML.search(value):
        raise CannotPack("A header value holds a character that XML cannot carry")


def messaging(content: str) -> str:
    """eb:Messaging around a message unit, canonical as an apex node."""
    return (
        f'<eb:Messaging xmlns:eb="{EB}" xmlns:env="{SOAP}" xmlns:wsu="{WSU}"'
        f' wsu:Id="{MESSAGING_ID}" env:mustUnderstand="true">{content}</eb:Messaging>'
    )


BODY = f'<env:Body xmlns:env="{SOAP}" xmlns:wsu="{WSU}" wsu:Id="{BODY_ID}"></env:Body>'
"""The empty SOAP Body, canonical as an apex node."""


def envelope(messaging_xml: str, security_xml: str) -> bytes:
    """The envelope around eb:Messaging, the content of wsse:Security (may be empty) and the empty Body."""
    security = (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:ds="{DS}"'
        f' env:mustUnderstand="true">{security_xml}</wsse:Security>'
        if security_xml
        else ""
    )
    return (
        f'<env:Envelope xmlns:env="{SOAP}"><env:Header>{security}{messaging_xml}</env:Header>'
        f"{BODY}</env:Envelope>"
    ).encode()


def _invalid(reason: str) -> Refusal:
    return Refusal(EbmsErrorCode.INVALID_HEADER, reason)
