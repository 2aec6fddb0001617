"""The tables as they are today. How they came about is in `migrations/`; a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""Every schema this program knows, oldest first; the last one is the one it works on."""


class UtcTime(TypeDecorator[datetime]):
    """Aware in, aware UTC out. SQLite keeps no zone, so UTC is stored and the zone put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

shard = Table(
    "shard",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("tick", Integer),
    Column("version", Integer, nullable=False),
)

slot = Table(
    "slot",
    metadata,
    Column("shard_id", ForeignKey(shard.c.id), primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("indicator", Text, nullable=False),
    Column("opened_at", Integer, nullable=False),
    Column("closed_at", Integer),
)

# Time first: a tick appends at the end of the table, and what it subtracts and prunes lies together.
# PostgreSQL has a partition per week, made and dropped by `partitions`.
frame = Table(
    "frame",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("shard_id", ForeignKey(shard.c.id), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (minute)",
    sqlite_with_rowid=False,
)

hour = Table(
    "hour",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("shard_id", ForeignKey(shard.c.id), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("shard_id", ForeignKey(shard.c.id), primary_key=True, autoincrement=False),
    Column("at", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# `kind` is frame, hour or checkpoint; `minute` as it was there, `found_at` the watermark at which it was found.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("shard_id", ForeignKey(shard.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("found_at", Integer),
    Column("data", LargeBinary, nullable=False),
)

definition = Table(
    "definition",
    metadata,
    Column("objective", Text, primary_key=True),
    Column("valid_from", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False),
)

verdict_change = Table(
    "verdict_change",
    metadata,
    Column("objective", Text, primary_key=True),
    Column("at", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("data_version", Integer, nullable=False),
    Column("document", JSON, nullable=False),
)

# `factor` and `spent` are exact fractions as text, "72/5".
breach = Table(
    "breach",
    metadata,
    Column("id", Text, primary_key=True),
    Column("objective", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("long", Integer, nullable=False),
    Column("short", Integer),
    Column("factor", Text, nullable=False),
    Column("fired_at", Integer, nullable=False),
    Column("spent", Text, nullable=False),
    Column("quiet", Integer, nullable=False),
    Column("notified_at", Integer),
    Column("resolved_at", Integer),
    Column("strict", Boolean, nullable=False, server_default=false()),
    Column("hold", Integer, nullable=False, server_default=text("0")),
    Column("label", Text),
    Column("min_bad", BigInteger, nullable=False, server_default=text("0")),
    Column("min_total", BigInteger, nullable=False, server_default=text("0")),
    Column("confidence", Text),
    Column("flapping", Boolean, nullable=False, server_default=false()),
    Column("told_as", Text),
)
_still_open = text("resolved_at IS NULL")
Index("ix_breach_fired_at_id", breach.c.fired_at, breach.c.id)
Index("ix_breach_open", breach.c.id, sqlite_where=_still_open, postgresql_where=_still_open)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("transition", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("breach", Text),
    Column("created_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("retry_at", UtcTime),
    Column("claimed_until", UtcTime),
    Column("sent_at", UtcTime),
    Column("provider_id", Text),
    Column("last_error", Text),
    Column("path", Text),
    Column("first_tried_at", UtcTime),
    Column("gave_up_at", UtcTime),
    UniqueConstraint("key", "seq"),
    sqlite_autoincrement=True,
)
_unsent = text("sent_at IS NULL")
Index("ix_outbox_unsent", outbox.c.key, outbox.c.seq, sqlite_where=_unsent, postgresql_where=_unsent)
Index("ix_outbox_breach", outbox.c.breach)

# Hours in minutes as everywhere; moments to the second, past 2038. `newest` or `code` and `text` tell the last reading.
recovery_hour = Table(
    "recovery_hour",
    metadata,
    Column("component", Text, primary_key=True),
    Column("mechanism", Text, primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("read_at", BigInteger, nullable=False),
    Column("newest", BigInteger),
    Column("code", Text),
    Column("text", Text),
    Column("source", Text, nullable=False),
    Column("note", Text),
    Column("worst", BigInteger),
    Column("unknown", Integer, nullable=False),
    Column("spread", JSON, nullable=False),
)

recovery_event = Table(
    "recovery_event",
    metadata,
    Column("component", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("started_at", BigInteger, primary_key=True, autoincrement=False),
    Column("ended_at", BigInteger),
    Column("source", Text, nullable=False),
    Column("scenario", Text),
)

# What happened beside the numbers; moments to the second. `id` says where it is from, so that a repeat is the same row.
event = Table(
    "event",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("component", Text),
    Column("document", JSON, nullable=False),
)
Index("ix_event_at_id", event.c.at, event.c.id)

# Who did what. It tells, and decides nothing.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("document", JSON, nullable=False),
    sqlite_autoincrement=True,
)

drill = Table(
    "drill",
    metadata,
    Column("id", Text, primary_key=True),
    Column("component", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("participants", JSON, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text),
    Column("lost_seconds", BigInteger),
    Column("artefact", Text),
    Column("note", Text),
)
Index("ix_drill_started_at_id", drill.c.started_at, drill.c.id)

recovery_breach = Table(
    "recovery_breach",
    metadata,
    Column("id", Text, primary_key=True),
    Column("component", Text, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("notified_at", BigInteger),
    Column("resolved_at", BigInteger),
)
Index("ix_recovery_breach_opened_at_id", recovery_breach.c.opened_at, recovery_breach.c.id)

# What was used up of an allowance on a day (days since 1970): bytes that Logs Insights scanned.
spending = Table(
    "spending",
    metadata,
    Column("name", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("amount", BigInteger, nullable=False),
)

# Alembic's own table, written here so that a fresh database needs no Alembic: importing that costs more than the tables.
alembic_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
