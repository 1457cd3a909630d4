"""The durable memory of all exchanges: rows, leases and events in one transaction (design, «the heart»).

Several nodes share one on PostgreSQL (why without a queue beside it: deploy/README.md, «Several nodes»). A
transaction locks in this order, lest two wait for each other: its own message, request id, exchange, stream.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import (
    CTE,
    BindParameter,
    Column,
    Engine,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
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
from intermediary.exchange.transcripts import Transcript, pack
from intermediary.store.engine import ADVISORY_LOCK, UtcDateTime, scrub
from intermediary.store.sealed import SweptBlobs
from intermediary.store.statements import Database, Session, Statement
from intermediary.store.tables import (
    DocumentRow,
    EventRow,
    ExchangeRow,
    MessageRow,
    PersonRow,
    TranscriptRow,
)

_EXCHANGES, _MESSAGES, _DOCUMENTS, _EVENTS = (
    SQLModel.metadata.tables[row.__tablename__] for row in (ExchangeRow, MessageRow, DocumentRow, EventRow)
)
_TRANSCRIPTS, _PERSONS = (SQLModel.metadata.tables[row.__tablename__] for row in (TranscriptRow, PersonRow))
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
_NO_LEASE = {"owner": None, "lease_until": None}


def _columns(
    table: Table, value: type[Exchange] | type[Message] | type[Document], *more: str
) -> list[Column[Any]]:
    return [table.c[name] for name in (*(f.name for f in fields(value)), *more)]


def _due(queue: Queue) -> Select[Any]:
    key = _KEYS[queue]
    table, now = key.table, bindparam("now", type_=UtcDateTime)
    due = [table.c.due_at <= now, or_(table.c.lease_until.is_(None), table.c.lease_until <= now)]
    if queue in _DIRECTIONS:
        due.append(table.c.direction == _DIRECTIONS[queue])
    return select(key).where(*due).limit(1)


def _claim(queue: Queue) -> Update:
    key = _KEYS[queue]
    longest = _due(queue).order_by(key.table.c.due_at).with_for_update(skip_locked=True)
    # Equal, not «in»: PostgreSQL may run a subquery of «in» several times, and so claim several rows.
    claimed = update(key.table).where(key == longest.scalar_subquery())
    return claimed.values(owner=bindparam("owner"), lease_until=bindparam("lease_until"))


class _Statements:
    """All statements of the ledger, compiled for one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        exchange, message = _columns(_EXCHANGES, Exchange, "owner"), _columns(_MESSAGES, Message, "owner")
        document = _columns(_DOCUMENTS, Document)
        wanted: BindParameter[str] = bindparam("wanted")
        by_key = {
            by: select(*exchange).where(_EXCHANGES.c[by] == wanted)
            for by in ("id", "token_hash", "national_request_id")
        }
        self.exchange = {by: Statement(engine, one, exchange) for by, one in by_key.items()}
        self.exchange_locked = {
            by: Statement(engine, one.with_for_update(), exchange) for by, one in by_key.items()
        }
        a_message = select(*message).where(_MESSAGES.c.item == wanted)
        self.message = Statement(engine, a_message, message)
        self.message_locked = Statement(engine, a_message.with_for_update(), message)
        documents = select(*document).where(_DOCUMENTS.c.exchange_id == wanted).order_by(_DOCUMENTS.c.number)
        self.documents = Statement(engine, documents, document)
        self.destroy = Statement(
            engine, delete(_DOCUMENTS).where(_DOCUMENTS.c.exchange_id == wanted).returning(_DOCUMENTS.c.blob)
        )
        seen = or_(_EXCHANGES.c.request_id == wanted, _EXCHANGES.c.second_request_id == wanted)
        self.request_seen = Statement(engine, select(_EXCHANGES.c.id).where(seen).limit(1))
        of_stream = select(_EVENTS.c.digest).where(_EVENTS.c.stream == wanted)
        self.last_digest = Statement(engine, of_stream.order_by(_EVENTS.c.number.desc()).limit(1))
        self.lock = Statement(engine, ADVISORY_LOCK) if engine.dialect.name == "postgresql" else None
        self.insert = cache(self._insert)
        self.update = cache(self._update)
        self.claim = cache(self._claim)
        self.claim_any = cache(self._claim_any)
        self.look = cache(self._look)

    def _insert(self, table: Table, names: frozenset[str]) -> Statement:
        given: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in sorted(names)}
        return Statement(self._engine, insert(table).values(given))

    def _update(self, key: Column[Any], names: frozenset[str]) -> Statement:
        changed: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in sorted(names)}
        return Statement(self._engine, update(key.table).where(key == bindparam("wanted")).values(changed))

    def _look(self, queues: tuple[Queue, ...]) -> Statement:
        """Which of these queues have something that is due (SQLite)."""
        due = (select(literal(queue.value)).where(exists(_due(queue))) for queue in queues)
        return Statement(self._engine, union_all(*due))

    def _claim(self, queue: Queue) -> Statement:
        return Statement(self._engine, _claim(queue).returning(_KEYS[queue]))

    def _claim_any(self, queues: tuple[Queue, ...]) -> Statement:
        """From the first of these queues that has something (PostgreSQL)."""
        # The lease need not be on the disk: who crashes has lost it anyway.
        hasty = select(func.set_config("synchronous_commit", "off", True)).scalar_subquery() == "off"
        claims: list[CTE] = []
        for queue in queues:
            none_before = (~exists(select(literal(1)).select_from(claim)) for claim in claims)
            claim = _claim(queue).where(hasty, *none_before).returning(_KEYS[queue].label("key"))
            claims.append(claim.cte(queue.value))
        found = (
            select(literal(queue.value), claim.c.key) for queue, claim in zip(queues, claims, strict=True)
        )
        return Statement(self._engine, union_all(*found))


