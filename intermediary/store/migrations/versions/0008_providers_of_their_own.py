"""Invitations of providers, their sessions, test systems, and runs of the conformance kit"""

import sqlalchemy as sa
from alembic import op

import intermediary.store.engine

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _when(name: str, *, nullable: bool = False) -> "sa.Column[object]":
    return sa.Column(name, intermediary.store.engine.UtcDateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Go to this version."""
    op.create_table(
        "provider_invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        _when("created_at"),
        _when("expires_at"),
        _when("revoked_at", nullable=True),
        _when("handed_in_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_provider_invitation_token_hash")),
    )
    op.create_index(op.f("ix_provider_invitation_provider"), "provider_invitation", ["provider"])
    op.create_table(
        "provider_session",
        sa.Column("id_hash", sa.String(), nullable=False),
        sa.Column("invitation_id", sa.String(), nullable=False),
        _when("started_at"),
        _when("seen_at"),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_provider_session")),
    )
    op.create_index(op.f("ix_provider_session_invitation_id"), "provider_session", ["invitation_id"])
    op.create_index(op.f("ix_provider_session_seen_at"), "provider_session", ["seen_at"])
    op.create_table(
        "provider_endpoint",
        sa.Column("invitation_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("options", sa.String(), nullable=False),
        sa.Column("ca", sa.String(), nullable=False),
        sa.Column("test_data", sa.String(), nullable=False),
        _when("updated_at"),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_provider_endpoint")),
    )
    op.create_table(
        "provider_run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("invitation_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        _when("started_at"),
        _when("beat_at"),
        _when("finished_at", nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_run")),
    )
    op.create_index(op.f("ix_provider_run_invitation_id"), "provider_run", ["invitation_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("provider_run")
    op.drop_table("provider_endpoint")
    op.drop_table("provider_session")
    op.drop_table("provider_invitation")
