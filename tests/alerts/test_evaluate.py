from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.evaluate import MetricAlarm, decide, evaluate, periods

if TYPE_CHECKING:
    from alerts.evaluate import Comparison, State, Treatment

THREE_OF_THREE = MetricAlarm("a", 1, 3, 5.0, "GreaterThanThreshold")
TWO_OF_THREE = replace(THREE_OF_THREE, datapoints_to_alarm=2)
TREATMENTS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")
STATES: tuple[State, ...] = ("OK", "ALARM", "INSUFFICIENT_DATA")
POINTS = {"0": 1.0, "X": 9.0, "-": None}
KEPT = None

points = st.lists(st.sampled_from([1.0, 9.0, None]), min_size=5, max_size=5)
alarms = st.sampled_from([THREE_OF_THREE, TWO_OF_THREE])


def states(alarm: MetricAlarm, drawn: str, present: State) -> list[State]:
    """Of the four treatments, in the order of AWS's tables."""
    values = [POINTS[c] for c in drawn.split()]
    return [decide(replace(alarm, treat_missing=t), values, present).state for t in TREATMENTS]


@pytest.mark.parametrize("present", STATES)
@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("0 - X - X", ("OK", "OK", "OK", "OK")),
        ("0 - - - -", ("OK", "OK", "OK", "OK")),
        ("- - - - 0", ("OK", "OK", "OK", "OK")),
        ("- - - - -", ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
        ("0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("- - - - X", ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
        ("- - X - -", ("ALARM", KEPT, "ALARM", "OK")),
        ("X - - - -", ("ALARM", KEPT, "ALARM", "OK")),
    ],
)
def test_three_of_three_decides_as_the_table_of_aws(drawn: str, expected: tuple[State | None, ...], present: State) -> None:
    assert states(THREE_OF_THREE, drawn, present) == [e or present for e in expected]


@pytest.mark.parametrize("present", STATES)
@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
        ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
        ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
        ("- - - X -", ("ALARM", KEPT, "ALARM", "OK")),
        ("- - - - X", ("INSUFFICIENT_DATA", KEPT, "ALARM", "OK")),
    ],
)
def test_two_of_three_decides_as_the_table_of_aws(drawn: str, expected: tuple[State | None, ...], present: State) -> None:
    assert states(TWO_OF_THREE, drawn, present) == [e or present for e in expected]


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("GreaterThanThreshold", [False, False, True]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
        ("LessThanThreshold", [True, False, False]),
    ],
)
def test_a_comparison_decides_the_threshold_itself_and_its_neighbours_in_doubles(
    comparison: Comparison, breaching: list[bool]
) -> None:
    alarm = replace(THREE_OF_THREE, threshold=0.3, comparison=comparison)
    below, above = 0.29999999999999993, 0.30000000000000004
    assert [alarm.breaches(v) for v in (below, 0.3, above)] == breaching


def test_the_evaluation_range_ends_at_the_minute_whatever_the_clock_face_says() -> None:
    alarm = replace(THREE_OF_THREE, period=5, evaluation_periods=1)
    assert periods(alarm, 1003) == (988, 993, 998)


def test_a_datapoint_outside_the_range_is_not_read() -> None:
    alarm = replace(THREE_OF_THREE, evaluation_periods=1)
    assert evaluate(alarm, {"m1": {100: 9.0}}, 103, "OK").state == "ALARM"
    assert evaluate(alarm, {"m1": {100: 9.0}}, 104, "OK").state == "INSUFFICIENT_DATA"
    assert evaluate(alarm, {"m1": {103: 9.0}}, 103, "OK").state == "INSUFFICIENT_DATA"


def test_a_math_alarm_computes_through_its_expressions() -> None:
    alarm = replace(
        THREE_OF_THREE,
        evaluation_periods=1,
        threshold=0.5,
        expressions={"rate": "errors / total", "errors": "FILL(m2, 0) + FILL(m3, 0)", "total": "m1"},
        returned="rate",
    )
    inputs = {"m1": {9: 10.0}, "m2": {9: 4.0}, "m3": {9: 2.0}}
    assert evaluate(alarm, inputs, 10, "OK").state == "ALARM"
    assert evaluate(alarm, {**inputs, "m3": {}}, 10, "OK").state == "OK"


@pytest.mark.parametrize("expressions", [{"e": "e + 1"}, {"e": "f", "f": "e"}, {"e": "m9"}])
def test_an_expression_that_cannot_be_computed_is_an_error(expressions: dict[str, str]) -> None:
    alarm = replace(THREE_OF_THREE, expressions=expressions, returned="e")
    with pytest.raises(ValueError, match="alarm a: "):
        evaluate(alarm, {"m1": {}}, 10, "OK")


@pytest.mark.parametrize(
    ("drawn", "treatment", "code"),
    [
        ("X X X X X", "missing", "threshold_crossed"),
        ("X X X X 0", "missing", "within_threshold"),
        ("- - - - -", "missing", "insufficient_data"),
        ("- - X - -", "missing", "premature"),
        ("- - X - -", "ignore", "maintained"),
        ("- - X - -", "breaching", "filled_breaching"),
    ],
)
def test_a_decision_names_its_reason(drawn: str, treatment: Treatment, code: str) -> None:
    alarm = replace(THREE_OF_THREE, treat_missing=treatment)
    decision = decide(alarm, [POINTS[c] for c in drawn.split()], "OK")
    assert decision.reason.code == code
    assert "datapoints" in decision.reason.text


@given(alarms, points, st.sampled_from(STATES))
def test_with_n_real_datapoints_the_treatment_of_missing_data_does_not_matter(
    alarm: MetricAlarm, drawn: list[float | None], present: State
) -> None:
    decided = {decide(replace(alarm, treat_missing=t), drawn, present).state for t in TREATMENTS}
    real = [p for p in drawn if p is not None]
    if len(real) >= alarm.evaluation_periods:
        breaching = sum(p == 9.0 for p in real[-alarm.evaluation_periods :])
        assert decided == {"ALARM" if breaching >= alarm.needed else "OK"}
    else:
        assert "INSUFFICIENT_DATA" not in {decide(replace(alarm, treat_missing=t), drawn, "OK").state for t in TREATMENTS[1:]}


@given(alarms, points, st.sampled_from(STATES), st.sampled_from(TREATMENTS), st.integers(0, 4))
def test_a_worse_datapoint_never_ends_an_alarm(
    alarm: MetricAlarm, drawn: list[float | None], present: State, treatment: Treatment, at: int
) -> None:
    alarm = replace(alarm, treat_missing=treatment)
    worse = [9.0 if i == at and p is not None else p for i, p in enumerate(drawn)]
    if decide(alarm, drawn, present).state == "ALARM":
        assert decide(alarm, worse, present).state in ("ALARM", present)


@given(alarms, points, st.sampled_from(TREATMENTS))
def test_deciding_twice_changes_nothing(alarm: MetricAlarm, drawn: list[float | None], treatment: Treatment) -> None:
    alarm = replace(alarm, treat_missing=treatment)
    for present in STATES:
        once = decide(alarm, drawn, present).state
        assert decide(alarm, drawn, once).state == once
