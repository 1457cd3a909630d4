"""The life of a version: its states, who may do what, and which version counts on a day. Pure.

An entry (`evidence/<key>`, `provider/<key>`, `platform`, `references`) has versions 1, 2, 3 …; what a version
says never changes, only its state does, and each change of it is a step that stays.

    draft ──submit──▶ in review ──approve──▶ approved ──go live──▶ live ──retire, or a newer one──▶ retired
      ▲                  │                      │
      └──────reject──────┴──────────────────────┘        any of the first three may be retired, too
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    IN_REVIEW = "in-review"
    APPROVED = "approved"
    LIVE = "live"
    """In force on the days of its validity, so far as no newer one took them."""
    RETIRED = "retired"


class Action(StrEnum):
    """What somebody did."""

    DRAFT = "draft"
    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    GO_LIVE = "go-live"
    RETIRE = "retire"
    ROLL_BACK = "roll-back"
    ADOPT = "adopt"
    """The first set of an empty store: there is nobody yet who could review it."""


Ref = tuple[str, int]
"""Entry and number: one version."""
PENDING = (State.DRAFT, State.IN_REVIEW, State.APPROVED)
"""An entry has at most one version in these states."""
SOURCES: dict[Action, tuple[State, ...]] = {
    Action.SUBMIT: (State.DRAFT,),
    Action.APPROVE: (State.IN_REVIEW,),
    Action.REJECT: (State.IN_REVIEW, State.APPROVED),
    Action.GO_LIVE: (State.APPROVED,),
    Action.RETIRE: (*PENDING, State.LIVE),
}
TARGETS = {
    Action.SUBMIT: State.IN_REVIEW,
    Action.APPROVE: State.APPROVED,
    Action.REJECT: State.DRAFT,
    Action.GO_LIVE: State.LIVE,
    Action.RETIRE: State.RETIRED,
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an entry, without what it says (`MappingStore.document`)."""

    entry: str
    number: int
    state: State
    authors: tuple[str, ...]
    """Who drafted it, and before them who drafted what it replaced in review: none of them may approve it."""
    reason: str
    drafted_at: datetime
    valid_from: date | None = None
    valid_until: date | None = None
    """First and last day; None: without end."""
    based_on: int | None = None
    reviewer: str | None = None
    """Who approved it; of a version that was rolled back to, who approved the one that it repeats."""
    published: int | None = None
    """The revision of the store with which it went live; None: never."""
    published_at: datetime | None = None
    changed_at: datetime | None = None
    """Its last step."""

    @property
    def author(self) -> str:
        """Who made this version."""
        return self.authors[-1]

    @property
    def ref(self) -> tuple[str, int]:
        """Entry and number: how actions name it."""
        return self.entry, self.number


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a version's state: who, when, why, and by which way (`via`) it came in."""

    change: int
    action: Action
    entry: str
    version: int
    state: State
    actor: str
    reason: str
    at: datetime
    via: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is about to be written: who does what, and why."""

    action: Action
    actor: str
    reason: str
    at: datetime
    via: str


@dataclass(frozen=True, slots=True)
class Period:
    """The days (both inclusive) on which a version is in force."""

    first: date
    last: date
    version: int


def periods(live: Iterable[Version]) -> tuple[Period, ...]:
    """When each of an entry's live versions is in force; never two on one day.

    Given in the order in which they went live: a newer one ends those that began before it on the day before
    its first, and takes the place of those that begin within its own days.
    """
    found: list[Period] = []
    for version in live:
        first, last = version.valid_from or date.min, version.valid_until or date.max
        found = [cut for period in found if (cut := _cut(period, first, last)) is not None]
        found.append(Period(first, last, version.number))
    return tuple(sorted(found, key=lambda period: period.first))


def _cut(period: Period, first: date, last: date) -> Period | None:
    if period.first > last:
        return period
    if period.first >= first:
        return None
    return Period(period.first, min(period.last, first - timedelta(days=1)), period.version)


def counts(found: Sequence[Period], day: date) -> int:
    """The version that counts on a day: in force then, else the next to come, else the last that was."""
    for period in found:
        if day <= period.last:
            return period.version
    return found[-1].version


def in_force(found: Sequence[Period], day: date) -> int | None:
    """The version in force on a day, or None."""
    return next((p.version for p in found if p.first <= day <= p.last), None)


def taken(live: Sequence[Version], newcomer: Version) -> tuple[Version, ...]:
    """The live versions that would never be in force again once `newcomer` goes live."""
    left = {period.version for period in periods((*live, newcomer))}
    return tuple(version for version in live if version.number not in left)


def over(live: Sequence[Version], today: date) -> tuple[Version, ...]:
    """The live versions whose last day is past, or whose time a newer one took."""
    ahead = {period.version for period in periods(live) if period.last >= today}
    return tuple(version for version in live if version.number not in ahead)


def current(known: Iterable[Version], today: date) -> tuple[Version, ...]:
    """The versions of an entry that are in force or may still come into force."""
    live = sorted((v for v in known if v.state is State.LIVE), key=lambda v: (v.published or 0, v.number))
    gone = over(live, today)
    return tuple(v for v in known if v.state in PENDING or (v.state is State.LIVE and v not in gone))


def turns(found: Sequence[Period]) -> set[date]:
    """The days on which another version begins to count."""
    return {p.last + timedelta(days=1) for p in found[:-1] if p.last < date.max}


def same_person(one: str, other: str) -> bool:
    """True where two names are one but for case, spaces and Unicode form."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def days_of(said: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """The validity that a document names; what is no date is None, and refused when it is handed in."""

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(said.get(name) or "")
        except (TypeError, ValueError):
            return None

    return day("valid_from"), day("valid_until")
