"""How evidence is shown: what a browser may open itself, and XML as a readable document. Pure."""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from lxml import etree

from intermediary.xml import Limits, XmlRefused, parse

_SHOWN = Limits(bytes=512 * 1024, nodes=3_000, attributes=3_000, depth=40)
"""A larger document is offered for download only: nobody reads it in a page."""
MOST = _SHOWN.bytes + 1
"""Bytes of a document that `show` needs: one too many is enough to make it a download."""
_LONGEST_VALUE = 2_000
_EXTENSIONS = {
    "application/pdf": "pdf",
    "application/xml": "xml",
    "text/xml": "xml",
    "application/json": "json",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}
_OPENED_BY_BROWSERS = {"application/pdf", "image/png", "image/jpeg"}

Kind = Literal["pdf", "image", "xml", "text", "download"]


def bare(media_type: str) -> str:
    """The media type without parameters, lower case; vendor types in XML and JSON as their plain kind."""
    name = media_type.partition(";")[0].strip().lower()
    if name.endswith("+xml") and name != "image/svg+xml":
        return "application/xml"
    return "application/json" if name.endswith("+json") else name


def kind(media_type: str) -> Kind:
    """How documents of a media type are shown."""
    name = bare(media_type)
    if name == "application/pdf":
        return "pdf"
    if name in ("image/png", "image/jpeg"):
        return "image"
    if name in ("application/xml", "text/xml"):
        return "xml"
    return "text" if name in ("application/json", "text/plain") else "download"


def format_name(media_type: str) -> str:
    """Short name of a format for people: PDF, XML, …"""
    extension = _EXTENSIONS.get(bare(media_type))
    return extension.upper() if extension else media_type.partition(";")[0][:60]


def raw_type(media_type: str) -> str:
    """The Content-Type under which the bytes are handed out: a known harmless one, or plain bytes."""
    name = bare(media_type)
    return name if name in _OPENED_BY_BROWSERS else "application/octet-stream"


def disposition(media_type: str, title: str, download: bool) -> str:
    """Content-Disposition (RFC 6266): inline only for what is safe to show; named by the title."""
    name = re.sub(r"[^\w\- ]+", " ", title).strip()[:80].strip() or "document"
    extension = _EXTENSIONS.get(bare(media_type), "bin")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip() or "document"
    inline = not download and bare(media_type) in _OPENED_BY_BROWSERS
    way = "inline" if inline else "attachment"
    return (
        f"{way}; filename=\"{plain}.{extension}\"; filename*=UTF-8''{quote(f'{name}.{extension}', safe='')}"
    )


@dataclass(slots=True)
class Block:
    """A heading (level 0 is the document) and the named values directly below it."""

    level: int
    title: str | None = field(repr=False)
    fields: list[tuple[str, str]] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A document ready for the page; `kind` is `download` where it cannot be shown."""

    kind: Kind
    blocks: tuple[Block, ...] = field(default=(), repr=False)
    source: str = field(default="", repr=False)
    """The technical view: indented text, not escaped."""


def show(media_type: str, data: bytes) -> Shown:
    """Make a document readable; what is too large or unreadable becomes a download."""
    how = kind(media_type)
    if how == "xml":
        return _xml(data)
    if how == "text":
        return _text(media_type, data)
    return Shown(how)


def _text(media_type: str, data: bytes) -> Shown:
    if len(data) > _SHOWN.bytes:
        return Shown("download")
    try:
        text = data.decode("utf-8-sig")
        if bare(media_type) == "application/json":
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return Shown("download")
    return Shown("text", source=text)


def _xml(data: bytes) -> Shown:
    try:
        root = parse(data, _SHOWN)
    except XmlRefused:
        return Shown("download")
    blocks: list[Block] = []
    _read(root, 0, blocks)
    etree.indent(root)
    source = etree.tostring(root, encoding="unicode")
    return Shown("xml", tuple(block for block in blocks if block.title or block.fields), source)


def _read(element: etree._Element, level: int, blocks: list[Block]) -> None:
    block = Block(level, label(element))
    blocks.append(block)
    block.fields.extend(_attributes(element))
    if loose := " ".join(_own_text(element).split()):
        block.fields.append((label(element), _short(loose)))
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if any(isinstance(grandchild.tag, str) for grandchild in child):
            _read(child, level + 1, blocks)
            block = Block(level, None)
            blocks.append(block)
        else:
            if value := " ".join(_own_text(child).split()):
                block.fields.append((label(child), _short(value)))
            block.fields.extend((f"{label(child)}: {name}", text) for name, text in _attributes(child))


def _own_text(element: etree._Element) -> str:
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return " ".join(parts)


def _attributes(element: etree._Element) -> list[tuple[str, str]]:
    return [
        (words(etree.QName(name).localname), _short(str(value)))
        for name, value in element.attrib.items()
        if "XMLSchema-instance" not in str(name)
    ]


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[:60]} … ({len(value)})"


def label(element: etree._Element) -> str:
    """An element's name in words."""
    return words(etree.QName(element).localname)


def words(name: str) -> str:
    """`DateOfBirth`, `date_of_birth` and `date-of-birth` become «Date of birth»; abbreviations stay."""
    parts = re.findall(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[^\W\dA-ZÄÖÜ_]+|\d+", name) or [name]
    first, *rest = (part if len(part) > 1 and part.isupper() else part.lower() for part in parts)
    return " ".join((first[:1].upper() + first[1:], *rest))
