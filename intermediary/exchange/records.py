"""What is told of exchanges to people who look after them: values without personal data. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from intermediary.exchange.model import Direction, Event, Fact, MessageState, Outcome, State
from intermediary.exchange.transcripts import Transcript

FAILED: Final = frozenset(
    {
        *(Outcome.FAILED, Outcome.INVALID, Outcome.PROVIDER_DOWN),
        *(Outcome.UNMAPPED, Outcome.UNRESOLVED, Outcome.UNSUPPORTED),
    }
)
"""Outcomes of exchanges that broke or were refused; not those where a person or an evidence was not found."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which exchanges to list; what is empty does not matter."""

    state: State | None = None
    outcome: Outcome | None = None
    partner: str = ""
    """P-Mode id."""
    procedure: str = ""
    evidence_type: str = ""
    provider: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    failed: bool = False
    fact: Fact | None = None
    """Only where this happened, since `since`; for facts that are rare."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One exchange; the fields are those of `exchange.model.Exchange` that hold no secret."""

    id: str
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    state: State
    outcome: Outcome | None
    outcome_rule: str | None
    pmode_id: str
    edm_version: str
    conversation_id: str
    request_message_id: str
    request_id: str
    second_request_id: str | None
    edm_exchange_id: str | None
    national_request_id: str
    answer_message_id: str
    requester_id: str
    requester_country: str | None
    procedure: str
    evidence_type: str
    mapping_key: str | None
    mapping_version: int | None
    provider_key: str | None
    preview_deadline: datetime | None
    available_at: datetime | None
    ask_until: datetime | None

    @property
    def failed(self) -> bool:
        """It broke, or was refused."""
        return self.outcome in FAILED

    @property
    def key(self) -> tuple[datetime, str]:
        """Its place in the list."""
        return self.created_at, self.id


@dataclass(frozen=True, slots=True)
class Carried:
    """One AS4 message of an exchange."""

    direction: Direction
    message_id: str
    state: MessageState
    at: datetime
    action: str
    ref_to_message_id: str | None
    attempts: int
    kept: bool
    """Its content is here, sealed."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that may be told of one exchange."""

    exchange: Listed
    events: tuple[Event, ...]
    intact: bool
    """The chain of the log holds: nobody changed or removed an entry."""
    carried: tuple[Carried, ...]
    transcripts: tuple[Transcript, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A message that belongs to no exchange: it was refused before one could begin."""

    number: int
    at: datetime
    code: str
    reason: str
    message_id: str
    partner: str


@dataclass(frozen=True, slots=True)
class Worries:
    """What happened since a time that somebody should look at; counted up to a thousand."""

    failed: int = 0
    given_up: int = 0
    """Messages that never arrived."""
    broken: int = 0
    """Steps and duties that broke."""
    changed: tuple[str, ...] = ()
    """Exchanges, of those that ended last, whose log was changed afterwards."""


class Records(Protocol):
    """Finds exchanges (audit)."""

    def page(
        self, wanted: Wanted, before: tuple[datetime, str] | None, size: int
    ) -> tuple[tuple[Listed, ...], bool]:
        """The newest that are older than a place in the list, newest first; whether there are more."""

    def named(self, name: str) -> tuple[Listed, ...]:
        """Those that an id of any kind belongs to: exchange, conversation, message, request, provider's."""

    def of_persons(self, values: Sequence[bytes], size: int) -> tuple[tuple[Listed, ...], bool]:
        """The newest of persons with any of these values of the blind index; whether there are more."""

    def record(self, exchange_id: str) -> Record | None:
        """One exchange; None where there is none of that id."""

    def turned_away(
        self, before: int | None, size: int, message_id: str = ""
    ) -> tuple[tuple[TurnedAway, ...], bool]:
        """The newest messages of no exchange with lower numbers, newest first; whether there are more."""

    def worries(self, since: datetime) -> Worries:
        """What somebody should look at."""
