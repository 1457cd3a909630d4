"""A ledger that tells watchers which events were written, once they are committed."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog

from intermediary.exchange.contracts import Ledger, Queue, Transaction
from intermediary.exchange.model import Direction, Event, Exchange, Fact, Message, State
from intermediary.observing.context import work_at

REMEMBERED = 10_000
"""Exchanges whose labels are kept for events in transactions that do not read their exchange."""

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Observation:
    """One committed event with what is known of its exchange; no field holds personal data."""

    event: Event
    exchange_id: str | None
    """None: an event of the platform, not of an exchange."""
    partner: str = ""
    """P-Mode id."""
    mapping: str = ""
    provider: str = ""
    received_at: datetime | None = None
    """When the first request came."""
    since: datetime | None = None
    """When what this event ends began: a provider was asked, a message was queued."""
    outcome: str = ""


Watcher = Callable[[Observation], None]
"""Called in the thread that wrote, in the order of the log; what it raises is logged and dropped."""


@dataclass(slots=True)
class _Known:
    partner: str
    mapping: str
    provider: str
    received_at: datetime
    asked_at: datetime | None = None


class _Memory:
    """The labels of the exchanges seen last; safe for threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def learn(self, exchange: Exchange) -> None:
        with self._lock:
            before = self._known.pop(exchange.id, None)
            self._known[exchange.id] = _Known(
                exchange.pmode_id,
                exchange.mapping_key or "",
                exchange.provider_key or (before.provider if before else ""),
                exchange.created_at,
                before.asked_at if before else None,
            )
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def of(self, exchange_id: str) -> _Known | None:
        with self._lock:
            return self._known.get(exchange_id)


def observed(ledger: Ledger, *watchers: Watcher) -> Ledger:
    """The same ledger; each committed event is told to all watchers."""
    return cast(Ledger, _ObservedLedger(ledger, watchers))


class _ObservedLedger:
    """Implements exchange.contracts.Ledger; what is not named here is the inner ledger's."""

    def __init__(self, ledger: Ledger, watchers: tuple[Watcher, ...]) -> None:
        self._ledger, self._watchers, self._memory = ledger, watchers, _Memory()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        with self._ledger.begin() as inner:
            transaction = _ObservedTransaction(inner)
            yield cast(Transaction, transaction)
        self._tell(transaction)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._ledger.read() as inner:
            yield cast(Transaction, _ObservedTransaction(inner))

    def claim(self, queues: Sequence[Queue], **lease: Any) -> tuple[Queue, str] | None:
        work_at(None)
        return self._ledger.claim(queues, **lease)

    def _tell(self, transaction: "_ObservedTransaction") -> None:
        """After the commit: nothing that goes wrong here may look as if the transaction had failed."""
        for exchange in transaction.exchanges.values():
            self._memory.learn(exchange)
        for stream, event in transaction.events:
            try:
                observation = self._observation(transaction, stream, event)
                for watcher in self._watchers:
                    watcher(observation)
            except Exception as broken:
                _LOG.error("an event was not observed", kind=type(broken).__name__, fact=event.fact)

    def _observation(self, transaction: "_ObservedTransaction", stream: str, event: Event) -> Observation:
        data = dict(event.data)
        known = self._memory.of(stream)
        message = transaction.messages.get(data.get("message_id", ""))
        since = None
        if known is not None and event.fact is Fact.PROVIDER_ASKED:
            known.asked_at, known.provider = event.at, data.get("provider", "")
        elif known is not None and event.fact in (Fact.PROVIDER_ANSWERED, Fact.PROVIDER_UNAVAILABLE):
            since, known.asked_at = known.asked_at, None
        elif message is not None and event.fact in (Fact.MESSAGE_ACKNOWLEDGED, Fact.DELIVERY_GIVEN_UP):
            since = message.at
        pmode_id = message.pmode_id if message is not None else data.get("partner", "")
        return Observation(
            event,
            exchange_id=None if stream == "platform" else stream,
            partner=known.partner if known else pmode_id,
            mapping=known.mapping if known else "",
            provider=known.provider if known else "",
            received_at=known.received_at if known else None,
            since=since,
            outcome=data.get("outcome", ""),
        )


class _ObservedTransaction:
    """Implements exchange.contracts.Transaction; keeps what passes, the inner transaction does the work."""

    def __init__(self, inner: Transaction) -> None:
        self._inner = inner
        self.events: list[tuple[str, Event]] = []
        self.exchanges: dict[str, Exchange] = {}
        self.messages: dict[str, Message] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def exchange(self, exchange_id: str) -> Exchange | None:
        return self._seen(self._inner.exchange(exchange_id))

    def exchange_by_token(self, token_hash: str) -> Exchange | None:
        return self._seen(self._inner.exchange_by_token(token_hash))

    def exchange_by_national_request(self, national_request_id: str) -> Exchange | None:
        return self._seen(self._inner.exchange_by_national_request(national_request_id))

    def save(self, exchange: Exchange, was: State | None) -> None:
        self._inner.save(exchange, was)
        self._seen(exchange)

    def message(self, item: str) -> Message | None:
        found = self._inner.message(item)
        if found is not None:
            self.messages[found.message_id] = found
            if found.direction is Direction.OUT:
                work_at(found.exchange_id)
        return found

    def save_message(self, message: Message) -> None:
        self._inner.save_message(message)
        self.messages[message.message_id] = message

    def log(self, stream: str, event: Event) -> None:
        self._inner.log(stream, event)
        self.events.append((stream, event))

    def _seen(self, exchange: Exchange | None) -> Exchange | None:
        if exchange is not None:
            self.exchanges[exchange.id] = exchange
            work_at(exchange.id)
        return exchange
