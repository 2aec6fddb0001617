from __future__ import annotations

from decimal import Decimal

import pytest

from alerts.expression import names, parse
from dashboards.native import chart
from dashboards.panels import Math, Metric, Promql, Target
from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    Indicator,
    MetricQuery,
    RateRatio,
    TimeSlice,
)
from tests.support.objectives import objective

OBJECTIVE = objective("shop", target="0.999")


def metric(name: str, stat: str = "Sum") -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Shop", name, (("Balancer", "b-1"),), stat)


def targets(indicator: Indicator) -> tuple[Target, ...]:
    drawn = chart(OBJECTIVE, indicator, title="Bad events")
    assert drawn is not None
    return drawn.targets


def expression(indicator: Indicator) -> str:
    (math,) = (t for t in targets(indicator) if isinstance(t, Math))
    assert set(names(parse(math.expression))) == {t.id for t in targets(indicator) if isinstance(t, Metric)}
    return math.expression


def test_bad_events_are_a_share_of_all_of_them() -> None:
    ratio = EventRatio(total=(metric("Requests"), metric("Refused")), bad=(metric("Errors"), metric("Refused")))
    assert expression(ratio) == "100*(FILL(b1,0)+FILL(b2,0))/(t1+t2)"


def test_where_good_events_are_counted_the_others_are_bad() -> None:
    ratio = EventRatio(total=(metric("Seconds", "SampleCount"),), good=(metric("Seconds", "TC(:0.3)"),))
    assert expression(ratio) == "100*((t1)-(FILL(g1,0)))/(t1)"


def test_only_the_share_is_drawn_and_not_what_it_is_made_of() -> None:
    drawn = targets(EventRatio(total=(metric("Requests"),), bad=(metric("Errors"),)))
    assert [t.hidden for t in drawn if isinstance(t, Metric)] == [True, True]


def test_a_percentage_that_the_service_tells_is_drawn_as_it_is() -> None:
    rate = metric("5xxErrorRate", "Average")
    assert targets(RateRatio(metric("Requests"), rate)) == (Metric("m1", rate, "5xxErrorRate Average"),)


def test_the_line_is_what_the_objective_allows() -> None:
    drawn = chart(OBJECTIVE, EventRatio(total=(metric("Requests"),), bad=(metric("Errors"),)), title="Bad events")
    assert drawn is not None
    assert [(mark.value, mark.label) for mark in drawn.marks] == [(0.1, "objective")]


def test_a_time_slice_is_drawn_against_its_threshold() -> None:
    drawn = chart(OBJECTIVE, TimeSlice(metric("Connections", "Maximum"), ">=", Decimal(1)), title="Connected")
    assert drawn is not None
    assert [(mark.value, mark.label) for mark in drawn.marks] == [(1.0, "good when >= 1")]


def test_counters_of_the_application_become_promql() -> None:
    ratio = EventRatio(total=(CounterQuery("all_total"),), bad=(CounterQuery('all_total{code=~"5.."}'),))
    share = '100 * (sum(rate(all_total{code=~"5.."}[5m])) or vector(0)) / sum(rate(all_total[5m]))'
    assert targets(ratio) == (Promql(share, "bad %"),)


@pytest.mark.parametrize(
    ("value", "promql"), [(GaugeQuery("depth"), "max(depth)"), (CounterQuery("done_total"), "60 * sum(rate(done_total[5m]))")]
)
def test_a_time_slice_on_prometheus_is_drawn_too(value: GaugeQuery | CounterQuery, promql: str) -> None:
    (target,) = targets(TimeSlice(value, ">=", Decimal(1)))
    assert isinstance(target, Promql)
    assert target.expression == promql
