"""Rules of breaches without a short window, and what else a rule may ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("breach") as breach:
        breach.alter_column("short", existing_type=sa.Integer(), nullable=True)
        breach.add_column(sa.Column("strict", sa.Boolean(), nullable=False, server_default=sa.false()))
        breach.add_column(sa.Column("hold", sa.Integer(), nullable=False, server_default=sa.text("0")))
        breach.add_column(sa.Column("label", sa.Text()))
        breach.add_column(sa.Column("min_bad", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        breach.add_column(sa.Column("min_total", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        breach.add_column(sa.Column("confidence", sa.Text()))
        breach.add_column(sa.Column("flapping", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """An older program reads a rule without a short window as one whose windows are alike."""
    op.execute("UPDATE breach SET short = long WHERE short IS NULL")
    with op.batch_alter_table("breach") as breach:
        for name in ("flapping", "confidence", "min_total", "min_bad", "label", "hold", "strict"):
            breach.drop_column(name)
        breach.alter_column("short", existing_type=sa.Integer(), nullable=False)
