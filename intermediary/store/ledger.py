"""The durable memory of all exchanges: rows, leases and events in one transaction (design, «the heart»).

Several nodes share one on PostgreSQL (why without a queue beside it: deploy/README.md, «Several nodes»). A
transaction locks in this order, lest two wait for each other: its own message, request id, exchange, stream.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

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
    message_item,
)
from intermediary.store.engine import UtcDateTime, lock
from intermediary.store.sealed import SweptBlobs
from intermediary.store.tables import DocumentRow, EventRow, ExchangeRow, MessageRow

_EXCHANGES, _MESSAGES, _DOCUMENTS, _EVENTS = (
    SQLModel.metadata.tables[row.__tablename__] for row in (ExchangeRow, MessageRow, DocumentRow, EventRow)
)
_KEYS = {
    Queue.INCOMING: _MESSAGES.c.item,
    Queue.EXCHANGE: _EXCHANGES.c.id,
    Queue.OUTGOING: _MESSAGES.c.item,
}
_INCOMING = message_item(Direction.IN, "", "")[:-1]
"""How the items of all messages that came in begin."""
_AT_ONCE = 500
"""Names in one statement."""
_WRAPPED = {"evidence_key", "key"}
_LOG = structlog.get_logger(__name__)
_DIRECTIONS = {Queue.INCOMING: Direction.IN, Queue.OUTGOING: Direction.OUT}


def _columns(table: Table, value: type[Exchange] | type[Message] | type[Document]) -> Select[Any]:
    return select(*(table.c[f.name] for f in fields(value)))


# Statements are built once: SQLAlchemy takes longer to put one together than SQLite to answer it. A row is
# read by columns, not as an entity, and written by the columns that changed.
_EXCHANGE = {
    by: _columns(_EXCHANGES, Exchange).where(_EXCHANGES.c[by] == bindparam("wanted")).with_for_update()
    for by in ("id", "token_hash", "national_request_id")
}
_MESSAGE = _columns(_MESSAGES, Message).where(_MESSAGES.c.item == bindparam("wanted"))
_MESSAGE_LOCKED = _MESSAGE.with_for_update()
_DOCUMENTS_OF = (
    _columns(_DOCUMENTS, Document)
    .where(_DOCUMENTS.c.exchange_id == bindparam("wanted"))
    .order_by(_DOCUMENTS.c.number)
)
_DESTROY = (
    delete(_DOCUMENTS).where(_DOCUMENTS.c.exchange_id == bindparam("wanted")).returning(_DOCUMENTS.c.blob)
)
_REQUEST_SEEN = (
    select(_EXCHANGES.c.id)
    .where(
        or_(
            _EXCHANGES.c.request_id == bindparam("wanted"),
            _EXCHANGES.c.second_request_id == bindparam("wanted"),
        )
    )
    .limit(1)
)
_LAST_DIGEST = (
    select(_EVENTS.c.digest)
    .where(_EVENTS.c.stream == bindparam("wanted"))
    .order_by(_EVENTS.c.number.desc())
    .limit(1)
)
_OWNER = {
    queue: select(key.table.c.owner).where(key == bindparam("wanted")).with_for_update()
    for queue, key in _KEYS.items()
}
_UPDATE = {key: update(key.table).where(key == bindparam("wanted")) for key in set(_KEYS.values())}
_INSERT = {table: insert(table) for table in (_EXCHANGES, _MESSAGES, _DOCUMENTS, _EVENTS)}
_NO_LEASE = {"owner": None, "lease_until": None}


def _due(queue: Queue) -> Select[Any]:
    key = _KEYS[queue]
    table, now = key.table, bindparam("now", type_=UtcDateTime)
    due = [table.c.due_at <= now, or_(table.c.lease_until.is_(None), table.c.lease_until <= now)]
    if queue in _DIRECTIONS:
        due.append(table.c.direction == _DIRECTIONS[queue])
    return select(key).where(*due).limit(1)


_ANY_DUE = {queue: _due(queue) for queue in Queue}
_CLAIM = {
    queue: update(key.table)
    # Equal, not «in»: PostgreSQL may run a subquery of «in» several times, and so claim several rows.
    .where(
        key == _due(queue).order_by(key.table.c.due_at).with_for_update(skip_locked=True).scalar_subquery()
    )
    .returning(key)
    for queue, key in _KEYS.items()
}


class SqlTransaction:
    """One transaction of the ledger; implements exchange.contracts.Transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._exchanges: dict[str, Exchange] = {}
        self._messages: dict[str, Message | None] = {}
        """What this transaction has read or written, and so locked: it need not be read again. A message that
        it has looked for in vain it may only insert, since another node may have stored it since."""
        self.forgotten: list[str] = []
        """Blobs that no row names any more, once this is committed."""

    def exchange(self, exchange_id: str) -> Exchange | None:
        """The exchange, locked until the end of the transaction."""
        return self._exchanges.get(exchange_id) or self._exchange("id", exchange_id)

    def exchange_by_token(self, token_hash: str) -> Exchange | None:
        """The exchange of a preview location, locked."""
        return self._exchange("token_hash", token_hash)

    def exchange_by_national_request(self, national_request_id: str) -> Exchange | None:
        """The exchange that asked a provider with this idempotency key, locked."""
        return self._exchange("national_request_id", national_request_id)

    def _exchange(self, by: str, wanted: str) -> Exchange | None:
        row = self._connection.execute(_EXCHANGE[by], {"wanted": wanted}).one_or_none()
        if row is None:
            return None
        exchange = _exchange_of(row)
        self._exchanges[exchange.id] = exchange
        return exchange

    def request_id_seen(self, request_id: str) -> bool:
        """True where an EDM request with that id came before."""
        lock(self._connection, f"request {request_id}")  # two nodes may look for it at the same moment
        return self._connection.execute(_REQUEST_SEEN, {"wanted": request_id}).first() is not None

    def message(self, item: str) -> Message | None:
        """One message, or None; one that goes out is locked.

        What came in changes only under its lease, which `owns` locks: a worker that looks a request up and a
        duplicate of it that is written into the log must not wait for each other.
        """
        if item not in self._messages:
            statement = _MESSAGE if item.startswith(_INCOMING) else _MESSAGE_LOCKED
            row = self._connection.execute(statement, {"wanted": item}).one_or_none()
            self._messages[item] = None if row is None else _message_of(row)
        return self._messages[item]

    def owns(self, queue: Queue, item_id: str, owner: str) -> bool:
        """True while the lease of this owner on the item holds."""
        return self._connection.execute(_OWNER[queue], {"wanted": item_id}).scalar() == owner

    def lease(self, queue: Queue, item_id: str, owner: str, until: datetime) -> None:
        """Take the lease on an item, also from somebody who holds it."""
        found = self._update(_KEYS[queue], item_id, {"owner": owner, "lease_until": until})
        assert found

    def _update(self, key: Column[Any], wanted: str, changed: Mapping[str, Any]) -> bool:
        """Write the columns given; False where there is no such row."""
        return self._connection.execute(_UPDATE[key], {**changed, "wanted": wanted}).rowcount > 0

    def save(self, exchange: Exchange, was: State | None) -> None:
        """Write an exchange that was in state `was`. Raises IllegalTransition, LeaseLost.

        A new state ends the lease. The same state keeps it, so that what arrives meanwhile (the second
        request, a return location) does not take the work out of a worker's hands; `release` ends it.
        """
        if exchange.state is not was and not allowed(was, exchange.state):
            raise IllegalTransition(f"{was} → {exchange.state}")
        before = self.exchange(exchange.id)
        if before is None:
            self._connection.execute(_INSERT[_EXCHANGES], _values(exchange))
        elif before.state is not was:
            raise LeaseLost(f"{exchange.id} is {before.state} by now, no longer {was}")
        else:
            changed = _values(exchange, before) | ({} if exchange.state is was else _NO_LEASE)
            if changed:
                self._update(_EXCHANGES.c.id, exchange.id, changed)
        self._exchanges[exchange.id] = exchange

    def release(self, queue: Queue, item_id: str) -> None:
        """End the lease on an item."""
        self._update(_KEYS[queue], item_id, _NO_LEASE)

    def save_message(self, message: Message) -> None:
        """Insert or update a message; releases the lease."""
        item = message.item
        before = self.message(item)
        if before is None:
            try:
                self._connection.execute(_INSERT[_MESSAGES], {"item": item, **_values(message)})
            except IntegrityError:
                raise LeaseLost(f"{item} was stored by somebody else at the same moment") from None
        else:
            if before.blob is not None and before.blob != message.blob:
                self.forgotten.append(before.blob)
            self._update(_MESSAGES.c.item, item, _values(message, before) | _NO_LEASE)
        self._messages[item] = message

    def save_document(self, document: Document) -> None:
        """Insert a sealed document."""
        self._connection.execute(_INSERT[_DOCUMENTS], _values(document))

    def documents(self, exchange_id: str) -> tuple[Document, ...]:
        """The documents of an exchange, in the order in which they were saved."""
        return tuple(
            Document(*row) for row in self._connection.execute(_DOCUMENTS_OF, {"wanted": exchange_id})
        )

    def destroy_documents(self, exchange_id: str) -> int:
        """Delete them; returns how many there were."""
        blobs = self._connection.execute(_DESTROY, {"wanted": exchange_id}).scalars().all()
        self.forgotten += [blob for blob in blobs if blob is not None]
        return len(blobs)

    def log(self, stream: str, event: Event) -> None:
        """Append to a stream's log, chained to its last entry.

        Nobody else may append meanwhile: the lock on an exchange is the lock on its stream.
        """
        if self.exchange(stream) is None:
            lock(self._connection, f"stream {stream}")
        last = self._connection.execute(_LAST_DIGEST, {"wanted": stream}).scalar()
        entry = {"stream": stream, "fact": event.fact, "at": event.at, "data": dict(event.data)}
        digest = chain(last or "", stream, event)
        self._connection.execute(_INSERT[_EVENTS], {**entry, "digest": digest})


