"""The SQL of housekeeping: duties as rows with due time and lease, and what retention removes.

A batch is one transaction with its event in it. It locks exchanges that nobody else has locked, then the
stream `platform`: the ledger's order.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlmodel import SQLModel

from intermediary.exchange.duties import JOURNALS, Purged
from intermediary.exchange.model import Direction, Event, Fact, MessageState, event
from intermediary.store.engine import lock
from intermediary.store.ledger import chain
from intermediary.store.tables import (
    DocumentRow,
    DutyRow,
    EventRow,
    ExchangeRow,
    MessageRow,
    PersonRow,
    TranscriptRow,
)

PLATFORM = "platform"
_EXCHANGES, _MESSAGES, _DOCUMENTS, _EVENTS, _DUTIES = (
    SQLModel.metadata.tables[row.__tablename__]
    for row in (ExchangeRow, MessageRow, DocumentRow, EventRow, DutyRow)
)
_TRANSCRIPTS, _PERSONS = (SQLModel.metadata.tables[row.__tablename__] for row in (TranscriptRow, PersonRow))
_CLOSED = _EXCHANGES.c.state == literal_column("'closed'")  # as in the index, which a parameter would not use
_OPEN_MESSAGE = exists().where(_MESSAGES.c.exchange_id == _EXCHANGES.c.id, _MESSAGES.c.due_at.is_not(None))
Told = Callable[[str, Event], None]


class SqlHousekeeping:
    """Implements exchange.duties.Housekeeping; `told` hears of events once they are committed."""

    def __init__(
        self, engine: Engine, forget: Callable[[str], None], told: Told = lambda _stream, _event: None
    ) -> None:
        self._engine, self._forget, self._told = engine, forget, told
        self._reading = engine.execution_options(reading=True)

    def appoint(self, duties: Mapping[str, timedelta], now: datetime) -> bool:
        """See that each duty has its row, none further ahead than its period; True where one is due."""
        with self._reading.connect() as connection:
            found = {row.name: row for row in connection.execute(select(_DUTIES))}
        # A row further ahead was written by a clock that was wrong: it must not wait for it to come true.
        lost = [name for name, every in duties.items() if name in found and found[name].due_at > now + every]
        new = [name for name in duties if name not in found]
        if lost or new:
            with self._engine.begin() as connection:
                self._amend(connection, new, lost, now)
            return True
        return any(
            row.due_at <= now and (row.lease_until is None or row.lease_until <= now)
            for name, row in found.items()
            if name in duties
        )

    def _amend(self, connection: Connection, new: list[str], lost: list[str], now: datetime) -> None:
        lock(connection, "duties")  # of nodes that start at once, one inserts
        there = set(connection.execute(select(_DUTIES.c.name).where(_DUTIES.c.name.in_(new))).scalars())
        for name in new:
            if name not in there:
                connection.execute(insert(_DUTIES), {"name": name, "due_at": now})
        if lost:
            connection.execute(
                update(_DUTIES)
                .where(_DUTIES.c.name.in_(lost))
                .values(due_at=now, owner=None, lease_until=None)
            )

    def claim(
        self, duties: Mapping[str, timedelta], owner: str, now: datetime, until: datetime
    ) -> str | None:
        """Lease the duty that is due longest; its name, or None."""
        free = or_(_DUTIES.c.lease_until.is_(None), _DUTIES.c.lease_until <= now)
        due = (
            select(_DUTIES.c.name)
            .where(_DUTIES.c.name.in_(list(duties)), _DUTIES.c.due_at <= now, free)
            .order_by(_DUTIES.c.due_at, _DUTIES.c.name)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as connection:
            lease = update(_DUTIES).where(_DUTIES.c.name == due.scalar_subquery())
            claimed: str | None = connection.execute(
                lease.values(owner=owner, lease_until=until).returning(_DUTIES.c.name)
            ).scalar_one_or_none()
        return claimed

    def ran_at(self, name: str) -> datetime | None:
        """When it was last the turn of a duty."""
        with self._reading.connect() as connection:
            ran: datetime | None = connection.execute(
                select(_DUTIES.c.ran_at).where(_DUTIES.c.name == name)
            ).scalar_one_or_none()
        return ran

    def ran(self, name: str, owner: str, now: datetime, due_at: datetime) -> None:
        """Its turn is over, if the lease still is this owner's."""
        mine = and_(_DUTIES.c.name == name, _DUTIES.c.owner == owner)
        free = {"owner": None, "lease_until": None}
        with self._engine.begin() as connection:
            connection.execute(update(_DUTIES).where(mine).values(ran_at=now, due_at=due_at, **free))

    def log(self, *events: Event) -> None:
        """Append to the log of the platform."""
        with self._engine.begin() as connection:
            for each in events:
                _append(connection, PLATFORM, each)
        self._tell(events)

    def purge(self, before: datetime, most: int, now: datetime) -> Purged:
        """Remove at most so many exchanges that were closed before a time, with all that belongs to them.

        And messages that belong to none. Nothing that is open, or waits for a receipt, is touched.
        """
        with self._engine.begin() as connection:
            # Chosen again under the lock: another node may have removed it since.
            over = _over(before).order_by(_EXCHANGES.c.updated_at).limit(most)
            ids = connection.execute(over.with_for_update(skip_locked=True, of=_EXCHANGES)).scalars().all()
            stray = _stray(before).limit(most).with_for_update(skip_locked=True)
            items = connection.execute(stray).scalars().all()
            purged, blobs = _remove(connection, ids, items)
            events = () if not purged else (_purged(purged, now),)
            for each in events:
                _append(connection, PLATFORM, each)
        self._tell(events)
        for blob in blobs:
            self._forget(blob)
        return purged

    def cut(self, journal: str, before: datetime, most: int, now: datetime) -> Purged:
        """Remove at most so many of the oldest entries of a journal that are older than a time.

        The event that says so holds the digest of the last one removed, where the chain now begins.
        """
        entries = select(_EVENTS.c.number, _EVENTS.c.at, _EVENTS.c.digest).where(_EVENTS.c.stream == journal)
        with self._engine.begin() as connection:
            lock(connection, f"stream {journal}")
            old = []
            for entry in connection.execute(entries.order_by(_EVENTS.c.number).limit(most)):
                if entry.at >= before:
                    break
                old.append(entry)
            if not old:
                return Purged()
            last = old[-1]
            gone = and_(_EVENTS.c.stream == journal, _EVENTS.c.number <= last.number)
            connection.execute(delete(_EVENTS).where(gone))
            said = event(Fact.LOG_CUT, now, events=len(old), anchor=last.digest)
            # After the removal: the chain goes on from what is left, or from the anchor.
            _append(connection, journal, said, last.digest)
        self._told(journal, said)
        return Purged(events=len(old))

    def would_go(self, exchanges: datetime, platform: datetime) -> tuple[Purged, datetime | None]:
        """What `purge` and `cut` would remove by now, and since when the oldest of it is over."""
        over, stray = _over(exchanges).subquery(), _stray(exchanges).subquery()
        of_over = _MESSAGES.c.exchange_id.in_(select(over.c.id))
        statements = (
            select(func.count()).select_from(over),
            select(func.count()).select_from(_MESSAGES).where(of_over),
            select(func.count()).select_from(stray),
            select(func.count()).select_from(_EVENTS).where(_EVENTS.c.stream.in_(select(over.c.id))),
        )
        with self._reading.connect() as connection:
            closed, messages, strays, events = (connection.execute(s).scalar_one() for s in statements)
            for journal in JOURNALS:
                stream = _EVENTS.c.stream == journal
                first_kept = select(func.min(_EVENTS.c.number)).where(stream, _EVENTS.c.at >= platform)
                kept = connection.execute(first_kept).scalar_one_or_none()
                old = select(func.count()).where(stream)
                old = old if kept is None else old.where(_EVENTS.c.number < kept)
                events += connection.execute(old).scalar_one()
            oldest = connection.execute(_over(exchanges, func.min(_EXCHANGES.c.updated_at))).scalar_one()
        return Purged(closed, messages + strays, events), oldest

    def _tell(self, events: tuple[Event, ...]) -> None:
        for each in events:
            self._told(PLATFORM, each)


