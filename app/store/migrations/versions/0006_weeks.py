"""PostgreSQL: minutes in a partition per week. SQLite stays as it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WEEK = 10_080
"""Minutes, as `app.store.partitions` has it."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _replace("RANGE (minute)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _replace(None)


def _replace(partition_by: str | None) -> None:
    """The minutes are copied into a table made anew: PostgreSQL cannot partition one that is there, or join its parts."""
    op.execute("ALTER TABLE frame RENAME TO frame_before")
    op.execute("ALTER TABLE frame_before RENAME CONSTRAINT pk_frame TO pk_frame_before")
    op.create_table(
        "frame",
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shard_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "shard_id", name="pk_frame"),
        sa.ForeignKeyConstraint(["shard_id"], ["shard.id"], name="fk_frame_shard"),
        postgresql_partition_by=partition_by,
    )
    for week in _weeks() if partition_by else ():
        span = f"FROM ({week * WEEK}) TO ({(week + 1) * WEEK})"
        op.execute(f"CREATE TABLE frame_{week} PARTITION OF frame FOR VALUES {span}")
    op.execute("INSERT INTO frame SELECT minute, shard_id, data FROM frame_before")
    op.execute("DROP TABLE frame_before")


def _weeks() -> list[int]:
    found = sa.text("SELECT DISTINCT minute / :week FROM frame_before")
    return sorted(op.get_bind().scalars(found, {"week": WEEK}))
