"""Damage aimed at one rule: the least that makes our check say no, at a place where the rule looks.

Chance hardly ever breaks a rule on, say, the birthday of a representative; without aim the comparison could
not speak about such rules.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Final, cast

from lxml import etree

from intermediary.validation.rules import Rule
from intermediary.validation.rules.predicates import XSI_TYPE, clark
from intermediary.validation.wording import PREFIXES

_NAMESPACES: Final = {prefix: uri for uri, prefix in PREFIXES.items() if prefix != "xml"}
_TRIES: Final = 2
"""Different damages per rule and source."""


def aimed(rule: Rule, roots: Sequence[etree._Element]) -> Iterator[etree._Element]:
    """Copies of the roots in which the rule fails."""
    for root in roots:
        path = f"descendant-or-self::{rule.context}" if rule.context else "."
        places = cast("list[etree._Element]", root.xpath(path, namespaces=_NAMESPACES))
        tree = root.getroottree()
        bound = {prefix: uri for node in root.iter("{*}*") for prefix, uri in node.nsmap.items() if prefix}
        found = 0
        for place in places[:1]:
            for damage in _damages(place):
                mutant = copy.deepcopy(root)
                where = etree.XPath(tree.getpath(place), namespaces=bound)(mutant)
                (node,) = cast("list[etree._Element]", where)
                damage(node)
                if not rule.check.holds(node):
                    yield mutant
                    found += 1
                if found == _TRIES:
                    break


def _damages(place: etree._Element) -> Iterator[Callable[[etree._Element], None]]:
    for name in sorted(map(str, place.attrib)):
        yield lambda node, name=name: node.attrib.pop(name)  # type: ignore[misc]
        for value in ("x", "", "ExtrinsicObject", "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"):
            yield lambda node, name=name, value=value: node.set(name, value)  # type: ignore[misc]
    for number in range(len(place)):
        yield lambda node, number=number: node.remove(node[number])  # type: ignore[misc]
        yield lambda node, number=number: node.append(copy.deepcopy(node[number]))  # type: ignore[misc]
        yield lambda node, number=number: setattr(node[number], "text", "")  # type: ignore[misc]
        yield lambda node, number=number: setattr(node[number], "text", "application/json")  # type: ignore[misc]
        yield lambda node, number=number: _empty(node[number])  # type: ignore[misc]
    for text in ("x", "", "ÄÖ"):
        yield lambda node, text=text: setattr(node, "text", text)  # type: ignore[misc]
    yield lambda node: node.set(XSI_TYPE, "rim:SlotType")
    for tag in ("rs:Exception", "rim:RegistryObjectList", "sdg:DistributedAs", "sdg:Jurisdiction"):
        yield lambda node, tag=tag: node.append(etree.Element(clark(tag)))  # type: ignore[misc]
    yield _without_model


def _empty(node: etree._Element) -> None:
    node.text = None
    for child in list(node):
        node.remove(child)


def _without_model(node: etree._Element) -> None:
    """A distribution as JSON without a data model."""
    for child in list(node):
        if child.tag == clark("sdg:ConformsTo"):
            node.remove(child)
        elif child.tag == clark("sdg:Format"):
            child.text = "application/json"
