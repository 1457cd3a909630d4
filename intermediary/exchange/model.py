"""One exchange as a value: its states, the transitions between them, its messages, its events.

Frozen; the store keeps these values as rows, the steps make new ones. No personal data in any field but
the sealed ones (bytes that only the vault can open).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where an inbound exchange stands, and so what it waits for."""

    AWAITING_CITIZEN = "awaiting-citizen"
    """«Preview required» was answered; the citizen has until T2 to arrive and identify themself."""
    AWAITING_INPUT = "awaiting-input"
    """The citizen is identified; the register needs something more from them (T3)."""
    ASKING = "asking"
    """The national provider is being asked, or asked again."""
    PREVIEWING = "previewing"
    """The evidence is here; the citizen decides (T3)."""
    SETTLED = "settled"
    """The outcome stands; waiting for the second request that asks for it."""
    ANSWERING = "answering"
    """The final answer is on its way; waiting for the partner's receipt."""
    CLOSED = "closed"
    """Over: no evidence is left here, the log stays."""


class Outcome(StrEnum):
    """How an exchange ends, as seen by the requester."""

    APPROVED = "approved"
    DECLINED = "declined"
    DEFERRED = "deferred"
    UNKNOWN_PERSON = "unknown-person"
    NOT_FOUND = "not-found"
    AMBIGUOUS = "ambiguous"
    REJECTED = "rejected"
    PROVIDER_DOWN = "provider-down"
    TIMED_OUT = "timed-out"
    INVALID = "invalid"
    UNSUPPORTED = "unsupported"
    UNMAPPED = "unmapped"
    UNRESOLVED = "unresolved"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Transition:
    """One allowed step: what happened, from where, to where. `None` is the beginning."""

    trigger: str
    source: State | None
    target: State


TRANSITIONS = (
    Transition("accepted, preview required", None, State.AWAITING_CITIZEN),
    Transition("accepted, no preview", None, State.ASKING),
    Transition("refused", None, State.SETTLED),
    Transition("citizen identified, input missing", State.AWAITING_CITIZEN, State.AWAITING_INPUT),
    Transition("citizen identified", State.AWAITING_CITIZEN, State.ASKING),
    Transition("citizen not matched, or T2 over", State.AWAITING_CITIZEN, State.SETTLED),
    Transition("input given", State.AWAITING_INPUT, State.ASKING),
    Transition("T3 over", State.AWAITING_INPUT, State.SETTLED),
    Transition("provider answers later, or is down: ask again", State.ASKING, State.ASKING),
    Transition("evidence delivered", State.ASKING, State.PREVIEWING),
    Transition("no evidence to be had, or no preview needed", State.ASKING, State.SETTLED),
    Transition("citizen decided, or T3 over", State.PREVIEWING, State.SETTLED),
    Transition("answered (with a preview: once the second request is here)", State.SETTLED, State.ANSWERING),
    Transition("second request never came", State.SETTLED, State.CLOSED),
    Transition("receipt, or delivery given up", State.ANSWERING, State.CLOSED),
)
"""The whole machine; `allowed` looks it up, `intermediary exchanges states` prints it."""


def allowed(source: State | None, target: State) -> bool:
    """True where the table has a transition from `source` to `target`."""
    return any(t.source == source and t.target == target for t in TRANSITIONS)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One inbound exchange: one row, one lease."""

    id: str
    state: State
    due_at: datetime | None
    """When a worker has to look at it next; None: only an event from outside moves it."""
    created_at: datetime
    updated_at: datetime
    pmode_id: str
    edm_version: str
    conversation_id: str
    request_message_id: str
    """AS4 MessageId of the first request."""
    request_id: str
    """EDM id of the first request."""
    answer_to: str | None
    """AS4 MessageId of the request that the final answer goes to; with a preview, the second one."""
    edm_exchange_id: str | None = None
    requester_id: str = ""
    requester_country: str | None = None
    procedure: str = ""
    evidence_type: str = ""
    """EU evidence type classification (URI)."""
    mapping_key: str | None = None
    mapping_version: int | None = None
    """The version of that mapping by which the request was accepted, and all is done until the end."""
    mapping_revision: int | None = None
    """The revision of the mapping store then: it and the day give the whole set."""
    provider_key: str | None = None
    second_request_id: str | None = None
    outcome: Outcome | None = None
    outcome_rule: str | None = None
    """Rule, place and remedy of a refusal, fit for the wire."""
    token_hash: str | None = None
    """SHA-256 of the token in the preview location."""
    preview_deadline: datetime | None = None
    visitor_hash: str | None = None
    return_location: str | None = None
    return_method: str = "GET"
    national_request_id: str = ""
    """Idempotency key of the national call, fixed before the first attempt."""
    poll_url: str | None = None
    available_at: datetime | None = None
    ask_attempts: int = 0
    ask_until: datetime | None = None
    failures: int = 0
    """Steps that broke in a row."""
    answer_message_id: str = ""
    """AS4 MessageId of the final answer, fixed before the first attempt."""
    approved: tuple[str, ...] = ()
    """Content-IDs of the documents that the citizen allowed."""
    evidence_key: bytes | None = field(default=None, repr=False)
    """Wrapped; gone as soon as the exchange is closed, and with it everything it sealed."""
    sealed_inputs: bytes | None = field(default=None, repr=False)
    sealed_response: bytes | None = field(default=None, repr=False)
    """The evidence response with all documents, as EDM XML."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of the evidence, sealed with the exchange's evidence key: in the row or in a blob."""

    exchange_id: str
    content_id: str
    media_type: str
    size: int
    sealed: bytes | None = field(repr=False)
    blob: str | None = None


