"""What may be asked: filters of the list, the place in it, a person to look for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated

from fastapi import Query

from intermediary.console.pages import _N
from intermediary.exchange import persons
from intermediary.exchange.matching import foldings
from intermediary.exchange.model import Fact, Outcome, State
from intermediary.exchange.records import Listed, Wanted

PAGE = 50
NO_NUL = r"^[^\x00]*$"
"""Databases refuse it."""
PLACE = r"^\d{1,17}_[0-9A-Za-z._:-]{1,100}$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAME = Query(max_length=300, pattern=NO_NUL)
REASON_LEAST, REASON_MOST = 8, 300
"""Characters of a reason."""


class Trouble(StrEnum):
    """Rare events by which exchanges can be found."""

    DELIVERY_GIVEN_UP = Fact.DELIVERY_GIVEN_UP.value
    STEP_FAILED = Fact.STEP_FAILED.value
    OPERATOR_ACTED = Fact.OPERATOR_ACTED.value


@dataclass(frozen=True, slots=True)
class Filters:
    """The query of a list: GET parameters of page and API alike."""

    state: State | None = None
    outcome: Outcome | None = None
    partner: str = ""
    procedure: str = ""
    evidence_type: str = ""
    provider: str = ""
    since: date | None = None
    until: date | None = None
    failed: bool = False
    happened: Trouble | None = None

    def wanted(self, zone: tzinfo) -> Wanted:
        """Days are those of the zone; the last one is included."""
        return Wanted(
            self.state,
            self.outcome,
            self.partner,
            self.procedure,
            self.evidence_type,
            self.provider,
            _midnight(self.since, zone),
            None if self.until is None else _midnight(min(self.until, _LAST) + timedelta(days=1), zone),
            self.failed,
            None if self.happened is None else Fact(self.happened),
        )


_FIRST, _LAST = date(1970, 1, 2), date(2999, 12, 30)
"""What databases and zones can count with."""


def _midnight(day: date | None, zone: tzinfo) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(min(max(day, _FIRST), _LAST), time(), zone).astimezone(UTC)


def filters(  # noqa: PLR0917 - one for each query parameter
    state: Annotated[State | None, Query(description="Where the exchange stands")] = None,
    outcome: Annotated[Outcome | None, Query(description="How it ended")] = None,
    partner: Annotated[str, _NAME] = "",
    procedure: Annotated[str, _NAME] = "",
    evidence_type: Annotated[str, _NAME] = "",
    provider: Annotated[str, _NAME] = "",
    since: Annotated[date | None, Query(description="First day")] = None,
    until: Annotated[date | None, Query(description="Last day")] = None,
    failed: Annotated[bool, Query(description="Only what broke or was refused")] = False,
    happened: Annotated[
        Trouble | None, Query(description="Only where this happened, since the first day")
    ] = None,
) -> Filters:
    """Dependency: the filters of the query."""
    return Filters(
        state, outcome, partner, procedure, evidence_type, provider, since, until, failed, happened
    )


def from_form(sent: dict[str, str]) -> Filters:
    """The filters of a form, whose fields are there even if they are empty. What is unknown is left out."""

    def day(name: str) -> date | None:
        try:
            return date.fromisoformat(sent.get(name, ""))
        except ValueError:
            return None

    state, outcome, happened = (sent.get(name, "") for name in ("state", "outcome", "happened"))
    names = ("partner", "procedure", "evidence_type", "provider")
    partner, procedure, evidence_type, provider = (sent.get(name, "").strip()[:300] for name in names)
    return Filters(
        State(state) if state in set(State) else None,
        Outcome(outcome) if outcome in set(Outcome) else None,
        partner,
        procedure,
        evidence_type,
        provider,
        day("since"),
        day("until"),
        sent.get("failed", "") not in ("", "false", "0"),
        Trouble(happened) if happened in set(Trouble) else None,
    )


def place_of(listed: Listed) -> str:
    """The place of an exchange in the list, for an address."""
    at, exchange_id = listed.key
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}_{exchange_id}"


def place(text: str) -> tuple[datetime, str] | None:
    """What `place_of` wrote; None for anything else."""
    if not re.fullmatch(PLACE, text):
        return None
    micros, _, exchange_id = text.partition("_")
    return _EPOCH + timedelta(microseconds=min(int(micros), 32_000_000_000_000_000)), exchange_id


@dataclass(frozen=True, slots=True, repr=False)
class PersonSought:
    """A person as an auditor describes them, and why they are looked for."""

    identifier: str = ""
    family_name: str = ""
    date_of_birth: str = ""
    legal_identifier: str = ""
    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    """Field to message of the catalogue."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """Normalised, for the blind index."""
        by_name = persons.by_name_and_birth(self.family_name, self.date_of_birth)
        return (
            *persons.by_identifier(self.identifier),
            *(by_name if self.family_name else ()),
            *persons.by_legal_identifier(self.legal_identifier),
        )

    @property
    def by(self) -> str:
        """Which attributes were given, without their values."""
        ways = (
            ("identifier", self.identifier),
            ("name-and-birth", self.family_name),
            ("legal-identifier", self.legal_identifier),
        )
        return " ".join(name for name, value in ways if value)


def sought(given: dict[str, str]) -> PersonSought:
    """Read and check what was given."""
    names = ("identifier", "family_name", "date_of_birth", "legal_identifier", "reason")
    identifier, family_name, date_of_birth, legal_identifier, reason = (
        given.get(name, "").strip()[:300] for name in names
    )
    person = PersonSought(identifier, family_name, date_of_birth, legal_identifier, reason)
    errors: dict[str, str] = {}
    if family_name and not date_is_whole(date_of_birth):
        errors["date_of_birth"] = _N("Give the date of birth beside the family name.")
    elif date_of_birth and not family_name:
        errors["family_name"] = _N("Give the family name beside the date of birth.")
    elif not person.attributes:
        errors["identifier"] = _N("Give an identifier, or family name and date of birth.")
    wrong = reason_error(reason, [identifier, family_name, date_of_birth, legal_identifier])
    if wrong:
        errors["reason"] = wrong
    return replace(person, errors=errors)


def reason_error(reason: str, of_person: list[str]) -> str:
    """What is wrong with a reason, which goes into the log: empty where nothing."""
    if len(reason.strip()) < REASON_LEAST:
        return _N("Say why, in a few words; the reason is recorded.")
    if len(reason) > REASON_MOST:
        return _N("At most 300 characters.")
    said = foldings(reason)
    if any(len(f) > 2 and f in s for value in of_person if value for f in foldings(value) for s in said):
        return _N("The reason is recorded: leave out what belongs to the person; name the case file.")
    return ""


def date_is_whole(text: str) -> bool:
    """True for a date that there is."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
