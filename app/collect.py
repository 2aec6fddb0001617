"""Minutes of a shard read from its source, and what they say otherwise of the minutes that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge import sli
from slo.judge.windows import BAD, MEASURED, TOTAL, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import Shard, Store
    from app.sheet import Patches
    from app.watch import Watch
    from slo.judge.series import Bools, Ints, Slices
    from slo.units import Minute


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Consecutive minutes of all slots: counts int64[minute, 3, slot], coarse bool[minute, slot]."""

    start: Minute
    counts: Ints
    coarse: Bools

    @classmethod
    def empty(cls, start: Minute, end: Minute, slots: int) -> Block:
        return cls(start, np.zeros((end - start, 3, slots), np.int64), np.zeros((end - start, slots), bool))

    def lay(self, slot: int, slices: Slices) -> None:
        rows = slices.minutes - self.start
        self.counts[rows, TOTAL, slot], self.counts[rows, BAD, slot] = slices.total, slices.bad
        self.counts[rows, MEASURED, slot], self.coarse[rows, slot] = 1, slices.coarse

    def frames(self, start: Minute) -> Iterator[Frame]:
        """From `start` on, those in which anything was measured."""
        for row in np.flatnonzero(self.counts[:, MEASURED].any(axis=1)):
            if self.start + row >= start:
                yield Frame(self.start + int(row), self.counts[row], self.coarse[row])


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    block: Block
    failures: dict[str, str]
    quarantined: int


def collect(watch: Watch, shard: Shard, keys: Sequence[str], start: Minute, end: Minute, *, now: Minute) -> Collected:
    """Slices of these indicators for start <= minute < end; an indicator that failed is a gap with a reason."""
    block = Block.empty(start, end, shard.width)
    failures: dict[str, str] = {}
    quarantined = 0
    queries = tuple(dict.fromkeys(q for key in keys for q in watch.indicators[key].queries))
    for span in watch.source.spans(start, end, now):
        answers = watch.source.fetch(queries, span)
        for key in keys:
            measured = sli.measure(watch.indicators[key], answers, span.start, span.end, period=span.period)
            quarantined += measured.quarantined
            if measured.failure is not None:
                failures[key] = measured.failure
            block.lay(shard.slots[key], measured.slices.between(start, end))
    return Collected(block, failures, quarantined)


def patches_of(store: Store, shard: Shard, block: Block, end: Minute) -> Patches:
    """What the source now says otherwise of minutes before `end`. What was measured once and is absent now stays."""
    stored = {f.minute: f for f in store.frames(shard, block.start, end)}
    changes = []
    for frame in block.frames(block.start):
        if frame.minute >= end:
            break
        before = stored.get(frame.minute)
        after = frame if before is None else _merged(before, frame)
        if before is None or not np.array_equal(after.counts, _widened(before, after.slots).counts):
            changes.append((before, after))
    return tuple(changes)


def _merged(before: Frame, now: Frame) -> Frame:
    old = _widened(before, now.slots)
    seen = now.counts[MEASURED] > 0
    return Frame(now.minute, np.where(seen, now.counts, old.counts), np.where(seen, now.coarse, old.coarse))


def _widened(frame: Frame, slots: int) -> Frame:
    more = slots - frame.slots
    if more <= 0:
        return frame
    return Frame(frame.minute, np.pad(frame.counts, ((0, 0), (0, more))), np.pad(frame.coarse, (0, more)))
