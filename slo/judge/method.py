"""What a budget counts: every event, or slices of time that were good or bad. Derived from minutes, never instead of them.

A slice is `width` minutes, aligned to the UTC epoch, and stands at its last minute: the window [S, T) holds it wholly when
S + width - 1 <= last < T. Of the minutes that were measured in it:
- none: the slice is missing, and counts as its no-data policy says, after the first slice that was not missing
- total 0: idle, it counts nothing
- Timeslices: 1 of 1 good when good >= slice target x total, else 0 of 1
- RatioTimeslices: floor(good x 10^9 / total) of 10^9 good
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import reach_each
from slo.judge.period import start
from slo.judge.series import outside
from slo.judge.windows import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.spec import Budgeting
    from slo.judge.period import Window
    from slo.judge.series import Bools, Ints, Slices
    from slo.units import Minute

RATIO_UNIT = 10**9
"""What one slice of RatioTimeslices counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """`last`, `total` and `bad` of each slice that counts, ascending; `minutes` are the measured ones they came from."""

    width: int
    last: Ints
    total: Ints
    bad: Ints
    minutes: Ints

    @classmethod
    def of(cls, slices: Slices, budgeting: Budgeting, upto: Minute, excluded: Sequence[tuple[Minute, Minute]] = ()) -> Counted:
        """Of the minutes before `upto`. Excluded minutes leave good and total; they never become missing ones."""
        slices = slices.before(upto)
        kept = slices.without(excluded) if excluded else slices
        width = budgeting.slice_window
        measured = _judged(_grouped(kept, width), budgeting)
        if budgeting.no_data is not None and len(slices):
            whole = measured if kept is slices else _judged(_grouped(slices, width), budgeting)
            filled = _filled(whole, budgeting, int(whole.number[0]), upto, None)
            inside = filled.number[:, None] * width + np.arange(width)
            measured = _merged(measured, filled.where(np.any(outside(inside, excluded), axis=1)))
        return cls(width, (measured.number + 1) * width - 1, measured.total, measured.bad, kept.minutes)

    def count(self, window: Window, at: Minute) -> Counts:
        """Sums over the window at T; `measured` counts minutes, whatever `total` counts."""
        begin = start(window, at)
        low, high = np.searchsorted(self.last, (begin + self.width - 1, at))
        first, end = np.searchsorted(self.minutes, (begin, at))
        return Counts(int(self.total[low:high].sum()), int(self.bad[low:high].sum()), int(end - first))

    @property
    def first(self) -> Minute | None:
        return int(self.minutes[0]) if len(self.minutes) else None


def is_plain(budgeting: Budgeting) -> bool:
    """Each event counts as it was measured: the minutes are what is judged."""
    return budgeting.method == "Occurrences" and budgeting.no_data is None


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What each slice of a stretch counts, at its `last` minute, ascending; not `measured` where a no-data policy filled it."""

    last: Ints
    total: Ints
    bad: Ints
    measured: Bools


def units(slices: Slices, budgeting: Budgeting, first: int, end: int, before: tuple[int, int] | None) -> Units:
    """Of the slices first <= number < end, as `Counted` counts them; `slices` are all that was measured in those.

    `before` is (total, bad) of the last measured slice ahead of them: None where nothing was measured.
    """
    width = budgeting.slice_window
    found = measured = _judged(_grouped(slices, width), budgeting)
    if budgeting.no_data is not None:
        found = _merged(measured, _filled(measured, budgeting, first, end * width, before))
    known = np.isin(found.number, measured.number, assume_unique=True)
    return Units((found.number + 1) * width - 1, found.total, found.bad, known)


def without(slices: Slices, budgeting: Budgeting) -> tuple[Ints, Ints, Ints]:
    """(last, total, bad) of the slices that these minutes make, when all others are excluded: nothing is filled."""
    found = _judged(_grouped(slices, budgeting.slice_window), budgeting)
    return (found.number + 1) * budgeting.slice_window - 1, found.total, found.bad


@dataclass(frozen=True, slots=True, eq=False)
class _Slices:
    """Slices by number (minute // width), ascending."""

    number: Ints
    total: Ints
    bad: Ints

    def where(self, keep: Bools) -> _Slices:
        return _Slices(self.number[keep], self.total[keep], self.bad[keep])


def _grouped(slices: Slices, width: int) -> _Slices:
    """The sums of the measured minutes of each slice that has any."""
    if width == 1 or not len(slices):
        return _Slices(slices.minutes // width, slices.total, slices.bad)
    number, begins = np.unique(slices.minutes // width, return_index=True)
    return _Slices(number, np.add.reduceat(slices.total, begins), np.add.reduceat(slices.bad, begins))


def _judged(sums: _Slices, budgeting: Budgeting) -> _Slices:
    if budgeting.method == "Occurrences":
        return sums
    busy = (sums.total > 0).astype(np.int64)
    if budgeting.method == "Timeslices":
        assert budgeting.slice_target is not None, "checked where it is read"
        # good >= target x total is the same as not bad > (1 - target) x total.
        missed = reach_each(sums.bad, sums.total, 1 - Fraction(budgeting.slice_target), strict=True)
        return _Slices(sums.number, busy, missed.astype(np.int64))
    good = (sums.total - sums.bad).astype(object) * RATIO_UNIT // np.maximum(sums.total, 1)  # beyond 64 bits on the way
    return _Slices(sums.number, busy * RATIO_UNIT, busy * RATIO_UNIT - good.astype(np.int64))


def _filled(measured: _Slices, budgeting: Budgeting, first: int, upto: Minute, before: tuple[int, int] | None) -> _Slices:
    """What stands in for each missing slice that ends before `upto`: a bad one, a good one, or the last one again."""
    end = upto // budgeting.slice_window
    known = first if before is not None else int(measured.number[0]) if len(measured.number) else end
    missing = np.setdiff1d(np.arange(known, end), measured.number, assume_unique=True)
    if budgeting.no_data == "hold":
        place = np.searchsorted(measured.number, missing)
        total, bad = before or (0, 0)
        return _Slices(missing, np.append(total, measured.total)[place], np.append(bad, measured.bad)[place])
    whole = np.full(len(missing), RATIO_UNIT if budgeting.method == "RatioTimeslices" else 1, np.int64)
    return _Slices(missing, whole, whole if budgeting.no_data == "bad" else np.zeros_like(whole))


def _merged(one: _Slices, other: _Slices) -> _Slices:
    number = np.concatenate((one.number, other.number))
    order = np.argsort(number)
    total, bad = (np.concatenate(pair)[order] for pair in ((one.total, other.total), (one.bad, other.bad)))
    return _Slices(number[order], total, bad)