class SqlTransaction:
    """One transaction of the ledger; implements exchange.contracts.Transaction."""

    def __init__(self, session: Session, statements: _Statements, *, locks: bool = True) -> None:
        """`locks` is False where it only looks."""
        self._session, self._statements, self._locks = session, statements, locks
        self._exchanges: dict[str, Exchange] = {}
        self._messages: dict[str, Message | None] = {}
        """What this transaction has read or written, and so locked: it need not be read again. A message that
        it has looked for in vain it may only insert, since another node may have stored it since."""
        self._owners: dict[str, str | None] = {}
        """Who holds the lease of what is locked, by id or item."""
        self._logged: dict[str, list[Event]] = {}
        """Events by stream, written when the transaction ends."""
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
        statements = self._statements.exchange_locked if self._locks else self._statements.exchange
        row = self._session.first(statements[by], {"wanted": wanted})
        if row is None:
            return None
        owner, exchange = row.pop(), _exchange_of(row)
        self._exchanges[exchange.id], self._owners[exchange.id] = exchange, owner
        return exchange

    def request_id_seen(self, request_id: str) -> bool:
        """True where an EDM request with that id came before."""
        self._lock(f"request {request_id}")  # two nodes may look for it at the same moment
        return self._session.first(self._statements.request_seen, {"wanted": request_id}) is not None

    def _lock(self, name: str) -> None:
        """As engine.lock."""
        if self._statements.lock is not None:
            self._session.first(self._statements.lock, {"name": name})

    def message(self, item: str) -> Message | None:
        """One message, or None; one that goes out is locked.

        What came in changes only under its lease, which `owns` locks: a worker that looks a request up and a
        duplicate of it that is written into the log must not wait for each other.
        """
        if item not in self._messages:
            self._message(item, locked=self._locks and not item.startswith(_INCOMING))
        return self._messages[item]

    def _message(self, item: str, *, locked: bool) -> None:
        statement = self._statements.message_locked if locked else self._statements.message
        row = self._session.first(statement, {"wanted": item})
        owner = None if row is None else row.pop()
        if locked:
            self._owners[item] = owner
        self._messages[item] = None if row is None else _message_of(row)

    def owns(self, queue: Queue, item_id: str, owner: str) -> bool:
        """True while the lease of this owner on the item holds; the item is locked, and has been read."""
        if item_id not in self._owners:
            if queue is Queue.EXCHANGE:
                self.exchange(item_id)
            else:
                self._message(item_id, locked=True)
        return self._owners.get(item_id) == owner

    def lease(self, queue: Queue, item_id: str, owner: str, until: datetime) -> None:
        """Take the lease on an item, also from somebody who holds it."""
        found = self._update(_KEYS[queue], item_id, {"owner": owner, "lease_until": until})
        assert found

    def _update(self, key: Column[Any], wanted: str, changed: Mapping[str, Any]) -> bool:
        """Write the columns given; False where there is no such row."""
        if "owner" in changed:
            self._owners[wanted] = changed["owner"]
        statement = self._statements.update(key, frozenset(changed))
        return self._session.run(statement, {**changed, "wanted": wanted}) > 0

    def save(self, exchange: Exchange, was: State | None) -> None:
        """Write an exchange that was in state `was`. Raises IllegalTransition, LeaseLost.

        A new state ends the lease. The same state keeps it, so that what arrives meanwhile (the second
        request, a return location) does not take the work out of a worker's hands; `release` ends it.
        """
        if exchange.state is not was and not allowed(was, exchange.state):
            raise IllegalTransition(f"{was} → {exchange.state}")
        before = self._exchanges.get(exchange.id) if was is None else self.exchange(exchange.id)
        if before is None:
            self._insert(_EXCHANGES, exchange, exchange.id)
        elif before.state is not was:
            raise LeaseLost(f"{exchange.id} is {before.state} by now, no longer {was}")
        else:
            changed = _values(exchange, before) | ({} if exchange.state is was else _NO_LEASE)
            if changed:
                self._update(_EXCHANGES.c.id, exchange.id, changed)
        self._exchanges[exchange.id] = exchange

    def _insert(self, table: Table, value: Exchange | Message, key: str) -> None:
        row = {"item": key, **_values(value)} if isinstance(value, Message) else _values(value)
        self._session.run(self._statements.insert(table, frozenset(row)), row)
        self._owners[key] = None

    def release(self, queue: Queue, item_id: str) -> None:
        """End the lease on an item."""
        self._update(_KEYS[queue], item_id, _NO_LEASE)

    def save_message(self, message: Message) -> None:
        """Insert or update a message; releases the lease. Raises LeaseLost."""
        item = message.item
        before = self.message(item)
        if before is None:
            try:
                self._insert(_MESSAGES, message, item)
            except self._session.IntegrityError:
                raise LeaseLost(f"{item} was stored by somebody else at the same moment") from None
        else:
            if before.blob is not None and before.blob != message.blob:
                self.forgotten.append(before.blob)
            self._update(_MESSAGES.c.item, item, _values(message, before) | _NO_LEASE)
        self._messages[item] = message

    def save_document(self, document: Document) -> None:
        """Insert a sealed document."""
        row = _values(document)
        self._session.run(self._statements.insert(_DOCUMENTS, frozenset(row)), row)

    def documents(self, exchange_id: str) -> tuple[Document, ...]:
        """The documents of an exchange, in the order in which they were saved."""
        rows = self._session.all(self._statements.documents, {"wanted": exchange_id})
        return tuple(Document(*row) for row in rows)

    def destroy_documents(self, exchange_id: str) -> int:
        """Delete them; returns how many there were."""
        blobs = [blob for (blob,) in self._session.all(self._statements.destroy, {"wanted": exchange_id})]
        self.forgotten += [blob for blob in blobs if blob is not None]
        return len(blobs)

    def save_transcript(self, transcript: Transcript) -> None:
        """Insert what was said, without what belongs to a person."""
        row = {
            "exchange_id": transcript.exchange_id,
            "kind": transcript.kind,
            "at": transcript.at,
            "message_id": transcript.message_id,
            "content": pack(transcript.lines),
        }
        self._session.run(self._statements.insert(_TRANSCRIPTS, frozenset(row)), row)

    def save_persons(self, exchange_id: str, values: Sequence[bytes]) -> None:
        """Insert the values by which a new exchange is found when somebody searches for its persons."""
        rows = [{"exchange_id": exchange_id, "value": value} for value in dict.fromkeys(values)]
        if rows:
            self._session.run_each(self._statements.insert(_PERSONS, frozenset(rows[0])), rows)

    def log(self, stream: str, event: Event) -> None:
        """Append to a stream's log, chained to its last entry, when the transaction ends."""
        self._logged.setdefault(stream, []).append(event)

    def write_log(self) -> None:
        """Write what was logged; the lock on an exchange is the lock on its stream."""
        # Exchanges before «platform», as everybody takes them.
        for stream, events in sorted(self._logged.items(), key=lambda each: (each[0] == "platform", each[0])):
            if stream == "platform" or self.exchange(stream) is None:
                self._lock(f"stream {stream}")
            last = self._session.first(self._statements.last_digest, {"wanted": stream})
            digest, rows = last[0] if last else "", []
            for each in events:
                digest = chain(digest, stream, each)
                entry = {"stream": stream, "fact": each.fact, "at": each.at, "data": dict(each.data)}
                rows.append({**entry, "digest": digest})
            self._session.run_each(self._statements.insert(_EVENTS, frozenset(rows[0])), rows)
        self._logged.clear()


