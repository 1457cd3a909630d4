"""Stories of exchanges, read from the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from intermediary.exchange.model import Event, Fact
from intermediary.store.ledger import chain
from intermediary.store.tables import EventRow, ExchangeRow

PLATFORM = "platform"
"""The stream of events that belong to no exchange (refused messages, test messages)."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One exchange in a list."""

    id: str
    created_at: datetime
    state: str
    outcome: str | None
    edm_version: str
    partner: str
    procedure: str
    evidence_type: str
    mapping: str | None
    provider: str | None
    conversation_id: str
    request_message_id: str
    second_request_id: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """One exchange with all its events; `intact` tells whether the chain of digests holds."""

    summary: Summary
    events: tuple[Event, ...]
    intact: bool


class AuditLog:
    """Reads the log; never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def exchanges(self, limit: int = 50) -> tuple[Summary, ...]:
        """The newest exchanges, newest first."""
        statement = select(ExchangeRow).order_by(col(ExchangeRow.created_at).desc()).limit(limit)
        with self._session() as session:
            return tuple(_summary(row) for row in session.execute(statement).scalars())

    def story(self, exchange_id: str) -> Story | None:
        """One exchange by its id or a beginning of it that fits only one; None otherwise."""
        fits = col(ExchangeRow.id).startswith(exchange_id, autoescape=True)
        with self._session() as session:
            rows = session.execute(select(ExchangeRow).where(fits).limit(2)).scalars().all()
            if len(rows) != 1:
                return None
            events, intact = _events(session, rows[0].id)
            return Story(_summary(rows[0]), events, intact)

    def platform(self, limit: int = 200) -> tuple[Event, ...]:
        """The newest events that belong to no exchange, oldest first."""
        statement = (
            select(EventRow)
            .where(col(EventRow.stream) == PLATFORM)
            .order_by(col(EventRow.number).desc())
            .limit(limit)
        )
        with self._session() as session:
            rows = session.execute(statement).scalars().all()
            return tuple(_event(row) for row in reversed(rows))

    def broken_streams(self) -> tuple[str, ...]:
        """Streams whose chain of digests does not hold: somebody changed or removed an entry."""
        with self._session() as session:
            streams: Sequence[str] = session.execute(select(col(EventRow.stream)).distinct()).scalars().all()
            return tuple(stream for stream in streams if not _events(session, stream)[1])

    def _session(self) -> Session:
        return Session(self._engine.execution_options(reading=True))


def _events(session: Session, stream: str) -> tuple[tuple[Event, ...], bool]:
    statement = select(EventRow).where(col(EventRow.stream) == stream).order_by(col(EventRow.number))
    events, digest, intact = [], _anchor(session, stream), True
    for row in session.execute(statement).scalars():
        event = _event(row)
        digest = chain(digest, stream, event)
        intact = intact and digest == row.digest
        events.append(event)
    return tuple(events), intact


def _anchor(session: Session, stream: str) -> str:
    """Where the chain begins: empty, or the digest that the last cut of the stream has put into the log."""
    cut = (
        select(EventRow)
        .where(col(EventRow.stream) == stream, col(EventRow.fact) == Fact.LOG_CUT)
        .order_by(col(EventRow.number).desc())
        .limit(1)
    )
    last = session.execute(cut).scalar_one_or_none()
    return "" if last is None else last.data.get("anchor", "")


def _event(row: EventRow) -> Event:
    return Event(Fact(row.fact), row.at, tuple(row.data.items()))


def _summary(row: ExchangeRow) -> Summary:
    return Summary(
        id=row.id,
        created_at=row.created_at,
        state=row.state,
        outcome=row.outcome,
        edm_version=row.edm_version,
        partner=row.pmode_id,
        procedure=row.procedure,
        evidence_type=row.evidence_type,
        mapping=row.mapping_key,
        provider=row.provider_key,
        conversation_id=row.conversation_id,
        request_message_id=row.request_message_id,
        second_request_id=row.second_request_id,
    )
