"""What the profile does not know: taken from a message as canonical XML, and put back in its place."""

import re
from collections.abc import Container, Iterable, Mapping
from copy import deepcopy

from lxml import etree

from intermediary import xml
from intermediary.edm.errors import EdmUnwritable
from intermediary.edm.model import Extra
from intermediary.edm.names import NSMAP, PREFIXES, XSI_TYPE

Kept = tuple[str, str]
"""Tag and canonical XML of an unknown element."""
_END = 1000
_STEP = re.compile(r"(\w+)(?:\[(\w+)\])?")


def resolve(element: etree._Element, qname: str) -> str:
    """Clark name of a QName in a value, by the namespaces in scope; the QName itself where unbound."""
    prefix, colon, local = qname.strip().partition(":")
    if not colon:
        prefix, local = "", prefix
    if colon and element.prefix == prefix:
        uri: str | None = etree.QName(element).namespace
    else:
        uri = element.nsmap.get(prefix or None)
    return f"{{{uri}}}{local}" if uri else qname.strip()


def qname(clark: str) -> str:
    """The QName with our prefixes of a Clark name; anything else as it is."""
    uri, brace, local = clark.removeprefix("{").rpartition("}")
    return f"{PREFIXES[uri]}:{local}" if brace and uri in PREFIXES else clark


def canonical(element: etree._Element) -> Kept:
    """Tag and exclusive canonical XML with our prefixes, without comments and processing instructions.

    Other namespaces get x1, x2, … in the order in which they occur: the same content is the same text.
    """
    copy = deepcopy(element)
    copy.tail = None
    for original, copied in zip(element.iter("*"), copy.iter("*"), strict=True):
        named = original.get(XSI_TYPE)
        if named is not None:
            copied.set(XSI_TYPE, qname(resolve(original, named)))
    etree.strip_elements(copy, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    holder = etree.Element("holder", nsmap=NSMAP | _foreign(copy))
    holder.append(copy)  # takes over the holder's prefixes
    try:
        text = etree.tostring(copy, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    except etree.C14NError:  # a relative namespace name, which has no canonical form (XML C14N §1.3)
        text = etree.tostring(copy, with_tail=False)
    return str(element.tag), text.decode()


def _foreign(element: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in element.iter("*"):
        for name in (str(node.tag), *sorted(key for key, _ in _pairs(node))):
            uri = name[1:].partition("}")[0] if name.startswith("{") else ""
            if uri and uri not in PREFIXES and uri not in found:
                found[uri] = f"x{len(found) + 1}"
    return {prefix: uri for uri, prefix in found.items()}


def shell(element: etree._Element, unknown: Iterable[etree._Element]) -> Kept:
    """Canonical XML of a known element with nothing but its unknown children."""
    hull = etree.Element(element.tag, nsmap=element.nsmap)  # type: ignore[arg-type]  # None is the default
    for child in unknown:
        copy = deepcopy(child)
        copy.tail = None
        hull.append(copy)
    return canonical(hull)


def attributes(element: etree._Element, known: tuple[str, ...] = (), path: str = "") -> list[tuple[str, str]]:
    """The attributes of an element but the known ones, as `Extra.attributes` keeps them."""
    return [
        (f"{path}/@{name}" if path else name, resolve(element, content) if name == XSI_TYPE else content)
        for name, content in _pairs(element)
        if name not in known
    ]


def _pairs(element: etree._Element) -> list[tuple[str, str]]:
    return element.attrib.items()  # type: ignore[return-value]  # never bytes


def extra(strange: list[tuple[str, str]], unknown: list[Kept], order: Mapping[str, int]) -> Extra:
    """The unknown attributes and elements of a value, in the order in which `restore` writes them."""
    if not strange and not unknown:
        return Extra()
    ranked = sorted(unknown, key=lambda kept: order.get(kept[0], _END))
    return Extra(tuple(sorted(strange)), tuple(text for _, text in ranked))


def restore(
    element: etree._Element, kept: Extra, order: Mapping[str, int], merged: Container[str] = ()
) -> None:
    """Put the extras of a value back into its element. Raises EdmUnwritable.

    `order` ranks the children by tag; an extra whose tag is in `merged` goes into the child that is there.
    """
    for name, value in kept.attributes:
        path, at, last = ("", "", name) if name.startswith("{") else name.partition("/@")
        target = _find(element, path) if at else element
        key = last if at else name
        if target is None:
            continue
        if key == "collectionType" and not value:
            target.attrib.pop(key, "")  # was absent where the profile has one
        else:
            target.set(key, qname(value) if key == XSI_TYPE else value)
    if not kept.elements:
        return
    for text in kept.elements:
        try:
            child = xml.parse(text.encode())
        except xml.XmlRefused:
            raise EdmUnwritable("An element kept in `extra` is no well-formed XML") from None
        known = next(element.iterchildren(child.tag), None) if child.tag in merged else None
        if known is None:
            element.append(child)
        else:
            known.extend(list(child))
    element[:] = sorted(element, key=lambda child: order.get(child.tag, _END))


def _find(element: etree._Element, path: str) -> etree._Element | None:
    """The element at a path of local names, each with its place among its like or its slot name."""
    found: etree._Element | None = element
    for step in path.split("/"):
        match = _STEP.fullmatch(step)
        if match is None or found is None:
            return None
        local, key = match.groups()
        like = [child for child in found.iterchildren(f"{{*}}{local}") if key is None or _is(child, key)]
        index = int(key) - 1 if key is not None and key.isdigit() else 0
        found = like[index] if index < len(like) else None
    return found


def _is(child: etree._Element, key: str) -> bool:
    return key.isdigit() or child.get("name") == key
