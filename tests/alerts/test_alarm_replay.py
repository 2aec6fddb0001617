from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alarm_replay import CODES, Counts, composite_states, states
from alerts.alarm_steps import is_due
from alerts.composite import CompositeAlarm, evaluate_composite
from alerts.evaluate import Comparison, MetricAlarm, State, Treatment, evaluate

FIRST = 29_922_481
"""Not on the hour."""
NAMES: dict[int, State] = {code: name for name, code in CODES.items()}
comparisons: st.SearchStrategy[Comparison] = st.sampled_from(
    ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanOrEqualToThreshold", "LessThanThreshold"]
)
treatments: st.SearchStrategy[Treatment] = st.sampled_from(["missing", "ignore", "breaching", "notBreaching"])
minutes = st.lists(st.none() | st.integers(0, 9), min_size=60, max_size=60)
ratio = st.sampled_from(["IF(FILL(t, 0) > 0, FILL(b, 0) / FILL(t, 0), 0)", "b / t", "t - b", "FILL(b, 3)", "MAX([b, t])"])


@st.composite
def alarms(draw: st.DrawFn) -> MetricAlarm:
    periods = draw(st.integers(1, 5))
    return MetricAlarm(
        "a",
        draw(st.sampled_from([1, 2, 5, 400])),
        periods,
        draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])),
        draw(comparisons),
        returned="e",
        expressions={"e": draw(ratio)},
        datapoints_to_alarm=draw(st.integers(1, periods)),
        treat_missing=draw(treatments),
    )


def counts(values: list[int | None]) -> Counts:
    """The minutes before FIRST + 30 and the 30 before them."""
    found = [(FIRST - 30 + n, v) for n, v in enumerate(values) if v is not None]
    return Counts(np.array([m for m, _ in found], np.int64), np.array([v for _, v in found], np.int64))


def datapoint(given: Counts, start: int, period: int) -> float | None:
    inside = [int(v) for m, v in zip(given.minutes, given.values, strict=True) if start <= m < start + period]
    return float(sum(inside)) if inside else None


def minute_by_minute(alarm: MetricAlarm, inputs: dict[str, Counts], first: int, last: int) -> list[State]:
    state: State = "INSUFFICIENT_DATA"
    found = []
    for at in range(first, last + 1):
        starts = [at - alarm.period * ago for ago in range(alarm.evaluation_periods + 2, 0, -1)]
        points = {
            name: {s: p for s in starts if (p := datapoint(given, s, alarm.period)) is not None}
            for name, given in inputs.items()
        }
        if is_due(alarm, at):
            state = evaluate(alarm, points, at, state).state
        found.append(state)
    return found


@given(alarms(), minutes, minutes)
@settings(deadline=None)
def test_a_range_at_once_is_what_the_evaluator_says_minute_by_minute(
    alarm: MetricAlarm, bad: list[int | None], total: list[int | None]
) -> None:
    inputs = {"b": counts(bad), "t": counts(total)}
    found = states(alarm, inputs, FIRST, FIRST + 30, "INSUFFICIENT_DATA")
    assert [NAMES[int(code)] for code in found] == minute_by_minute(alarm, inputs, FIRST, FIRST + 30)


@given(st.lists(st.tuples(*[st.sampled_from(list(CODES))] * 2), min_size=1, max_size=9))
def test_a_rule_holds_in_a_column_where_it_holds_for_the_states_of_that_minute(rows: list[tuple[State, State]]) -> None:
    rule = "ALARM(a) AND NOT OK(b) OR AT_LEAST(2, OK, (a, b)) OR ALARM(gone) OR (FALSE OR AT_LEAST(100%, ALARM, (b)))"
    alarm = CompositeAlarm.of("c", rule)
    children = {name: np.array([CODES[row[n]] for row in rows], np.int8) for n, name in enumerate("ab")}
    found = composite_states(alarm, children, len(rows))
    said = [evaluate_composite(alarm, {"a": a, "b": b}).state for a, b in rows]
    assert [NAMES[int(code)] for code in found] == said


def test_a_long_range_is_cut_where_nobody_sees_it() -> None:
    alarm = MetricAlarm("a", 1, 1440, 1.0, "GreaterThanOrEqualToThreshold", datapoints_to_alarm=1, returned="m")
    given = Counts(np.array([FIRST]), np.array([1]))
    found = states(alarm, {"m": given}, FIRST + 1, FIRST + 4000, "OK")
    assert found.tolist() == [CODES["ALARM"]] * 1442 + [CODES["INSUFFICIENT_DATA"]] * 2558


@pytest.mark.parametrize("expression", ["FILL(m, REPEAT)", "m / SUM(m)", "FILL(m, LINEAR)"])
def test_an_expression_that_needs_other_datapoints_than_its_own_is_refused(expression: str) -> None:
    alarm = MetricAlarm("a", 1, 1, 1.0, "GreaterThanThreshold", "e", expressions={"e": expression})
    with pytest.raises(ValueError, match="mixes datapoints"):
        states(alarm, {"m": Counts(np.array([FIRST]), np.array([1]))}, FIRST, FIRST, "OK")
