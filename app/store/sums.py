"""Window sums from what is stored: the newest checkpoint and the frames since, or every frame."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import bindparam, select

from app.store import frames, schema
from app.store.codec import decode_checkpoint, encode_checkpoint
from app.store.upsert import Upsert
from slo.errors import Damaged
from slo.judge import windows
from slo.judge.period import start
from slo.judge.windows import MEASURED, Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Connection

    from app.ports import Shard
    from slo.judge.period import Window
    from slo.judge.windows import Frame
    from slo.units import Minute

_LONGEST_REPLAY = 360
"""Minutes. A tick reads a frame per window, so beyond some hours one pass over all frames is cheaper."""
_BATCH = 512
_PUT = Upsert(schema.checkpoint)
_NEWEST = select(schema.checkpoint.c.data).where(schema.checkpoint.c.shard_id == bindparam("shard_id"))


def load(connection: Connection, shard: Shard, wanted: Sequence[Window]) -> Sums:
    """The sums at the shard's watermark, as if they had been advanced minute by minute since ever."""
    assert shard.tick is not None, "a shard without a watermark has no sums"
    sums = _checkpoint(connection, shard.id)
    if sums is None:
        return _from_frames(connection, shard, Sums.empty(shard.tick, wanted, shard.width), first=0)
    windows.grow(sums, shard.width)
    if sums.windows == tuple(wanted) and 0 <= shard.tick - sums.at <= _LONGEST_REPLAY:
        return _replay(connection, shard, sums)
    # Other windows, but what was measured first and last still holds, though its minutes may be pruned by now.
    fresh = Sums(shard.tick, tuple(wanted), np.zeros((len(wanted), 3, sums.slots), np.int64), sums.first, sums.newest)
    oldest = min((start(window, shard.tick) for window in wanted), default=shard.tick)
    return _from_frames(connection, shard, fresh, first=min(sums.at, oldest))


def store(connection: Connection, shard_id: int, sums: Sums) -> None:
    """In place of the shard's older one."""
    _PUT.execute(connection, [{"shard_id": shard_id, "at": sums.at, "data": encode_checkpoint(sums)}])


def correct(connection: Connection, shard_id: int, patches: Sequence[tuple[Frame | None, Frame]]) -> None:
    """Patches of minutes that the checkpoint holds, as if they had come before it."""
    sums = _checkpoint(connection, shard_id) if patches else None
    if sums is None:
        return
    late = [(before, after) for before, after in patches if after.minute < sums.at]
    for before, after in late:
        windows.grow(sums, after.slots)
        windows.patch(sums, before, after)
    if late:
        store(connection, shard_id, sums)


def _checkpoint(connection: Connection, shard_id: int) -> Sums | None:
    data = connection.scalar(_NEWEST, {"shard_id": shard_id})
    try:
        return None if data is None else decode_checkpoint(data)
    except Damaged as damaged:
        raise Damaged(damaged.kind, shard_id, 0) from None


def _replay(connection: Connection, shard: Shard, sums: Sums) -> Sums:
    assert shard.tick is not None
    ticks = range(sums.at, shard.tick)
    rolling = [window for window in sums.windows if isinstance(window, int)]
    needed: set[Minute] = {minute - back for minute in ticks for back in (0, *rolling)}
    held = frames.at(connection, shard.id, sorted(needed))
    for minute in ticks:
        windows.advance(sums, held.get(minute), held)
    return sums


def _from_frames(connection: Connection, shard: Shard, sums: Sums, first: Minute) -> Sums:
    """Every stored frame from `first` on; `sums` comes with no counts yet."""
    assert shard.tick is not None
    stored = frames.between(connection, shard.id, first, shard.tick)
    while batch := list(islice(stored, _BATCH)):
        _absorb(sums, batch)
    return sums


def _absorb(sums: Sums, batch: Sequence[Frame]) -> None:
    """Ascending frames of minutes before T, all at once: int64[frame, 3, slot]."""
    windows.grow(sums, max(frame.slots for frame in batch))
    minutes = np.array([frame.minute for frame in batch], np.int64)
    counts = np.zeros((len(batch), 3, sums.slots), np.int64)
    for row, frame in enumerate(batch):
        counts[row, :, : frame.slots] = frame.counts
    for row, window in enumerate(sums.windows):
        sums.counts[row] += counts[int(np.searchsorted(minutes, start(window, sums.at))) :].sum(axis=0)
    measured = counts[:, MEASURED] > 0
    seen = np.flatnonzero(measured.any(axis=0))
    first, last = measured.argmax(axis=0), len(batch) - 1 - measured[::-1].argmax(axis=0)
    sums.first[seen] = np.minimum(sums.first[seen], minutes[first[seen]])
    sums.newest[seen] = np.maximum(sums.newest[seen], minutes[last[seen]])
