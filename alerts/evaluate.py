"""CloudWatch's alarm evaluation as we model it: what state an alarm takes from the datapoints that exist at a minute.

CloudWatch reads more periods than it judges, the evaluation range. With N real datapoints or more in it, the newest N
decide and the treatment of missing data is not asked. With fewer, the treatment fills up to N, and no further.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from alerts import metric_math
from alerts.expression import names, parse
from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slo.estate.indicator import MetricQuery
    from slo.judge.series import Floats
    from slo.units import Minute

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]
Comparison = Literal["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanOrEqualToThreshold", "LessThanThreshold"]

EXTRA_PERIODS = 2
"""Periods read beyond N. AWS names no number; its examples read 5 for N = 3, and 3 days for one period of a day."""

COMPARISONS: Mapping[Comparison, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
}


class Decision(NamedTuple):
    """A state and why; the reason's code is stable, its text is for people."""

    state: State
    reason: Reason


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """ALARM when `datapoints_to_alarm` (M) of `evaluation_periods` (N) datapoints breach. `period` is in minutes.

    A metric alarm has one metric; a math alarm names its metrics, its expressions, and in `returned` the id it watches.
    `threshold` is the double that CloudWatch keeps: a datapoint is compared with it as it is, nothing is rounded.
    """

    name: str
    period: int
    evaluation_periods: int
    threshold: float
    comparison: Comparison
    returned: str = "m1"
    metrics: Mapping[str, MetricQuery] = field(default_factory=dict)
    expressions: Mapping[str, str] = field(default_factory=dict)
    datapoints_to_alarm: int | None = None
    treat_missing: Treatment = "missing"

    @property
    def needed(self) -> int:
        """M; where it is not given, N."""
        return self.datapoints_to_alarm or self.evaluation_periods

    def breaches(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


def periods(alarm: MetricAlarm, at: Minute) -> tuple[Minute, ...]:
    """Starts of the evaluation range as of `at`, oldest first: the newest period ends at `at`, whatever the clock face says."""
    count = alarm.evaluation_periods + EXTRA_PERIODS
    return tuple(at - alarm.period * ago for ago in range(count, 0, -1))


def evaluate(alarm: MetricAlarm, inputs: Mapping[str, Mapping[Minute, float]], at: Minute, state: State) -> Decision:
    """From the datapoints of every metric of the alarm, by id and by the start of their period; `state` is the present one."""
    starts = periods(alarm, at)
    series = {name: np.array([points.get(s, np.nan) for s in starts]) for name, points in inputs.items()}
    watched = compute(alarm, alarm.returned, series, len(starts))
    return decide(alarm, [None if np.isnan(v) else float(v) for v in watched], state)


def compute(alarm: MetricAlarm, name: str, series: Mapping[str, Floats], length: int) -> Floats:
    """The series of this id. ValueError when an expression cannot be computed or needs itself."""
    return _compute(alarm, name, series, length, frozenset())


def _compute(alarm: MetricAlarm, name: str, series: Mapping[str, Floats], length: int, above: frozenset[str]) -> Floats:
    if name not in alarm.expressions:
        if name not in series:
            raise ValueError(f"alarm {alarm.name}: no metric or expression has the id {name!r}")
        return series[name]
    if name in above:
        raise ValueError(f"alarm {alarm.name}: the expression {name!r} needs itself")
    node = parse(alarm.expressions[name])
    needed = {n: _compute(alarm, n, series, length, above | {name}) for n in names(node)}
    return metric_math.evaluate(node, needed, length)


def decide(alarm: MetricAlarm, points: Sequence[float | None], state: State) -> Decision:
    """From the evaluation range, oldest first; None = no datapoint."""
    real = [p for p in points if p is not None][-alarm.evaluation_periods :]
    breaching = sum(alarm.breaches(p) for p in real)
    absent = alarm.evaluation_periods - len(real)
    if absent == 0 or alarm.treat_missing in ("breaching", "notBreaching"):
        filled = absent if alarm.treat_missing == "breaching" else 0
        return _counted(alarm, real, breaching, filled)
    if breaching >= alarm.needed or breaching < len(real):
        return _counted(alarm, real, breaching, 0)
    if alarm.treat_missing == "ignore":
        return Decision(state, Reason("maintained", f"{_few(alarm, real)}; missing data keeps the state {state}"))
    return _only_breaching(alarm, points, real)


def _only_breaching(alarm: MetricAlarm, points: Sequence[float | None], real: Sequence[float]) -> Decision:
    """Under M datapoints, all breaching, and `missing`: the documented premature ALARM, if the oldest is M periods old."""
    ages = [len(points) - at for at, p in enumerate(points) if p is not None]
    if ages and max(ages) >= alarm.needed:
        text = f"{_few(alarm, real)}; all breach, and the oldest is {max(ages)} periods old (at least {alarm.needed})"
        return Decision("ALARM", Reason("premature", text))
    return Decision("INSUFFICIENT_DATA", Reason("insufficient_data", f"Insufficient Data: {_few(alarm, real)}"))


def _counted(alarm: MetricAlarm, real: Sequence[float], breaching: int, filled: int) -> Decision:
    crossed = breaching + filled >= alarm.needed
    shown = ", ".join(f"{p:g}" for p in real)
    filling = f" and {filled} missing treated as breaching" if filled else ""
    text = (
        f"Threshold Crossed: {breaching} of the {len(real)} newest datapoints [{shown}]{filling} were "
        f"{COMPARISONS[alarm.comparison][1]} the threshold ({alarm.threshold:g}); "
        f"{alarm.needed} of {alarm.evaluation_periods} make an ALARM"
    )
    code = ("filled_breaching" if breaching < alarm.needed else "threshold_crossed") if crossed else "within_threshold"
    return Decision("ALARM" if crossed else "OK", Reason(code, text if crossed else text.replace("Crossed", "Not Crossed", 1)))


def _few(alarm: MetricAlarm, real: Sequence[float]) -> str:
    return f"{len(real)} of {alarm.evaluation_periods} datapoints were reported"
