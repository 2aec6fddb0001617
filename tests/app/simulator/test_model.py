from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.backtest import backtest
from app.files import packaged_spec, read_catalog
from app.simulator import resources
from app.simulator.faults import FAULTS
from app.simulator.model import DemoModel
from slo.estate.load import load
from slo.judge.burn import budget_of

if TYPE_CHECKING:
    from slo.estate.spec import Estate
    from slo.judge.series import Ints, Slices

DAY = 1440
START = 29_900_160  # 2026-11-06T16:00Z
MONTH = 30 * DAY
FAULT_AT = (START + 20 * DAY + 700) * 60 + 17  # in the middle of a minute


def reference() -> Estate:
    estate = load([("reference.yaml", packaged_spec("reference"))], read_catalog()).estate
    assert estate is not None
    return estate


ESTATE = reference()
INDICATORS = sorted({o.indicator_id for o in ESTATE.objectives})


def moving(counts: Ints, width: int) -> Ints:
    running = np.concatenate(([0], np.cumsum(counts)))
    return running[width:] - running[:-width]


def burning(slices: Slices, width: int, budget: Fraction, factor: Fraction) -> np.ndarray:
    """For each T from `width` minutes after the first slice: burn over the width reaches the factor."""
    limit = factor * budget
    return moving(slices.bad, width) * limit.denominator >= moving(slices.total, width) * limit.numerator


def firing(demo: DemoModel) -> set[tuple[str, str, int]]:
    """(objective, severity, long window of the rule) of every breach that the month's truth would open."""
    truth = {name: demo.truth(name, START, START + MONTH) for name in INDICATORS}
    return {(b.objective, b.severity, b.rule.long) for b in backtest(ESTATE, truth)}


def paged(demo: DemoModel) -> set[str]:
    return {objective for objective, severity, _ in firing(demo) if severity == "page"}


def sums(demo: DemoModel, metric: str, **dimensions: str) -> Ints:
    namespace = {"DatabaseConnections": "AWS/RDS", "ApproximateAgeOfOldestMessage": "AWS/SQS"}.get(metric, "AWS/ApplicationELB")
    series = demo.series(namespace, metric, frozenset(dimensions.items()))
    assert series is not None
    return series.sums(START, START + MONTH).sum.astype(np.int64)


BALANCER = {"LoadBalancer": resources.LOAD_BALANCER}
API = {**BALANCER, "TargetGroup": resources.TARGET_GROUPS["api"]}
WEB = {**BALANCER, "TargetGroup": resources.TARGET_GROUPS["web"]}


@settings(deadline=None, max_examples=8)
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
def test_the_everyday_errors_burn_below_a_third_in_every_window(seed: int) -> None:
    demo = DemoModel(seed)
    for objective in ESTATE.objectives:
        slices = demo.truth(objective.indicator_id, START, START + MONTH)
        for width in (5, 30, 60, 120, 360, DAY, 3 * DAY, MONTH):
            assert not burning(slices, width, budget_of(objective), Fraction(3, 10)).any(), (objective.id, width)


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
    ("fault", "pages"),
    [
        ("api-slow", {"api.latency"}),
        ("database-down", {"database.availability"}),
        ("queue-stuck", {"jobs.freshness"}),
        ("orders-5xx", {"orders.availability"}),
        ("cdn-5xx", {"cdn.availability"}),
        ("cache-down", {"cache.availability"}),
        ("vpn-down", {"vpn-payment.availability"}),
        ("nat-exhausted", {"nat-a.availability"}),
        ("rds-failover", {"database.availability"}),
        ("docdb-failover", {"documents.availability"}),
        ("replica-lag", set()),
        ("s3-replication-stuck", set()),
        ("backup-stopped", set()),
        ("redis-failover", set()),
        ("metrics-gap", set()),
    ],
)
def test_each_fault_pages_for_its_own_indicator_only(fault: str, pages: set[str]) -> None:
    demo = DemoModel(5)
    demo.inject(fault, FAULT_AT)
    assert paged(demo) == pages


def test_injected_faults_are_told_in_order() -> None:
    demo = DemoModel(5)
    demo.inject("rds-failover", 1000.0)
    demo.inject("api-5xx", 500.0)
    told = [(f.name, f.start, f.end) for f in demo.faults]
    assert told == [("rds-failover", 1000.0, 1070.0), ("api-5xx", 500.0, 584.0)]


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
    truth = {name: demo.truth(name, START, START + MONTH) for name in INDICATORS}
    edge = sums(demo, "RequestCount", **BALANCER) + sums(demo, "HTTPCode_ELB_503_Count", **BALANCER)
    assert np.array_equal(edge, truth["edge.availability"].total)
    failed = sums(demo, "HTTPCode_ELB_5XX_Count", **BALANCER) + sums(demo, "HTTPCode_Target_5XX_Count", **BALANCER)
    assert np.array_equal(failed, truth["edge.availability"].bad)
    assert np.array_equal(sums(demo, "RequestCount", **API), truth["api.availability"].total)
    assert np.array_equal(sums(demo, "HTTPCode_Target_5XX_Count", **API), truth["api.availability"].bad)
    assert np.array_equal(sums(demo, "HTTPCode_Target_5XX_Count", **WEB), truth["web.availability"].bad)
    connections = sums(demo, "DatabaseConnections", DBInstanceIdentifier=resources.DATABASE)
    assert np.array_equal(connections < 1, truth["database.availability"].bad == 1)
    age = sums(demo, "ApproximateAgeOfOldestMessage", QueueName=resources.QUEUE)
    assert np.array_equal(age > 300, truth["jobs.freshness"].bad == 1)


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
    assert all(kind.effect and kind.promise and kind.name == name for name, kind in FAULTS.items())
    assert {kind.component for kind in FAULTS.values()} <= {None, *(c.name for c in ESTATE.components)}
