from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.burn_alarms import bad_minutes, fast_burn, ratio
from alerts.composite import CompositeAlarm
from alerts.evaluate import evaluate
from app.simulator.alarm_config import metric_alarm
from slo.estate.indicator import EventRatio, MetricQuery, RateRatio, TimeSlice
from slo.estate.native import fast_rule
from slo.estate.spec import Account, Component, Estate, Objective, RuleSpec
from slo.judge.burn import budget_of, reaches
from slo.resource import Place, Resource

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.estate.indicator import Comparison

HERE = Place("main", "us-east-1", "111122223333")
SHOP = Component("shop", "alb")
ESTATE = Estate("prod", (Account("main", "111122223333", "us-east-1"),), (SHOP,))
TOTAL = MetricQuery("main", "us-east-1", "Shop", "Requests", (("App", "a"),), "Sum")
MORE, BAD, GOOD = (replace(TOTAL, metric=name) for name in ("Rejected", "Errors", "Fine"))
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.1"), 1440, 120),
)
RATIO = EventRatio((TOTAL,), bad=(BAD,))
MINUTE = 29_922_480


def objective(target: str = "0.999", policy: tuple[RuleSpec, ...] = POLICY, window: int = 43_200) -> Objective:
    return Objective("shop.availability", "shop", "availability", Decimal(target), window, policy)


def made(indicator: EventRatio | RateRatio | TimeSlice = RATIO, target: str = "0.999") -> tuple[Resource, ...]:
    declared = objective(target)
    rule = fast_rule(declared)
    assert rule is not None
    return fast_burn(ESTATE, SHOP, declared, indicator, rule, HERE)


def state(alarm: Resource, **counts: float) -> str:
    """Of the alarm as CloudWatch would take it, when these are the only sums of its one period."""
    model = metric_alarm({"AlarmName": alarm.name, **alarm.spec}, alarm.region)
    inputs = {id_: {MINUTE - model.period: counts[id_]} if id_ in counts else {} for id_ in model.metrics}
    return evaluate(model, inputs, MINUTE, "OK").state


def test_one_objective_makes_a_long_and_a_short_alarm_and_a_composite_with_the_key_of_its_page() -> None:
    long, short, above = made()
    key = "sloop/prod/shop.availability/page"
    assert [(r.kind, r.name) for r in (long, short, above)] == [
        ("alarm", f"{key}/burn-1h"),
        ("alarm", f"{key}/burn-5m"),
        ("composite", key),
    ]
    assert [
        alarm.spec["Metrics"][0]["MetricStat"]["Period"] if "MetricStat" in alarm.spec["Metrics"][0] else 0
        for alarm in (long, short)
    ] == [3600, 300]
    assert CompositeAlarm.of(above.name, above.spec["AlarmRule"]).children == {long.name, short.name, "sloop/prod/heartbeat"}


def test_only_the_composite_has_actions_and_it_waits_for_the_missing_heartbeat_because_sloop_pages_for_the_same_thing() -> None:
    long, short, above = made()
    assert [alarm.spec["AlarmActions"] for alarm in (long, short)] == [[], []]
    assert above.spec["ActionsEnabled"] is True
    assert above.spec["AlarmActions"] == above.spec["OKActions"] == ["arn:aws:sns:us-east-1:111122223333:sloop-prod-pages"]
    assert above.spec["AlarmRule"].endswith(' AND ALARM("sloop/prod/heartbeat")')


@given(
    st.sampled_from(["0.9", "0.95", "0.99", "0.995", "0.999", "0.9995", "0.9999"]),
    st.integers(1, 10**6),
    st.integers(-1, 1),
)
def test_cloudwatch_decides_as_sloop_does_even_where_the_ratio_is_exactly_the_threshold(
    target: str, scale: int, beside: int
) -> None:
    declared = objective(target)
    rule = fast_rule(declared)
    assert rule is not None
    threshold: Fraction = rule.factor * budget_of(declared)
    total = threshold.denominator * scale
    bad = min(total, max(0, ceil(threshold * total) + beside))
    long, _, _ = made(target=target)
    assert (state(long, t1=total, b1=bad) == "ALARM") is reaches(bad, total, threshold)


def test_good_counts_are_taken_from_the_total() -> None:
    long, _, _ = made(EventRatio((TOTAL, MORE), good=(GOOD,)))
    assert state(long, t1=9000, t2=1000, g1=9856) == "ALARM"
    assert state(long, t1=9000, t2=1000, g1=9857) == "OK"


def test_without_requests_or_without_errors_nothing_burns() -> None:
    long, _, _ = made()
    assert [state(long), state(long, t1=100.0), state(long, b1=5.0)] == ["OK", "OK", "OK"]


def test_the_expression_names_every_query() -> None:
    queries, expression = ratio(EventRatio((TOTAL, MORE), bad=(BAD,)))
    assert queries == {"t1": TOTAL, "t2": MORE, "b1": BAD}
    assert expression == "IF((FILL(t1, 0) + FILL(t2, 0)) > 0, FILL(b1, 0) / (FILL(t1, 0) + FILL(t2, 0)), 0)"


SLICE = TimeSlice(replace(TOTAL, metric="Up", stat="Minimum"), ">=", Decimal(1))


def test_slices_of_time_are_m_of_n_bad_minutes_in_each_window() -> None:
    long, short, above = made(SLICE, "0.99")
    assert [(a.spec["Period"], a.spec["DatapointsToAlarm"], a.spec["EvaluationPeriods"]) for a in (long, short)] == [
        (60, 9, 60),  # 14.4 x 1 % x 60 minutes = 8.64
        (60, 1, 5),
    ]
    assert (long.spec["ComparisonOperator"], long.spec["Threshold"], long.spec["Statistic"]) == (
        "LessThanThreshold",
        1,
        "Minimum",
    )
    assert above.name == "sloop/prod/shop.availability/page"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (">=", "LessThanThreshold"),
        (">", "LessThanOrEqualToThreshold"),
        ("<=", "GreaterThanThreshold"),
        ("<", "GreaterThanOrEqualToThreshold"),
    ],
)
def test_a_minute_is_bad_when_it_does_not_compare_as_a_good_one(good: Comparison, bad: str) -> None:
    long, _, _ = made(replace(SLICE, op=good))
    assert long.spec["ComparisonOperator"] == bad


@given(st.sampled_from(["0.9", "0.95", "0.99", "0.999", "0.9999"]), st.integers(1, 1440), st.integers(0, 1440))
def test_m_bad_minutes_are_the_fewest_that_reach_the_rule(target: str, window: int, bad: int) -> None:
    declared = objective(target)
    rule = fast_rule(declared)
    assert rule is not None
    reached = bad > 0 and reaches(min(bad, window), window, rule.factor * budget_of(declared))
    assert (min(bad, window) >= bad_minutes(rule, declared, window)) is reached


def test_a_percentage_is_averaged_over_the_window_and_said_to_be_approximate() -> None:
    rate = RateRatio(TOTAL, replace(TOTAL, metric="ErrorRate", stat="Average"))
    long, _, above = made(rate)
    assert "Approximate: a mean of percentages." in above.spec["AlarmDescription"]
    assert state(long, t1=10_000, r1=1.44) == "ALARM"
    assert state(long, t1=10_000, r1=1.43) == "OK"
    assert state(long, r1=100.0) == "OK"