class SqlLedger:
    """Implements exchange.contracts.Ledger on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, blobs: SweptBlobs) -> None:
        self._engine, self._blobs = engine, blobs
        self._reading = engine.execution_options(reading=True)
        self._shared = engine.dialect.name == "postgresql"
        # One statement is a transaction of its own: two round trips less.
        self._claiming = engine.execution_options(isolation_level="AUTOCOMMIT") if self._shared else engine

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction: committed at the end, rolled back on an exception."""
        with self._engine.begin() as connection:
            transaction = SqlTransaction(connection)
            yield transaction
        self._forget(transaction.forgotten)

    def _forget(self, blobs: list[str]) -> None:
        for blob in blobs:
            try:
                self._blobs.delete(blob)
            except Exception as broken:  # it is committed, and its key is gone; the bytes are swept later
                _LOG.warning("blob not deleted", kind=type(broken).__name__)

    def claim(self, queue: Queue, *, owner: str, now: datetime, until: datetime) -> str | None:
        """Lease the item that is due longest; its id, or None."""
        # A look first: an idle worker must not take SQLite's write lock each time it asks.
        if not self._shared:
            with self._reading.connect() as connection:
                if connection.execute(_ANY_DUE[queue], {"now": now}).first() is None:
                    return None
        with self._claiming.begin() as connection:
            lease = {"now": now, "owner": owner, "lease_until": until}
            claimed: str | None = connection.execute(_CLAIM[queue], lease).scalar_one_or_none()
            return claimed

    def sweep(self) -> int:
        """Delete blobs that a crash left without a row that names them; returns how many."""
        old, swept = self._blobs.old(), 0
        while some := set(islice(old, _AT_ONCE)):
            with self._reading.connect() as connection:
                for column in (_MESSAGES.c.blob, _DOCUMENTS.c.blob):
                    some -= set(connection.execute(select(column).where(column.in_(some))).scalars())
            for name in some:
                self._blobs.delete(name)
            swept += len(some)
        return swept


