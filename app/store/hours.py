"""Hour rows: sums of whole hours, for charts and reports. They outlive the minutes they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import bindparam, delete, func, select

from app.store import frames, schema
from app.store.codec import decode_hour, encode_hour
from app.store.rules import pruned_until
from app.store.upsert import Upsert
from slo.errors import Damaged
from slo.judge.windows import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from app.ports import Commit, Shard
    from slo.judge.series import Ints
    from slo.units import Minute

_row = schema.hour.c
_of_shard = _row.shard_id == bindparam("shard_id")
_PUT = Upsert(schema.hour)
_AT = select(_row.minute, _row.data).where(_row.minute.in_(bindparam("minutes", expanding=True)), _of_shard)
_BETWEEN = (
    select(_row.minute, _row.data)
    .where(_row.minute >= bindparam("start"), _row.minute < bindparam("end"), _of_shard)
    .order_by(_row.minute)
)
_OLDEST = select(func.min(_row.minute)).where(_row.minute < bindparam("before"), _of_shard)
_PRUNE = delete(schema.hour).where(_row.minute < bindparam("before"), _of_shard)


def between(connection: Connection, shard_id: int, start: Minute, end: Minute) -> Iterator[Frame]:
    for minute, data in connection.execute(_BETWEEN, {"start": start, "end": end, "shard_id": shard_id}).all():
        counts = _decoded(shard_id, minute, data)
        yield Frame(minute, counts, np.zeros(counts.shape[1], bool))


def complete(connection: Connection, commit: Commit) -> None:
    """Rows of the hours that end between the old and the new watermark. Call it when the commit's patches are stored."""
    old, done = commit.shard.tick, _hour(commit.tick)
    if old is not None and _hour(old) == done:
        return
    begun = () if old is None else frames.between(connection, commit.shard.id, _hour(old), old)
    sums = _sums(frame for part in (begun, commit.frames) for frame in part if frame.minute < done)
    _put(connection, commit.shard.id, sums)


def correct(connection: Connection, shard: Shard, patches: Sequence[tuple[Frame | None, Frame]]) -> None:
    """A patch in an hour whose row is written changes that row by the difference."""
    done = 0 if shard.tick is None else _hour(shard.tick)
    late = [(before, after) for before, after in patches if after.minute < done]
    if not late:
        return
    hours = sorted({_hour(after.minute) for _, after in late})
    rows = connection.execute(_AT, {"minutes": hours, "shard_id": shard.id})
    sums = {minute: _decoded(shard.id, minute, data) for minute, data in rows}
    for before, after in late:
        _add(sums, after, sign=1)
        if before is not None:
            _add(sums, before, sign=-1)
    _put(connection, shard.id, sums)


def prune(connection: Connection, shard_id: int, before: Minute) -> None:
    """The oldest of those before this minute."""
    oldest = connection.scalar(_OLDEST, {"before": before, "shard_id": shard_id})
    until = pruned_until(oldest, before, step=60)
    if until is not None:
        connection.execute(_PRUNE, {"before": until, "shard_id": shard_id})


def rebuild(connection: Connection, shard_id: int, minutes: Iterable[Frame]) -> None:
    """The rows of the hours of these frames, made of them alone."""
    _put(connection, shard_id, _sums(minutes))


def _decoded(shard_id: int, minute: Minute, data: bytes) -> Ints:
    try:
        return decode_hour(data)
    except Damaged as damaged:
        raise Damaged(damaged.kind, shard_id, minute) from None


def _hour(minute: Minute) -> Minute:
    return minute - minute % 60


def _sums(minutes: Iterable[Frame]) -> dict[Minute, Ints]:
    sums: dict[Minute, Ints] = {}
    for frame in minutes:
        _add(sums, frame, sign=1)
    return sums


def _add(sums: dict[Minute, Ints], frame: Frame, *, sign: int) -> None:
    """Frames of one hour differ in width when a slot was opened in it."""
    hour = _hour(frame.minute)
    held = sums.get(hour)
    if held is None or held.shape[1] < frame.slots:
        wider = np.zeros((3, frame.slots), np.int64)
        if held is not None:
            wider[:, : held.shape[1]] = held
        held = sums[hour] = wider
    held[:, : frame.slots] += sign * frame.counts


def _put(connection: Connection, shard_id: int, sums: Mapping[Minute, Ints]) -> None:
    rows = [{"minute": minute, "shard_id": shard_id, "data": encode_hour(counts)} for minute, counts in sums.items()]
    _PUT.execute(connection, rows)
