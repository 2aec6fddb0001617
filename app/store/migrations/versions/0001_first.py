"""Shards, slots, frames, hours, checkpoints, definitions, verdict changes, breaches, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _series()
    _judged()
    _outbox()


def downgrade() -> None:
    for table in ("outbox", "breach", "verdict_change", "definition", "checkpoint", "hour", "frame", "slot", "shard"):
        op.drop_table(table)


def _series() -> None:
    op.create_table(
        "shard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tick", sa.Integer()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shard"),
        sa.UniqueConstraint("name", name="uq_shard_name"),
    )
    op.create_table(
        "slot",
        sa.Column("shard_id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.Integer()),
        sa.PrimaryKeyConstraint("shard_id", "slot", name="pk_slot"),
        sa.ForeignKeyConstraint(["shard_id"], ["shard.id"], name="fk_slot_shard"),
    )
    for name in ("frame", "hour"):
        op.create_table(
            name,
            sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
            sa.Column("shard_id", sa.Integer(), nullable=False),
            sa.Column("data", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint("minute", "shard_id", name=f"pk_{name}"),
            sa.ForeignKeyConstraint(["shard_id"], ["shard.id"], name=f"fk_{name}_shard"),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "checkpoint",
        sa.Column("shard_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard_id", name="pk_checkpoint"),
        sa.ForeignKeyConstraint(["shard_id"], ["shard.id"], name="fk_checkpoint_shard"),
    )


def _judged() -> None:
    op.create_table(
        "definition",
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("objective", "valid_from", name="pk_definition"),
    )
    op.create_table(
        "verdict_change",
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("at", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data_version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("objective", "at", name="pk_verdict_change"),
    )
    op.create_table(
        "breach",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("objective", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("long", sa.Integer(), nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Text(), nullable=False),
        sa.Column("quiet", sa.Integer(), nullable=False),
        sa.Column("notified_at", sa.Integer()),
        sa.Column("resolved_at", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_breach"),
    )
    still_open = sa.text("resolved_at IS NULL")
    op.create_index("ix_breach_fired_at_id", "breach", ["fired_at", "id"])
    op.create_index("ix_breach_open", "breach", ["id"], sqlite_where=still_open, postgresql_where=still_open)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("transition", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("breach", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True)),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("provider_id", sa.Text()),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("key", "seq", name="uq_outbox_key_seq"),
        sa.UniqueConstraint("transition", name="uq_outbox_transition"),
        sqlite_autoincrement=True,
    )
    unsent = sa.text("sent_at IS NULL")
    op.create_index("ix_outbox_unsent", "outbox", ["key", "seq"], sqlite_where=unsent, postgresql_where=unsent)
    op.create_index("ix_outbox_breach", "outbox", ["breach"])
