"""What happened beside the numbers, who did what, drills, breaches of recovery targets; which way a message went."""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _events()
    _journal()
    _drills()
    _recovery_breaches()
    op.create_table(
        "spending",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "day", name="pk_spending"),
    )
    # SQLite writes an added column into the end of the old text; a table made anew reads like the one of a fresh database.
    with op.batch_alter_table("outbox", recreate=_anew(), table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.add_column(sa.Column("path", sa.Text()))
        outbox.add_column(sa.Column("first_tried_at", sa.DateTime(timezone=True)))
        outbox.add_column(sa.Column("gave_up_at", sa.DateTime(timezone=True)))
    with op.batch_alter_table("breach", recreate=_anew()) as breach:
        breach.add_column(sa.Column("told_as", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("breach") as breach:
        breach.drop_column("told_as")
    with op.batch_alter_table("outbox", recreate=_anew(), table_kwargs={"sqlite_autoincrement": True}) as outbox:
        outbox.drop_column("gave_up_at")
        outbox.drop_column("first_tried_at")
        outbox.drop_column("path")
    for name in ("spending", "recovery_breach", "drill", "journal", "event"):
        op.drop_table(name)


def _anew() -> Literal["always", "never"]:
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("component", sa.Text()),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_at_id", "event", ["at", "id"])


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sqlite_autoincrement=True,
    )


def _drills() -> None:
    op.create_table(
        "drill",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.BigInteger()),
        sa.Column("outcome", sa.Text()),
        sa.Column("lost_seconds", sa.BigInteger()),
        sa.Column("artefact", sa.Text()),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_drill"),
    )
    op.create_index("ix_drill_started_at_id", "drill", ["started_at", "id"])


def _recovery_breaches() -> None:
    op.create_table(
        "recovery_breach",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("notified_at", sa.BigInteger()),
        sa.Column("resolved_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_breach"),
    )
    op.create_index("ix_recovery_breach_opened_at_id", "recovery_breach", ["opened_at", "id"])
