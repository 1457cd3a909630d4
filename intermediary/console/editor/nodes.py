"""The parts of a form, and the way between a document of the mapping and what a form holds. Pure.

A document is what YAML can hold; a tree is what stands in a form: texts, ticked values, rows, and groups of
these. A row that says nothing is in the tree, so that it can be filled in, and not in the document.

    tree = shown(FORM, document)                  # raises Unshowable
    document, troubles = said(FORM, tree)         # the same document again
    fields = flat(FORM, tree)                     # names and values of the HTML form, and back: `grown`
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intermediary.console.pages import _N

Tree = Any
"""Of a Leaf: text; of Ticks: texts; of Content: kind and path; of Many and Table: rows; of Group: by name."""
Path = tuple[str | int, ...]
Fields = Sequence[tuple[str, str]]

ABSENT: Any = type("Absent", (), {"__repr__": lambda _self: "ABSENT", "__bool__": lambda _self: False})()
_UNWRITABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
"""What a browser changes or nobody can type."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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


# ------------------------------------------------------------------------------------ document to form


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


def shown(node: Node, value: Any, path: Path = ()) -> Tree:
    """What the form holds for a value of a document; ABSENT: it says nothing. Raises Unshowable."""
    if value is ABSENT or value is None or value in ("", {}, []):
        return empty(node)
    match node:
        case Leaf():
            return _shown_leaf(node, value, path)
        case Ticks():
            if not isinstance(value, list):
                raise Unshowable(path)
            return tuple(_text(item, (*path, n)) for n, item in enumerate(value))
        case Group():
            return _shown_group(node, value, path)
        case Many():
            if not isinstance(value, list):
                raise Unshowable(path)
            return [_shown_row(node.item, item, (*path, n)) for n, item in enumerate(value)]
        case Table():
            if not isinstance(value, dict):
                raise Unshowable(path)
            return [
                {
                    "key": _text(key, (*path, key), blank=True),
                    "value": _shown_value(node, item, (*path, key)),
                }
                for key, item in value.items()
            ]
    raise TypeError(node)


def _shown_row(item: Node, value: Any, path: Path) -> Tree:
    tree = shown(item, value, path)
    if said(item, tree)[0] is ABSENT:
        raise Unshowable(path)  # a list may hold what says nothing; a form drops it
    return tree


def _shown_value(node: Table, value: Any, path: Path) -> Tree:
    if node.by_language or not isinstance(node.value, Leaf):
        return _shown_row(node.value, value, path)
    if not isinstance(value, str):
        raise Unshowable(path)
    return shown(node.value, value, path)


def _shown_leaf(node: Leaf, value: Any, path: Path) -> str:
    match node.kind:
        case "flag":
            if not isinstance(value, bool) and value not in ("true", "false"):
                raise Unshowable(path)
            return "yes" if value in (True, "true") else ""
        case "number":
            return str(value) if type(value) is int else _text(value, path)
        case "json":
            return json.dumps(value, ensure_ascii=False, indent=2)
        case "date":
            if not isinstance(value, str) or not _DAY.fullmatch(value):
                raise Unshowable(path)
            return value
        case "pattern":
            if not isinstance(value, str) or _UNWRITABLE.search(value) or "\n" in value:
                raise Unshowable(path)
            return value
        case _:
            return _text(value, path)


def _shown_group(node: Group, value: Any, path: Path) -> Tree:
    if not isinstance(value, dict):
        raise Unshowable(path)
    tree: dict[str, Tree] = {}
    left = dict(value)
    for part in node.parts:
        if isinstance(part, Content):
            there = {name: left.pop(name) for name in part.names if name in left}
            if len(there) > 1:
                raise Unshowable((*path, list(there)[1]))
            name, found = next(iter(there.items()), (part.names[0], ""))
            tree[part.name] = {"kind": name, "path": _text(found, (*path, name), blank=True)}
        else:
            tree[part.name] = shown(part, left.pop(part.name, ABSENT), (*path, part.name))
    if left:
        raise Unshowable((*path, next(iter(left))))
    return tree


def _text(value: Any, path: Path, *, blank: bool = False) -> str:
    if not isinstance(value, str) or _UNWRITABLE.search(value) or value != value.strip():
        raise Unshowable(path)
    if not value and not blank:
        raise Unshowable(path)
    return value


# ------------------------------------------------------------------------------------ form to document


def said(node: Node, tree: Tree, place: str = "") -> tuple[Any, tuple[Trouble, ...]]:
    """The value that a document has for what a form holds, or ABSENT; and what cannot be said."""
    troubles: list[Trouble] = []
    return _said(node, tree, place, troubles), tuple(troubles)


def _said(node: Node, tree: Tree, place: str, troubles: list[Trouble]) -> Any:
    match node:
        case Leaf():
            return _said_leaf(node, tree, place, troubles)
        case Ticks():
            return list(tree) or ABSENT
        case Group():
            return _said_group(node, tree, place, troubles)
        case Many():
            found = (_said(node.item, row, under(place, n), troubles) for n, row in enumerate(tree))
            return [value for value in found if value is not ABSENT] or ABSENT
        case Table():
            return _said_table(node, tree, place, troubles)
    raise TypeError(node)


def _said_leaf(node: Leaf, tree: str, place: str, troubles: list[Trouble]) -> Any:
    text = tree.replace("\r\n", "\n").replace("\r", "\n")
    text = text if node.kind == "pattern" else text.strip()
    value: Any = text
    if node.kind == "flag":
        value = text == "yes"
    elif not text:
        return ABSENT
    elif node.kind == "number" and re.fullmatch(r"-?[0-9]{1,9}", text):
        value = int(text)
    elif node.kind == "json":
        try:
            value = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError):
            troubles.append(Trouble(place, _N("This is no JSON: look at quotes, commas and brackets.")))
    if value is None or value in ({}, []) or (type(value) is type(node.default) and value == node.default):
        return ABSENT
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refused(_name: str) -> Any:
    raise ValueError


