"""Slices of one indicator as arrays: only measured minutes are rows, so a missing minute is an absent row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.units import Minute

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

MAX_COUNT = 10**12
"""The largest total of one minute: 400 days of it still fit an int64 sum."""


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """Measured minutes, ascending, none twice; 0 <= bad <= total <= MAX_COUNT; total 0 is idle; coarse = from 5-minute data."""

    minutes: Ints
    total: Ints
    bad: Ints
    coarse: Bools

    @classmethod
    def of(cls, rows: Iterable[tuple[Minute, int, int]]) -> Slices:
        """From (minute, total, bad) rows in any order; a minute given twice is a ValueError."""
        table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
        if len(table) > 1 and (np.diff(table[:, 0]) == 0).any():
            raise ValueError("a minute is given twice")
        return cls(table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy(), np.zeros(len(table), bool))

    def __len__(self) -> int:
        return len(self.minutes)

    def between(self, start: Minute, end: Minute) -> Slices:
        """The part with start <= minute < end."""
        low, high = np.searchsorted(self.minutes, (start, end))
        part = slice(int(low), int(high))
        return Slices(self.minutes[part], self.total[part], self.bad[part], self.coarse[part])

    def before(self, end: Minute) -> Slices:
        """The part with minute < end."""
        return self if not len(self) or self.minutes[-1] < end else self.between(int(self.minutes[0]), end)

    def without(self, intervals: Iterable[tuple[Minute, Minute]]) -> Slices:
        """The part outside every (start, end) interval."""
        keep = outside(self.minutes, intervals)
        return Slices(self.minutes[keep], self.total[keep], self.bad[keep], self.coarse[keep])


def outside(minutes: Ints, intervals: Iterable[tuple[Minute, Minute]]) -> Bools:
    """Of each minute, whether no interval start <= minute < end holds it."""
    keep = np.ones(minutes.shape, bool)
    for start, end in intervals:
        keep &= (minutes < start) | (minutes >= end)
    return keep
