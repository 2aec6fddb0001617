"""Rows that cannot be read: put aside, so that the rest runs, and what was made of them made anew of what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, literal, select, update

from app.store import hours, schema
from app.store.codec import decode_frame
from slo.errors import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Select, Table
    from sqlalchemy.engine import Connection

    from slo.judge.windows import Frame
    from slo.units import Minute

_kept = schema.quarantine.c
_TABLES: dict[str, Table] = {"frame": schema.frame, "hour": schema.hour}
_MISSING = (
    select(_kept.minute)
    .distinct()
    .where(_kept.shard_id == bindparam("shard_id"), _kept.kind == "frame")
    .where(
        ~select(schema.frame.c.minute)
        .where(schema.frame.c.minute == _kept.minute, schema.frame.c.shard_id == _kept.shard_id)
        .exists()
    )
    .order_by(_kept.minute)
)


def take(connection: Connection, damaged: Damaged) -> None:
    """The hour of the row without what is damaged in it, and no checkpoint: the next to load the sums counts them anew.

    Whoever holds sums of this shard is fenced.
    """
    shard_id, minute = damaged.shard, damaged.minute
    assert shard_id is not None
    assert minute is not None, "whoever reads a row knows which"
    if damaged.kind == "checkpoint":
        _put_checkpoint_aside(connection, shard_id)
    else:
        begin = minute - minute % 60
        if damaged.kind == "hour":
            _put_aside(connection, "hour", shard_id, minute)
        # Frames of the hour that are damaged too would stop the rebuilding: they go with it.
        left = tuple(_readable(connection, shard_id, begin))
        _rebuild_hour(connection, shard_id, begin, left, anyway=damaged.kind == "hour")
    connection.execute(delete(schema.checkpoint).where(schema.checkpoint.c.shard_id == shard_id))
    row = schema.shard.c
    connection.execute(update(schema.shard).where(row.id == shard_id).values(version=row.version + 1))


def missing(connection: Connection, shard_id: int) -> list[Minute]:
    return list(connection.scalars(_MISSING, {"shard_id": shard_id}))


def _readable(connection: Connection, shard_id: int, begin: Minute) -> Iterator[Frame]:
    row = schema.frame.c
    inside = (row.minute >= begin, row.minute < begin + 60, row.shard_id == shard_id)
    for minute, data in connection.execute(select(row.minute, row.data).where(*inside).order_by(row.minute)).all():
        try:
            yield decode_frame(minute, data)
        except Damaged:
            _put_aside(connection, "frame", shard_id, minute)


def _rebuild_hour(connection: Connection, shard_id: int, begin: Minute, left: Iterable[Frame], *, anyway: bool) -> None:
    """Only where there was a row: an hour gets its row when it ends."""
    row = schema.hour.c
    gone = connection.execute(delete(schema.hour).where(row.minute == begin, row.shard_id == shard_id))
    if gone.rowcount or anyway:
        hours.rebuild(connection, shard_id, left)


def _put_aside(connection: Connection, kind: str, shard_id: int, minute: Minute) -> None:
    table = _TABLES[kind]
    here = (table.c.minute == minute, table.c.shard_id == shard_id)
    _copy(connection, kind, shard_id, select(table.c.minute, table.c.data).where(*here))
    connection.execute(delete(table).where(*here))


def _put_checkpoint_aside(connection: Connection, shard_id: int) -> None:
    row = schema.checkpoint.c
    _copy(connection, "checkpoint", shard_id, select(row.at, row.data).where(row.shard_id == shard_id))


def _copy(connection: Connection, kind: str, shard_id: int, found: Select[tuple[int, bytes]]) -> None:
    tick = select(schema.shard.c.tick).where(schema.shard.c.id == shard_id).scalar_subquery()
    columns = ["shard_id", "kind", "found_at", "minute", "data"]
    source = found.with_only_columns(literal(shard_id), literal(kind), tick, *found.selected_columns)
    connection.execute(insert(schema.quarantine).from_select(columns, source))
