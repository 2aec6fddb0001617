"""Every metric of the simulated account: what was put, and what a model computes. Hides what is too new or too old."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from app.simulator import statistics
from app.simulator.samples import Distribution, MinuteSums

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.simulator.samples import Identity, MinuteSamples, Provider
    from app.simulator.statistics import Statistic
    from slo.judge.series import Floats
    from slo.units import Minute

SETTLE_SECONDS = 5.0
"""A minute of the model can be read this long after its end."""
DAY = 1440
RETENTION = ((60, 455 * DAY), (5, 63 * DAY), (1, 15 * DAY))
"""(finest period in minutes, how many minutes back it reaches), coarsest first."""


@dataclass(slots=True)
class _Cell:
    """The samples of one minute; `values` is what percentiles know of them."""

    sum: float = 0.0
    count: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    values: dict[float, float] = field(default_factory=dict)

    def add_values(self, values: Iterable[tuple[float, float]]) -> None:
        for value, count in values:
            self.values[value] = self.values.get(value, 0.0) + count
            self.add_set(value * count, count, value, value)

    def add_set(self, total: float, count: float, minimum: float, maximum: float) -> None:
        self.sum += total
        self.count += count
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)


@dataclass(slots=True)
class PutSamples:
    """A metric that clients put."""

    cells: dict[Minute, _Cell] = field(default_factory=dict)

    def cell(self, minute: Minute) -> _Cell:
        return self.cells.setdefault(minute, _Cell())

    def sums(self, start: Minute, end: Minute) -> MinuteSums:
        columns = np.zeros((4, end - start))
        for minute, cell in self._between(start, end):
            columns[:, minute - start] = cell.sum, cell.count, cell.minimum, cell.maximum
        return MinuteSums(*columns)

    def distribution(self, start: Minute, end: Minute) -> Distribution:
        rows = [(m - start, value, count) for m, cell in self._between(start, end) for value, count in cell.values.items()]
        table = np.array(rows, np.float64).reshape(-1, 3)
        return Distribution(table[:, 0].astype(np.int64), table[:, 1], table[:, 2])

    def _between(self, start: Minute, end: Minute) -> Iterable[tuple[Minute, _Cell]]:
        if end - start < len(self.cells):
            return [(m, self.cells[m]) for m in range(start, end) if m in self.cells]
        return [(m, cell) for m, cell in self.cells.items() if start <= m < end]


@dataclass(frozen=True, slots=True)
class _Visible:
    """Of another metric, only the minutes from `first` up to `end`; the rest reads as no samples."""

    samples: MinuteSamples
    first: Minute
    end: Minute

    def sums(self, start: Minute, end: Minute) -> MinuteSums:
        low, high = self._clip(start, end)
        columns = np.zeros((4, end - start))
        if low < high:
            seen = self.samples.sums(low, high)
            columns[:, low - start : high - start] = seen.sum, seen.count, seen.minimum, seen.maximum
        return MinuteSums(*columns)

    def distribution(self, start: Minute, end: Minute) -> Distribution | None:
        low, high = self._clip(start, end)
        if low >= high:
            return None
        seen = self.samples.distribution(low, high)
        return None if seen is None else Distribution(seen.offset + (low - start), seen.value, seen.weight)

    def _clip(self, start: Minute, end: Minute) -> tuple[Minute, Minute]:
        return max(start, self.first), min(end, self.end)


@dataclass(slots=True)
class Datastore:
    """One account's metrics, and by their ids the stores of the accounts that it monitors."""

    provider: Provider | None = None
    put: dict[Identity, PutSamples] = field(default_factory=dict)
    account: str = "111122223333"
    linked: dict[str, Datastore] = field(default_factory=dict)

    def link(self, account: str) -> Datastore:
        """An account that shows its metrics in this one from now on."""
        return self.linked.setdefault(account, Datastore(account=account))

    def of(self, account: str | None) -> Datastore | None:
        """None of an account that is not linked."""
        return self if account in (None, self.account) else self.linked.get(str(account))

    def samples(self, identity: Identity) -> PutSamples:
        """To put into; made on first use."""
        return self.put.setdefault(identity, PutSamples())

    def read(self, identity: Identity, statistic: Statistic, start: Minute, periods: int, length: int, *, now: float) -> Floats:
        """As `statistics.aggregate`, as far as it can be seen at `now`; an unknown metric has no datapoints."""
        found = self._find(identity, length, now)
        if found is None or periods <= 0:
            return np.full(max(periods, 0), np.nan)
        return statistics.aggregate(found, statistic, start, periods, length)

    def identities(self) -> Sequence[Identity]:
        return [*self.put, *(self.provider.identities() if self.provider else ())]

    def is_active(self, identity: Identity, since: Minute) -> bool:
        """Whether it was put since then; what a model computes always is."""
        put = self.put.get(identity)
        return put is None or any(minute >= since for minute in put.cells)

    def _find(self, identity: Identity, length: int, now: float) -> _Visible | None:
        first = oldest(length, now)
        if identity in self.put:
            return _Visible(self.put[identity], first, int(now // 60))
        series = self.provider and self.provider.series(identity.namespace, identity.metric, identity.dimensions)
        return _Visible(series, first, newest_end(now)) if series else None


def newest_end(now: float) -> Minute:
    """The end of the newest minute of the model that can be read: alarms are evaluated up to here."""
    return int((now - SETTLE_SECONDS) // 60)


def oldest(length: int, now: float) -> Minute:
    """How far back periods of this length (minutes) are kept."""
    reach = next(back for finest, back in RETENTION if length % finest == 0)
    return int(now // 60) - reach