class SqlLedger:
    """Implements exchange.contracts.Ledger on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine, blobs: SweptBlobs) -> None:
        self._blobs = blobs
        self._reading = engine.execution_options(reading=True)
        self._database, self._statements = Database(engine), _Statements(engine)

    @contextmanager
    def begin(self) -> Iterator[SqlTransaction]:
        """A transaction: committed at the end, rolled back on an exception."""
        with self._database.transaction() as session:
            transaction = SqlTransaction(session, self._statements)
            yield transaction
            transaction.write_log()
        self._forget(transaction.forgotten)

    @contextmanager
    def read(self) -> Iterator[SqlTransaction]:
        """A look, without a transaction: each statement is one of its own."""
        with self._database.alone() as session:
            yield SqlTransaction(session, self._statements, locks=False)

    def _forget(self, blobs: list[str]) -> None:
        for blob in blobs:
            try:
                self._blobs.delete(blob)
            except Exception as broken:  # it is committed, and its key is gone; the bytes are swept later
                _LOG.warning("blob not deleted", kind=type(broken).__name__)

    def claim(
        self, queues: Sequence[Queue], *, owner: str, now: datetime, until: datetime
    ) -> tuple[Queue, str] | None:
        """Lease what is due longest in the first of these queues that has anything due."""
        wanted, lease = tuple(queues), {"now": now, "owner": owner, "lease_until": until}
        statements = self._statements
        with self._database.alone(lasting=False) as session:
            if self._database.is_shared:
                claimed = session.first(statements.claim_any(wanted), lease)
                return None if claimed is None else (Queue(claimed[0]), claimed[1])
            # A look first: an idle worker must not take SQLite's write lock each time it asks.
            for (name,) in session.all(statements.look(wanted), {"now": now}):
                claimed = session.first(statements.claim(Queue(name)), lease)
                if claimed is not None:
                    return Queue(name), claimed[0]
        return None

    def sweep(self) -> int:
        """Delete blobs that a crash left without a row that names them; returns how many.

        On SQLite also what a log of pages may still hold of keys that were destroyed.
        """
        scrub(self._reading)
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
    entry = _ENTRY.encode([previous, stream, event.fact, event.at.isoformat(), dict(event.data)])
    return hashlib.sha256(entry.encode()).hexdigest()


_ENTRY = json.JSONEncoder(sort_keys=True)


_AT = {kind: {f.name: number for number, f in enumerate(fields(kind))} for kind in (Exchange, Message)}
"""Where the columns are in a row."""
_STATE, _OUTCOME, _APPROVED = (_AT[Exchange][name] for name in ("state", "outcome", "approved"))
_DIRECTION, _MESSAGE_STATE, _PROPERTIES, _REFERENCES = (
    _AT[Message][name] for name in ("direction", "state", "properties", "references")
)


_FIELDS = {
    kind: (names, attrgetter(*names))
    for kind in (Exchange, Message, Document)
    for names in (tuple(f.name for f in fields(kind)),)
}


def _exchange_of(row: list[Any]) -> Exchange:
    row[_STATE] = State(row[_STATE])
    row[_OUTCOME] = None if row[_OUTCOME] is None else Outcome(row[_OUTCOME])
    row[_APPROVED] = tuple(row[_APPROVED])
    return Exchange(*row)


def _message_of(row: list[Any]) -> Message:
    row[_DIRECTION], row[_MESSAGE_STATE] = Direction(row[_DIRECTION]), MessageState(row[_MESSAGE_STATE])
    for several in (_PROPERTIES, _REFERENCES):
        row[several] = tuple(tuple(each) for each in row[several])
    return Message(*row)


def _values(value: Exchange | Message | Document, before: Exchange | Message | None = None) -> dict[str, Any]:
    """The columns of a value: all, or those that differ from what was there before."""
    # Not asdict: sealed bytes need no deep copy.
    names, get = _FIELDS[type(value)]
    found: dict[str, Any] = dict(zip(names, get(value), strict=True))
    if before is not None:
        found = {name: v for (name, v), was in zip(found.items(), get(before), strict=True) if was != v}
        for name in _WRAPPED & found.keys():
            # The same key, wrapped anew since it was read (`intermediary keys rewrap`): what is there stays.
            if found[name] and getattr(before, name) and not {"sealed", "blob"} & found.keys():
                del found[name]
    return {name: _plain(v) if isinstance(v, tuple) else v for name, v in found.items()}


def _plain(value: tuple[Any, ...]) -> list[Any]:
    return [list(v) if isinstance(v, tuple) else v for v in value]
