"""The durable memory of all exchanges: rows, leases and events in one transaction (design, «the heart»)."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Engine, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from intermediary.exchange.contracts import Queue
from intermediary.exchange.errors import IllegalTransition, LeaseLost
from intermediary.exchange.model import (
    Direction,
    Document,
    Event,
    Exchange,
    Message,
    MessageState,
    Outcome,
    State,
    allowed,
)
from intermediary.store.blobs import FileBlobs
from intermediary.store.tables import DocumentRow, EventRow, ExchangeRow, MessageRow

_TABLES: dict[Queue, type[ExchangeRow] | type[MessageRow]] = {
    Queue.INCOMING: MessageRow,
    Queue.EXCHANGE: ExchangeRow,
    Queue.OUTGOING: MessageRow,
}
_KEYS = {Queue.INCOMING: MessageRow.item, Queue.EXCHANGE: ExchangeRow.id, Queue.OUTGOING: MessageRow.item}
_AT_ONCE = 500
"""Names in one statement."""
_DIRECTIONS = {Queue.INCOMING: Direction.IN, Queue.OUTGOING: Direction.OUT}


def _c(attribute: Any) -> Any:
    """A mapped attribute as the column that SQLAlchemy makes of it (its type says: the value)."""
    return attribute


class SqlTransaction:
    """One transaction of the ledger; implements exchange.contracts.Transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.forgotten: list[str] = []
        """Blobs that no row names any more, once this is committed."""

    def exchange(self, exchange_id: str) -> Exchange | None:
        """The exchange, locked until the end of the transaction."""
        return self._exchange(select(ExchangeRow).where(_c(ExchangeRow.id) == exchange_id))

    def exchange_by_token(self, token_hash: str) -> Exchange | None:
        """The exchange of a preview location, locked."""
        return self._exchange(select(ExchangeRow).where(_c(ExchangeRow.token_hash) == token_hash))

    def exchange_by_national_request(self, national_request_id: str) -> Exchange | None:
        """The exchange that asked a provider with this idempotency key, locked."""
        wanted = _c(ExchangeRow.national_request_id) == national_request_id
        return self._exchange(select(ExchangeRow).where(wanted))

    def _exchange(self, statement: Any) -> Exchange | None:
        row = self._session.execute(statement.with_for_update()).scalar_one_or_none()
        return None if row is None else exchange_of(row)

    def request_id_seen(self, request_id: str) -> bool:
        """True where an EDM request with that id came before."""
        seen = or_(_c(ExchangeRow.request_id) == request_id, _c(ExchangeRow.second_request_id) == request_id)
        return self._session.execute(select(_c(ExchangeRow.id)).where(seen).limit(1)).first() is not None

    def message(self, item: str) -> Message | None:
        """One message, or None."""
        row = self._session.get(MessageRow, item, with_for_update=True)
        return None if row is None else message_of(row)

    def owns(self, queue: Queue, item_id: str, owner: str) -> bool:
        """True while the lease of this owner on the item holds."""
        row = self._row(queue, item_id)
        return row is not None and row.owner == owner

    def _row(self, queue: Queue, item_id: str) -> ExchangeRow | MessageRow | None:
        row = self._session.get(_TABLES[queue], item_id, with_for_update=True)
        return cast("ExchangeRow | MessageRow | None", row)

    def lease(self, queue: Queue, item_id: str, owner: str, until: datetime) -> None:
        """Take the lease on an item, also from somebody who holds it."""
        row = self._row(queue, item_id)
        assert row is not None
        row.owner, row.lease_until = owner, until
        self._session.flush()

    def save(self, exchange: Exchange, was: State | None) -> None:
        """Write an exchange that was in state `was`. Raises IllegalTransition.

        A new state ends the lease. The same state keeps it, so that what arrives meanwhile (the second
        request, a return location) does not take the work out of a worker's hands; `release` ends it.
        """
        if exchange.state is not was and not allowed(was, exchange.state):
            raise IllegalTransition(f"{was} → {exchange.state}")
        row = self._session.get(ExchangeRow, exchange.id)
        if row is None:
            row = ExchangeRow(**_values(exchange))
        else:
            for name, value in _values(exchange).items():
                setattr(row, name, value)
        if exchange.state is not was:
            row.owner = row.lease_until = None
        self._session.add(row)
        self._session.flush()

    def release(self, queue: Queue, item_id: str) -> None:
        """End the lease on an item."""
        row = self._row(queue, item_id)
        if row is not None:
            row.owner = row.lease_until = None
            self._session.add(row)
            self._session.flush()

    def save_message(self, message: Message) -> None:
        """Insert or update a message; releases the lease."""
        row = self._session.get(MessageRow, message.item)
        if row is None:
            row = MessageRow(item=message.item, **_values(message))
        else:
            if row.blob is not None and row.blob != message.blob:
                self.forgotten.append(row.blob)
            for name, value in _values(message).items():
                setattr(row, name, value)
        row.owner = row.lease_until = None
        self._session.add(row)
        try:
            self._session.flush()
        except IntegrityError:
            raise LeaseLost(f"{message.item} was stored by somebody else at the same moment") from None

    def save_document(self, document: Document) -> None:
        """Insert a sealed document."""
        self._session.add(DocumentRow(**_values(document)))
        self._session.flush()

    def documents(self, exchange_id: str) -> tuple[Document, ...]:
        """The documents of an exchange, in the order in which they were saved."""
        statement = (
            select(DocumentRow)
            .where(_c(DocumentRow.exchange_id) == exchange_id)
            .order_by(_c(DocumentRow.number))
        )
        return tuple(
            Document(**{f.name: getattr(row, f.name) for f in fields(Document)})
            for row in self._session.execute(statement).scalars()
        )

    def destroy_documents(self, exchange_id: str) -> int:
        """Delete them; returns how many there were."""
        of_exchange = _c(DocumentRow.exchange_id) == exchange_id
        deleted = self._session.execute(
            delete(DocumentRow).where(of_exchange).returning(_c(DocumentRow.blob))
        )
        blobs = deleted.scalars().all()
        self.forgotten += [blob for blob in blobs if blob is not None]
        return len(blobs)

    def log(self, stream: str, event: Event) -> None:
        """Append to a stream's log, chained to its last entry."""
        last = self._session.execute(
            select(_c(EventRow.digest))
            .where(_c(EventRow.stream) == stream)
            .order_by(_c(EventRow.number).desc())
            .limit(1)
        ).scalar_one_or_none()
        digest = chain(last or "", stream, event)
        self._session.add(
            EventRow(stream=stream, fact=event.fact, at=event.at, data=dict(event.data), digest=digest)
        )
        self._session.flush()


