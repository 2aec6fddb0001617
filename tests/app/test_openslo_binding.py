"""OpenSLO documents in the service: their queries reach the shards of the sources that answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.binding import Feed, bind
from app.files import read_catalog
from app.watch import Pace
from slo.estate.indicator import CounterQuery, GaugeQuery, Journey, MetricQuery
from slo.estate.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.binding import Bound, SourceKind
    from app.ports import Span
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

DOCUMENTS = b"""\
apiVersion: openslo/v1
kind: SLI
metadata: {name: requests}
spec:
  ratioMetric:
    good: {metricSource: {type: Prometheus, spec: {query: "sum(rate(good_total[5m]))"}}}
    total: {metricSource: {type: Prometheus, spec: {query: "sum(rate(all_total[5m]))"}}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: journey}
spec:
  service: web
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives:
    - {indicatorRef: requests, target: 0.99}
    - indicator: {metadata: {name: queue}, spec: {thresholdMetric: {metricSource: {type: AMP, spec: {query: depth}}}}}
      target: 0.95
      op: lt
      value: 5
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: latency}
spec:
  service: web
  indicator:
    metadata: {name: own}
    spec: {thresholdMetric: {metricSource: {type: CloudWatch, spec: {namespace: A, metric: L, stat: p99, region: eu-west-1}}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99, op: lte, value: 0.3}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: elsewhere}
spec:
  service: web
  indicator:
    metadata: {name: own}
    spec: {thresholdMetric: {metricSource: {type: Datadog, spec: {query: q}}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99, op: lte, value: 0.3}]
"""


class Nothing:
    """Answers no query."""

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        del start, end, now
        return ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        del queries, span
        return {}


def bound() -> Bound:
    loaded = load([("slos.yaml", DOCUMENTS)], read_catalog())
    assert loaded.estate is not None, loaded.problems
    feed = Feed(Nothing(), Pace(60))
    feeds: dict[SourceKind, Feed] = {"cloudwatch": feed, "prometheus": feed}
    return bind(loaded.estate, read_catalog(), feeds, retention_days=90, quiet_minutes=15, parts=Nothing())


def test_queries_go_to_the_shards_of_their_sources() -> None:
    queries = {watch.name: set(watch.queries) for watch in bound().watches}
    assert queries["cloudwatch/default/eu-west-1"] == {MetricQuery(None, "eu-west-1", "A", "L", (), "p99")}
    assert queries["prometheus"] == {CounterQuery("good_total"), CounterQuery("all_total"), GaugeQuery("depth")}


def test_parts_that_are_no_objectives_are_measured_for_their_composite() -> None:
    [journey] = (i for i in bound().indicators.values() if isinstance(i, Journey))
    assert [key.partition("@")[0] for key in journey.slot_keys] == ["requests", "journey.2"]
    [prometheus] = (watch for watch in bound().watches if watch.name == "prometheus")
    assert set(journey.slot_keys) == prometheus.indicators.keys()
    assert prometheus.objectives == ()


def test_what_cannot_be_sent_says_why() -> None:
    [(objective, reason)] = bound().unbound
    assert (objective.id, "'Datadog' is not read" in reason) == ("elsewhere", True)
