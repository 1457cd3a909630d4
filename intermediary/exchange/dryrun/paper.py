"""A ledger, a vault and a gateway of paper: a dry run goes the way of a real exchange and leaves nothing."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from intermediary.as4.model import Packed, Party, Payload, PMode, UserMessage
from intermediary.content import Content, InMemory
from intermediary.exchange.contracts import Delivery, Queue, Stage
from intermediary.exchange.errors import IllegalTransition
from intermediary.exchange.model import Document, Event, Exchange, Message, State, allowed

PARTNER = PMode("dry-run", Party("platform"), Party("requester"), "https://requester.invalid/as4")
"""The access point of a partner that is not there."""


class PaperLedger:
    """Implements contracts.Ledger and Transaction in memory, for one exchange and one caller."""

    def __init__(self) -> None:
        self.exchanges: dict[str, Exchange] = {}
        self.messages: dict[str, Message] = {}
        self.events: list[tuple[str, Event]] = []
        self._documents: list[Document] = []

    @contextmanager
    def begin(self) -> Iterator["PaperLedger"]:
        yield self

    read = begin

    def claim(
        self, queues: Sequence[Queue], *, owner: str, now: datetime, until: datetime
    ) -> tuple[Queue, str] | None:
        return None

    def sweep(self) -> int:
        return 0

    def exchange(self, exchange_id: str) -> Exchange | None:
        return self.exchanges.get(exchange_id)

    def exchange_by_token(self, token_hash: str) -> Exchange | None:
        return next((e for e in self.exchanges.values() if e.token_hash == token_hash), None)

    def exchange_by_national_request(self, national_request_id: str) -> Exchange | None:
        return next(
            (e for e in self.exchanges.values() if e.national_request_id == national_request_id), None
        )

    def request_id_seen(self, request_id: str) -> bool:
        return any(request_id in (e.request_id, e.second_request_id) for e in self.exchanges.values())

    def message(self, item: str) -> Message | None:
        return self.messages.get(item)

    def owns(self, queue: Queue, item_id: str, owner: str) -> bool:
        return True

    def lease(self, queue: Queue, item_id: str, owner: str, until: datetime) -> None:
        pass

    def save(self, exchange: Exchange, was: State | None) -> None:
        if exchange.state is not was and not allowed(was, exchange.state):
            raise IllegalTransition(f"{was} → {exchange.state}")
        self.exchanges[exchange.id] = exchange

    def release(self, queue: Queue, item_id: str) -> None:
        pass

    def save_message(self, message: Message) -> None:
        self.messages[message.item] = message

    def save_document(self, document: Document) -> None:
        self._documents.append(document)

    def documents(self, exchange_id: str) -> tuple[Document, ...]:
        return tuple(self._documents)

    def destroy_documents(self, exchange_id: str) -> int:
        count = len(self._documents)
        self._documents.clear()
        return count

    def save_transcript(self, transcript: object) -> None:
        pass

    def save_persons(self, exchange_id: str, values: Sequence[bytes]) -> None:
        pass

    def log(self, stream: str, event: Event) -> None:
        self.events.append((stream, event))


class PaperVault:
    """Implements contracts.Vault: what never leaves the memory needs no lock."""

    def new_key(self) -> bytes:
        return b"paper"

    def seal(self, key: bytes, content: bytes) -> bytes:
        return content

    def open(self, key: bytes, sealed: bytes) -> bytes:
        return sealed


class PaperBlobs:
    """Implements contracts.Blobs in memory."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def put(self, key: bytes, content: Content) -> str:
        name = str(len(self._held))
        self._held[name] = content.read(content.size)
        return name

    def open(self, key: bytes, name: str) -> Content:
        return InMemory(self._held[name])

    def delete(self, name: str) -> None:
        self._held.pop(name, None)


@dataclass
class PaperMessaging:
    """Implements contracts.Messaging: keeps what would leave, as it was before signing and encryption."""

    sent: list[tuple[UserMessage, tuple[Payload, ...]]] = field(default_factory=list, repr=False)

    def pack(self, header: UserMessage, payloads: tuple[Payload, ...], pmode: PMode) -> Packed:
        kept = tuple(
            Payload(p.content_id, p.media_type, p.content.read(p.content.size), p.properties)
            for p in payloads
        )
        self.sent.append((header, kept))
        return Packed("multipart/related", b"")

    def deliver(self, message_id: str, packed: Packed, pmode: PMode, *, submitted: bool) -> Delivery:
        return Delivery(Stage.ACKNOWLEDGED)
