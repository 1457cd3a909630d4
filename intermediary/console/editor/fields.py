"""From what a form holds to the fields of an HTML form, and back; where in it something stands. Pure."""

import re
from collections.abc import Iterator, Mapping

from intermediary.console.editor.conversion import said
from intermediary.console.editor.nodes import (
    ABSENT,
    Content,
    Fields,
    Group,
    Leaf,
    Many,
    Node,
    Path,
    Table,
    Ticks,
    Tree,
    empty,
    under,
)


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
