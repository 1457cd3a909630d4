"""Alembic environment: runs on the connection that `store.migrations` hands over."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

import intermediary.console.tables
import intermediary.mapping.tables
import intermediary.store.tables  # noqa: F401 - registers the tables


def render(kind: str, value: Any, _context: Any) -> str | Literal[False]:
    """SQLModel's own text type is SQLAlchemy's String with another name."""
    return "sa.String()" if kind == "type" and isinstance(value, AutoString) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
