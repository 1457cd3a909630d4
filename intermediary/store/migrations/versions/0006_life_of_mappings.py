"""Mappings with a life cycle: versions of each entry, their steps, and what an exchange used"""

import hashlib
import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

import intermediary.store.engine

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WHEN = intermediary.store.engine.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Go to this version; what the store held goes along, as versions that are or were live."""
    change = op.create_table(
        "mapping_change",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("publishes", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mapping_change")),
    )
    op.create_index("ix_mapping_change_publishes", "mapping_change", ["publishes"], unique=False)
    content = op.create_table(
        "mapping_content",
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["change"], ["mapping_change.number"], name=op.f("fk_mapping_content_change_mapping_change")
        ),
        sa.PrimaryKeyConstraint("entry", "version", name=op.f("pk_mapping_content")),
    )
    op.create_index("ix_mapping_content_change", "mapping_content", ["change"], unique=False)
    step = op.create_table(
        "mapping_step",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change"], ["mapping_change.number"], name=op.f("fk_mapping_step_change_mapping_change")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mapping_step")),
    )
    op.create_index("ix_mapping_step_change", "mapping_step", ["change"], unique=False)
    op.create_index("ix_mapping_step_version", "mapping_step", ["entry", "version"], unique=False)
    op.add_column("exchange", sa.Column("mapping_version", sa.Integer(), nullable=True))
    op.add_column("exchange", sa.Column("mapping_revision", sa.Integer(), nullable=True))
    op.create_index("ix_exchange_mapping", "exchange", ["mapping_key", "mapping_version"], unique=False)
    _take_along(change, content, step)


def _take_along(change: sa.Table, content: sa.Table, step: sa.Table) -> None:
    """Each version of the whole set becomes a change; what it changed, a new version of each entry."""
    connection = op.get_bind()
    sets = sa.table(
        "mapping_version", sa.column("number"), sa.column("author"), sa.column("reason"),
        sa.column("saved_at", _WHEN),
    )  # fmt: skip
    entries = sa.table(
        "mapping_entry", sa.column("entry"), sa.column("version"), sa.column("document", sa.JSON())
    )
    log = sa.table(
        "event", sa.column("stream"), sa.column("fact"), sa.column("at", _WHEN),
        sa.column("data", sa.JSON()), sa.column("digest"),
    )  # fmt: skip
    newest: dict[str, int] = {}
    live: set[str] = set()
    digest = ""
    for made in connection.execute(sa.select(sets).order_by(sets.c.number)).all():
        connection.execute(
            change.insert(),
            {
                "number": made.number, "action": "adopt", "actor": made.author, "reason": made.reason,
                "at": made.saved_at, "via": "import", "publishes": True,
            },
        )  # fmt: skip
        of_set = sa.select(entries).where(entries.c.version == made.number).order_by(entries.c.entry)
        for row in connection.execute(of_set).all():
            steps = [(newest[row.entry], "retired")] if row.entry in live else []
            live.discard(row.entry)
            if row.document is not None:
                newest[row.entry] = newest.get(row.entry, 0) + 1
                live.add(row.entry)
                steps.append((newest[row.entry], "live"))
                connection.execute(
                    content.insert(),
                    {
                        "entry": row.entry, "version": newest[row.entry], "change": made.number,
                        "document": row.document, "valid_from": _day(row.document, "valid_from"),
                        "valid_until": _day(row.document, "valid_until"), "authors": [made.author],
                        "based_on": newest[row.entry] - 1 or None,
                    },
                )  # fmt: skip
            for version, state in steps:
                values = {"change": made.number, "entry": row.entry, "version": version, "state": state}
                connection.execute(step.insert(), values)
                fact = f"mapping-{state}"
                data = {
                    "entry": row.entry, "version": str(version), "action": "adopt", "actor": made.author,
                    "reason": made.reason, "via": "import", "change": str(made.number),
                }  # fmt: skip
                data = {key: value for key, value in data.items() if value}
                told = json.dumps([digest, "mappings", fact, made.saved_at.isoformat(), data], sort_keys=True)
                digest = hashlib.sha256(told.encode()).hexdigest()
                connection.execute(
                    log.insert(),
                    {"stream": "mappings", "fact": fact, "at": made.saved_at, "data": data, "digest": digest},
                )


def _day(document: Any, name: str) -> date | None:
    try:
        return date.fromisoformat(document.get(name) or "")
    except (TypeError, ValueError):
        return None


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_exchange_mapping", table_name="exchange")
    with op.batch_alter_table("exchange", schema=None) as batch_op:
        batch_op.drop_column("mapping_revision")
        batch_op.drop_column("mapping_version")
    op.drop_table("mapping_step")
    op.drop_table("mapping_content")
    op.drop_table("mapping_change")
    op.execute("DELETE FROM event WHERE stream = 'mappings'")
