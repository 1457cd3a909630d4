"""Finds exchanges among millions: by place in the list, by any id, by a person's blind values.

Lists are walked by the key of their last row, never by offset. `ix_exchange_newest` and `ix_exchange_failed`
give the order; further filters are read along it, so a rare value in a long time is slow: narrow the time.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, Table, and_, func, or_, select, text
from sqlalchemy.engine import Connection, Row
from sqlmodel import SQLModel

from intermediary.exchange.model import Direction, Event, Fact, MessageState, Outcome, State
from intermediary.exchange.records import Carried, Listed, Record, TurnedAway, Wanted, Worries
from intermediary.exchange.transcripts import Kind, Transcript, unpack
from intermediary.store.ledger import chain
from intermediary.store.tables import (
    FAILED,
    EventRow,
    ExchangeRow,
    MessageRow,
    PersonRow,
    TranscriptRow,
)

PLATFORM = "platform"
MOST = 1000
"""What is counted."""
LOOKED_AT = 25
"""Exchanges that ended last whose chain is checked each time; `intermediary exchanges verify` checks all."""
_EXCHANGES, _MESSAGES, _EVENTS, _TRANSCRIPTS, _PERSONS = (
    SQLModel.metadata.tables[row.__tablename__]
    for row in (ExchangeRow, MessageRow, EventRow, TranscriptRow, PersonRow)
)
_NAMES = (
    *("id", "conversation_id", "request_id", "second_request_id", "edm_exchange_id"),
    "national_request_id",
)
"""Columns that an id may be in; each has an index."""


class ExchangeRecords:
    """Implements exchange.records.Records; never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self, wanted: Wanted, before: tuple[datetime, str] | None, size: int
    ) -> tuple[tuple[Listed, ...], bool]:
        """The newest that are older than a place in the list, newest first; whether there are more."""
        created = _EXCHANGES.c.created_at
        where: list[Any] = [_EXCHANGES.c[name] == value for name, value in _equal(wanted) if value]
        if wanted.failed:
            where.append(text(FAILED))
        if wanted.fact is not None:
            happened = select(_EVENTS.c.stream).where(_EVENTS.c.fact == wanted.fact)
            if wanted.since is not None:
                happened = happened.where(_EVENTS.c.at >= wanted.since)
            where.append(_EXCHANGES.c.id.in_(happened))
        elif wanted.since is not None:
            where.append(created >= wanted.since)
        if wanted.until is not None:
            where.append(created < wanted.until)
        if before is not None:
            at, last = before
            # The first half is what an index is searched by, on either database.
            where.append(and_(created <= at, or_(created < at, _EXCHANGES.c.id < last)))
        return self._listed(_newest().where(*where), size)

    def named(self, name: str) -> tuple[Listed, ...]:
        """Those that an id of any kind belongs to."""
        bare = name.removeprefix("urn:uuid:")
        forms = tuple(dict.fromkeys((name, bare, f"urn:uuid:{bare}")))
        ids = [select(_EXCHANGES.c.id).where(_EXCHANGES.c[column].in_(forms)) for column in _NAMES]
        of_message = select(_MESSAGES.c.exchange_id).where(
            _MESSAGES.c.message_id == name, _MESSAGES.c.exchange_id.is_not(None)
        )
        with self._connection() as connection:
            found = {row[0] for each in (*ids, of_message) for row in connection.execute(each.limit(MOST))}
        if not found:
            return ()
        return self._listed(_newest().where(_EXCHANGES.c.id.in_(found)), 50)[0]

    def of_persons(self, values: Sequence[bytes], size: int) -> tuple[tuple[Listed, ...], bool]:
        """The newest of persons with any of these values of the blind index; whether there are more."""
        if not values:
            return (), False
        of = select(_PERSONS.c.exchange_id).where(_PERSONS.c.value.in_(tuple(values)))
        return self._listed(_newest().where(_EXCHANGES.c.id.in_(of)), size)

    def record(self, exchange_id: str) -> Record | None:
        """One exchange; None where there is none of that id."""
        with self._connection() as connection:
            row = connection.execute(select(*_COLUMNS).where(_EXCHANGES.c.id == exchange_id)).one_or_none()
            if row is None:
                return None
            events, intact = _story(connection, exchange_id)
            of = _MESSAGES.c.exchange_id == exchange_id
            carried = connection.execute(select(*_CARRIED).where(of).order_by(_MESSAGES.c.at)).all()
            told = select(_TRANSCRIPTS).where(_TRANSCRIPTS.c.exchange_id == exchange_id)
            transcripts = connection.execute(told.order_by(_TRANSCRIPTS.c.number)).all()
        return Record(
            _one(row),
            events,
            intact,
            tuple(_message(each) for each in carried),
            tuple(
                Transcript(t.exchange_id, Kind(t.kind), t.at, t.message_id, unpack(t.content))
                for t in transcripts
            ),
        )

    def turned_away(
        self, before: int | None, size: int, message_id: str = ""
    ) -> tuple[tuple[TurnedAway, ...], bool]:
        """The newest messages of no exchange with lower numbers, newest first; whether there are more."""
        statement = select(_EVENTS).where(
            _EVENTS.c.fact == Fact.MESSAGE_REFUSED, _EVENTS.c.stream == PLATFORM
        )
        if before is not None:
            statement = statement.where(_EVENTS.c.number < before)
        if message_id:
            statement = statement.where(_EVENTS.c.data["message_id"].as_string() == message_id)
        with self._connection() as connection:
            rows = connection.execute(statement.order_by(_EVENTS.c.number.desc()).limit(size + 1)).all()
        said = ("code", "reason", "message_id", "partner")
        found = (TurnedAway(r.number, r.at, *(r.data.get(name, "") for name in said)) for r in rows[:size])
        return tuple(found), len(rows) > size

    def worries(self, since: datetime) -> Worries:
        """What somebody should look at."""
        failed = select(_EXCHANGES.c.id).where(_EXCHANGES.c.created_at >= since, text(FAILED))

        def of(fact: Fact) -> Select[Any]:
            return select(_EVENTS.c.number).where(_EVENTS.c.fact == fact, _EVENTS.c.at >= since)

        ended = (
            select(_EXCHANGES.c.id)
            .where(text("state = 'closed'"))
            .order_by(_EXCHANGES.c.updated_at.desc())
            .limit(LOOKED_AT)
        )
        with self._connection() as connection:

            def count(some: Select[Any]) -> int:
                few = some.limit(MOST).subquery()
                return connection.execute(select(func.count()).select_from(few)).scalar_one()

            newest = connection.execute(ended).scalars().all()
            changed = tuple(each for each in newest if not _story(connection, each)[1])
            return Worries(
                count(failed),
                count(of(Fact.DELIVERY_GIVEN_UP)),
                count(of(Fact.STEP_FAILED)),
                changed,
            )

    def _listed(self, statement: Select[Any], size: int) -> tuple[tuple[Listed, ...], bool]:
        with self._connection() as connection:
            rows = connection.execute(statement.limit(size + 1)).all()
        return tuple(_one(row) for row in rows[:size]), len(rows) > size

    def _connection(self) -> Connection:
        return self._engine.execution_options(reading=True).connect()


