"""Transcripts without persons, the blind index of persons and its key, the order of the console's list"""

import sqlalchemy as sa
from alembic import op

import intermediary.store.engine

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FAILED = "outcome IN ('failed', 'invalid', 'provider-down', 'unmapped', 'unresolved', 'unsupported')"


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "transcript",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", intermediary.store.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_transcript")),
    )
    op.create_index(op.f("ix_transcript_exchange_id"), "transcript", ["exchange_id"])
    op.create_table(
        "person",
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("exchange_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("value", "exchange_id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_exchange_id"), "person", ["exchange_id"])
    op.create_table(
        "secret",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_secret")),
    )
    op.create_index("ix_exchange_newest", "exchange", ["created_at", "id"])
    op.create_index(
        "ix_exchange_failed",
        "exchange",
        ["created_at", "id"],
        sqlite_where=sa.text(_FAILED),
        postgresql_where=sa.text(_FAILED),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_exchange_failed", table_name="exchange")
    op.drop_index("ix_exchange_newest", table_name="exchange")
    op.drop_table("secret")
    op.drop_table("person")
    op.drop_table("transcript")
