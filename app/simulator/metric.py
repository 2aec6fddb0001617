"""One modelled metric: a function from minutes to samples, with the minutes in which nothing arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.simulator.samples import Distribution, MinuteSums

if TYPE_CHECKING:
    from collections.abc import Callable

    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute

Shape = tuple["Floats", "Floats"]
"""values[n, k] and counts[n, k]: minute n has counts[n, k] samples of values[n, k]."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`shape(minutes)` are its samples; `gap(minutes)` tells the minutes that have no datapoint at all."""

    shape: Callable[[Ints], Shape]
    gap: Callable[[Ints], Bools]

    def sums(self, start: Minute, end: Minute) -> MinuteSums:
        values, counts = self._samples(start, end)
        present = counts > 0
        return MinuteSums(
            (values * counts).sum(axis=1),
            counts.sum(axis=1),
            np.where(present, values, np.inf).min(axis=1),
            np.where(present, values, -np.inf).max(axis=1),
        )

    def distribution(self, start: Minute, end: Minute) -> Distribution:
        values, counts = self._samples(start, end)
        offset, level = np.nonzero(counts)
        return Distribution(offset.astype(np.int64), values[offset, level], counts[offset, level])

    def _samples(self, start: Minute, end: Minute) -> Shape:
        minutes = np.arange(start, end, dtype=np.int64)
        values, counts = self.shape(minutes)
        return values, np.where(self.gap(minutes)[:, None], 0.0, counts)


def per_minute(running: Callable[[Floats], Ints], minutes: Ints) -> Ints:
    """How much a running total grows in each minute; `minutes` are consecutive."""
    totals = running(edges(minutes))
    return totals[1:] - totals[:-1]


def starts(minutes: Ints) -> Floats:
    """Epoch seconds."""
    return (minutes * 60).astype(np.float64)


def edges(minutes: Ints) -> Floats:
    """Epoch seconds of every start and of the last end: one more than there are minutes."""
    return starts(np.append(minutes, minutes[-1:] + 1))


def events(count: Callable[[Ints], Ints]) -> Callable[[Ints], Shape]:
    """As the load balancer counts: one sample of 1 per event, so that none at all leaves no datapoint."""

    def shape(minutes: Ints) -> Shape:
        counts = count(minutes).astype(np.float64)[:, None]
        return np.ones_like(counts), counts

    return shape


def flags(total: Callable[[Ints], Ints], bad: Callable[[Ints], Ints], value: float) -> Callable[[Ints], Shape]:
    """One sample per event: `value` if it is bad, else 0; its average is then the rate, weighted by events."""

    def shape(minutes: Ints) -> Shape:
        failed = bad(minutes).astype(np.float64)
        counts = np.stack([total(minutes) - failed, failed], axis=1)
        return np.broadcast_to(np.array([0.0, value]), counts.shape), counts

    return shape


def gauge(value: Callable[[Ints], Floats]) -> Callable[[Ints], Shape]:
    """One sample a minute; NaN = none."""

    def shape(minutes: Ints) -> Shape:
        values = value(minutes)[:, None]
        present = ~np.isnan(values)
        return np.where(present, values, 0.0), present.astype(np.float64)

    return shape
