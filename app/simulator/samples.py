"""What a metric is made of: the samples of each minute, as arrays. Everything a statistic needs, nothing it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.series import Floats, Ints
    from slo.units import Minute

Dimensions = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Names one metric; two metrics with other dimensions are other metrics, as in CloudWatch."""

    namespace: str
    metric: str
    dimensions: Dimensions


@dataclass(frozen=True, slots=True, eq=False)
class MinuteSums:
    """Four float64 arrays, one entry per minute of the range asked for; `count` 0 = no datapoint, the rest is then ignored."""

    sum: Floats
    count: Floats
    minimum: Floats
    maximum: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """The samples themselves, in any order: `weight[i]` samples of `value[i]` in minute `start + offset[i]`."""

    offset: Ints
    value: Floats
    weight: Floats


class MinuteSamples(Protocol):
    """One metric. Answers for start <= minute < end whatever the time is now: the store hides what has not happened yet."""

    def sums(self, start: Minute, end: Minute) -> MinuteSums: ...

    def distribution(self, start: Minute, end: Minute) -> Distribution | None:
        """Read only for pNN, TC and PR; None where the samples are not known (percentiles then have no datapoint)."""
        ...


class Provider(Protocol):
    """Metrics that are computed, not put."""

    def series(self, namespace: str, metric: str, dimensions: Dimensions) -> MinuteSamples | None:
        """None: no such metric."""
        ...

    def identities(self) -> Sequence[Identity]:
        """For ListMetrics."""
        ...
