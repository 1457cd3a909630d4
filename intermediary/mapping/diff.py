"""What differs between two versions of a document, field by field. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from intermediary.mapping.documents import Document
from intermediary.mapping.rulebook import Path


class Kind(StrEnum):
    """What happened to a field."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs. A number in `path` counts from 0 in the new list, of REMOVED in the old."""

    path: Path
    kind: Kind
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        where = ".".join(str(step) for step in self.path)
        match self.kind:
            case Kind.ADDED:
                return f"+ {where}: {self.new}"
            case Kind.REMOVED:
                return f"- {where}: {self.old}"
            case Kind.CHANGED:
                return f"~ {where}: {self.old} → {self.new}"


def diff(old: Document | None, new: Document | None) -> tuple[Difference, ...]:
    """From one document to another, in the order of the new one's fields; None: there is none.

    Lists are compared by content, so that an item put in between is one difference and not many.
    """
    return tuple(_maps(old or {}, new or {}, ()))


def _maps(old: dict[str, Any], new: dict[str, Any], path: Path) -> Iterator[Difference]:
    for name in [*new, *(name for name in old if name not in new)]:
        here = (*path, name)
        if name not in old:
            yield Difference(here, Kind.ADDED, new=new[name])
        elif name not in new:
            yield Difference(here, Kind.REMOVED, old=old[name])
        else:
            yield from _values(old[name], new[name], here)


def _values(old: Any, new: Any, path: Path) -> Iterator[Difference]:
    if type(old) is type(new) and old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _maps(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    else:
        yield Difference(path, Kind.CHANGED, old, new)


def _lists(old: list[Any], new: list[Any], path: Path) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, [_name(item) for item in old], [_name(item) for item in new], False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        both = min(i2 - i1, j2 - j1) if tag in ("equal", "replace") else 0
        for n in range(both):
            yield from _values(old[i1 + n], new[j1 + n], (*path, j1 + n))
        for i in range(i1 + both, i2):
            yield Difference((*path, i), Kind.REMOVED, old=old[i])
        for j in range(j1 + both, j2):
            yield Difference((*path, j), Kind.ADDED, new=new[j])


def _name(item: Any) -> str:
    """What an item of a list is known by: its key where it has one, else all that it says."""
    return f"key {item['key']}" if isinstance(item, dict) and "key" in item else repr(item)
