"""What lint says of a store: of what is in force or follows, and of what is being made. Reads only."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from intermediary.mapping.errors import MappingInvalid, MappingMissing
from intermediary.mapping.files import finding_of
from intermediary.mapping.life import Ref
from intermediary.mapping.model import LintFinding, MappingSet
from intermediary.mapping.rulebook import Problem
from intermediary.mapping.store import MappingStore

More = Callable[[MappingSet], Iterable[Problem]]
"""What else is to be found of a set, beyond the rules: by a directory, by the network."""
_UNREADABLE = ("MAP-SCHEMA-", "MAP-REFERENCE-UNKNOWN", "MAP-REFERENCE-SEVERAL")


@dataclass(frozen=True, slots=True)
class Found:
    """A finding of the store."""

    finding: LintFinding
    state: str
    """`live`, or that of the pending version: `draft`, `in-review`, `approved`; `pending`: of several."""
    version: int | None
    """None where it is about no version, or about one that others would break."""


def nothing(_mapping_set: MappingSet) -> Iterable[Problem]:
    """The default of `more`."""
    return ()


def lint_store(store: MappingStore, day: date, more: More = nothing) -> tuple[Found, ...]:
    """Of what is in force or follows, then of what would be if all that is pending went live together.

    Errors before warnings, then by entry.
    """
    entries = store.entries(day)
    numbers = {e.name: (e.in_force or next(iter(e.scheduled), e.newest)).number for e in entries}
    found = [Found(f, "live", numbers.get(f.entry)) for f in _live(store, day, more)]
    pending = {e.name: e.pending for e in entries if e.pending is not None}
    for f in _pending(store, [v.ref for v in pending.values()], day, more):
        version = pending.get(f.entry)
        state = str(version.state) if version else "pending"
        found.append(Found(f, state, version.number if version else None))
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (f.finding.severity, f.finding.entry)))


def _live(store: MappingStore, day: date, more: More) -> tuple[LintFinding, ...]:
    try:
        found = store.standing_findings(day)
        return (*found, *map(finding_of, more(store.live(day))))
    except MappingInvalid as invalid:
        return invalid.findings
    except MappingMissing:
        return ()


def _pending(store: MappingStore, refs: list[Ref], day: date, more: More) -> tuple[LintFinding, ...]:
    found: list[LintFinding] = []
    while refs:
        together = store.findings(*refs, day=day)
        # One that cannot be read hides what there is to say of the others.
        unread = {f.entry for f in together if f.rule.startswith(_UNREADABLE)} & {name for name, _ in refs}
        if not unread:
            found += together
            named = {name for name, _ in refs}
            try:
                beyond = map(finding_of, more(store.would_be(*refs, day=day)))
                found += [f for f in beyond if f.entry in named]
            except MappingInvalid:
                pass  # something else than these cannot be read: `_live` says so
            break
        found += [f for f in together if f.entry in unread]
        refs = [ref for ref in refs if ref[0] not in unread]
    return tuple(found)
