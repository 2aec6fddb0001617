"""The states of an alarm at every minute of a range at once: the rules of `evaluate`, column by column.

From running totals C, where C[m] sums what lies before minute m, the datapoint of [T - p, T) is C[T] - C[T - p]; it is missing
where no minute of it was published. What has no such form is refused, and never approximated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from alerts.alarm_steps import is_due
from alerts.composite import AllOf, AnyOf, AtLeast, CompositeAlarm, Constant, InState, Not
from alerts.evaluate import EXTRA_PERIODS, compute
from alerts.expression import parse, steps_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from alerts.composite import Rule
    from alerts.evaluate import Comparison, MetricAlarm, State
    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute

    States = NDArray[np.int8]

CODES: Mapping[State, int] = {"OK": 0, "ALARM": 1, "INSUFFICIENT_DATA": 2}
ALARM = CODES["ALARM"]
COMPARED: Mapping[Comparison, Callable[[Floats, float], Bools]] = {
    "GreaterThanOrEqualToThreshold": np.greater_equal,
    "GreaterThanThreshold": np.greater,
    "LessThanOrEqualToThreshold": np.less_equal,
    "LessThanThreshold": np.less,
}
_KEPT = -1
_CELLS = 2_000_000
"""Datapoints held at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """One metric: `values[n]` was published for `minutes[n]`, ascending; other minutes are missing.

    Its statistic is the sum, exact for whole numbers, or the `mean`, each minute weighing the same.
    """

    minutes: Ints
    values: Ints | Floats
    mean: bool = False

    def datapoints(self, starts: Ints, period: int) -> Floats:
        """Over period minutes from each start; NaN where nothing was published."""
        low, high = np.searchsorted(self.minutes, starts), np.searchsorted(self.minutes, starts + period)
        totals = np.concatenate(([0], np.cumsum(self.values)))
        sums = (totals[high] - totals[low]).astype(np.float64)
        over = high - low if self.mean else np.ones(len(starts), np.int64)
        found: Floats = np.divide(sums, over, out=np.full(len(starts), np.nan), where=high > low)
        return found


def states(alarm: MetricAlarm, inputs: Mapping[str, Counts], first: Minute, last: Minute, initial: State) -> States:
    """At T = first..last, as codes, when it was `initial` before. ValueError for an expression that mixes datapoints."""
    for name, expression in alarm.expressions.items():
        if not steps_alone(parse(expression)):
            raise ValueError(f"alarm {alarm.name}: the expression {name!r} mixes datapoints of several periods")
    count = alarm.evaluation_periods + EXTRA_PERIODS
    width = max(1, _CELLS // count)
    parts = [_decided(alarm, inputs, at, min(at + width, last + 1)) for at in range(first, last + 1, width)]
    return _carried(np.concatenate(parts), CODES[initial])


def holds_each(rule: Rule, children: Mapping[str, States], length: int) -> Bools:
    """`composite.holds` at each of `length` minutes."""
    match rule:
        case InState(alarm, state):
            return _in_state(alarm, state, children, length)
        case AtLeast(count, percent, alarms, state):
            found = np.sum([_in_state(alarm, state, children, length) for alarm in alarms], axis=0)
            enough: Bools = found * 100 >= count * len(alarms) if percent else found >= count
            return enough
        case Constant(value):
            return np.full(length, value)
        case Not(operand):
            return ~holds_each(operand, children, length)
        case AllOf(operands):
            return reduce(np.logical_and, [holds_each(o, children, length) for o in operands])
        case AnyOf(operands):
            return reduce(np.logical_or, [holds_each(o, children, length) for o in operands])


def composite_states(alarm: CompositeAlarm, children: Mapping[str, States], length: int) -> States:
    """ALARM while the rule holds, else OK."""
    return np.where(holds_each(alarm.rule, children, length), ALARM, CODES["OK"]).astype(np.int8)


def _decided(alarm: MetricAlarm, inputs: Mapping[str, Counts], first: Minute, end: Minute) -> States:
    """As `evaluate.decide` does, at T = first..end - 1; _KEPT where the state stays whatever it was."""
    points = _points(alarm, inputs, first, end)
    present = ~np.isnan(points)
    newest = present & (np.cumsum(present[::-1], axis=0)[::-1] <= alarm.evaluation_periods)
    real = newest.sum(axis=0)
    breaching = (newest & COMPARED[alarm.comparison](points, alarm.threshold)).sum(axis=0)
    absent = alarm.evaluation_periods - real
    filled = absent if alarm.treat_missing == "breaching" else 0
    counted = np.where(breaching + filled >= alarm.needed, ALARM, CODES["OK"])
    if alarm.treat_missing in ("missing", "ignore"):
        open_ = (absent > 0) & (breaching < alarm.needed) & (breaching == real)
        counted = np.where(open_, _undecided(alarm, present), counted)
    due = np.array([is_due(alarm, minute) for minute in range(first, end)])
    return np.where(due, counted, _KEPT).astype(np.int8)


def _undecided(alarm: MetricAlarm, present: Bools) -> Ints:
    """Too few datapoints, and all of them breach: kept, or the premature ALARM if the oldest is M periods old."""
    if alarm.treat_missing == "ignore":
        return np.full(present.shape[1], _KEPT)
    oldest = len(present) - np.argmax(present, axis=0)
    premature = present.any(axis=0) & (oldest >= alarm.needed)
    return np.where(premature, ALARM, CODES["INSUFFICIENT_DATA"])


def _points(alarm: MetricAlarm, inputs: Mapping[str, Counts], first: Minute, end: Minute) -> Floats:
    """The evaluation range at each T as a column, oldest datapoint first."""
    count = alarm.evaluation_periods + EXTRA_PERIODS
    starts = np.arange(first - count * alarm.period, end - alarm.period)
    series = {name: counts.datapoints(starts, alarm.period) for name, counts in inputs.items()}
    watched = compute(alarm, alarm.returned, series, len(starts))
    return np.array([watched[row * alarm.period :][: end - first] for row in range(count)])


def _carried(found: States, initial: int) -> States:
    """Where it is kept: the last state before it."""
    whole = np.concatenate(([initial], found))
    known = np.maximum.accumulate(np.where(whole == _KEPT, 0, np.arange(len(whole))))
    return whole[known][1:].astype(np.int8)


def _in_state(alarm: str, state: str, children: Mapping[str, States], length: int) -> Bools:
    if alarm not in children:
        return np.zeros(length, bool)
    found: Bools = np.equal(children[alarm], next(code for name, code in CODES.items() if name == state))
    return found
