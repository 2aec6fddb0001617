from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import model
from app.simulator.faults import FAULTS
from app.simulator.model import DemoModel

if TYPE_CHECKING:
    from slo.judge.series import Ints, Slices

DAY = 1440
START = 29_900_160  # 2026-11-06T16:00Z
MONTH = 30 * DAY
FAULT_AT = (START + 20 * DAY + 700) * 60 + 17  # in the middle of a minute
TARGETS = {
    "edge.availability": Fraction(995, 1000),
    "api.availability": Fraction(999, 1000),
    "api.latency": Fraction(99, 100),
    "web.availability": Fraction(999, 1000),
    "database.availability": Fraction(9995, 10000),
    "jobs.freshness": Fraction(99, 100),
    "orders.availability": Fraction(995, 1000),
}


@dataclass(frozen=True)
class Rule:
    severity: str
    factor: Fraction
    long: int
    short: int


RULES = (
    Rule("page", Fraction(144, 10), 60, 5),
    Rule("page", Fraction(6), 360, 30),
    Rule("ticket", Fraction(3), DAY, 120),
    Rule("ticket", Fraction(1), 3 * DAY, 360),
)


def moving(counts: Ints, width: int) -> Ints:
    running = np.concatenate(([0], np.cumsum(counts)))
    return running[width:] - running[:-width]


def burning(slices: Slices, width: int, target: Fraction, factor: Fraction) -> np.ndarray:
    """For each T from `width` minutes after the first slice: burn over the width reaches the factor."""
    limit = factor * (1 - target)
    return moving(slices.bad, width) * limit.denominator >= moving(slices.total, width) * limit.numerator


def fires(slices: Slices, rule: Rule, target: Fraction) -> bool:
    long = burning(slices, rule.long, target, rule.factor)
    short = burning(slices, rule.short, target, rule.factor)[-len(long) :]
    return bool((long & short).any())


def firing(demo: DemoModel) -> set[tuple[str, str, int]]:
    return {
        (name, rule.severity, rule.long)
        for name, target in TARGETS.items()
        for rule in RULES
        if fires(demo.truth(name, START, START + MONTH), rule, target)
    }


def sums(demo: DemoModel, metric: str, **dimensions: str) -> Ints:
    namespace = {"DatabaseConnections": "AWS/RDS", "ApproximateAgeOfOldestMessage": "AWS/SQS"}.get(metric, "AWS/ApplicationELB")
    series = demo.series(namespace, metric, frozenset(dimensions.items()))
    assert series is not None
    return series.sums(START, START + MONTH).sum.astype(np.int64)


BALANCER = {"LoadBalancer": model.LOAD_BALANCER}
API = {**BALANCER, "TargetGroup": model.TARGET_GROUPS["api"]}
WEB = {**BALANCER, "TargetGroup": model.TARGET_GROUPS["web"]}


def test_its_resources_are_those_of_the_demo_estate() -> None:
    text = (Path(__file__).parents[3] / "slo/specs/demo.yaml").read_text()
    resources = {c["name"]: c["resource"] for c in yaml.safe_load(text)["components"]}
    assert resources["edge"]["load_balancer"] == model.LOAD_BALANCER
    assert {name: resources[name]["target_group"] for name in ("api", "web")} == model.TARGET_GROUPS
    assert resources["api"]["cluster"] == model.CLUSTER
    assert resources["database"]["instance"] == model.DATABASE
    assert resources["jobs"]["queue"] == model.QUEUE


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**40), first=st.integers(START, START + MONTH), cut=st.integers(1, 299))
def test_a_minute_does_not_depend_on_the_range_it_is_asked_in(seed: int, first: int, cut: int) -> None:
    demo = DemoModel(seed)
    demo.inject("api-5xx", first * 60 + 100)
    for identity in demo.identities():
        series = demo.series(identity.namespace, identity.metric, identity.dimensions)
        assert series is not None
        whole, left, right = (
            series.sums(first, first + 300),
            series.sums(first, first + cut),
            series.sums(first + cut, first + 300),
        )
        assert np.array_equal(whole.sum, np.concatenate((left.sum, right.sum)))
        assert np.array_equal(whole.count, np.concatenate((left.count, right.count)))


