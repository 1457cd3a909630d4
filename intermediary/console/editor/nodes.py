"""The parts of a form. Pure.

A document is what YAML can hold; a tree is what stands in a form: texts, ticked values, rows, and groups of
these. A row that says nothing is in the tree, so that it can be filled in, and not in the document.
`conversion` leads from the one to the other, `fields` from a tree to the fields of an HTML form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Tree = Any
"""Of a Leaf: text; of Ticks: texts; of Content: kind and path; of Many and Table: rows; of Group: by name."""
Path = tuple[str | int, ...]
Fields = Sequence[tuple[str, str]]

ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "ABSENT", "__bool__": lambda _self: False})()


class Unshowable(Exception):  # noqa: N818 - reads as the outcome
    """The form has no place for what a document says at `path`; it can be edited as YAML only."""

    def __init__(self, path: Path) -> None:
        super().__init__(".".join(map(str, path)))
        self.path = path


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a form holds and no document can: `place` is the name of the field."""

    place: str
    text: str
    """A message of the catalogue."""


@dataclass(frozen=True, slots=True)
class Node:
    """What all parts have: `name` is the key in the document; texts are messages of the catalogue."""

    name: str
    label: str
    help: str = ""
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Leaf(Node):
    """One text. `kind`: text, area, pattern (kept to the last space), date, number, json, flag, choice."""

    kind: str = "text"
    words: str = ""
    """The vocabulary that a choice is made from, or that a text is suggested from."""
    default: Any = None
    """What a document that says nothing means."""


@dataclass(frozen=True, slots=True)
class Ticks(Node):
    """A list of values from a vocabulary."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Content(Node):
    """One of several keys of the group around it, and its value; `name` is the form's own."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group(Node):
    """A map with known keys."""

    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Many(Node):
    """A list."""

    item: Node = field(default_factory=lambda: Leaf("", ""))


@dataclass(frozen=True, slots=True)
class Table(Node):
    """A map with keys of its own, a row for each; `by_language`: a row without a text says nothing.

    `always`: the document has it even where it is empty.
    """

    key: Leaf = field(default_factory=lambda: Leaf("key", ""))
    value: Node = field(default_factory=lambda: Leaf("value", ""))
    by_language: bool = False
    always: bool = False


def empty(node: Node) -> Tree:
    """What a part holds before anybody has written there."""
    match node:
        case Leaf(kind="flag"):
            return "yes" if node.default else ""
        case Leaf(kind="choice"):
            return node.default or ""
        case Leaf():
            return ""
        case Ticks():
            return ()
        case Content():
            return {"kind": node.names[0], "path": ""}
        case Group():
            return {part.name: empty(part) for part in node.parts}
        case _:
            return []


def row_of(node: Node) -> Tree:
    """An empty row of a list or table."""
    match node:
        case Many():
            return empty(node.item)
        case Table():
            return {"key": "", "value": empty(node.value)}
    raise TypeError(node)


def under(place: str, *steps: str | int) -> str:
    """The name of a field below another."""
    return ".".join(str(step) for step in (place, *steps) if step != "")