def _over(before: datetime, what: Any = _EXCHANGES.c.id) -> Select[Any]:
    return select(what).where(_CLOSED, _EXCHANGES.c.updated_at < before, ~_OPEN_MESSAGE)


def _stray(before: datetime) -> Select[Any]:
    """Messages that were turned away as no requests, and so began no exchange."""
    return select(_MESSAGES.c.item).where(
        _MESSAGES.c.exchange_id.is_(None),
        _MESSAGES.c.direction == Direction.IN,
        _MESSAGES.c.state == MessageState.HANDLED,
        _MESSAGES.c.due_at.is_(None),
        _MESSAGES.c.at < before,
    )


def _remove(connection: Connection, ids: Any, items: Any) -> tuple[Purged, list[str]]:
    blobs: list[str | None] = []
    purged = Purged()
    for where in (_MESSAGES.c.exchange_id.in_(ids), _MESSAGES.c.item.in_(items)):
        gone = connection.execute(delete(_MESSAGES).where(where).returning(_MESSAGES.c.blob)).scalars().all()
        blobs += gone
        purged = replace(purged, messages=purged.messages + len(gone))
    documents = delete(_DOCUMENTS).where(_DOCUMENTS.c.exchange_id.in_(ids)).returning(_DOCUMENTS.c.blob)
    blobs += connection.execute(documents).scalars()
    for table in (_TRANSCRIPTS, _PERSONS):
        connection.execute(delete(table).where(table.c.exchange_id.in_(ids)))
    events = connection.execute(delete(_EVENTS).where(_EVENTS.c.stream.in_(ids))).rowcount
    exchanges = connection.execute(delete(_EXCHANGES).where(_EXCHANGES.c.id.in_(ids))).rowcount
    return replace(purged, exchanges=exchanges, events=events), [b for b in blobs if b is not None]


def _purged(purged: Purged, now: datetime) -> Event:
    return event(Fact.PURGED, now, exchanges=purged.exchanges, messages=purged.messages, events=purged.events)


def _append(connection: Connection, stream: str, each: Event, after_removal_of: str = "") -> None:
    """Append to a stream; the ledger does the same for what it writes."""
    lock(connection, f"stream {stream}")
    last = (
        select(_EVENTS.c.digest).where(_EVENTS.c.stream == stream).order_by(_EVENTS.c.number.desc()).limit(1)
    )
    digest = chain(connection.execute(last).scalar() or after_removal_of, stream, each)
    entry = {"stream": stream, "fact": each.fact, "at": each.at, "data": dict(each.data), "digest": digest}
    connection.execute(insert(_EVENTS), entry)
