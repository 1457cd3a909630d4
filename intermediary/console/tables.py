"""Table of the operators' sessions: kept on our side, so that one can be ended from here."""

from datetime import datetime

from sqlalchemy import JSON, Column, DateTime
from sqlmodel import Field, SQLModel


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