def chain(previous: str, stream: str, event: Event) -> str:
    """Digest of a log entry and, through `previous`, of all before it in its stream."""
    entry = json.dumps([previous, stream, event.fact, event.at.isoformat(), dict(event.data)], sort_keys=True)
    return hashlib.sha256(entry.encode()).hexdigest()


def _exchange_of(row: Row[Any]) -> Exchange:
    values = row._asdict()
    values["state"] = State(values["state"])
    values["outcome"] = None if values["outcome"] is None else Outcome(values["outcome"])
    values["approved"] = tuple(values["approved"])
    return Exchange(**values)


def _message_of(row: Row[Any]) -> Message:
    values = row._asdict()
    values["direction"], values["state"] = Direction(values["direction"]), MessageState(values["state"])
    values["properties"] = tuple(tuple(p) for p in values["properties"])
    values["references"] = tuple(tuple(r) for r in values["references"])
    return Message(**values)


def _values(value: Exchange | Message | Document, before: Exchange | Message | None = None) -> dict[str, Any]:
    """The columns of a value: all, or those that differ from what was there before."""
    # Not asdict: sealed bytes need no deep copy.
    found = {f.name: getattr(value, f.name) for f in fields(value)}
    if before is not None:
        found = {name: v for name, v in found.items() if getattr(before, name) != v}
        for name in _WRAPPED & found.keys():
            # The same key, wrapped anew since it was read (`intermediary keys rewrap`): what is there stays.
            if found[name] and getattr(before, name) and not {"sealed", "blob"} & found.keys():
                del found[name]
    return {name: _plain(v) if isinstance(v, tuple) else v for name, v in found.items()}


def _plain(value: tuple[Any, ...]) -> list[Any]:
    return [list(v) if isinstance(v, tuple) else v for v in value]
