"""Tables of the exchanges. Columns bear the names of the fields of exchange.model, so rows map by name."""

from datetime import datetime

from sqlalchemy import JSON, Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from intermediary.store.engine import UtcDateTime


def _when(*, index: bool = False, nullable: bool = True) -> Column[datetime]:
    return Column(UtcDateTime, index=index, nullable=nullable)


FAILED = "outcome IN ('failed', 'invalid', 'provider-down', 'unmapped', 'unresolved', 'unsupported')"
"""Of exchanges that broke or were refused; not of those where a person or an evidence was not found."""


class ExchangeRow(SQLModel, table=True):
    """One exchange: state, due time, lease."""

    __tablename__ = "exchange"
    __table_args__ = (
        Index("ix_exchange_mapping", "mapping_key", "mapping_version"),
        # Only what is over: retention asks for the oldest, and nothing else does.
        Index(
            "ix_exchange_closed",
            "updated_at",
            sqlite_where=text("state = 'closed'"),
            postgresql_where=text("state = 'closed'"),
        ),
        Index("ix_exchange_newest", "created_at", "id"),
        # Few, so that those of a day are found among millions.
        Index(
            "ix_exchange_failed",
            "created_at",
            "id",
            sqlite_where=text(FAILED),
            postgresql_where=text(FAILED),
        ),
    )

    id: str = Field(primary_key=True)
    state: str = Field(index=True)
    due_at: datetime | None = Field(default=None, sa_column=_when(index=True))
    lease_until: datetime | None = Field(default=None, sa_column=_when())
    owner: str | None = None
    created_at: datetime = Field(sa_column=_when(nullable=False))
    updated_at: datetime = Field(sa_column=_when(nullable=False))
    pmode_id: str
    edm_version: str
    conversation_id: str = Field(index=True)
    request_message_id: str
    request_id: str = Field(index=True)
    answer_to: str | None = None
    edm_exchange_id: str | None = Field(default=None, index=True)
    requester_id: str = ""
    requester_country: str | None = None
    procedure: str = ""
    evidence_type: str = ""
    mapping_key: str | None = None
    mapping_version: int | None = None
    mapping_revision: int | None = None
    provider_key: str | None = None
    second_request_id: str | None = Field(default=None, index=True)
    outcome: str | None = None
    outcome_rule: str | None = None
    token_hash: str | None = Field(default=None, unique=True)
    preview_deadline: datetime | None = Field(default=None, sa_column=_when())
    visitor_hash: str | None = None
    return_location: str | None = None
    return_method: str = "GET"
    national_request_id: str = Field(default="", index=True)
    poll_url: str | None = None
    available_at: datetime | None = Field(default=None, sa_column=_when())
    ask_attempts: int = 0
    failures: int = 0
    ask_until: datetime | None = Field(default=None, sa_column=_when())
    answer_message_id: str = ""
    approved: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    evidence_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sealed_inputs: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sealed_response: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class MessageRow(SQLModel, table=True):
    """One AS4 user message, in or out; `item` is direction, P-Mode and MessageId."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_due", "direction", "due_at"),)

    item: str = Field(primary_key=True)
    direction: str
    message_id: str = Field(index=True)
    pmode_id: str
    state: str
    due_at: datetime | None = Field(default=None, sa_column=_when())
    lease_until: datetime | None = Field(default=None, sa_column=_when())
    owner: str | None = None
    at: datetime = Field(sa_column=_when(nullable=False))
    action: str
    conversation_id: str
    exchange_id: str | None = Field(default=None, index=True)
    ref_to_message_id: str | None = None
    content_type: str = ""
    properties: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    references: list[list[str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    receipt: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    receipt_type: str = ""
    key: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    blob: str | None = Field(default=None, index=True)
    attempts: int = 0


class DocumentRow(SQLModel, table=True):
    """One sealed document of the evidence: here only until the exchange is closed."""

    __tablename__ = "document"

    number: int | None = Field(default=None, primary_key=True)
    exchange_id: str = Field(foreign_key="exchange.id", index=True)
    content_id: str
    media_type: str
    size: int
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    blob: str | None = Field(default=None, index=True)


class EventRow(SQLModel, table=True):
    """The append-only log; `digest` chains each entry to the one before it in its stream."""

    __tablename__ = "event"

    number: int | None = Field(default=None, primary_key=True)
    stream: str = Field(index=True)
    fact: str = Field(index=True)
    at: datetime = Field(sa_column=_when(nullable=False))
    data: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    digest: str


class TranscriptRow(SQLModel, table=True):
    """What one message said, without what belongs to a person: stays as long as the log."""

    __tablename__ = "transcript"

    number: int | None = Field(default=None, primary_key=True)
    exchange_id: str = Field(index=True)
    kind: str
    at: datetime = Field(sa_column=_when(nullable=False))
    message_id: str
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PersonRow(SQLModel, table=True):
    """By what an exchange is found when somebody searches for a person; see blind_index.py."""

    __tablename__ = "person"

    value: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    exchange_id: str = Field(primary_key=True, index=True)


class SecretRow(SQLModel, table=True):
    """A key of the platform's own that all nodes share, wrapped by the platform key."""

    __tablename__ = "secret"

    name: str = Field(primary_key=True)
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DutyRow(SQLModel, table=True):
    """One recurring duty of the house: due time and lease as an exchange has them."""

    __tablename__ = "duty"

    name: str = Field(primary_key=True)
    due_at: datetime = Field(sa_column=_when(nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=_when())
    owner: str | None = None
    ran_at: datetime | None = Field(default=None, sa_column=_when())
    """When it was last its turn; None: never."""