def _said_group(node: Group, tree: Mapping[str, Tree], place: str, troubles: list[Trouble]) -> Any:
    found: dict[str, Any] = {}
    for part in node.parts:
        held = tree[part.name]
        if isinstance(part, Content):
            if path := held["path"].strip():
                found[held["kind"]] = path
            continue
        value = _said(part, held, under(place, part.name), troubles)
        if value is not ABSENT:
            found[part.name] = value
    return found or ABSENT


def _said_table(node: Table, tree: Sequence[Tree], place: str, troubles: list[Trouble]) -> Any:
    found: dict[str, Any] = {}
    for n, row in enumerate(tree):
        key, value = row["key"].strip(), _said(node.value, row["value"], under(place, n, "value"), troubles)
        if value is ABSENT:
            if not key or node.by_language or not isinstance(node.value, Leaf):
                continue
            value = ""
        if key in found:
            troubles.append(Trouble(under(place, n, "key"), _N("This is there twice: keep one of them.")))
        found[key] = value
    return found if found or node.always else ABSENT


# ------------------------------------------------------------------------------------ form to HTML and back


def under(place: str, *steps: str | int) -> str:
    """The name of a field below another."""
    return ".".join(str(step) for step in (place, *steps) if step != "")


def flat(node: Node, tree: Tree, place: str = "") -> Iterator[tuple[str, str]]:
    """Names and values of the form's fields, in their order; each row is announced by `<list>.rows`."""
    match node:
        case Leaf(kind="flag"):
            if tree:
                yield place, tree
        case Leaf():
            yield place, tree
        case Ticks():
            yield from ((place, value) for value in tree)
        case Content():
            yield under(place, "kind"), tree["kind"]
            yield under(place, "path"), tree["path"]
        case Group():
            for part in node.parts:
                yield from flat(part, tree[part.name], under(place, part.name))
        case Many():
            for n, row in enumerate(tree):
                yield under(place, "rows"), str(n)
                yield from flat(node.item, row, under(place, n))
        case Table():
            for n, row in enumerate(tree):
                yield under(place, "rows"), str(n)
                yield under(place, n, "key"), row["key"]
                yield from flat(node.value, row["value"], under(place, n, "value"))


def grown(node: Node, fields: Fields) -> Tree:
    """The tree of a form's fields: those that are missing are empty, those that are not the form's left."""
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name, []).append(value)
    return _grown(node, by_name, "")


def _grown(node: Node, sent: Mapping[str, list[str]], place: str) -> Tree:
    match node:
        case Leaf(kind="flag"):
            return "yes" if "yes" in sent.get(place, ()) else ""
        case Leaf():
            return sent.get(place, [empty(node)])[0]
        case Ticks():
            return tuple(value for value in sent.get(place, ()) if value)
        case Content():
            kind = sent.get(under(place, "kind"), [node.names[0]])[0]
            kind = kind if kind in node.names else node.names[0]
            return {"kind": kind, "path": sent.get(under(place, "path"), [""])[0]}
        case Group():
            return {part.name: _grown(part, sent, under(place, part.name)) for part in node.parts}
        case Many():
            return [_grown(node.item, sent, under(place, n)) for n in _rows(sent, place)]
        case Table():
            return [
                {
                    "key": sent.get(under(place, n, "key"), [""])[0],
                    "value": _grown(node.value, sent, under(place, n, "value")),
                }
                for n in _rows(sent, place)
            ]
    raise TypeError(node)


def _rows(sent: Mapping[str, list[str]], place: str) -> list[str]:
    return list(
        dict.fromkeys(n for n in sent.get(under(place, "rows"), ()) if re.fullmatch(r"[0-9]{1,6}", n))
    )


# ------------------------------------------------------------------------------------ rows, and where is what


def find(node: Node, tree: Tree, place: str) -> tuple[Node, Tree] | None:
    """The part of that name and what it holds; None where there is none."""
    for step in place.split(".") if place else ():
        match node:
            case Group():
                part = next((p for p in node.parts if p.name == step), None)
                if part is None:
                    return None
                node, tree = part, tree[step]
            case Many() if step.isdecimal() and int(step) < len(tree):
                node, tree = node.item, tree[int(step)]
            case Table() if step.isdecimal() and int(step) < len(tree):
                tree = tree[int(step)]
            case Table() if step == "value" and isinstance(tree, dict):
                node, tree = node.value, tree["value"]
            case _:
                return None
    return node, tree


def locate(node: Node, tree: Tree, path: Path, place: str = "") -> str:
    """The field that shows what stands at a path of the document, or the nearest part around it."""
    if not path:
        return place
    step, rest = path[0], path[1:]
    match node:
        case Group():
            for part in node.parts:
                if isinstance(part, Content) and step in part.names:
                    return under(place, part.name, "path")
                if part.name == step:
                    return locate(part, tree[part.name], rest, under(place, part.name))
        case Many():
            there = [n for n, row in enumerate(tree) if said(node.item, row)[0] is not ABSENT]
            if isinstance(step, int) and step < len(there):
                n = there[step]
                return locate(node.item, tree[n], rest, under(place, n))
        case Table():
            for n, row in enumerate(tree):
                if row["key"].strip() == str(step):
                    return locate(node.value, row["value"], rest, under(place, n, "value"))
    return place
