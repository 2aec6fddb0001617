from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.burn_alarms import fast_burn, fast_rule, is_native, ratio, why_not
from alerts.composite import CompositeAlarm
from alerts.evaluate import evaluate
from app.simulator.alarm_config import metric_alarm
from slo.estate.calendar import Calendar
from slo.estate.indicator import CounterQuery, EventRatio, Indicator, MetricQuery, Proof, RateRatio, TimeSlice
from slo.estate.spec import Account, Budgeting, Component, Composite, Era, Estate, Objective, Part, RuleSpec
from slo.judge.burn import budget_of, reaches, rules_of
from slo.resource import Place, Resource

if TYPE_CHECKING:
    from fractions import Fraction

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


def made(indicator: EventRatio = RATIO, target: str = "0.999") -> tuple[Resource, ...]:
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
    assert CompositeAlarm.of(above.name, above.spec["AlarmRule"]).children == {long.name, short.name}


def test_only_the_composite_has_actions_and_they_are_disabled_because_sloop_pages_for_the_same_thing() -> None:
    long, short, above = made()
    assert [alarm.spec["AlarmActions"] for alarm in (long, short)] == [[], []]
    assert above.spec["ActionsEnabled"] is False
    assert above.spec["AlarmActions"] == above.spec["OKActions"] == ["arn:aws:sns:us-east-1:111122223333:sloop-prod-pages"]
    assert "disabled on purpose" in above.spec["AlarmDescription"]


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


@pytest.mark.parametrize(
    "indicator",
    [
        TimeSlice(TOTAL, ">=", Decimal(1)),
        RateRatio(TOTAL, replace(TOTAL, stat="Average")),
        EventRatio((CounterQuery("x"),), bad=(BAD,)),
        EventRatio((TOTAL,), bad=(replace(BAD, stat="p99"),)),
        EventRatio((TOTAL,), bad=(replace(BAD, region="eu-west-1"),)),
        EventRatio((TOTAL,) * 6, bad=(BAD,) * 5),
    ],
)
def test_what_cloudwatch_cannot_count_in_one_place_has_no_native_form(indicator: Indicator) -> None:
    assert not is_native(indicator)


def test_latency_counts_and_a_proof_of_life_elsewhere_are_native() -> None:
    samples, fast = replace(TOTAL, stat="SampleCount"), replace(TOTAL, stat="TC(:0.3)")
    assert is_native(EventRatio((samples,), good=(fast,), proof=Proof(CounterQuery("up"))))


def test_the_fastest_page_rule_is_taken_and_none_where_none_can_fire() -> None:
    assert fast_rule(objective()) == rules_of(objective())[0]
    assert fast_rule(objective(policy=POLICY[2:])) is None
    # 14.4 x 10 % is more than all requests; 6 x 10 % is not.
    assert fast_rule(objective("0.9")) == rules_of(objective("0.9"))[1]
    assert fast_rule(objective("0.8", POLICY[:1])) is None


def test_a_rule_that_an_alarm_cannot_say_is_not_taken() -> None:
    strict, patient = (RuleSpec("page", None, 60, None, factor=Decimal(10), **more) for more in ({"strict": True}, {"hold": 5}))
    assert fast_rule(objective(policy=(strict, patient))) is None
    plain = RuleSpec("page", None, 60, None, factor=Decimal(10))
    assert fast_rule(objective(policy=(strict, patient, plain))) == rules_of(objective(policy=(plain,)))[0]


def test_a_rule_that_wants_enough_events_is_not_taken() -> None:
    asking = [replace(POLICY[0], **more) for more in ({"min_bad": 5}, {"min_total": 100}, {"confidence": Decimal("0.95")})]
    assert fast_rule(objective(policy=tuple(asking))) is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"budgeting": Budgeting("Timeslices", 5, Decimal("0.95"))}, "Timeslices"),
        ({"budgeting": Budgeting(no_data="bad")}, "Occurrences with its slices and gaps"),
        ({"calendar": Calendar(1, "M")}, "each period of the calendar"),
        ({"composite": Composite("serial", (Part("a.b", Decimal("0.9")),), 1)}, "minutes of its parts"),
        ({"earlier": (Era(Decimal("0.99"), MINUTE),)}, "its target was edited"),
    ],
)
def test_what_is_no_plain_ratio_over_rolling_days_has_no_native_alarm_and_says_why(more: dict[str, object], why: str) -> None:
    declared = replace(objective(), **more)  # type: ignore[arg-type]
    assert fast_rule(declared) is None
    assert why in (why_not(declared) or "")
    assert why_not(objective()) is None
