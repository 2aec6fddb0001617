"""Event ratios of many indicators counted at once, minute by minute; `slo.judge.sli` says by which rules.

A poll answers thousands of series of a few minutes each. Laid into one table they are decided by a few operations on all
of it, and one indicator alone is a table with few rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.answer import Series
from slo.judge.series import MAX_COUNT, Slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import EventRatio, Proof, Query
    from slo.judge.answer import Answer
    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute


@dataclass(frozen=True, slots=True, eq=False)
class Ratios:
    """`total` and `bad` int64[indicator, minute] from `start` on, 0 where not `measured`; `quarantined` buckets of all."""

    start: Minute
    total: Ints
    bad: Ints
    measured: Bools
    coarse: bool
    quarantined: int

    def slices(self, row: int) -> Slices:
        """Of one indicator."""
        minutes = np.flatnonzero(self.measured[row])
        counts = (self.total[row, minutes], self.bad[row, minutes])
        return Slices(minutes + self.start, *counts, np.full(len(minutes), self.coarse))


def count_ratios(
    indicators: Sequence[EventRatio], answers: Mapping[Query, Answer], start: Minute, end: Minute, *, period: int = 1
) -> Ratios:
    """Row n is indicator n, of which no query may have failed; `period` as for `slo.judge.sli.measure`."""
    rows: dict[Query, int] = {}
    totals, parts = _rows(rows, [i.total for i in indicators]), _rows(rows, [i.bad or i.good for i in indicators])
    proofs = {n: (i.proof, rows.setdefault(i.proof.query, len(rows))) for n, i in enumerate(indicators) if i.proof}
    laid = lay([_series(answers[query]) for query in rows], start, end, period)
    with np.errstate(invalid="ignore"):  # infinities may meet; what comes out is no count
        total, present = _summed(laid, totals)
        bad, _ = _summed(laid, parts)
        successes = np.array([not i.bad for i in indicators])
        bad[successes] = total[successes] - bad[successes]
    for n, (proof, row) in proofs.items():
        present[n] |= _alive(proof, laid[row])
    possible = is_count(total) & is_count(bad) & (bad <= total)
    measured = possible & present
    width = end - start
    return Ratios(
        start,
        _spread(np.where(measured, total, 0).astype(np.int64), period, width),
        _spread(np.where(measured, bad, 0).astype(np.int64), period, width),
        np.repeat(measured, period, axis=1)[:, :width],
        period > 1,
        int((~possible).sum()),
    )


def lay(series: Sequence[Series], start: Minute, end: Minute, period: int) -> Floats:
    """float64[series, bucket] of start..end (start on a bucket's edge); NaN where there is no value."""
    buckets = -(-(end - start) // period)
    laid = np.full((len(series), buckets), np.nan)
    minutes, values = np.concatenate([s.minutes for s in series]), np.concatenate([s.values for s in series])
    rows = np.repeat(np.arange(len(series)), [len(s.minutes) for s in series])
    inside = (minutes >= start) & (minutes < end)
    if not inside.all():
        minutes, values, rows = minutes[inside], values[inside], rows[inside]
    # A source that says NaN said something impossible, which is not the same as saying nothing.
    laid[rows, (minutes - start) // period] = np.where(np.isnan(values), np.inf, values)
    return laid


def is_count(values: Floats) -> Bools:
    whole: Bools = np.isfinite(values) & (values >= 0) & (values <= MAX_COUNT) & np.equal(values, np.floor(values))
    return whole


def _rows(known: dict[Query, int], groups: Sequence[tuple[Query, ...]]) -> list[list[int]]:
    """The row of each query in the table: those that are not `known` yet come after them."""
    return [[known.setdefault(query, len(known)) for query in group] for group in groups]


def _summed(laid: Floats, groups: Sequence[Sequence[int]]) -> tuple[Floats, Bools]:
    """Group by group the sum of its rows with absent as 0, and where at least one had a value. No group is empty."""
    values = laid[list(chain.from_iterable(groups))]
    absent = np.isnan(values)
    values[absent] = 0
    if len(values) == len(groups):
        return values, ~absent
    starts = [0, *accumulate(map(len, groups[:-1]))]
    sums: Floats = np.add.reduceat(values, starts, axis=0)
    return sums, ~np.logical_and.reduceat(absent, starts, axis=0)


def _alive(proof: Proof, values: Floats) -> Bools:
    floor = -np.inf if proof.at_least is None else float(proof.at_least)
    alive: Bools = np.isfinite(values) & (values >= floor)
    return alive


def _series(answer: Answer) -> Series:
    if not isinstance(answer, Series):
        raise TypeError(f"of a query that failed there is nothing to count: {answer.message}")
    return answer


def _spread(counts: Ints, period: int, width: int) -> Ints:
    """A bucket's counts stand at its first minute; its others have nothing in them."""
    if period == 1:
        return counts
    minutes = np.zeros((len(counts), width), np.int64)
    minutes[:, ::period] = counts
    return minutes
