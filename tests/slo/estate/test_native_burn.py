"""Which objectives CloudWatch can page for by itself, and why not the others."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from slo.estate.calendar import Calendar
from slo.estate.indicator import CounterQuery, EventRatio, Indicator, MetricQuery, Proof, RateRatio, TimeSlice, Unbound
from slo.estate.native import fast_rule, form, is_native, survives, why_not, why_unmeasured
from slo.estate.spec import Budgeting, Component, Composite, Era, Objective, Part, RuleSpec
from slo.judge.burn import rules_of
from tests.support import declared as text

MINUTE = 29_922_480
TOTAL = MetricQuery("main", "us-east-1", "Shop", "Requests", (("App", "a"),), "Sum")
BAD = replace(TOTAL, metric="Errors")
POLICY = (
    RuleSpec("page", Decimal("0.02"), 60, 5),
    RuleSpec("page", Decimal("0.05"), 360, 30),
    RuleSpec("ticket", Decimal("0.1"), 1440, 120),
)


def objective(target: str = "0.999", policy: tuple[RuleSpec, ...] = POLICY) -> Objective:
    return Objective("shop.availability", "shop", "availability", Decimal(target), 43_200, policy)


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


@pytest.mark.parametrize(("tier", "said", "found"), [(1, None, True), (2, None, False), (None, None, False)])
def test_an_objective_survives_sloop_where_the_tier_is_1_unless_it_says_otherwise(
    tier: int | None, said: bool | None, found: bool
) -> None:
    component = Component("shop", "alb", tier=tier)
    assert survives(component, replace(objective(), survives_sloop=said)) is found
    assert survives(component, replace(objective(), survives_sloop=not found)) is not found


def test_slices_of_time_and_percentages_of_one_place_have_a_form_of_their_own() -> None:
    average = replace(TOTAL, stat="Average")
    assert form(TimeSlice(average, ">=", Decimal(1))) == "slices"
    assert form(RateRatio(TOTAL, average)) == "rate"
    assert form(RateRatio(TOTAL, replace(average, region="eu-west-1"))) is None
    assert form(EventRatio((TOTAL,), bad=(BAD,))) == "counts"


@pytest.mark.parametrize(
    ("indicator", "why"),
    [
        (EventRatio((CounterQuery("x"),), bad=(CounterQuery("y"),)), "not all metrics of CloudWatch in one account"),
        (EventRatio((TOTAL,), bad=(replace(BAD, stat="p99"),)), "do not add up"),
        (Unbound("missing_resource", "resource lacks x"), "nothing measures it"),
    ],
)
def test_what_has_no_form_says_why(indicator: Indicator | Unbound, why: str) -> None:
    assert why in (why_unmeasured(indicator) or "")
    assert why_unmeasured(EventRatio((TOTAL,), bad=(BAD,))) is None


def test_check_warns_where_a_page_of_cloudwatchs_is_asked_for_and_cannot_be() -> None:
    [problem] = text.problems(text.with_objective("indicator: availability, target: 99%, window: month, survives_sloop: true"))
    assert (problem.severity, problem.code) == ("warning", "cannot_survive")
    assert problem.path == "components[0].objectives[0].survives_sloop"
    assert "each period of the calendar" in problem.message


def test_check_is_silent_where_it_can_be_or_is_not_asked_for() -> None:
    for more in ("survives_sloop: true", "survives_sloop: false", "burn_metric: true"):
        assert text.problems(text.with_objective(f"indicator: availability, target: 99.9%, window: 30d, {more}")) == ()


def test_a_flag_is_true_or_false() -> None:
    assert ("error", "wrong_type", "components[0].objectives[0].survives_sloop") in text.found(
        text.with_objective("indicator: availability, target: 99.9%, window: 30d, survives_sloop: maybe")
    )
