"""What the budget of one objective counts in a report: its events, or slices derived again from its stored minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from slo.judge.method import Counted, is_plain
from slo.judge.windows import NOTHING, Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.reports.stored import ShardHistory
    from slo.estate.spec import Budgeting, Objective
    from slo.judge.compliance import Interval
    from slo.judge.series import Slices
    from slo.units import Minute


class Counting(Protocol):
    """Sums over start <= minute < end; slices count where they lie wholly inside of it."""

    def counts(self, start: Minute, end: Minute, excluded: Sequence[Interval] = ()) -> Counts: ...

    def hourly(self, start: Minute, end: Minute) -> tuple[Counts, ...]:
        """Hour by hour; they add up to `counts`. A slice belongs to the hour in which it ends."""
        ...

    def around(self, start: Minute, end: Minute) -> tuple[Counts, ...]:
        """Hour by hour what was going on in it: a slice of several hours belongs to each of them."""
        ...


def counting(objective: Objective, history: ShardHistory, slot: int, first: Minute, upto: Minute) -> Counting:
    """`first` is the first minute that anything of the report needs."""
    if is_plain(objective.budgeting):
        return Events(history, slot)
    # A policy for missing slices holds from the first slice on that was ever measured.
    since = first if objective.budgeting.no_data is None else 0
    return Derived.of(objective.budgeting, history.slices(slot, since, upto), upto)


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    history: ShardHistory
    slot: int

    def counts(self, start: Minute, end: Minute, excluded: Sequence[Interval] = ()) -> Counts:
        return self.history.without(self.slot, start, end, excluded)

    def hourly(self, start: Minute, end: Minute) -> tuple[Counts, ...]:
        return self.history.hourly(self.slot, start, end)

    around = hourly


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    budgeting: Budgeting
    slices: Slices
    upto: Minute
    counted: Counted

    @classmethod
    def of(cls, budgeting: Budgeting, slices: Slices, upto: Minute) -> Derived:
        return cls(budgeting, slices, upto, Counted.of(slices, budgeting, upto))

    def counts(self, start: Minute, end: Minute, excluded: Sequence[Interval] = ()) -> Counts:
        if start >= end:
            return NOTHING
        counted = Counted.of(self.slices, self.budgeting, self.upto, excluded) if excluded else self.counted
        return counted.count(end - start, end)

    def hourly(self, start: Minute, end: Minute) -> tuple[Counts, ...]:
        whole = start + self.counted.width - 1
        return tuple(self._ending(max(low, whole), low, min(low + 60, end)) for low in range(start, end, 60))

    def around(self, start: Minute, end: Minute) -> tuple[Counts, ...]:
        if self.counted.width <= 60:
            return self.hourly(start, end)
        later = self.counted.width - 1
        hours = ((low, min(low + 60, end)) for low in range(start, end, 60))
        return tuple(self._ending(low, low, high, later) for low, high in hours)

    def _ending(self, first: Minute, low: Minute, high: Minute, later: int = 0) -> Counts:
        """Slices that end at first <= minute < high + later, beside the measured minutes of low..high."""
        begin, end = np.searchsorted(self.counted.last, (first, high + later))
        measured = np.diff(np.searchsorted(self.counted.minutes, (low, high)))
        total, bad = (int(column[begin:end].sum()) for column in (self.counted.total, self.counted.bad))
        return Counts(total, bad, int(measured[0]))
