"""Stored minutes of a shard with changes laid over them, and the changes as a commit wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from slo.judge.windows import MEASURED, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import Shard, Store
    from slo.judge.series import Ints
    from slo.units import Minute

Patches = tuple[tuple[Frame | None, Frame], ...]


class Changes(NamedTuple):
    """`patches` and `frames` as a commit has them."""

    patches: Patches
    frames: tuple[Frame, ...]


class Sheet:
    """What is written joins the changes."""

    def __init__(self, store: Store, shard: Shard, changes: Changes) -> None:
        self._store, self._shard = store, shard
        self._before = {after.minute: before for before, after in changes.patches}
        self._over = {frame.minute: frame for frame in (*(after for _, after in changes.patches), *changes.frames)}
        self._measured: dict[int, list[Minute]] = {}

    @property
    def patched(self) -> list[Minute]:
        return list(self._before)

    def measured(self, slot: int) -> list[Minute]:
        """The changed minutes in which this slot is measured; derived slots aside, writing does not alter them."""
        if slot not in self._measured:
            held = (f for f in self._over.values() if slot < f.slots)
            self._measured[slot] = [f.minute for f in held if f.counts[MEASURED, slot]]
        return self._measured[slot]

    def table(self, start: Minute, end: Minute, slots: Sequence[int]) -> Ints:
        """int64[minute, 3, slot] of start <= minute < end."""
        found = np.zeros((end - start, 3, len(slots)), np.int64)
        stored = () if self._shard.tick is None else self._store.frames(self._shard, start, min(end, self._shard.tick))
        for frame in stored:
            if frame.minute not in self._over:
                _copy(frame, slots, found[frame.minute - start])
        inside = range(start, end) if end - start < len(self._over) else (m for m in self._over if start <= m < end)
        for minute in inside:
            if minute in self._over:
                _copy(self._over[minute], slots, found[minute - start])
        return found

    def write(self, start: Minute, was: Ints, now: Ints, slots: Sequence[int], places: Sequence[int]) -> None:
        """Where `now` differs from `was`, these slots from these places of it."""
        rows = np.flatnonzero((was != now).any(axis=(1, 2)))
        tick = self._shard.tick
        asked = [start + int(r) for r in rows if tick is not None and start + r < tick and start + r not in self._over]
        stored = self._store.frames_at(self._shard, asked)
        self._before |= {minute: stored.get(minute) for minute in asked}
        for row in rows:
            minute = start + int(row)
            frame = _wide(minute, self._over.get(minute, stored.get(minute)), self._shard.width)
            frame.counts[:, slots] = now[row][:, places]
            self._over[minute] = frame

    def changes(self) -> Changes:
        over = sorted(self._over.items())
        patches = tuple((self._before[m], frame) for m, frame in over if m in self._before)
        return Changes(patches, tuple(frame for m, frame in over if m not in self._before))


def _copy(frame: Frame, slots: Sequence[int], row: Ints) -> None:
    if slots[-1] < frame.slots:
        row[:] = frame.counts[:, slots]
    else:
        held = [n for n, slot in enumerate(slots) if slot < frame.slots]
        row[:, held] = frame.counts[:, [slots[n] for n in held]]


def _wide(minute: Minute, frame: Frame | None, width: int) -> Frame:
    """A copy with room for every slot."""
    made = Frame.empty(minute, width)
    if frame is not None:
        made.counts[:, : frame.slots], made.coarse[: frame.slots] = frame.counts, frame.coarse
    return made
