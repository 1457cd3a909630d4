"""Recurring duties of the house, and what they need from the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from intermediary.exchange.errors import SettingsInvalid
from intermediary.exchange.model import Event

JOURNALS = ("platform", "operators")
"""Streams of the log that belong to no exchange and would grow for ever. What happened to mappings is not
among them: it is read as long as there are mappings."""
TWELVE_MONTHS = timedelta(days=366)
"""Of any year (Implementing Regulation (EU) 2022/1463, Art. 17)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is over is kept. Raises SettingsInvalid below twelve months.

    Also how long a MessageId is recognised: far longer than any partner repeats a message (AS4 duplicate
    detection).
    """

    exchanges: timedelta = TWELVE_MONTHS
    """Exchanges from their end on: with messages, receipts, digests and events."""
    platform: timedelta = TWELVE_MONTHS
    """Entries of the platform's journals: messages refused, tests, purges; what operators did."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) < TWELVE_MONTHS:
                raise SettingsInvalid(
                    f"retention.{name} must be at least {TWELVE_MONTHS.days} days: the log is kept for "
                    "twelve months (Implementing Regulation (EU) 2022/1463, Art. 17)"
                )


@dataclass(frozen=True, slots=True)
class Purged:
    """How much a batch removed; false where nothing."""

    exchanges: int = 0
    messages: int = 0
    events: int = 0

    def __bool__(self) -> bool:
        return bool(self.exchanges or self.messages or self.events)

    def __add__(self, other: "Purged") -> "Purged":
        return Purged(
            self.exchanges + other.exchanges, self.messages + other.messages, self.events + other.events
        )


class Housekeeping(Protocol):
    """Duties as rows with due time and lease, and what retention removes (store)."""

    def appoint(self, duties: Mapping[str, timedelta], now: datetime) -> bool:
        """See that each duty has its row, none further ahead than its period; True where one is due."""

    def claim(
        self, duties: Mapping[str, timedelta], owner: str, now: datetime, until: datetime
    ) -> str | None:
        """Lease the one that is due longest; its name, or None."""

    def ran_at(self, name: str) -> datetime | None:
        """When it was last the turn of a duty; None: never."""

    def ran(self, name: str, owner: str, now: datetime, due_at: datetime) -> None:
        """Its turn is over, if the lease still is this owner's."""

    def log(self, *events: Event) -> None:
        """Append to the log of the platform."""

    def purge(self, before: datetime, most: int, now: datetime) -> Purged:
        """Remove at most so many exchanges that ended before a time, and as many messages of none."""

    def cut(self, journal: str, before: datetime, most: int, now: datetime) -> Purged:
        """Remove at most so many of the oldest entries of a journal that are older than a time."""


@dataclass(frozen=True, slots=True)
class Duty:
    """Something to be done again and again, by whichever worker comes first."""

    name: str
    every: timedelta
    do: Callable[[datetime], bool]
    """One bounded piece of it, which may be repeated; True where more is left."""
