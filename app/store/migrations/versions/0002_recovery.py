"""Recovery points by the hour, and failovers, outages, restores and drills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery_hour",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("mechanism", sa.Text(), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("newest", sa.BigInteger()),
        sa.Column("code", sa.Text()),
        sa.Column("text", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("worst", sa.BigInteger()),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("spread", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("component", "mechanism", "hour", name="pk_recovery_hour"),
    )
    op.create_table(
        "recovery_event",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text()),
        sa.PrimaryKeyConstraint("component", "kind", "started_at", name="pk_recovery_event"),
    )


def downgrade() -> None:
    for table in ("recovery_event", "recovery_hour"):
        op.drop_table(table)
