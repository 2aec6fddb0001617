"""What reading costs, worked by hand from the price of GetMetricData: $0.01 for 1,000 metrics requested, 43,800 minutes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.costs import LOOKS, Reading, asked_for, reading
from app.estimate import Unread
from app.files import read_prices
from app.watch import Pace, Watch
from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    Journey,
    LogsQuery,
    MetricQuery,
    PartQuery,
    SearchQuery,
    TimeSlice,
    TraceQuery,
)
from slo.estate.spec import Component, Composite, Estate, Objective, Part, RecoveryTarget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import Indicator, Query

PRICES = read_prices()
Reader = tuple[str, tuple[str, ...], str]
"""Component, the metrics that its objective reads, and its lane."""


def metric(name: str) -> MetricQuery:
    return MetricQuery("main", "us-east-1", "Shop", name, (), "Sum")


def objective(component: str, indicator: str, lane: str = "slow") -> Objective:
    return Objective(f"{component}.{indicator}", component, indicator, Decimal("0.999"), 43_200, (), lane=lane)


def watch(name: str, poll: int, rows: Sequence[tuple[Objective, Indicator]], settle: int = 180) -> Watch:
    """A shard whose slot keys are the ids of its objectives."""
    pairs = tuple((o, o.id) for o, _ in rows)
    return Watch(name, Estate("t"), Unread(), Pace(settle, poll), {o.id: i for o, i in rows}, pairs)


def of(poll: int, *readers: Reader, estate: Estate | None = None) -> Reading:
    rows = [
        (objective(component, f"i{n}", lane), EventRatio(tuple(map(metric, metrics))))
        for n, (component, metrics, lane) in enumerate(readers)
    ]
    return reading(estate or Estate("t"), [watch("cloudwatch/main/us-east-1", poll, rows)], PRICES)


def dollars(found: Reading) -> dict[str, Fraction]:
    return {share.component: share.dollars for share in found.by_component()}


@pytest.mark.parametrize(("poll", "total"), [(1, "17.52"), (5, "3.504"), (60, "0.292")])
@pytest.mark.parametrize(("slos", "factor"), [(20, 1), (200, 10), (2000, 100)])
def test_the_worked_table_of_two_metrics_per_objective(poll: int, total: str, slos: int, factor: int) -> None:
    found = of(poll, *((f"c{n}", (f"good{n}", f"total{n}"), "slow") for n in range(slos)))
    assert found.total.dollars == Fraction(total) * factor
    assert found.total.requests == Fraction(2 * slos * 43_800, poll)


def test_a_metric_that_two_components_read_is_asked_once_and_shared() -> None:
    found = of(5, ("a", ("shared", "own"), "slow"), ("b", ("shared",), "slow"))
    assert found.total.requests == 2 * 8_760
    assert dollars(found) == {"a": Fraction("0.1314"), "b": Fraction("0.0438")}


def test_two_objectives_of_one_component_pay_for_a_metric_once() -> None:
    assert of(5, ("a", ("m",), "slow"), ("a", ("m",), "slow")).total.requests == 8_760


def test_the_fast_lane_polls_each_minute_and_the_others_do_not() -> None:
    found = of(5, ("hot", ("x",), "fast"), ("calm", ("y",), "slow"))
    assert dollars(found) == {"hot": Fraction("0.438"), "calm": Fraction("0.0876")}


def test_of_a_shared_metric_the_fast_ones_pay_the_polls_that_only_they_need() -> None:
    found = of(5, ("hot", ("x",), "fast"), ("calm", ("x",), "slow"))
    assert found.total.requests == 43_800
    assert {s.component: s.requests for s in found.by_component()} == {"hot": 4_380 + 35_040, "calm": 4_380}


def test_if_all_burned_all_month_everything_would_be_asked_each_minute() -> None:
    assert of(5, ("a", ("x", "y"), "slow"), ("b", ("z",), "fast")).hottest == 3 * Fraction("0.438")


readers = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.lists(st.sampled_from("uvwxyz"), min_size=1).map(tuple), st.sampled_from(["fast", "slow"])
    ),
    max_size=12,
)


@given(readers, st.integers(1, 60))
def test_components_and_sources_add_up_to_the_total_exactly(rows: list[Reader], poll: int) -> None:
    found = of(poll, *rows)
    metrics = {name for _, names, _ in rows for name in names}
    fast = {name for _, names, lane in rows if lane == "fast" for name in names}
    expected = len(fast) * Fraction(43_800) + len(metrics - fast) * Fraction(43_800, poll)
    assert found.total.requests == expected
    assert found.total.dollars == expected / 100_000
    for parts in (found.by_component(), found.by_source()):
        assert sum(p.requests for p in parts) == found.total.requests
        assert sum(p.dollars for p in parts) == found.total.dollars
        assert sum(p.series for p in parts) == len(metrics)


@given(readers, st.integers(1, 60))
def test_nobody_pays_more_than_alone_and_fewer_polls_never_cost_more(rows: list[Reader], poll: int) -> None:
    together = dollars(of(poll, *rows))
    for name, paid in together.items():
        assert paid <= of(poll, *(row for row in rows if row[0] == name)).total.dollars
    assert of(poll, *rows).total.dollars <= of(1, *rows).total.dollars == of(1, *rows).hottest


def journey(lane: str) -> list[Watch]:
    """A checkout over an indicator of `a`, which has an objective, and one of `b`, which has none."""
    own = (objective("a", "up"), EventRatio((metric("x"),)))
    parts = Watch(
        "cloudwatch/main/us-east-1",
        Estate("t"),
        Unread(),
        Pace(180, 5),
        {"a.up": own[1], "b.up": EventRatio((metric("y"),))},
        ((own[0], "a.up"),),
    )
    composite = Composite("serial", (Part("a.up", Decimal(1)), Part("b.up", Decimal(1))), 2)
    over = (objective("checkout", "works", lane), Journey(composite, ("a.up", "b.up")))
    return [parts, watch("composite", 5, [over], settle=200)]


def test_a_composite_shares_what_its_parts_read_and_asks_nothing_itself() -> None:
    found = reading(Estate("t"), journey("slow"), PRICES)
    assert found.total.requests == 2 * 8_760
    assert {s.component: s.requests for s in found.by_component()} == {"checkout": 8_760 + 4_380, "a": 4_380}
    assert {s.source for s in found.shares} == {"cloudwatch/main/us-east-1"}


def test_a_composite_in_the_fast_lane_brings_its_parts_there() -> None:
    found = reading(Estate("t"), journey("fast"), PRICES)
    assert {s.component: s.requests for s in found.by_component()} == {"checkout": 2 * 35_040 + 8_760 + 4_380, "a": 4_380}


def test_the_wait_for_a_judgement_is_the_settling_and_the_poll() -> None:
    rows = [(objective("a", "x"), EventRatio((metric("x"),))), (objective("b", "y", "fast"), EventRatio((metric("y"),)))]
    lanes = reading(Estate("t"), [watch("cloudwatch", 5, rows)], PRICES).lanes
    told = [(one.lane, one.objectives, one.poll, one.mean, one.worst) for one in lanes]
    assert told == [("fast", 1, 1, Fraction(7, 2), Fraction(4)), ("slow", 1, 5, Fraction(11, 2), Fraction(8))]


@given(poll=st.integers(1, 60), settle=st.integers(0, 3600), second=st.integers(0, 10**7))
def test_no_event_waits_longer_than_the_worst_wait(poll: int, settle: int, second: int) -> None:
    """By the watermark itself: the first moment at which the minute of the event is judged."""
    pace = Pace(settle, poll)
    lane = reading(Estate("t"), [watch("s", poll, [(objective("a", "x"), EventRatio((metric("x"),)))], settle)], PRICES).lanes[
        0
    ]
    minute = second // 60
    judged = next(t for t in range(second, second + settle + poll * 60 + 1) if pace.watermark(t) > minute)
    assert Fraction(judged - second, 60) <= lane.worst
    assert Fraction(settle, 60) < Fraction(judged - second, 60)


A, B = CounterQuery("a_total", 'up{job="a"}'), CounterQuery("b_total", 'up{job="a"}')


@pytest.mark.parametrize(
    ("queries", "count"),
    [
        ((metric("x"), MetricQuery("main", "us-east-1", "Shop", "x", (), "Average")), 2),
        ((metric("x"), metric("x")), 1),
        ((TraceQuery("main", "eu-west-1", "api", "total"), TraceQuery("main", "eu-west-1", "api", "fault")), 1),
        ((A, B), 3),
        ((CounterQuery("a_total"), GaugeQuery("a_total")), 1),
        ((LogsQuery("main", "eu-west-1", ("g",), "f"), LogsQuery("main", "eu-west-1", ("g",))), 2),
        ((SearchQuery("i", "{}"),), 1),
        ((PartQuery("k", "total"),), 0),
    ],
)
def test_what_is_asked_once_counts_once(queries: Sequence[Query], count: int) -> None:
    assert len({asked for query in queries for asked in asked_for(query)}) == count


def test_what_has_no_price_says_why_and_costs_nothing_here() -> None:
    indicators: Mapping[str, Indicator] = {
        "xray/main": EventRatio((TraceQuery("main", "eu-west-1", "api", "total"),)),
        "prometheus": TimeSlice(GaugeQuery("up"), ">=", Decimal(1)),
        "logs": EventRatio((LogsQuery("main", "eu-west-1", ("g",)),)),
    }
    watches = [watch(name, 5, [(objective(name[0], "i"), indicator)]) for name, indicator in indicators.items()]
    found = reading(Estate("t"), watches, PRICES)
    assert found.total.dollars == 0
    assert found.total.requests == 3 * 8_760
    assert set(found.unpriced) == set(indicators)


def test_what_recovery_reads_is_counted_beside_the_shards_as_often_as_the_tightest_rpo_needs_it() -> None:
    targets = (RecoveryTarget("az-loss", 5, 30), RecoveryTarget("region-loss", 1440, 240))
    components = (
        Component("database", "rds", resource={"instance": "pg", "replicas": ("r1", "r2")}, recovery=targets),
        Component("one-replica", "rds", resource={"instance": "pg", "replicas": "r1"}),
        Component("alone", "rds", resource={"instance": "pg"}),
        Component("jobs", "sqs", resource={"queue": "q", "dlq": "dead"}),
    )
    found = reading(Estate("t", components=components), [], PRICES)
    assert {s.component: s.series for s in found.shares} == {"database": 3, "one-replica": 2, "jobs": 3}
    assert {s.source for s in found.shares} == {LOOKS}
    each_minute, every_five = 3 + 3, Fraction(2, 5)
    assert found.total.dollars == found.hottest == (each_minute + every_five) * Fraction("0.438")
