"""Stories of exchanges, read from the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from intermediary.exchange.model import Event, Fact
from intermediary.store.ledger import chain
from intermediary.store.tables import EventRow, ExchangeRow, MessageRow

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
    mapping_version: int | None
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

    def page(
        self, stream: str, number: int, size: int = 50, actor: str = ""
    ) -> tuple[tuple[Event, ...], int]:
        """One page (from 1) of a stream's events, newest first, and how many pages there are.

        `actor` keeps what that operator did.
        """
        wanted = [col(EventRow.stream) == stream]
        if actor:
            wanted.append(col(EventRow.data)["actor"].as_string() == actor)
        with self._session() as session:
            count = session.execute(select(func.count()).select_from(EventRow).where(*wanted)).scalar_one()
            rows = session.execute(
                select(EventRow)
                .where(*wanted)
                .order_by(col(EventRow.number).desc())
                .limit(size)
                .offset((number - 1) * size)
            )
            return tuple(_event(row) for row in rows.scalars()), max(1, -(-count // size))

    def intact(self, stream: str) -> bool:
        """The stream's chain of digests holds: nobody changed or removed an entry."""
        with self._session() as session:
            return _events(session, stream)[1]

    def traffic(self, since: datetime) -> dict[str, tuple[int, datetime]]:
        """Of each partner (P-Mode id) the number of exchanges since then, and when the last message went."""
        counts = (
            select(col(ExchangeRow.pmode_id), func.count())
            .where(col(ExchangeRow.created_at) >= since)
            .group_by(col(ExchangeRow.pmode_id))
        )
        last = select(col(MessageRow.pmode_id), func.max(col(MessageRow.at))).group_by(
            col(MessageRow.pmode_id)
        )
        with self._session() as session:
            exchanges = {row[0]: int(row[1]) for row in session.execute(counts)}
            return {pmode: (exchanges.get(pmode, 0), at) for pmode, at in session.execute(last)}

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
        mapping_version=row.mapping_version,
        provider=row.provider_key,
        conversation_id=row.conversation_id,
        request_message_id=row.request_message_id,
        second_request_id=row.second_request_id,
    )