class SqlLedger:
    """Implements exchange.contracts.Ledger on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, blobs: FileBlobs) -> None:
        self._engine, self._blobs = engine, blobs

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction: committed at the end, rolled back on an exception."""
        with Session(self._engine) as session, session.begin():
            transaction = SqlTransaction(session)
            yield transaction
        self._forget(transaction.forgotten)

    def _forget(self, blobs: list[str]) -> None:
        for blob in blobs:
            self._blobs.delete(blob)

    def claim(self, queue: Queue, *, owner: str, now: datetime, until: datetime) -> str | None:
        """Lease the item that is due longest; its id, or None."""
        table, key = _TABLES[queue], _KEYS[queue]
        due = [_c(table.due_at) <= now, or_(_c(table.lease_until).is_(None), _c(table.lease_until) <= now)]
        if table is MessageRow:
            due.append(_c(MessageRow.direction) == _DIRECTIONS[queue])
        oldest = (
            select(_c(key)).where(*due).order_by(_c(table.due_at)).limit(1).with_for_update(skip_locked=True)
        )
        # A look first: an idle worker must not take SQLite's write lock each time it asks.
        with self._engine.connect().execution_options(reading=True) as connection:
            if connection.execute(select(_c(key)).where(*due).limit(1)).first() is None:
                return None
        with self._engine.begin() as connection:
            return connection.execute(
                update(table)
                .where(_c(key).in_(oldest.scalar_subquery()))
                .values(owner=owner, lease_until=until)
                .returning(_c(key))
            ).scalar_one_or_none()

    def sweep(self) -> int:
        """Delete blobs that a crash left without a row that names them; returns how many."""
        old = self._blobs.old()
        named: set[str] = set()
        with self._engine.connect().execution_options(reading=True) as connection:
            for start in range(0, len(old), _AT_ONCE):
                some = old[start : start + _AT_ONCE]
                for column in (_c(MessageRow.blob), _c(DocumentRow.blob)):
                    named |= set(connection.execute(select(column).where(column.in_(some))).scalars())
        orphans = [name for name in old if name not in named]
        for name in orphans:
            self._blobs.delete(name)
        return len(orphans)


def chain(previous: str, stream: str, event: Event) -> str:
    """Digest of a log entry and, through `previous`, of all before it in its stream."""
    entry = json.dumps([previous, stream, event.fact, event.at.isoformat(), dict(event.data)], sort_keys=True)
    return hashlib.sha256(entry.encode()).hexdigest()


def exchange_of(row: ExchangeRow) -> Exchange:
    """A row as the value that it stands for."""
    values = {f.name: getattr(row, f.name) for f in fields(Exchange)}
    values["state"] = State(row.state)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    values["approved"] = tuple(row.approved)
    return Exchange(**values)


def message_of(row: MessageRow) -> Message:
    """A row as the value that it stands for."""
    values = {f.name: getattr(row, f.name) for f in fields(Message)}
    values["direction"], values["state"] = Direction(row.direction), MessageState(row.state)
    values["properties"] = tuple(tuple(p) for p in row.properties)
    values["references"] = tuple(tuple(r) for r in row.references)
    return Message(**values)


def _values(value: Exchange | Message | Document) -> dict[str, Any]:
    # Not asdict: sealed bytes need no deep copy.
    found = {f.name: getattr(value, f.name) for f in fields(value)}
    return {name: _plain(v) if isinstance(v, tuple) else v for name, v in found.items()}


def _plain(value: tuple[Any, ...]) -> list[Any]:
    return [list(v) if isinstance(v, tuple) else v for v in value]
