"""Minute frames: one row per minute and shard, time first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select

from app.store import schema
from app.store.codec import decode_frame, encode_frame
from app.store.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.engine import Connection

    from slo.judge.windows import Frame
    from slo.units import Minute

_BATCH = 1024
_row = schema.frame.c
_of_shard = _row.shard_id == bindparam("shard_id")
_PUT = Upsert(schema.frame)
_AT = select(_row.minute, _row.data).where(_row.minute.in_(bindparam("minutes", expanding=True)), _of_shard)
_BETWEEN = (
    select(_row.minute, _row.data)
    .where(_row.minute >= bindparam("start"), _row.minute < bindparam("end"), _of_shard)
    .order_by(_row.minute)
    .limit(_BATCH)
)
_PRUNE = delete(schema.frame).where(_row.minute < bindparam("before"), _of_shard)


def put(connection: Connection, shard_id: int, frames: Iterable[Frame]) -> None:
    rows = [{"minute": f.minute, "shard_id": shard_id, "data": encode_frame(f)} for f in frames]
    _PUT.execute(connection, rows)


def at(connection: Connection, shard_id: int, minutes: Sequence[Minute]) -> dict[Minute, Frame]:
    found: dict[Minute, Frame] = {}
    for first in range(0, len(minutes), _BATCH):
        some = list(minutes[first : first + _BATCH])
        rows = connection.execute(_AT, {"minutes": some, "shard_id": shard_id})
        found |= {minute: decode_frame(minute, data) for minute, data in rows}
    return found


def between(connection: Connection, shard_id: int, start: Minute, end: Minute) -> Iterator[Frame]:
    """Ascending, start <= minute < end; holds no more than a batch of them in memory."""
    while True:
        rows = connection.execute(_BETWEEN, {"start": start, "end": end, "shard_id": shard_id}).all()
        yield from (decode_frame(minute, data) for minute, data in rows)
        if len(rows) < _BATCH:
            return
        start = rows[-1].minute + 1


def prune(connection: Connection, shard_id: int, before: Minute) -> None:
    connection.execute(_PRUNE, {"before": before, "shard_id": shard_id})
