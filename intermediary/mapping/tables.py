"""Tables of the mapping store, append-only: changes, what each version says, and the steps of its life.

`mapping_version` and `mapping_entry` are how the store was before revision 0006 of the schema: only nodes
that are not yet upgraded read them; a later migration drops them.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Index
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


class MappingChangeRow(SQLModel, table=True):
    """What somebody did at once, to one entry or several; `publishes`: the set in force changed with it."""

    __tablename__ = "mapping_change"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    action: str
    actor: str
    reason: str
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    via: str
    publishes: bool = Field(index=True)


class MappingContentRow(SQLModel, table=True):
    """What one version of an entry says (as in the file, but for YAML); never updated."""

    __tablename__ = "mapping_content"

    entry: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    change: int = Field(foreign_key="mapping_change.number", index=True)
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    valid_from: date | None = None
    valid_until: date | None = None
    authors: list[str] = Field(sa_column=Column(JSON, nullable=False))
    based_on: int | None = None


class MappingStepRow(SQLModel, table=True):
    """A version came into a state; the newest says where it stands. Never updated."""

    __tablename__ = "mapping_step"
    __table_args__ = (Index("ix_mapping_step_version", "entry", "version"),)

    number: int | None = Field(default=None, primary_key=True)
    change: int = Field(foreign_key="mapping_change.number", index=True)
    entry: str
    version: int
    state: str
