"""Seeded mutation of XML messages: one small, plausible damage per mutant, the same for the same seed."""

import copy
import random
from collections.abc import Callable, Iterator, Sequence

from lxml import etree

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_BAD = (
    "",
    " ",
    "x",
    "-1",
    "2024-02-30",
    "24:00",
    "true",
    "TRUE",
    "1",
    "ä€",
    "urn:uuid:x",
    "a" * 300,
    "a" * 1100,
    "\t\n",
)
_TYPES = (
    "rim:StringValueType",
    "rim:AnyValueType",
    "rim:CollectionValueType",
    "rim:BooleanValueType",
    "rim:DateTimeValueType",
    "rim:IntegerValueType",
    "rim:InternationalStringValueType",
    "rim:ValueType",
    "rim:ExtrinsicObjectType",
    "rim:RegistryPackageType",
    "rim:AssociationType",
    "rs:TimeoutExceptionType",
    "query:QueryExceptionType",
    "StringValueType",
    "nope:StringValueType",
    "rim:NoSuchType",
)
_ATTRIBUTES = (
    "id",
    "name",
    "lang",
    "schemeID",
    "status",
    "requestId",
    "value",
    "type",
    "collectionType",
    "mimeType",
)

Nodes = Sequence[etree._Element]
Damage = Callable[[random.Random, etree._Element, Nodes], None]


def mutants(
    root: etree._Element, seed: int, count: int, damages: Sequence[Damage] = ()
) -> Iterator[tuple[str, etree._Element]]:
    """`count` damaged copies of a message with the name of the damage; `root` itself stays as it is."""
    dice = random.Random(seed)
    for _ in range(count):
        mutant = copy.deepcopy(root)
        nodes = [node for node in mutant.iter() if isinstance(node.tag, str)]
        damage = dice.choice(damages or DAMAGES)
        damage(dice, dice.choice(nodes[1:] or nodes), nodes)
        yield damage.__name__.lstrip("_"), mutant


def _delete(_: random.Random, node: etree._Element, __: Nodes) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.remove(node)


def _duplicate(_: random.Random, node: etree._Element, __: Nodes) -> None:
    if node.getparent() is not None:
        node.addnext(copy.deepcopy(node))


def _reorder(dice: random.Random, node: etree._Element, _: Nodes) -> None:
    parent = node.getparent()
    if parent is not None:
        parent.insert(dice.randrange(len(parent) + 1), node)


def _move(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    dice.choice(nodes).append(copy.deepcopy(node))


def _rename(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    node.tag = dice.choice((dice.choice(nodes).tag, f"{node.tag}X"))


def _other_namespace(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    namespace = dice.choice((etree.QName(dice.choice(nodes)).namespace, "urn:other"))
    node.tag = f"{{{namespace}}}{etree.QName(node).localname}"


def _blank(_: random.Random, node: etree._Element, __: Nodes) -> None:
    node.text = None
    for child in list(node):
        node.remove(child)


def _bad_text(dice: random.Random, node: etree._Element, _: Nodes) -> None:
    node.text = dice.choice(_BAD)


def _stray_text(_: random.Random, node: etree._Element, __: Nodes) -> None:
    if node.getparent() is not None:
        node.tail = "stray"


def _foreign_child(_: random.Random, node: etree._Element, __: Nodes) -> None:
    etree.SubElement(node, "{urn:other}Foreign")


def _bad_type(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    typed = [each for each in nodes if _XSI_TYPE in each.attrib] or [node]
    dice.choice(typed).set(_XSI_TYPE, dice.choice(_TYPES))


def _drop_attribute(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    chosen = dice.choice([each for each in nodes if each.attrib] or [node])
    if chosen.attrib:
        del chosen.attrib[dice.choice(sorted(map(str, chosen.attrib)))]


def _add_attribute(dice: random.Random, node: etree._Element, _: Nodes) -> None:
    node.set(dice.choice(_ATTRIBUTES), "added")


def _bad_attribute(dice: random.Random, node: etree._Element, nodes: Nodes) -> None:
    chosen = dice.choice([each for each in nodes if each.attrib] or [node])
    if chosen.attrib:
        chosen.set(dice.choice(sorted(map(str, chosen.attrib))), dice.choice(_BAD))


DAMAGES: tuple[Damage, ...] = (
    _delete,
    _duplicate,
    _reorder,
    _move,
    _rename,
    _other_namespace,
    _blank,
    _bad_text,
    _stray_text,
    _foreign_child,
    _bad_type,
    _drop_attribute,
    _add_attribute,
    _bad_attribute,
)
