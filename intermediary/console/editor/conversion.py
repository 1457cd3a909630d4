"""From a document to what a form holds, and back: the same document again. Pure.

tree = shown(part, document)              # raises Unshowable
document, troubles = said(part, tree)
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from intermediary.console.editor.nodes import (
    ABSENT,
    Content,
    Group,
    Leaf,
    Many,
    Node,
    Path,
    Table,
    Ticks,
    Tree,
    Trouble,
    Unshowable,
    empty,
    under,
)
from intermediary.console.pages import _N

_UNWRITABLE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff]")
"""What a browser changes or nobody can type."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


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
