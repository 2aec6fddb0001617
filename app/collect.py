"""Minutes of a shard read from its source, and what they say otherwise of the minutes that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from slo.estate.indicator import EventRatio
from slo.judge import sli
from slo.judge.answer import Failed
from slo.judge.ratios import count_ratios
from slo.judge.windows import BAD, MEASURED, TOTAL, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.ports import Shard, Span, Store
    from app.sheet import Patches
    from app.watch import Watch
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.judge.ratios import Ratios
    from slo.judge.series import Bools, Ints, Slices
    from slo.units import Minute

TABLE = 2**19
"""Minutes of indicators that are counted at once: 30 days of a thousand of them would not fit the memory."""


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

    def lay_ratios(self, slots: Sequence[int], ratios: Ratios) -> None:
        """One slot for each indicator; minutes outside of the block are left out."""
        low = max(self.start - ratios.start, 0)
        rows, columns = np.nonzero(ratios.measured[:, low : self.start + len(self.counts) - ratios.start])
        columns += low
        minutes, places = columns + (ratios.start - self.start), np.array(slots)[rows]
        self.counts[minutes, TOTAL, places] = ratios.total[rows, columns]
        self.counts[minutes, BAD, places] = ratios.bad[rows, columns]
        self.counts[minutes, MEASURED, places], self.coarse[minutes, places] = 1, ratios.coarse

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
        failed = _failures(watch, keys, answers)
        failures |= failed
        ratios: dict[int, EventRatio] = {}
        for key in (k for k in keys if k not in failed):
            indicator, slot = watch.indicators[key], shard.slots[key]
            if isinstance(indicator, EventRatio):
                ratios[slot] = indicator
                continue
            measured = sli.measure(indicator, answers, span.start, span.end, period=span.period)
            quarantined += measured.quarantined
            block.lay(slot, measured.slices.between(start, end))
        quarantined += _lay_ratios(block, ratios, answers, span)
    return Collected(block, failures, quarantined)


def _failures(watch: Watch, keys: Sequence[str], answers: Mapping[Query, Answer]) -> dict[str, str]:
    """Most polls have none, and asking every indicator for its own would take as long as counting them all."""
    if not any(isinstance(answer, Failed) for answer in answers.values()):
        return {}
    found = {key: sli.failure(watch.indicators[key], answers) for key in keys}
    return {key: why for key, why in found.items() if why is not None}


def _lay_ratios(block: Block, ratios: Mapping[int, EventRatio], answers: Mapping[Query, Answer], span: Span) -> int:
    """Indicators by slot, as many at once as a table should hold; how many of their minutes are quarantined."""
    quarantined, waiting = 0, iter(ratios.items())
    while some := dict(islice(waiting, max(1, TABLE // (span.end - span.start)))):
        counted = count_ratios(tuple(some.values()), answers, span.start, span.end, period=span.period)
        block.lay_ratios(tuple(some), counted)
        quarantined += counted.quarantined
    return quarantined


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