def _columns(table: Table, value: type[Any], *left_out: str) -> list[Any]:
    return [table.c[f.name] for f in fields(value) if f.name not in left_out]


_COLUMNS = _columns(_EXCHANGES, Listed)
_CARRIED = [*_columns(_MESSAGES, Carried, "kept"), _MESSAGES.c.key.is_not(None).label("kept")]


def _newest() -> Select[Any]:
    return select(*_COLUMNS).order_by(_EXCHANGES.c.created_at.desc(), _EXCHANGES.c.id.desc())


def _equal(wanted: Wanted) -> tuple[tuple[str, str | None], ...]:
    return (
        ("state", wanted.state),
        ("outcome", wanted.outcome),
        ("pmode_id", wanted.partner),
        ("procedure", wanted.procedure),
        ("evidence_type", wanted.evidence_type),
        ("provider_key", wanted.provider),
    )


def _one(row: Row[Any]) -> Listed:
    values = dict(row._mapping)
    outcome = values["outcome"]
    values |= {"state": State(values["state"]), "outcome": None if outcome is None else Outcome(outcome)}
    return Listed(**values)


def _message(row: Row[Any]) -> Carried:
    values = dict(row._mapping)
    values |= {
        "direction": Direction(values["direction"]),
        "state": MessageState(values["state"]),
        "kept": bool(values["kept"]),
    }
    return Carried(**values)


def _story(connection: Connection, stream: str) -> tuple[tuple[Event, ...], bool]:
    rows = connection.execute(select(_EVENTS).where(_EVENTS.c.stream == stream).order_by(_EVENTS.c.number))
    events, digest, intact = [], "", True
    for row in rows:
        event = Event(Fact(row.fact), row.at, tuple(row.data.items()))
        digest = chain(digest, stream, event)
        intact = intact and digest == row.digest
        events.append(event)
    return tuple(events), intact