class Direction(StrEnum):
    """Of an AS4 message, seen from us."""

    IN = "in"
    OUT = "out"


class MessageState(StrEnum):
    """IN: stored, handled. OUT: queued, (with a gateway: submitted, retrying,) acknowledged, failed."""

    STORED = "stored"
    HANDLED = "handled"
    QUEUED = "queued"
    SUBMITTED = "submitted"
    RETRYING = "retrying"
    ACKNOWLEDGED = "acknowledged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One AS4 user message. IN: sealed are its parts; OUT: the packed HTTP body until acknowledged."""

    direction: Direction
    message_id: str
    pmode_id: str
    state: MessageState
    due_at: datetime | None
    at: datetime
    action: str
    conversation_id: str
    exchange_id: str | None = None
    ref_to_message_id: str | None = None
    content_type: str = ""
    properties: tuple[tuple[str, str, str], ...] = ()
    """IN: message properties (name, value, type or empty)."""
    references: tuple[tuple[str, str, str], ...] = ()
    """Signed digests (URI, method, hex): what was received or sent can be proven by them."""
    receipt: bytes = field(default=b"", repr=False)
    """The signed receipt, ours or the partner's."""
    receipt_type: str = ""
    key: bytes | None = field(default=None, repr=False)
    """Wrapped key of `sealed`."""
    sealed: bytes | None = field(default=None, repr=False)
    blob: str | None = None
    """Name of what is too large for `sealed`."""
    attempts: int = 0

    @property
    def item(self) -> str:
        """Its identity in the store: a MessageId is unique only per partner and direction."""
        return message_item(self.direction, self.pmode_id, self.message_id)


def message_item(direction: Direction, pmode_id: str, message_id: str) -> str:
    """The identity of a message in the store."""
    return f"{direction}|{pmode_id}|{message_id}"


class Fact(StrEnum):
    """Kinds of events; one exchange, one story."""

    REQUEST_RECEIVED = "request-received"
    REQUEST_ACCEPTED = "request-accepted"
    REQUEST_REFUSED = "request-refused"
    PREVIEW_OFFERED = "preview-offered"
    SECOND_REQUEST_RECEIVED = "second-request-received"
    CITIZEN_ARRIVED = "citizen-arrived"
    RETURN_REFUSED = "return-location-refused"
    CITIZEN_IDENTIFIED = "citizen-identified"
    CITIZEN_NOT_MATCHED = "citizen-not-matched"
    VISITOR_REFUSED = "visitor-refused"
    INPUT_GIVEN = "input-given"
    FIELDS_LOST = "fields-lost"
    PROVIDER_ASKED = "provider-asked"
    PROVIDER_ANSWERED = "provider-answered"
    PROVIDER_UNAVAILABLE = "provider-unavailable"
    DOCUMENT_SHOWN = "document-shown"
    DECIDED = "decided"
    TIME_OVER = "time-over"
    SETTLED = "settled"
    MESSAGE_QUEUED = "message-queued"
    MESSAGE_SUBMITTED = "message-submitted"
    MESSAGE_ACKNOWLEDGED = "message-acknowledged"
    SEND_FAILED = "send-failed"
    DELIVERY_GIVEN_UP = "delivery-given-up"
    EVIDENCE_DESTROYED = "evidence-destroyed"
    CLOSED = "closed"
    MESSAGE_REFUSED = "message-refused"
    DUPLICATE_RECEIVED = "duplicate-received"
    TEST_RECEIVED = "test-received"
    STEP_FAILED = "step-failed"
    OPERATOR_ACTED = "operator-acted"
    CERTIFICATE_ENDING = "certificate-ending"
    PURGED = "purged"
    LOG_CUT = "log-cut"
    """The oldest entries of a stream are gone; its `anchor` is the digest of the last of them."""
    MAPPING_DRAFTED = "mapping-drafted"
    MAPPING_SUBMITTED = "mapping-submitted"
    MAPPING_APPROVED = "mapping-approved"
    MAPPING_REJECTED = "mapping-rejected"
    MAPPING_LIVE = "mapping-live"
    MAPPING_RETIRED = "mapping-retired"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact. `data` holds identifiers, codes, counts and digests; never personal data or evidence."""

    fact: Fact
    at: datetime
    data: tuple[tuple[str, str], ...] = ()


def event(fact: Fact, at: datetime, **data: object) -> Event:
    """An event; empty values are left out."""
    return Event(fact, at, tuple((k, str(v)) for k, v in data.items() if v not in (None, "")))