def test_equal_seeds_agree_and_others_differ() -> None:
    one, again, other = (DemoModel(seed).truth("api.availability", START, START + DAY) for seed in (1, 1, 2))
    assert np.array_equal(one.total, again.total)
    assert not np.array_equal(one.total, other.total)


def test_traffic_is_several_thousand_a_minute_with_a_mild_daily_wave() -> None:
    total = DemoModel(3).truth("api.availability", START, START + MONTH).total
    assert 3500 < total.min() < total.max() < 8500
    assert np.median(total) == pytest.approx(6000, rel=0.05)


@pytest.mark.parametrize("seed", [0, 1, 424242])
@pytest.mark.parametrize("width", [5, 30, 60, 120, 360, DAY, 3 * DAY, MONTH])
def test_the_everyday_errors_burn_below_a_third_in_every_window(width: int, seed: int) -> None:
    demo = DemoModel(seed)
    for name, target in TARGETS.items():
        slices = demo.truth(name, START, START + MONTH)
        assert not burning(slices, width, target, Fraction(3, 10)).any(), name


def test_nothing_fires_without_a_fault() -> None:
    assert firing(DemoModel(5)) == set()


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_api_5xx_fires_the_fast_page_rule_of_the_api_and_nothing_else(hour: int) -> None:
    demo = DemoModel(hour)
    demo.inject("api-5xx", FAULT_AT + hour * 3600)
    assert firing(demo) == {("api.availability", "page", 60)}


