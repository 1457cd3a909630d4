"""What two XML messages have to agree in, so that nothing was lost between them."""

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from lxml import etree

from intermediary.edm.extras import resolve
from intermediary.edm.names import DATE_TIME, LANGS, LOCALIZED_STRING, SLOT, VALUE, XSI_TYPE

Tree = tuple[str, frozenset[tuple[str, str]], object, tuple[object, ...]]


def canonical(element: etree._Element) -> Tree:
    """Names, attributes, trimmed text and children; slots in any order, times as instants.

    Comments and processing instructions do not count. `xsi:lang`, a defect of the republished 1.2 samples,
    counts as the `xml:lang` that RegRep has.
    """
    children = [canonical(child) for child in element.iterchildren("*")]
    if any(child[0] == SLOT for child in children):
        children.sort(key=lambda child: (child[0] != SLOT, sorted(child[1]) if child[0] == SLOT else []))
    return (str(element.tag), frozenset(_attributes(element)), _text(element), tuple(children))


def _attributes(element: etree._Element) -> Iterable[tuple[str, str]]:
    for name, value in cast("list[tuple[str, str]]", element.attrib.items()):
        if name == XSI_TYPE:
            yield name, resolve(element, value)
        elif name in LANGS and element.tag == LOCALIZED_STRING:
            yield "lang", value.strip()
        else:
            yield name, value.strip()


def _text(element: etree._Element) -> object:
    text = ((element.text or "") + "".join(child.tail or "" for child in element)).strip()
    parent = element.getparent()
    if element.tag == VALUE and parent is not None:
        kind = resolve(parent, parent.get(XSI_TYPE) or "")
        if kind == DATE_TIME:
            return datetime.fromisoformat(text)
    return text
