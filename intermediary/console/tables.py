"""Tables of the operators' sessions, kept on our side so that one can be ended from here, and of what invited
providers do on their own pages.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime
from sqlmodel import Field, SQLModel

from intermediary.store.engine import UtcDateTime


class SessionRow(SQLModel, table=True):
    """One session of one browser. Times are UTC without zone."""

    __tablename__ = "operator_session"

    id_hash: str = Field(primary_key=True)
    """SHA-256 of what the cookie holds: who reads the table cannot become anybody."""
    subject: str = Field(index=True)
    name: str
    roles: list[str] = Field(sa_column=Column(JSON, nullable=False))
    started_at: datetime = Field(sa_column=Column(DateTime, nullable=False))
    seen_at: datetime = Field(sa_column=Column(DateTime, nullable=False, index=True))


class InvitationRow(SQLModel, table=True):
    """One provider's invitation to its own pages."""

    __tablename__ = "provider_invitation"

    id: str = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    """SHA-256 of what the link holds."""
    organisation: str
    provider: str = Field(index=True)
    """Key in the mapping store; evidence mappings of the provider begin with it."""
    audience: str | None = None
    """Of access tokens: the operator's word, for a provider could else have a token for somebody else."""
    email: str | None = None
    """For information only; forgotten some time after the end."""
    created_by: str
    created_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    expires_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    handed_in_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ProviderSessionRow(SQLModel, table=True):
    """One browser that came by an invitation."""

    __tablename__ = "provider_session"

    id_hash: str = Field(primary_key=True)
    invitation_id: str = Field(index=True)
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    seen_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))


class ProviderEndpointRow(SQLModel, table=True):
    """A provider's test system, as it describes it itself."""

    __tablename__ = "provider_endpoint"

    invitation_id: str = Field(primary_key=True)
    url: str
    protocol: str
    options: str = ""
    ca: str = ""
    test_data: str = ""
    updated_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class ProviderRunRow(SQLModel, table=True):
    """One run of the conformance kit; the report names no person."""

    __tablename__ = "provider_run"

    id: str = Field(primary_key=True)
    invitation_id: str = Field(index=True)
    state: str
    done: int = 0
    total: int = 0
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    beat_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    finished_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
