"""What is checked and made when versions are changed: names, states, rules, the next version. Pure."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from intermediary.mapping import documents, files, life
from intermediary.mapping import rulebook as book
from intermediary.mapping.documents import Document
from intermediary.mapping.errors import MappingConflict, MappingInvalid, MappingMissing
from intermediary.mapping.life import PENDING, Action, Change, State, Version, days_of
from intermediary.mapping.model import LintFinding
from intermediary.mapping.rulebook import Rule
from intermediary.mapping.shelf import Shelf

_LIMIT = 1 << 20
"""Bytes of a document as JSON."""


def new(
    entry: str,
    number: int,
    said: Document,
    change: Change,
    *,
    before: Iterable[str] = (),
    based_on: int | None = None,
) -> Version:
    """A version that the actor of a change makes; `before`: who else wrote what it is made of."""
    first, last = days_of(said)
    others = (author for author in before if not life.same_person(author, change.actor))
    authors = (*dict.fromkeys(others), change.actor)
    return Version(
        entry, number, State.DRAFT, authors, change.reason, change.at, first, last, based_on=based_on
    )


def unkept(entry: str, said: Document) -> Version:
    """A version that is only thought of; its number is 0."""
    first, last = days_of(said)
    return Version(entry, 0, State.DRAFT, ("",), "", datetime.min, first, last)


def draft(
    known: Sequence[Version], entry: str, said: Document, change: Change, based_on: int | None
) -> tuple[Version, list[tuple[Version, State]]]:
    """The next version of an entry, and the steps that make it a draft in place of the pending one."""
    newest = known[-1].number if known else 0
    based_on = based_on or newest or None
    pending = [v for v in known if v.state in PENDING]
    # Whoever wrote what was never live, and so never reviewed, is an author of what is made of it.
    unseen = [v for v in known if v.state in PENDING or (v.number == based_on and v.published is None)]
    before = [author for v in unseen for author in v.authors]
    version = new(entry, newest + 1, said, change, before=before, based_on=based_on)
    return version, [*((v, State.RETIRED) for v in pending), (version, State.DRAFT)]


def before(known: Sequence[Version], day: date) -> Version:
    """The version that went live last before the one in force on a day. Raises MappingMissing."""
    published = sorted((v for v in known if v.published is not None), key=lambda v: (v.published, v.number))
    live = [v for v in published if v.state is State.LIVE]
    now = life.in_force(life.periods(live), day)
    for version in reversed(published):
        later = version.valid_from is not None and version.valid_from > day
        if version.number != now and not later:
            return version
    raise MappingMissing(f"Nothing of {known[-1].entry} was live before")


def check_state(action: Action, version: Version) -> None:
    """Raises MappingConflict where the action is not for a version in this state."""
    if version.state not in life.SOURCES[action]:
        wanted = " or ".join(life.SOURCES[action])
        raise MappingConflict(
            f"{version.entry} version {version.number} is {version.state}, not {wanted}; look at it again"
        )


def check_name(entry: str) -> None:
    """Raises MappingInvalid."""
    if not documents.is_entry(entry):
        raise MappingInvalid((finding(entry, book.STORE_ENTRY, entry=entry),))


def readable(entry: str, document: Any) -> Document:
    """The document as JSON keeps it. Raises MappingInvalid."""
    try:
        text = json.dumps(document, allow_nan=False)
    except (TypeError, ValueError):
        text = ""
    if not isinstance(document, dict) or not text or len(text) > _LIMIT:
        raise MappingInvalid((finding(entry, book.STORE_DOCUMENT),))
    plain: Document = json.loads(text)
    return plain


def refuse_errors(before: Shelf, after: Shelf, today: date, entries: Iterable[str]) -> None:
    """Errors of these entries, and of others where they were not there before, refuse the change."""
    named = set(entries)
    errors = after.errors(today)
    if any(p.entry not in named for p in errors):
        old = before.errors(today)
        errors = frozenset(p for p in errors if p.entry in named or p not in old)
    if errors:
        ordered = sorted(errors, key=lambda p: (p.entry, [str(step) for step in p.path], p.text))
        raise MappingInvalid(tuple(map(files.finding_of, ordered)))


def overtaken(entry: str, known: Sequence[Version], expected: int) -> str:
    """What to tell somebody who did not see the newest version."""
    if not known:
        return f"There is no entry {entry} (any more); draft it as a new one (expected: 0)"
    newest = known[-1]
    return (
        f"{entry} has version {newest.number}, by {newest.author} at {newest.drafted_at:%Y-%m-%d %H:%M} UTC; "
        f"you saw version {expected}. Look at the difference and draft again on top of it"
    )


def finding(place: str, rule: Rule, /, **values: str) -> LintFinding:
    """A breach that has no file."""
    p = rule.at(place, (), **values)
    return LintFinding(p.severity, place, 0, p.text, p.remedy, place, (), rule.id, p.values)
