"""Tables that say how a frozen value and an sdg element correspond, and the two functions that walk them.

One table serves every version: the element order is that of the Generic Metadata Profile, in which later
versions only add. What is not in a table goes to `extra`.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any

from lxml import etree

from intermediary.edm.errors import Problem
from intermediary.edm.extras import Kept, attributes, canonical, extra, restore, shell
from intermediary.edm.model import Identifier, Text
from intermediary.edm.names import LANGS, PREFIXES, SDG, SLOT

SPACE = " \t\r\n"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
STRUCTURE = "EDM-STRUCTURE"
Values = dict[str, Any]


class Reading:
    """The problems found while one message is read."""

    __slots__ = ("problems",)

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, rule: str, element: etree._Element, text: str, remedy: str) -> None:
        """Note a problem at an element; reading goes on."""
        line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs leave it open
        self.problems.append(Problem(rule, place(element), line, text, remedy))


def place(element: etree._Element) -> str:
    """XPath of an element with our prefixes; slots by name, others by position where needed."""
    steps = []
    node: etree._Element | None = element
    while node is not None:
        name = etree.QName(node)
        prefix = PREFIXES.get(name.namespace or "")
        step = f"{prefix}:{name.localname}" if prefix else "*"
        parent = node.getparent()
        slot = node.get("name") if node.tag == SLOT else None
        if slot is not None and slot.isascii() and slot.isalpha() and len(slot) < 50:
            step += f"[@name='{slot}']"
        elif parent is not None:
            like = list(parent.iterchildren(node.tag if prefix else "*"))
            if len(like) > 1:
                step += f"[{like.index(node) + 1}]"
        steps.append(step)
        node = parent
    return "/" + "/".join(reversed(steps))


def label(tag: str) -> str:
    """Prefixed name of a tag of ours, for people."""
    uri, _, local = tag[1:].partition("}")
    return f"{PREFIXES[uri]}:{local}"


# --- leaves -----------------------------------------------------------------------------------------------


def read_text(element: etree._Element, reading: Reading) -> str:
    """The trimmed text of an element."""
    text = element.text or ""
    if len(element):
        if next(element.iterchildren("*"), None) is not None:
            reading.problem(STRUCTURE, element, "Only text may stand here.", "Remove the elements inside it.")
        text += "".join(child.tail or "" for child in element)
    return text.strip(SPACE)


def read_date(element: etree._Element, reading: Reading) -> date | None:
    """xs:date; a time zone, which says nothing about a date here, is not kept."""
    match = _DATE.fullmatch(read_text(element, reading))
    if match:
        with contextlib.suppress(ValueError):
            return date.fromisoformat(match.group(1))
    reading.problem(STRUCTURE, element, "This is no date.", "Write a date as YYYY-MM-DD (xs:date).")
    return None


def read_multilingual(element: etree._Element, reading: Reading) -> Text:
    """sdg:MultilingualStringType; the language also where it was written as xml:lang or xsi:lang."""
    lang = element.get("lang")
    if lang is None and element.attrib:
        lang = next((element.get(name) for name in LANGS if element.get(name) is not None), None)
    return Text(read_text(element, reading), None if lang is None else lang.strip(SPACE))


def read_identifier(element: etree._Element, reading: Reading) -> Identifier:
    """sdg:IdentifierType."""
    scheme = element.get("schemeID")
    return Identifier(read_text(element, reading), None if scheme is None else scheme.strip(SPACE))


def write_text(parent: etree._Element, tag: str, value: str) -> None:
    """An element with text."""
    etree.SubElement(parent, tag).text = value


def write_date(parent: etree._Element, tag: str, value: date) -> None:
    """xs:date."""
    etree.SubElement(parent, tag).text = value.isoformat()


def write_multilingual(parent: etree._Element, tag: str, value: Text) -> None:
    """sdg:MultilingualStringType."""
    element = etree.SubElement(parent, tag)
    if value.lang is not None:
        element.set("lang", value.lang)
    element.text = value.value


def write_identifier(parent: etree._Element, tag: str, value: Identifier) -> None:
    """sdg:IdentifierType."""
    element = etree.SubElement(parent, tag)
    if value.scheme_id is not None:
        element.set("schemeID", value.scheme_id)
    element.text = value.value


# --- tables -----------------------------------------------------------------------------------------------

Reader = Callable[[etree._Element, Reading], Any]
Writer = Callable[[etree._Element, str, Any], None]


@dataclass(frozen=True, slots=True)
class Child:
    """One child element: the field it fills, how to read and write it, the attributes that it may have.

    `attributes` None: the value keeps its own extras. `only` is the class of value that this child stands
    for, where two children fill one field.
    """

    name: str
    local: str
    read: Reader = read_text
    write: Writer = write_text
    many: bool = False
    required: bool = False
    """True: a value cannot be built without it, hence its absence is a problem."""
    attributes: tuple[str, ...] | None = ()
    only: type | None = None
    get: Callable[[Any], Any] | None = None
    """How to get what is written, where it is not the field itself."""
    blank: bool = True
    """False: an empty text stands for an absent element."""
    repeats: bool = False
    """True: the schema allows more of it than the model holds; the rest is kept as extra."""
    inside: tuple["Child", ...] = ()
    """Children of an element that the model dissolves; then only `local` counts besides."""

    @property
    def tag(self) -> str:
        """Clark name."""
        return f"{{{SDG}}}{self.local}"


def text(name: str, local: str, **how: Any) -> Child:
    """A child with text only."""
    return Child(name, local, **how)


def day(name: str, local: str, **how: Any) -> Child:
    """A child with a date."""
    return Child(name, local, read_date, write_date, **how)


def multilingual(name: str, local: str, **how: Any) -> Child:
    """A child that is repeated per language."""
    return Child(name, local, read_multilingual, write_multilingual, many=True, attributes=LANGS, **how)


def identifier(name: str, local: str, **how: Any) -> Child:
    """A child with an identifier and its scheme."""
    return Child(name, local, read_identifier, write_identifier, attributes=("schemeID",), **how)


def value(name: str, local: str, struct: "Struct", **how: Any) -> Child:
    """A child that is a value of its own."""
    return Child(name, local, struct.read, struct.write, attributes=None, **how)


class Struct:
    """The table of one class: its children in the order of the schema, and where unknown ones belong."""

    def __init__(
        self,
        cls: type,
        *children: Child,
        then: tuple[str, ...] = (),
        finish: Callable[[Values], None] | None = None,
    ) -> None:
        """`then` ranks known names of the schema that the model leaves to `extra`: «before>name»."""
        self.cls = cls
        self.plans = tuple(_Plan(child) for child in children)
        self.by_tag: dict[str, _Plan] = {plan.tag: plan for plan in self.plans}
        self.many = tuple(plan.name for plan in _flat(self.plans) if plan.many)
        self.required = tuple(plan for plan in self.plans if plan.child.required)
        self.merged = frozenset(plan.tag for plan in self.plans if plan.inside)
        self.order = {plan.tag: 10 * rank for rank, plan in enumerate(self.plans)}
        for rank, entry in enumerate(then):
            after, _, local = entry.partition(">")
            self.order[f"{{{SDG}}}{local}"] = self.order[f"{{{SDG}}}{after}"] + 1 + rank
        self.finish = finish
        # Fields without a default that may yet be absent from a message.
        defaults = {f.name for f in fields(cls) if f.default is not MISSING}
        self.absent = {
            plan.name: None if plan.child.blank else ""
            for plan in _flat(self.plans)
            if not plan.many and plan.child.get is None and plan.name not in defaults
        }

    def read(self, element: etree._Element, reading: Reading) -> Any:
        """The value of an element; what is missing is a problem, what is unknown an extra."""
        values: Values = dict(self.absent)
        unknown: list[Kept] = []
        strange = attributes(element) if element.attrib else []
        seen = _collect(self.by_tag, element, reading, values, unknown, strange=strange)
        for plan in self.required:
            if plan.tag not in seen:
                reading.problem(
                    STRUCTURE, element, f"{label(plan.tag)} is missing.", f"Add {label(plan.tag)}."
                )
        for name in self.many:
            values[name] = tuple(values[name]) if name in values else ()
        if self.finish is not None:
            self.finish(values)
        if unknown or strange:
            values["extra"] = extra(strange, unknown, self.order)
        return self.cls(**values)

    def write(self, parent: etree._Element, tag: str, obj: Any) -> None:
        """Append the element of a value."""
        element = etree.SubElement(parent, tag)
        _emit(self.plans, element, obj)
        if obj.extra:
            restore(element, obj.extra, self.order, self.merged)


class _Plan:
    """A child, unpacked for speed."""

    __slots__ = (
        "attributes",
        "by_tag",
        "child",
        "get",
        "inside",
        "many",
        "name",
        "only",
        "read",
        "tag",
        "write",
    )

    def __init__(self, child: Child) -> None:
        self.child = child
        self.name, self.tag, self.many, self.only = child.name, child.tag, child.many, child.only
        self.read, self.write, self.attributes = child.read, child.write, child.attributes
        self.get = child.get or attrgetter(child.name or "extra")
        self.inside = tuple(_Plan(inner) for inner in child.inside)
        self.by_tag = {plan.tag: plan for plan in self.inside}


def _flat(plans: tuple[_Plan, ...]) -> list[_Plan]:
    return [leaf for plan in plans for leaf in (_flat(plan.inside) if plan.inside else [plan])]


def _collect(
    by_tag: dict[str, _Plan],
    element: etree._Element,
    reading: Reading,
    values: Values,
    unknown: list[Kept],
    *,
    strange: list[tuple[str, str]],
    path: str = "",
) -> set[str]:
    """Read the children into `values`; returns the tags that were there."""
    seen: set[str] = set()
    for node in element:
        tag = node.tag
        plan = by_tag.get(tag)  # a comment's tag is a function: not found
        if plan is None:
            if isinstance(tag, str):
                unknown.append(canonical(node))
            continue
        if tag in seen and not plan.many:
            if plan.child.repeats:
                unknown.append(canonical(node))
            else:
                twice(node, reading)
            continue
        seen.add(tag)
        if plan.inside:
            here = f"{path}{plan.child.local}"
            strange.extend(attributes(node, (), here))
            inner: list[Kept] = []
            _collect(plan.by_tag, node, reading, values, inner, strange=strange, path=f"{here}/")
            if inner:
                unknown.append(shell(node, (c for c in node.iterchildren("*") if c.tag not in plan.by_tag)))
            continue
        found = plan.read(node, reading)
        if plan.many:
            values.setdefault(plan.name, []).append(found)
        else:
            if values.get(plan.name) is not None and plan.only is not None:
                twice(node, reading)  # one of two children that exclude each other
            values[plan.name] = found
        if plan.attributes is not None and node.attrib:
            rank = f"[{len(values[plan.name])}]" if plan.many else ""
            strange.extend(attributes(node, plan.attributes, f"{path}{plan.child.local}{rank}"))
    return seen


def twice(node: etree._Element, reading: Reading, rule: str = STRUCTURE) -> None:
    """Note that an element is one too many."""
    reading.problem(
        rule, node, f"{label(node.tag)} may not occur a second time here.", "Keep the one that holds."
    )


def _emit(plans: tuple[_Plan, ...], element: etree._Element, obj: Any) -> None:
    for plan in plans:
        if plan.inside:
            inner = etree.SubElement(element, plan.tag)
            _emit(plan.inside, inner, obj)
            if not len(inner):
                element.remove(inner)
            continue
        found = plan.get(obj)
        if plan.many:
            for item in found:
                plan.write(element, plan.tag, item)
        elif found is None or (found == "" and not plan.child.blank):
            continue
        elif plan.only is None or isinstance(found, plan.only):
            plan.write(element, plan.tag, found)