def test_api_5xx_spends_one_point_four_full_minutes_at_second_precision() -> None:
    quiet, broken = DemoModel(5), DemoModel(5)
    broken.inject("api-5xx", FAULT_AT)
    before, after = (d.truth("api.availability", START, START + MONTH) for d in (quiet, broken))
    extra = after.bad - before.bad
    touched = np.flatnonzero(extra)
    # 84 s from second 17: 43 s of the first minute, 41 s of the second.
    assert touched.tolist() == [FAULT_AT // 60 - START, FAULT_AT // 60 - START + 1]
    shares = after.bad[touched] / after.total[touched]
    assert shares == pytest.approx([43 / 60, 41 / 60], abs=0.002)
    assert np.array_equal(before.total, after.total)


@pytest.mark.parametrize(
    ("fault", "indicator"),
    [
        ("api-slow", "api.latency"),
        ("database-down", "database.availability"),
        ("queue-stuck", "jobs.freshness"),
        ("orders-5xx", "orders.availability"),
    ],
)
def test_each_fault_pages_for_its_own_indicator_only(fault: str, indicator: str) -> None:
    demo = DemoModel(5)
    demo.inject(fault, FAULT_AT)
    assert {name for name, severity, _ in firing(demo) if severity == "page"} == {indicator}


def test_the_same_fault_twice_at_once_fails_nothing_twice() -> None:
    once, twice = DemoModel(5), DemoModel(5)
    for demo, starts in ((once, [0]), (twice, [0, 0])):
        for start in starts:
            demo.inject("api-5xx", FAULT_AT + start)
    one, two = (d.truth("api.availability", START, START + MONTH) for d in (once, twice))
    assert np.array_equal(one.bad, two.bad)
    twice.inject("api-5xx", FAULT_AT + 50)
    longer = twice.truth("api.availability", START, START + MONTH)
    assert (longer.bad <= longer.total).all()
    assert longer.bad.sum() > one.bad.sum()


def test_an_unknown_fault_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no fault 'meteor'.*api-5xx"):
        DemoModel(1).inject("meteor", 0)


def test_the_metrics_add_up_to_the_truth() -> None:
    demo = DemoModel(5)
    for fault in ("api-5xx", "api-slow", "database-down", "queue-stuck"):
        demo.inject(fault, FAULT_AT)
    truth = {name: demo.truth(name, START, START + MONTH) for name in TARGETS}
    edge = sums(demo, "RequestCount", **BALANCER) + sums(demo, "HTTPCode_ELB_503_Count", **BALANCER)
    assert np.array_equal(edge, truth["edge.availability"].total)
    failed = sums(demo, "HTTPCode_ELB_5XX_Count", **BALANCER) + sums(demo, "HTTPCode_Target_5XX_Count", **BALANCER)
    assert np.array_equal(failed, truth["edge.availability"].bad)
    assert np.array_equal(sums(demo, "RequestCount", **API), truth["api.availability"].total)
    assert np.array_equal(sums(demo, "HTTPCode_Target_5XX_Count", **API), truth["api.availability"].bad)
    assert np.array_equal(sums(demo, "HTTPCode_Target_5XX_Count", **WEB), truth["web.availability"].bad)
    connections = sums(demo, "DatabaseConnections", DBInstanceIdentifier=model.DATABASE)
    assert np.array_equal(connections < 1, truth["database.availability"].bad == 1)
    age = sums(demo, "ApproximateAgeOfOldestMessage", QueueName=model.QUEUE)
    assert np.array_equal(age > model.FRESH_SECONDS, truth["jobs.freshness"].bad == 1)


def test_response_times_hold_every_request_and_the_true_number_of_slow_ones() -> None:
    demo = DemoModel(5)
    demo.inject("api-slow", FAULT_AT)
    truth = demo.truth("api.latency", START, START + MONTH)
    series = demo.series("AWS/ApplicationELB", "TargetResponseTime", frozenset(API.items()))
    assert series is not None
    samples = series.distribution(START, START + MONTH)
    assert samples is not None
    assert (samples.weight > 0).all()
    slow = np.bincount(samples.offset, weights=samples.weight * (samples.value > 0.3), minlength=MONTH)
    assert np.array_equal(np.bincount(samples.offset, weights=samples.weight), truth.total)
    assert np.array_equal(slow, truth.bad)
    everyday = slow[:DAY].sum() / truth.total[:DAY].sum()
    assert everyday == pytest.approx(0.002, rel=0.01)


def test_sums_and_distribution_tell_of_the_same_samples() -> None:
    series = DemoModel(5).series("AWS/ApplicationELB", "TargetResponseTime", frozenset(WEB.items()))
    assert series is not None
    totals, samples = series.sums(START, START + 60), series.distribution(START, START + 60)
    assert samples is not None
    assert np.allclose(np.bincount(samples.offset, weights=samples.value * samples.weight), totals.sum)
    assert totals.minimum.min() == 0.012
    assert totals.maximum.max() == 1.6


def test_a_count_of_nothing_has_no_datapoint() -> None:
    series = DemoModel(5).series("AWS/ApplicationELB", "HTTPCode_ELB_503_Count", frozenset(BALANCER.items()))
    assert series is not None
    counts = series.sums(START, START + DAY).count
    assert set(counts) == {0.0, 1.0}


def test_a_metrics_gap_hides_twenty_minutes_of_everything() -> None:
    demo = DemoModel(5)
    demo.inject("metrics-gap", (START + 10) * 60)
    for identity in demo.identities():
        series = demo.series(identity.namespace, identity.metric, identity.dimensions)
        assert series is not None
        assert series.sums(START + 10, START + 30).count.sum() == 0
        distribution = series.distribution(START + 10, START + 30)
        assert distribution is not None
        assert len(distribution.offset) == 0
    assert len(demo.truth("api.availability", START, START + 60)) == 40
    assert len(demo.truth("orders.availability", START, START + 60)) == 39


def test_counters_never_fall_and_their_differences_are_the_truth() -> None:
    demo = DemoModel(5)
    demo.inject("orders-5xx", FAULT_AT)
    marks = np.arange(START * 60, (START + MONTH) * 60 + 1, 60, dtype=np.float64)
    good, bad, up = (c.values for c in demo.counters(marks))
    truth = demo.truth("orders.availability", START, START + MONTH)
    assert (np.diff(good) >= 0).all()
    assert np.array_equal(np.diff(bad), truth.bad)
    assert np.array_equal(np.diff(good), truth.total - truth.bad)
    assert (up == 1).all()


def test_there_is_no_such_metric() -> None:
    assert DemoModel(1).series("AWS/ApplicationELB", "RequestCount", frozenset({("LoadBalancer", "app/other/1")})) is None


def test_every_fault_says_what_it_breaks_and_what_sloop_makes_of_it() -> None:
    assert set(FAULTS) == {"api-5xx", "api-slow", "database-down", "queue-stuck", "metrics-gap", "orders-5xx"}
    assert all(kind.effect and kind.promise and kind.name == name for name, kind in FAULTS.items())
