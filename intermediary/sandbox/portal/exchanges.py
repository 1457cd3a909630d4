"""What the portal knows of one evidence exchange: its state, its messages, what came of it."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from intermediary.edm.model import EvidenceRequest


class State(StrEnum):
    """Where an exchange stands, seen by the requester."""

    SENT = "sent"
    """A request is on its way, or the provider works on it."""
    PREVIEW_REQUIRED = "preview-required"
    """The user has to go to the preview location; the second request waits there."""
    EVIDENCE = "evidence"
    """The provider answered; the documents that the user allowed are here (possibly none)."""
    DEFERRED = "deferred"
    """The provider answers later: ask again from `available_at` on."""
    ERROR = "error"
    """The provider answered with an error."""
    UNDELIVERABLE = "undeliverable"
    """A request could not be handed over to the provider's access point."""

    @property
    def final(self) -> bool:
        """True where nothing more will come."""
        return self not in (State.SENT, State.PREVIEW_REQUIRED)


class Acknowledgement(StrEnum):
    """What became of an AS4 message at the access point that it was pushed to."""

    WAITING = "waiting"
    RECEIPT = "receipt"
    """A signed receipt was given (in) or verified (out)."""
    REFUSED = "refused"
    """Answered with an ebMS error."""
    GIVEN_UP = "given-up"
    """Not reachable after all attempts."""


@dataclass(frozen=True, slots=True)
class Step:
    """One AS4 user message of the exchange."""

    at: datetime
    outgoing: bool
    action: str
    message_id: str
    edm_id: str | None = None
    ref_to_message_id: str | None = None
    acknowledgement: Acknowledgement = Acknowledgement.WAITING
    receipt_id: str | None = None
    attempts: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReceivedDocument:
    """One document of the evidence."""

    title: str
    media_type: str
    role: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class ReceivedError:
    """The first rs:Exception of an error response."""

    code: str
    message: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange; `id` is also the ExchangeId of EDM 2.0."""

    id: str
    began_at: datetime
    evidence: str
    person: str
    version: str
    conversation_id: str
    return_url: str
    request: EvidenceRequest = field(repr=False)
    """The first request; the second one repeats it."""
    return_in_request: bool = False
    """True where the version has ReturnLocation (2.0), else the preview link carries `returnurl`."""
    state: State = State.SENT
    steps: tuple[Step, ...] = ()
    preview_location: str | None = None
    preview_method: str = "GET"
    preview_descriptions: tuple[tuple[str, str], ...] = ()
    documents: tuple[ReceivedDocument, ...] = field(default=(), repr=False)
    error: ReceivedError | None = None
    available_at: datetime | None = None
    returned_at: datetime | None = None

    @property
    def preview_link(self) -> str | None:
        """Where to send the user: the location, in 1.x with `returnurl` and `returnmethod` (TDD 4.9)."""
        if self.preview_location is None or self.return_in_request:
            return self.preview_location
        joint = "&" if "?" in self.preview_location else "?"
        return f"{self.preview_location}{joint}returnurl={quote(self.return_url, safe='')}&returnmethod=GET"

    def step(self, message_id: str) -> Step | None:
        """The step with that AS4 MessageId."""
        return next((step for step in self.steps if step.message_id == message_id), None)

    def with_step(self, step: Step) -> "Exchange":
        """The exchange with a step added, or replaced where the MessageId is known."""
        if self.step(step.message_id) is None:
            return replace(self, steps=(*self.steps, step))
        return replace(self, steps=tuple(step if s.message_id == step.message_id else s for s in self.steps))


def as_json(exchange: Exchange) -> dict[str, object]:
    """What `GET /api/exchanges/{id}` answers; times are ISO 8601, sizes are bytes."""
    return {
        "id": exchange.id,
        "state": exchange.state,
        "final": exchange.state.final,
        "evidence": exchange.evidence,
        "person": exchange.person,
        "version": exchange.version,
        "conversation_id": exchange.conversation_id,
        "request_ids": [step.edm_id for step in exchange.steps if step.outgoing],
        "request_message_ids": [step.message_id for step in exchange.steps if step.outgoing],
        "preview": None
        if exchange.preview_location is None
        else {
            "location": exchange.preview_location,
            "method": exchange.preview_method,
            "link": exchange.preview_link,
            "descriptions": dict(exchange.preview_descriptions),
        },
        "documents": [
            {
                "n": n,
                "title": document.title,
                "type": document.media_type,
                "role": document.role,
                "size": len(document.content),
                "sha256": document.sha256,
            }
            for n, document in enumerate(exchange.documents, 1)
        ],
        "error": None
        if exchange.error is None
        else {
            "code": exchange.error.code,
            "message": exchange.error.message,
            "detail": exchange.error.detail,
        },
        "available_at": exchange.available_at and exchange.available_at.isoformat(),
        "returned_at": exchange.returned_at and exchange.returned_at.isoformat(),
        "messages": [
            {
                "at": step.at.isoformat(),
                "direction": "out" if step.outgoing else "in",
                "action": step.action,
                "message_id": step.message_id,
                "edm_id": step.edm_id,
                "ref_to_message_id": step.ref_to_message_id,
                "acknowledgement": step.acknowledgement,
                "receipt_id": step.receipt_id,
                "attempts": step.attempts,
                "note": step.note,
            }
            for step in exchange.steps
        ],
    }


class Exchanges:
    """All exchanges of the portal: in memory, each also as a JSON file to look at. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._exchanges: dict[str, Exchange] = {}

    def add(self, exchange: Exchange) -> None:
        """Keep a new exchange."""
        with self._lock:
            self._keep(exchange)

    def get(self, exchange_id: str) -> Exchange | None:
        """The exchange as it now is."""
        return self._exchanges.get(exchange_id)

    def all(self) -> tuple[Exchange, ...]:
        """All, the newest first."""
        with self._lock:
            return tuple(reversed(self._exchanges.values()))

    def update(self, exchange_id: str, change: Callable[[Exchange], Exchange]) -> Exchange:
        """Replace an exchange by `change` of it, one at a time."""
        with self._lock:
            exchange = change(self._exchanges[exchange_id])
            self._keep(exchange)
            return exchange

    def find(
        self, ref_to_message_id: str | None, conversation_id: str, request_id: str | None
    ) -> Exchange | None:
        """The exchange of an answer: by RefToMessageId, else by request id in its conversation."""
        with self._lock:
            for exchange in self._exchanges.values():
                for step in exchange.steps:
                    if step.outgoing and (
                        step.message_id == ref_to_message_id
                        or (
                            ref_to_message_id is None
                            and exchange.conversation_id == conversation_id
                            and step.edm_id == request_id
                        )
                    ):
                        return exchange
        return None

    def _keep(self, exchange: Exchange) -> None:
        self._exchanges[exchange.id] = exchange
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{exchange.id}.json").write_text(json.dumps(as_json(exchange), indent=1))
