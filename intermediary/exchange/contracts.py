"""What the exchange needs from the outside, as small protocols; `app.py` gives it the real ones."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from intermediary.as4.model import Packed, Payload, PMode, UserMessage
from intermediary.content import Content
from intermediary.exchange.model import Document, Event, Exchange, Message, State
from intermediary.exchange.transcripts import Transcript
from intermediary.mapping.model import MappingSet, Provider
from intermediary.national.model import NationalAnswer, NationalRequest


class Clock(Protocol):
    """The time, aware UTC."""

    def __call__(self) -> datetime: ...


class Ids(Protocol):
    """Fresh UUIDs as text."""

    def __call__(self) -> str: ...


class ProviderUnavailable(Exception):  # noqa: N818
    """The provider could not be reached or did not answer sensibly; worth trying again.

    The text names the kind of failure (timeout, refused, HTTP status), never content.
    """


class NationalConnector(Protocol):
    """Calls national providers in their own protocol (transport)."""

    def ask(self, provider: Provider, request: NationalRequest) -> NationalAnswer:
        """Ask once; repeats with the same request id are recognised there. Raises ProviderUnavailable."""

    def poll(self, provider: Provider, request_id: str, poll_url: str) -> NationalAnswer:
        """Ask again for a deferred answer. Raises ProviderUnavailable."""


class PartnerUnreachable(Exception):  # noqa: N818
    """The partner's access point could not be reached; worth trying again."""


class Push(Protocol):
    """Pushes one packed AS4 message and returns what came back (transport)."""

    def __call__(self, url: str, packed: Packed) -> tuple[int, str, bytes]:
        """HTTP status, content type, body of the answer. Raises PartnerUnreachable."""


class Stage(StrEnum):
    """How far a message came."""

    ACKNOWLEDGED = "acknowledged"
    """The partner's access point has it and has said so."""
    SUBMITTED = "submitted"
    """A gateway has it and goes on by itself; ask again later."""
    RETRYING = "retrying"
    """The gateway's last attempt failed; it will try again by itself."""
    KNOWN = "known"
    """The partner has handled this MessageId before and says so instead of acknowledging it again."""
    FAILED = "failed"
    """This attempt failed; another may succeed."""
    REFUSED = "refused"
    """It will never arrive."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an attempt to deliver, or a look at one that is under way, has shown."""

    stage: Stage
    reason: str = ""
    """ebMS error codes and the kind of failure; never content."""
    receipt: bytes = field(default=b"", repr=False)
    receipt_type: str = ""


class Messaging(Protocol):
    """Carries messages to partners: our own AS4, or the gateway of someone else."""

    def pack(self, header: UserMessage, payloads: tuple[Payload, ...], pmode: PMode) -> Packed:
        """The message as it will leave; kept, so that every attempt sends the same."""

    def deliver(self, message_id: str, packed: Packed, pmode: PMode, *, submitted: bool) -> Delivery:
        """One attempt; `submitted`: a gateway took it before, so only look how far it came.

        A repeat is recognised by the MessageId. Raises PartnerUnreachable.
        """


class Mappings(Protocol):
    """The mapping set in force on a day, now or as it was at a revision (`MappingSet.revision`)."""

    def __call__(self, day: date, revision: int | None = None) -> MappingSet: ...


class Vault(Protocol):
    """Envelope encryption: keys come out wrapped by the platform's key."""

    def new_key(self) -> bytes:
        """A fresh data key, wrapped."""

    def seal(self, key: bytes, content: bytes) -> bytes:
        """Encrypt content under a wrapped key."""

    def open(self, key: bytes, sealed: bytes) -> bytes:
        """Decrypt; raises ValueError where key or bytes do not fit."""


class Blobs(Protocol):
    """Sealed content of any size, outside the database."""

    def put(self, key: bytes, content: Content) -> str:
        """Seal under a wrapped key; durable when this returns. Returns its name."""

    def open(self, key: bytes, name: str) -> Content:
        """The content, read as it is asked for; raises ValueError where it is gone or does not fit."""

    def delete(self, name: str) -> None:
        """Delete, if it is there. The ledger does so after the commit that forgets a name."""


class BlindIndex(Protocol):
    """Makes of a person's attributes what may be kept to find the person's exchanges (store)."""

    def __call__(self, attributes: Sequence[str]) -> tuple[bytes, ...]:
        """One value for each, by a key of the platform's; without it no value leads back to a person."""


class Queue(StrEnum):
    """What a worker may claim."""

    INCOMING = "incoming"
    EXCHANGE = "exchange"
    OUTGOING = "outgoing"


class Transaction(Protocol):
    """All or nothing: state, events and follow-up work are written together."""

    def exchange(self, exchange_id: str) -> Exchange | None:
        """The exchange, locked until the end of the transaction."""

    def exchange_by_token(self, token_hash: str) -> Exchange | None:
        """The exchange of a preview location, locked."""

    def exchange_by_national_request(self, national_request_id: str) -> Exchange | None:
        """The exchange that asked a provider with this idempotency key, locked."""

    def request_id_seen(self, request_id: str) -> bool:
        """True where an EDM request with that id came before."""

    def message(self, item: str) -> Message | None:
        """One message by its `item`, or None."""

    def owns(self, queue: Queue, item_id: str, owner: str) -> bool:
        """True while the lease of this owner on the item holds."""

    def lease(self, queue: Queue, item_id: str, owner: str, until: datetime) -> None:
        """Take the lease on an item, also from somebody who holds it: their result will be dropped."""

    def save(self, exchange: Exchange, was: State | None) -> None:
        """Write an exchange that was in state `was` (None: new); a new state ends the lease.

        Raises IllegalTransition.
        """

    def release(self, queue: Queue, item_id: str) -> None:
        """End the lease on an item."""

    def save_message(self, message: Message) -> None:
        """Insert or update a message; releases the lease."""

    def save_document(self, document: Document) -> None:
        """Insert a sealed document."""

    def documents(self, exchange_id: str) -> tuple[Document, ...]:
        """The documents of an exchange, in the order in which they were saved."""

    def destroy_documents(self, exchange_id: str) -> int:
        """Delete them; returns how many there were."""

    def save_transcript(self, transcript: Transcript) -> None:
        """Insert what was said, without what belongs to a person."""

    def save_persons(self, exchange_id: str, values: Sequence[bytes]) -> None:
        """Insert the values by which a new exchange is found when somebody searches for its persons."""

    def log(self, stream: str, event: Event) -> None:
        """Append to the log of an exchange (its id), or of the platform (`platform`)."""


class Ledger(Protocol):
    """The durable memory of all exchanges (store)."""

    def begin(self) -> AbstractContextManager[Transaction]:
        """A transaction: committed at the end, rolled back on an exception."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A look: each thing as it is when it is asked for; nothing is locked, nothing may be written."""

    def claim(
        self, queues: Sequence[Queue], *, owner: str, now: datetime, until: datetime
    ) -> tuple[Queue, str] | None:
        """Lease to `owner` what is due longest in the first of these queues that has anything due."""

    def sweep(self) -> int:
        """Delete blobs that a crash left without a row that names them; returns how many."""
