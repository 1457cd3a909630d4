"""Tables of the mapping store: append-only, one document for each entry that a version changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from intermediary.store.engine import UtcDateTime


class MappingVersionRow(SQLModel, table=True):
    """One version of the whole set: who made it, when and why."""

    __tablename__ = "mapping_version"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    author: str
    reason: str
    saved_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class MappingEntryRow(SQLModel, table=True):
    """One entry (`evidence/<key>`, `provider/<key>`, …) as of the version that changed it; never updated.

    `document` is its content, as in the file but for YAML; NULL says that the version removed the entry.
    """

    __tablename__ = "mapping_entry"

    entry: str = Field(primary_key=True)
    version: int = Field(
        primary_key=True,
        foreign_key="mapping_version.number",
        index=True,
        sa_column_kwargs={"autoincrement": False},
    )
    document: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
