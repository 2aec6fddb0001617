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
from slo.judge.ratios import count_ratios, is_count, lay
from slo.judge.series import Slices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    failed = failure(indicator, answers)
    if failed is not None:
        return Measured(Slices.of(()), failure=failed)
    if isinstance(indicator, EventRatio):
        counted = count_ratios((indicator,), answers, start, end, period=period)
        return Measured(counted.slices(0), counted.quarantined)
    series = _series_of(indicator, answers)
    if period > 1:
        return Measured(Slices.of(()))
    if isinstance(indicator, Journey):
        return Measured(combine(indicator.composite, _parts(indicator, series)).between(start, end))
    if isinstance(indicator, RateRatio):
        return _rate_ratio(indicator, series, start, end)
    return Measured(_time_slices(indicator, series[indicator.value], start, end))


def failure(indicator: Indicator, answers: Mapping[Query, Answer]) -> str | None:
    """Why there can be no slices: what was said of the first of its queries that failed."""
    return next((a.message for q in indicator.queries if isinstance(a := answers[q], Failed)), None)


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


def _rate_ratio(indicator: RateRatio, series: Mapping[Query, Series], start: Minute, end: Minute) -> Measured:
    total, rate = lay([series[indicator.total], series[indicator.rate]], start, end, 1)
    rate = np.where(total == 0, 0.0, rate)
    possible = is_count(total) & ~np.isinf(rate)
    rows = np.flatnonzero(possible & ~np.isnan(rate))
    counted = total[rows]
    bad = np.rint(counted * np.clip(rate[rows], 0, 100) / 100)
    return Measured(
        Slices(rows + start, counted.astype(np.int64), bad.astype(np.int64), np.zeros(len(rows), bool)),
        quarantined=int((~possible & ~np.isnan(total)).sum()),
    )


def _time_slices(indicator: TimeSlice, answer: Series, start: Minute, end: Minute) -> Slices:
    inside = (answer.minutes >= start) & (answer.minutes < end) & np.isfinite(answer.values)
    good = _COMPARE[indicator.op](answer.values[inside], float(indicator.threshold))
    ones = np.ones(len(good), np.int64)
    return Slices(answer.minutes[inside], ones, ones - good, np.zeros(len(good), bool))
