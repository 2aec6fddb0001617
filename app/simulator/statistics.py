"""CloudWatch statistics over the samples of equal periods. NaN = no datapoint: a period without samples has none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from app.simulator.samples import Distribution, MinuteSamples, MinuteSums
    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute

Plain = Literal["Sum", "Average", "Minimum", "Maximum", "SampleCount"]
PLAIN: tuple[Plain, ...] = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_PERCENTILE = re.compile(rf"p{_NUMBER}")
_RANGE = re.compile(rf"(TC|PR)\((?:{_NUMBER})?:(?:{_NUMBER})?\)")


@dataclass(frozen=True, slots=True)
class Percentile:
    """The smallest sample that at least `percent` % of the samples do not exceed."""

    percent: float


@dataclass(frozen=True, slots=True)
class Within:
    """Samples with low < value <= high: TC counts them, PR gives their share in %. None = unbounded."""

    kind: str
    low: float | None
    high: float | None


Statistic = Plain | Percentile | Within


def parse(text: str) -> Statistic:
    """ValueError for what is no statistic or what this simulator does not compute (TM, WM, IQM, bounds in %)."""
    if text in PLAIN:
        return text
    percentile = _PERCENTILE.fullmatch(text)
    if percentile and float(percentile[1]) <= 100:
        return Percentile(float(percentile[1]))
    within = _RANGE.fullmatch(text)
    if within and (within[2] or within[3]):
        return Within(within[1], *(None if bound is None else float(bound) for bound in within.groups()[1:]))
    raise ValueError(f"The value {text} for parameter Stat is not supported.")


def aggregate(samples: MinuteSamples, statistic: Statistic, start: Minute, periods: int, length: int) -> Floats:
    """One value per period of `length` minutes, the first from `start` on."""
    sums = samples.sums(start, start + periods * length)
    counts = sums.count.reshape(periods, length).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(statistic, Percentile | Within):
            value = _extended(samples, sums, statistic, start, counts, length)
        else:
            value = _plain(sums, statistic, counts, length)
        return np.where(counts > 0, value, np.nan)


def _plain(sums: MinuteSums, statistic: Plain, counts: Floats, length: int) -> Floats:
    if statistic == "SampleCount":
        return counts
    sampled, shape = sums.count > 0, (len(counts), length)
    if statistic == "Minimum":
        lowest: Floats = np.where(sampled, sums.minimum, np.inf).reshape(shape).min(axis=1)
        return lowest
    if statistic == "Maximum":
        highest: Floats = np.where(sampled, sums.maximum, -np.inf).reshape(shape).max(axis=1)
        return highest
    total: Floats = np.where(sampled, sums.sum, 0.0).reshape(shape).sum(axis=1)
    return total / counts if statistic == "Average" else total


def _extended(
    samples: MinuteSamples, sums: MinuteSums, statistic: Percentile | Within, start: Minute, counts: Floats, length: int
) -> Floats:
    periods = len(counts)
    found = samples.distribution(start, start + periods * length)
    if found is None:
        return np.full(periods, np.nan)
    period = found.offset // length
    known = _binned(period, found.weight, periods)
    # Some samples came as a StatisticSet, or a value is negative: CloudWatch has no percentile then.
    lowest = np.where(sums.count > 0, sums.minimum, 0.0).reshape(periods, length).min(axis=1)
    unknown = (np.abs(known - counts) > 1e-9 * counts) | (lowest < 0)
    if isinstance(statistic, Percentile):
        value = _percentile(found, period, known, statistic.percent)
    else:
        inside = _binned(period, found.weight * _within(found.value, statistic), periods)
        value = inside if statistic.kind == "TC" else 100.0 * inside / counts
    return np.where(unknown, np.nan, value)


def _binned(period: Ints, weight: Floats, periods: int) -> Floats:
    return np.bincount(period, weight, periods).astype(np.float64)


def _within(values: Floats, statistic: Within) -> Bools:
    inside = np.ones(len(values), bool)
    if statistic.low is not None:
        inside &= values > statistic.low
    if statistic.high is not None:
        inside &= values <= statistic.high
    return inside


def _percentile(found: Distribution, period: Ints, counts: Floats, percent: float) -> Floats:
    """Per period the first value at which the running weight reaches percent / 100 of the samples."""
    present = found.weight > 0
    period, values, weights = period[present], found.value[present], found.weight[present]
    order = np.lexsort((values, period))
    period, values, running = period[order], values[order], np.cumsum(weights[order])
    before = np.concatenate(([0.0], np.cumsum(counts)))[:-1]
    reached = running - before[period] >= percent / 100 * counts[period] * (1 - 1e-12)
    result = np.full(len(counts), np.nan)
    # Written from the last to the first, so that the first value that reaches the rank stays.
    rows = np.flatnonzero(reached)[::-1]
    result[period[rows]] = values[rows]
    return result
