"""Hardened parsing of XML from outside.

XmlRefused          base: rule, line and remedy, never the content
├── XmlMalformed    not well-formed, or not in a supported encoding
├── XmlWithDoctype  a document type declaration, hence perhaps entities
└── XmlTooLarge     more bytes, nodes, attributes or levels than the limits allow
"""

from dataclasses import dataclass
from functools import cache

from lxml import etree


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may cost before it is refused; the defaults fit EDM and SOAP messages.

    Evidence above these sizes travels as an attachment, which nobody parses.
    """

    bytes: int = 16 * 1024 * 1024
    nodes: int = 200_000
    attributes: int = 100_000
    depth: int = 100


MOST = Limits().bytes + 1
"""Bytes of something large that need to be handed to `parse`: one too many is enough to be refused."""


class XmlRefused(ValueError):  # noqa: N818 - reads as the outcome, not as a crash
    """The document was refused before anything in it was believed."""

    rule = "XML"
    remedy = "Send well-formed XML without a document type declaration."

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(f"{reason} (line {line})" if line else reason)
        self.reason, self.line = reason, line


class XmlMalformed(XmlRefused):
    """The document is not well-formed XML."""

    rule = "XML-WELL-FORMED"
    remedy = "Mend the markup at the line given; check the encoding declaration."


class XmlWithDoctype(XmlRefused):
    """The document carries a document type declaration."""

    rule = "XML-NO-DOCTYPE"
    remedy = "Remove the <!DOCTYPE …> declaration; entities are never resolved."


class XmlTooLarge(XmlRefused):
    """The document exceeds a limit."""

    rule = "XML-LIMITS"
    remedy = "Send large content as an attachment, not inside the XML message."


def parse(data: bytes, limits: Limits = Limits()) -> etree._Element:
    """Parse bytes from outside and return the root element.

    Raises XmlRefused (one of its three kinds). No DTD, no entities, no network, bounded size, node
    count and depth; messages carry a line number but no content (design, locked doors 4 and 7).
    """
    if len(data) > limits.bytes:
        raise XmlTooLarge(f"The document has {len(data)} bytes; at most {limits.bytes} are accepted")
    # A cheap look before the parser runs: internal subsets cost time even when unused.
    if b"<!DOCTYPE" in data[:4096]:
        raise XmlWithDoctype("The document carries a document type declaration")
    # Each element costs at least one "<": a bomb of siblings is refused before it is a tree.
    small = _small(data, limits)
    if not small and data.count(b"<") > limits.nodes * 2:
        raise XmlTooLarge(f"The document has more than {limits.nodes} nodes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_blank_text=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        # libxml2 quotes content in its messages; only the place may leave this function.
        raise XmlMalformed("The document is not well-formed XML", error.lineno or None) from None
    except (LookupError, ValueError):
        raise XmlMalformed("The document's encoding is not supported") from None
    document = root.getroottree().docinfo
    if getattr(document, "doctype", ""):
        raise XmlWithDoctype("The document carries a document type declaration")
    if not small:
        _count(root, data, limits, str(document.encoding))
    if _deeper_than(limits.depth)(root):
        raise XmlTooLarge(f"The document is nested deeper than {limits.depth} levels")
    return root


_UTF8 = ("UTF-8", "utf-8")
_COUNTS = etree.XPath("concat(count(//node()), ' ', count(//@*))")


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _small(data: bytes, limits: Limits) -> bool:
    """Too few bytes for too much of anything: each node and each attribute takes one at least."""
    return 2 * len(data) < limits.nodes and len(data) < limits.attributes


def _count(root: etree._Element, data: bytes, limits: Limits, encoding: str) -> None:
    """Counted by libxml2, since every message passes here: a walk in Python cost three times the parsing.

    Most documents need no counting: every node but a text begins with "<", two texts have a node between
    them, and every attribute has its "=". (Other encodings than UTF-8 may write these as other bytes.)
    """
    few_nodes = 2 * data.count(b"<") + 1 <= limits.nodes
    few_attributes = data.count(b"=") <= limits.attributes
    if not (few_nodes and few_attributes and encoding in _UTF8):
        nodes, attributes = (float(count) for count in str(_COUNTS(root)).split())
        if nodes > limits.nodes:
            raise XmlTooLarge(f"The document has more than {limits.nodes} nodes")
        if attributes > limits.attributes:
            raise XmlTooLarge(f"The document has more than {limits.attributes} attributes")
