"""Every query of every component of the reference estate has an everyday answer that no default alarm minds."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alerts import metric_math
from alerts.expression import parse
from app.files import packaged_spec, read_catalog
from app.simulator import statistics
from app.simulator.datastore import Datastore
from app.simulator.flows import flows
from app.simulator.gauges import GAUGES
from app.simulator.model import DemoModel
from app.simulator.resources import resources
from app.simulator.samples import Identity
from slo.estate.indicator import MetricQuery, Unbound
from slo.estate.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.catalog.signal import DefaultAlarm
    from slo.estate.spec import Component, Estate
    from slo.judge.series import Bools, Floats

END = 30_000_000 - 30_000_000 % 1440 + 1440
DAY = 1440
CATALOG = read_catalog()
COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
ONLY_WHEN_NOT_ZERO = {"ErrorPortAllocation", "NumberOfNotificationsFailed"}


def reference() -> Estate:
    estate = load([("reference.yaml", packaged_spec("reference"))], CATALOG).estate
    assert estate is not None
    return estate


ESTATE = reference()
MODEL = DemoModel(7)
STORE = Datastore(MODEL)


def alarms(component: Component) -> tuple[DefaultAlarm, ...]:
    found = CATALOG.alarms(component, ESTATE.account(component.account))
    return () if isinstance(found, Unbound) else found


def queries(component: Component) -> Iterator[MetricQuery]:
    account = ESTATE.account(component.account)
    for objective in component.objectives:
        bound = CATALOG.bind(component, objective.indicator, account)
        assert not isinstance(bound, Unbound)
        yield from (q for q in bound.queries if isinstance(q, MetricQuery))
    signals = CATALOG.signals(component, account)
    if not isinstance(signals, Unbound):
        yield from (s.query for s in signals)
    for alarm in alarms(component):
        yield from alarm.queries.values()


QUERIES = sorted({q for c in ESTATE.components for q in queries(c)}, key=str)
ALARMS = [(f"{c.name}/{a.name}", a) for c in ESTATE.components for a in alarms(c)]


def identity(query: MetricQuery) -> Identity:
    return Identity(query.namespace, query.metric, frozenset(query.dimensions))


def read(query: MetricQuery, period: int, days: int) -> Floats:
    minutes = period // 60
    start, statistic = END - days * DAY, statistics.parse(query.stat)
    return STORE.read(identity(query), statistic, start, days * DAY // minutes, minutes, now=(END + 5) * 60)


@pytest.mark.parametrize("query", QUERIES, ids=lambda q: f"{q.namespace} {q.metric} {dict(q.dimensions)} {q.stat}")
def test_every_query_has_an_answer(query: MetricQuery) -> None:
    assert identity(query) in MODEL.identities(), "AWS is not known to have this metric with these dimensions"
    values = read(query, 60, 2)
    daily = dict(query.dimensions).keys() >= {"StorageType"}
    if query.metric in ONLY_WHEN_NOT_ZERO:
        assert np.isnan(values).all()
    elif not query.metric.startswith("HTTPCode") and not query.metric[0].isdigit():
        assert np.isfinite(values).sum() == (2 if daily else 2 * DAY)


@pytest.mark.parametrize(("name", "alarm"), ALARMS, ids=[name for name, _ in ALARMS])
def test_no_default_alarm_goes_off_on_everyday_values(name: str, alarm: DefaultAlarm) -> None:
    days = max(2, alarm.period * alarm.periods // 86_400 + 2)
    found = {key: read(query, alarm.period, days) for key, query in alarm.queries.items()}
    first = next(iter(found.values()))
    value = first if alarm.expression is None else metric_math.evaluate(parse(alarm.expression), found, len(first))
    assert not sounded(alarm, value).any(), name


def sounded(alarm: DefaultAlarm, value: Floats) -> Bools:
    """At each period: at least M of the last N breach, absent ones as the alarm treats them."""
    absent = np.isnan(value)
    breaching = np.where(absent, alarm.missing == "breaching", COMPARE[alarm.comparison](value, float(alarm.threshold)))
    running = np.concatenate(([0], np.cumsum(breaching)))
    enough: Bools = running[alarm.periods :] - running[: -alarm.periods] >= alarm.datapoints
    return enough


def test_every_metric_is_told_of_once() -> None:
    identities = MODEL.identities()
    assert len(set(identities)) == len(identities)


def test_what_is_counted_has_no_level_beside_it() -> None:
    for resource in resources():
        assert not flows(MODEL, resource).keys() & {**GAUGES.get(resource.family, {}), **resource.gauges}.keys(), resource


def test_every_family_of_the_table_has_a_resource() -> None:
    assert set(GAUGES) <= {r.family for r in resources()}


@pytest.mark.parametrize(
    "dimensions",
    [
        {"DistributionId": "E2DEMO0EXAMPLE"},
        {"DistributionId": "E2DEMO0EXAMPLE", "Region": "us-east-1"},
        {"DistributionId": "E2"},
    ],
)
def test_other_dimensions_are_another_metric(dimensions: dict[str, str]) -> None:
    assert MODEL.series("AWS/CloudFront", "Requests", frozenset(dimensions.items())) is None
