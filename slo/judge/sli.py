"""From answers to slices: what was good, what was bad, what was idle and what was not measured at all.

For an event ratio, minute by minute:
- a total came: total as counted; an error count that is absent is 0, because it is only reported when nonzero
- no total, but proof of life: idle (total 0, measured)
- neither: missing
- more bad than total (or bad without any total), a negative, a fraction, NaN: quarantined, so missing, and counted

For a rate, where bad is a percentage of total: rounded half to even within [0, total], and missing beside requests when no
percentage came. Of nothing the percentage does not matter: that minute is idle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.estate.indicator import EventRatio, Journey, PartQuery, RateRatio
from slo.judge.answer import Failed, Series
from slo.judge.composite import combine, states
from slo.judge.series import MAX_COUNT, Slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from slo.estate.indicator import Comparison, Indicator, Query, TimeSlice
    from slo.estate.spec import Part
    from slo.judge.answer import Answer
    from slo.judge.composite import PartState
    from slo.judge.series import Bools, Floats
    from slo.units import Minute

_COMPARE: dict[Comparison, Callable[[Floats, float], Bools]] = {
    "<=": np.less_equal,
    "<": np.less,
    ">=": np.greater_equal,
    ">": np.greater,
}


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Slices of start <= minute < end; `failure` says why there can be none; `quarantined` counts impossible minutes."""

    slices: Slices
    quarantined: int = 0
    failure: str | None = None


def measure(indicator: Indicator, answers: Mapping[Query, Answer], start: Minute, end: Minute, *, period: int = 1) -> Measured:
    """`period` is the width of the answers' buckets in minutes.

    A wide bucket's counts go to its first minute and all its minutes are measured and coarse; time slices and rates
    cannot be told from wide buckets, so their minutes stay missing.
    """
    failed = [a.message for a in (answers[q] for q in indicator.queries) if isinstance(a, Failed)]
    if failed:
        return Measured(Slices.of(()), failure=failed[0])
    series = _series_of(indicator, answers)
    if isinstance(indicator, EventRatio):
        return _event_ratio(indicator, _Grid(series, start, end, period))
    if period > 1:
        return Measured(Slices.of(()))
    if isinstance(indicator, Journey):
        return Measured(combine(indicator.composite, _parts(indicator, series)).between(start, end))
    if isinstance(indicator, RateRatio):
        return _rate_ratio(indicator, _Grid(series, start, end, period))
    return Measured(_time_slices(indicator, series[indicator.value], start, end))


def part_states(indicator: Journey, answers: Mapping[Query, Answer], minute: Minute) -> tuple[tuple[Part, PartState], ...]:
    """What each part of a composite was in this minute."""
    series = _series_of(indicator, answers)
    return states(indicator.composite, _parts(indicator, series), minute)


def _series_of(indicator: Indicator, answers: Mapping[Query, Answer]) -> dict[Query, Series]:
    """Its own ones only: a poll answers thousands."""
    return {q: answer for q in indicator.queries if isinstance(answer := answers[q], Series)}


def _parts(indicator: Journey, series: Mapping[Query, Series]) -> dict[str, Slices]:
    """Both counts of a part are answered for the same minutes: those that were measured."""
    found = {}
    for part, key in zip(indicator.composite.parts, indicator.slot_keys, strict=True):
        total, bad = series[PartQuery(key, "total")], series[PartQuery(key, "bad")]
        counts = (total.values.astype(np.int64), bad.values.astype(np.int64))
        found[part.indicator] = Slices(total.minutes, *counts, np.zeros(len(total.minutes), bool))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Answers laid on the buckets of start..end (start on a bucket's edge); NaN where there is no value."""

    series: Mapping[Query, Series]
    start: Minute
    end: Minute
    period: int

    def values(self, query: Query) -> Floats:
        laid = np.full(-(-(self.end - self.start) // self.period), np.nan)
        answer = self.series[query]
        inside = (answer.minutes >= self.start) & (answer.minutes < self.end)
        values = answer.values[inside]
        # A source that says NaN said something impossible, which is not the same as saying nothing.
        laid[(answer.minutes[inside] - self.start) // self.period] = np.where(np.isnan(values), np.inf, values)
        return laid

    def total_of(self, queries: Iterable[Query]) -> tuple[Floats, Bools]:
        """The sum of the queries with absent as 0, and where at least one of them had a value."""
        table = np.array([self.values(q) for q in queries])
        return np.nansum(table, axis=0), ~np.isnan(table).all(axis=0)


def _event_ratio(indicator: EventRatio, grid: _Grid) -> Measured:
    with np.errstate(invalid="ignore"):  # infinities may meet; what comes out is no count
        total, present = grid.total_of(indicator.total)
        part, _ = grid.total_of(indicator.bad or indicator.good)
        bad = part if indicator.bad else total - part
    possible = _is_count(total) & _is_count(bad) & (bad <= total)
    rows = np.flatnonzero(possible & (present | _alive(indicator, grid)))
    return Measured(
        _spread(grid, rows, total[rows].astype(np.int64), bad[rows].astype(np.int64)),
        quarantined=int((~possible).sum()),
    )


def _rate_ratio(indicator: RateRatio, grid: _Grid) -> Measured:
    total, rate = grid.values(indicator.total), grid.values(indicator.rate)
    rate = np.where(total == 0, 0.0, rate)
    possible = _is_count(total) & ~np.isinf(rate)
    rows = np.flatnonzero(possible & ~np.isnan(rate))
    counted = total[rows]
    bad = np.rint(counted * np.clip(rate[rows], 0, 100) / 100)
    return Measured(
        _spread(grid, rows, counted.astype(np.int64), bad.astype(np.int64)),
        quarantined=int((~possible & ~np.isnan(total)).sum()),
    )


def _alive(indicator: EventRatio, grid: _Grid) -> Bools:
    if indicator.proof is None:
        return np.zeros(-(-(grid.end - grid.start) // grid.period), bool)
    proof = grid.values(indicator.proof.query)
    floor = -np.inf if indicator.proof.at_least is None else float(indicator.proof.at_least)
    alive: Bools = np.isfinite(proof) & (proof >= floor)
    return alive


def _is_count(values: Floats) -> Bools:
    whole: Bools = np.isfinite(values) & (values >= 0) & (values <= MAX_COUNT) & np.equal(values, np.floor(values))
    return whole


def _spread(
    grid: _Grid, rows: np.typing.NDArray[np.intp], total: np.typing.NDArray[np.int64], bad: np.typing.NDArray[np.int64]
) -> Slices:
    """Counts at the first minute of each bucket, its other minutes measured with nothing in them."""
    minutes = (grid.start + rows[:, None] * grid.period + np.arange(grid.period)).astype(np.int64)
    counts = np.zeros((2, *minutes.shape), np.int64)
    counts[0, :, 0], counts[1, :, 0] = total, bad
    inside = minutes.ravel() < grid.end
    flat = minutes.ravel()[inside]
    return Slices(flat, counts[0].ravel()[inside], counts[1].ravel()[inside], np.full(len(flat), grid.period > 1))


def _time_slices(indicator: TimeSlice, answer: Series, start: Minute, end: Minute) -> Slices:
    inside = (answer.minutes >= start) & (answer.minutes < end) & np.isfinite(answer.values)
    good = _COMPARE[indicator.op](answer.values[inside], float(indicator.threshold))
    ones = np.ones(len(good), np.int64)
    return Slices(answer.minutes[inside], ones, ones - good, np.zeros(len(good), bool))
