"""Two versions side by side: field by field, and as YAML line by line. Pure."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intermediary.console.mappings.words import LABELS
from intermediary.mapping import Document, Entry, Kind, Version, diff, render

_AROUND = 3
"""Unchanged lines shown around a change."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that differs; `old` and `new` as text, None where it was or is not there."""

    label: str
    """A message of the catalogue, or the field's own name."""
    path: str
    kind: Kind
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of both YAML texts; `kind`: same, changed, gap."""

    kind: str
    old: str | None = None
    new: str | None = None
    old_number: int | None = None
    new_number: int | None = None
    count: int = 0
    """Of a gap: how many lines are left out."""


def chosen(entry: Entry, known: Sequence[Version], old: int | None, new: int | None) -> tuple[int, int]:
    """Which two versions to compare (0: none): by default the pending one against what is in force.

    Without a pending version: the newest against the one before it.
    """
    now = entry.in_force.number if entry.in_force else 0
    if new is None:
        new = entry.pending.number if entry.pending else known[0].number
    if old is None:
        old = now if now not in (0, new) else before(known, new)
    return old, new


def before(known: Sequence[Version], number: int) -> int:
    """The version that one was made of, else the one before it, else 0."""
    this = next((v for v in known if v.number == number), None)
    if this is not None and this.based_on is not None and this.based_on != number:
        return this.based_on
    return max((v.number for v in known if v.number < number), default=0)


def changes(old: Document, new: Document) -> tuple[Changed, ...]:
    """What differs, in the order of the new document."""
    return tuple(
        Changed(
            LABELS.get(str(d.path[0]), str(d.path[0])),
            _path(d.path),
            d.kind,
            None if d.kind is Kind.ADDED else _said(d.old),
            None if d.kind is Kind.REMOVED else _said(d.new),
        )
        for d in diff(old, new)
    )


def unchanged(old: Document, new: Document) -> tuple[Changed, ...]:
    """The fields that say the same in both."""
    return tuple(
        Changed(LABELS.get(name, name), name, Kind.CHANGED, _said(said), _said(said))
        for name, said in new.items()
        if name in old and not diff({name: old[name]}, {name: said})
    )


def lines(old: Document, new: Document) -> tuple[Line, ...]:
    """Both as YAML, line beside line; long stretches without a difference are left out."""
    left = render(old).splitlines() if old else []
    right = render(new).splitlines() if new else []
    found: list[Line] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, left, right, False).get_opcodes():
        if tag == "equal":
            found += [
                Line("same", left[i1 + n], right[j1 + n], i1 + n + 1, j1 + n + 1) for n in range(i2 - i1)
            ]
            continue
        for n in range(max(i2 - i1, j2 - j1)):
            i, j = i1 + n, j1 + n
            found.append(
                Line(
                    "changed",
                    left[i] if i < i2 else None,
                    right[j] if j < j2 else None,
                    i + 1 if i < i2 else None,
                    j + 1 if j < j2 else None,
                )
            )
    return tuple(_folded(found))


def _folded(found: Sequence[Line]) -> list[Line]:
    near = [
        any(line.kind == "changed" for line in found[max(0, n - _AROUND) : n + _AROUND + 1])
        for n in range(len(found))
    ]
    kept: list[Line] = []
    skipped = 0
    for line, keep in zip(found, near, strict=True):
        if keep:
            if skipped:
                kept.append(Line("gap", count=skipped))
                skipped = 0
            kept.append(line)
        else:
            skipped += 1
    return [*kept, Line("gap", count=skipped)] if skipped else kept


def _path(path: Sequence[str | int]) -> str:
    """As a person counts: from 1."""
    return " › ".join(str(step + 1) if isinstance(step, int) else step for step in path)


def _said(value: Any) -> str:
    if isinstance(value, dict | list):
        return render(value).rstrip() if value else "–"  # type: ignore[arg-type]
    return "–" if value is None or value == "" else str(value)
