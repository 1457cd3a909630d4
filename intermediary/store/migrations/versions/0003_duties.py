"""Duties of the house; what is over, by its age"""

import sqlalchemy as sa
from alembic import op

import intermediary.store.engine

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "duty",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due_at", intermediary.store.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column("lease_until", intermediary.store.engine.UtcDateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("ran_at", intermediary.store.engine.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duty")),
    )
    op.create_index(
        "ix_exchange_closed",
        "exchange",
        ["updated_at"],
        unique=False,
        sqlite_where=sa.text("state = 'closed'"),
        postgresql_where=sa.text("state = 'closed'"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_exchange_closed", table_name="exchange")
    op.drop_table("duty")
