"""The numbers of a window without its excluded minutes, from what is stored of the slices that they touch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.evaluate import excluded_from
from slo.judge.method import without
from slo.judge.period import start, window_of
from slo.judge.series import outside
from slo.judge.windows import BAD, MEASURED, TOTAL, Counts, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import Shard, Store
    from slo.estate.spec import Estate, Objective
    from slo.judge.seat import Seat
    from slo.judge.series import Ints
    from slo.judge.windows import Frame, Sums
    from slo.units import Minute


def corrected(store: Store, shard: Shard, estate: Estate, seat: Seat, sums: Sums) -> Counts | None:
    """None when no budget exclusion touches the window at T; overlapping ones count once."""
    objective, at = seat.objective, sums.at
    excluded = excluded_from(estate, objective, at)
    if not excluded:
        return None
    begin = start(window_of(objective), at)
    whole = seat.counts(sums, window_of(objective))
    left = np.array([whole.total, whole.bad, whole.measured, *whole.earlier], np.int64)
    for first, end in _touched(excluded, seat.width, begin, at):
        left += _difference(seat, tuple(store.frames(shard, first, end)), excluded, begin, at)
    total, bad, measured, *earlier = left.tolist()
    return Counts(total, bad, measured, tuple(earlier))


def _touched(
    excluded: Sequence[tuple[Minute, Minute]], width: int, begin: Minute, at: Minute
) -> Iterator[tuple[Minute, Minute]]:
    """(start, end) of the slices with an excluded minute, none twice."""
    done = begin // width * width
    for start_, end_ in sorted(excluded):
        first, end = max(done, start_ // width * width), -(-min(end_, at) // width) * width
        if first < end:
            yield first, min(end, at)
        done = max(done, end)


def _difference(
    seat: Seat, frames: Sequence[Frame], excluded: Sequence[tuple[Minute, Minute]], begin: Minute, at: Minute
) -> Ints:
    """What the slices of these minutes count without the excluded ones, less what the window holds of them."""
    minutes = slices_of(frames, seat.minutes)
    lasting, total, bad = without(minutes.without(excluded), seat.objective.budgeting)
    gone = (minutes.minutes >= begin) & ~outside(minutes.minutes, excluded)
    held = [f for f in frames if seat.counted < f.slots]
    counted = np.array([f.counts[:, seat.counted] for f in held], np.int64).reshape(-1, 3)
    ends = np.array([f.minute for f in held], np.int64)
    # What a no-data policy filled stays while any of its minutes does: it was made of none of them.
    filled = counted[:, MEASURED] == 0
    stays = filled & outside(ends[:, None] - np.arange(seat.width), excluded).any(axis=1)
    whole = (begin + seat.width - 1, at)
    now = _sums(seat.objective, lasting, total, bad, whole)
    was = _sums(seat.objective, ends[~stays], counted[~stays, TOTAL], counted[~stays, BAD], whole)
    difference = now - was
    difference[2] = -int(gone.sum())
    return difference


def _sums(objective: Objective, last: Ints, total: Ints, bad: Ints, within: tuple[Minute, Minute]) -> Ints:
    """int64[total, bad, 0, the total under each earlier target] of what ends within these minutes."""
    inside = (last >= within[0]) & (last < within[1])
    edges = [0, *(era.until for era in objective.earlier)]
    under = [total[inside & (last >= since) & (last < until)].sum() for since, until in pairwise(edges)]
    return np.array([total[inside].sum(), bad[inside].sum(), 0, *under], np.int64)
