"""Sessions of the operators at the console"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "operator_session",
        sa.Column("id_hash", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_operator_session")),
    )
    op.create_index(op.f("ix_operator_session_seen_at"), "operator_session", ["seen_at"])
    op.create_index(op.f("ix_operator_session_subject"), "operator_session", ["subject"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("operator_session")
