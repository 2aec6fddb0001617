"""What the store holds of a period: exact sums from hour rows, and minutes only where an hour is cut or has gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from app.watch import measured_slots
from slo.errors import ReportError
from slo.judge.compliance import missing_intervals, union
from slo.judge.series import Slices
from slo.judge.windows import BAD, MEASURED, TOTAL, Counts
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.ports import Shard, Store
    from slo.judge.compliance import Interval
    from slo.judge.series import Ints
    from slo.units import Minute


@dataclass(slots=True, eq=False)
class ShardHistory:
    """One shard from `start` to `end`. `hours` is int64[hour, 3, slot] of the whole judged hours from `first` to `last`."""

    store: Store
    shard: Shard
    start: Minute
    end: Minute
    first: Minute = field(init=False)
    last: Minute = field(init=False)
    hours: Ints = field(init=False)
    _minutes: dict[Interval, Ints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # An hour has a row once it is judged to its end; what is later is read by the minute.
        judged = min(self.end, self.start if self.shard.tick is None else self.shard.tick)
        self.first, self.last = -(-self.start // 60) * 60, judged // 60 * 60
        self.hours = np.zeros((max(0, self.last - self.first) // 60, 3, self.shard.width), np.int64)
        for frame in self.store.hours(self.shard, self.first, self.last):
            self.hours[(frame.minute - self.first) // 60, :, : frame.slots] = frame.counts

    def counts(self, slot: int, start: Minute, end: Minute) -> Counts:
        """Sums over start <= minute < end; both inside of what was read."""
        first, last = -(-start // 60) * 60, min(end // 60 * 60, self.last)
        if first >= last:
            return _counts(self._minute_rows(start, end)[:, :, slot])
        rows = slice((first - self.first) // 60, (last - self.first) // 60)
        parts = (self._minute_rows(start, first), self.hours[rows], self._minute_rows(last, end))
        return _counts(np.concatenate([part[:, :, slot] for part in parts]))

    def without(self, slot: int, start: Minute, end: Minute, excluded: Iterable[Interval]) -> Counts:
        """The sums less those of the excluded intervals; what two of them cover leaves once."""
        left = self.counts(slot, start, end)
        for low, high in union(excluded, start, end):
            gone = self.counts(slot, low, high)
            left = Counts(left.total - gone.total, left.bad - gone.bad, left.measured - gone.measured)
        return left

    def slices(self, slot: int, start: Minute, end: Minute) -> Slices:
        """The stored minutes of start <= minute < end. ReportError when some of them are no longer kept."""
        frames = (f for f in self.store.frames(self.shard, start, end) if slot < f.slots and f.counts[MEASURED, slot])
        found = Slices.of((f.minute, int(f.counts[TOTAL, slot]), int(f.counts[BAD, slot])) for f in frames)
        since = max(start, self.start)
        if len(found.between(since, end)) != self.counts(slot, since, end).measured:
            raise _pruned(since)
        return found

    def hourly(self, slot: int, start: Minute, end: Minute) -> tuple[Counts, ...]:
        return tuple(self.counts(slot, low, min(low + 60, end)) for low in range(start, end, 60))

    def missing(self, slot: int, start: Minute, end: Minute) -> tuple[Interval, ...]:
        """Every stretch of start <= minute < end in which this slot has no slice."""
        measured = np.zeros(end - start, bool)
        for low, hour in zip(range(start, end, 60), self.hourly(slot, start, end), strict=True):
            high = min(low + 60, end)
            if hour.measured == high - low:
                measured[low - start : high - start] = True
            elif hour.measured:
                seen = self._minute_rows(low, high)[:, MEASURED, slot] > 0
                if int(seen.sum()) != hour.measured:
                    raise _pruned(low)
                measured[low - start : high - start] = seen
        return missing_intervals(measured, start)

    def _minute_rows(self, start: Minute, end: Minute) -> Ints:
        """int64[minute, 3, slot], each stretch read once."""
        if (start, end) not in self._minutes:
            rows = np.zeros((end - start, 3, self.shard.width), np.int64)
            for frame in self.store.frames(self.shard, start, end) if start < end else ():
                rows[frame.minute - start, :, : frame.slots] = frame.counts
            self._minutes[start, end] = rows
        return self._minutes[start, end]


def _pruned(minute: Minute) -> ReportError:
    return ReportError(f"the minutes of {format_minute(minute)} are no longer kept; report a week within SLOOP_RETENTION_DAYS")


def places(shards: Sequence[Shard]) -> dict[str, tuple[Shard, int]]:
    """Where each indicator's slices are; of two shards that know it, the one that was judged last."""
    found: dict[str, tuple[Shard, int]] = {}
    for shard in sorted(shards, key=lambda s: (-1 if s.tick is None else s.tick, s.name)):
        found |= {name: (shard, slot) for name, slot in measured_slots(shard.slots).items()}
    return found


def _counts(rows: Ints) -> Counts:
    """int64[row, 3] added up."""
    sums = rows.sum(axis=0)
    return Counts(int(sums[TOTAL]), int(sums[BAD]), int(sums[MEASURED]))
