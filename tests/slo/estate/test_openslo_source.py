from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, MetricQuery, TimeSlice, TraceQuery, Unbound
from tests.slo.estate.openslo_documents import document, found, metric, only, others, slo

ALB = {"namespace": "AWS/ApplicationELB", "stat": "Sum", "region": "eu-west-1", "dimensions": {"LoadBalancer": "app/x/1"}}
ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
accounts:
  main: {id: "111122223333", region: us-east-1}
  other: {id: "444455556666", region: eu-north-1}
components: []
"""


def source(kind: str | None, /, **spec: Any) -> dict[str, Any]:
    return {"metricSource": ({"type": kind} if kind else {}) | {"spec": spec}}


def ratio(good: dict[str, Any], total: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"ratioMetric": {"good": good, "total": total} | more}


def measured(sli: dict[str, Any], *texts: str, objective: dict[str, Any] | None = None) -> object:
    """What the only objective measures; the document itself is without an error."""
    documents = [d for d in others() if d["kind"] != "SLI"] + [document("SLI", "web-ok", sli)]
    return only([*documents, slo(objectives=[{"target": 0.99} | (objective or {})])], *texts).measure


def refused(sli: dict[str, Any], *texts: str, objective: dict[str, Any] | None = None) -> tuple[str, str]:
    reason = measured(sli, *texts, objective=objective)
    assert isinstance(reason, Unbound), reason
    return reason.code, reason.text


def alb(name: str, stat: str = "Sum") -> MetricQuery:
    return MetricQuery(None, "eu-west-1", "AWS/ApplicationELB", name, (("LoadBalancer", "app/x/1"),), stat)


def test_cloudwatch_counts_good_and_total() -> None:
    sli = ratio(source("CloudWatch", **ALB, metricName="Good"), source("cloud_watch", **ALB, metric="All"))
    assert measured(sli) == EventRatio((alb("All"),), good=(alb("Good"),))


def test_both_spellings_of_fields_and_dimensions_are_read() -> None:
    names = [{"name": "LoadBalancer", "value": "app/x/1"}]
    one = source(
        "CloudWatch", namespace="AWS/ApplicationELB", metric="Good", statistic="Sum", region="eu-west-1", dimensions=names
    )
    assert measured(ratio(one, source("CloudWatch", **ALB, metricName="All"))) == EventRatio((alb("All"),), good=(alb("Good"),))


def test_a_data_source_gives_type_and_region_unless_the_metric_does() -> None:
    bare = {name: value for name, value in ALB.items() if name != "region"}
    referring = {"metricSource": {"metricSourceRef": "cw", "spec": bare | {"metric": "Good"}}}
    own = {"metricSource": {"metricSourceRef": "cw", "spec": bare | {"metric": "All", "region": "us-west-2"}}}
    measure = measured(ratio(referring, own))
    assert isinstance(measure, EventRatio)
    assert [q.region for q in (*measure.good, *measure.total) if isinstance(q, MetricQuery)] == ["eu-west-1", "us-west-2"]


def test_accounts_are_those_of_the_estate_by_name_or_number() -> None:
    bare = {"namespace": "N", "stat": "Sum"}
    for given, expected in [
        ({}, ("main", "us-east-1")),
        ({"account": "other"}, ("other", "eu-north-1")),
        ({"accountId": "444455556666"}, ("other", "eu-north-1")),
        ({"account": "other", "region": "us-west-2"}, ("other", "us-west-2")),
    ]:
        one = source("CloudWatch", **bare, **given, metric="M")
        measure = measured(ratio(one, one), ESTATE)
        assert isinstance(measure, EventRatio)
        assert [(q.account, q.region) for q in measure.queries if isinstance(q, MetricQuery)] == [expected] * 2


def test_without_an_account_or_a_region_there_is_no_query() -> None:
    one = source("CloudWatch", namespace="N", stat="Sum", metric="M")
    assert refused(ratio(one, one))[0] == "no_region"
    one = source("CloudWatch", namespace="N", stat="Sum", metric="M", account="nowhere")
    code, text = refused(ratio(one, one), ESTATE)
    assert (code, "main, other" in text) == ("unknown_account", True)


@pytest.mark.parametrize("kind", ["Prometheus", "prometheus", "AMP", "AmazonManagedPrometheus", "amazon-managed_prometheus"])
def test_counters_are_unwrapped(kind: str) -> None:
    sli = ratio(
        source(kind, query="sum(rate(good[5m])) + sum(rate(fair[5m]))"), source(kind, query='sum(all{a="b"})'), counter=True
    )
    assert measured(sli) == EventRatio((CounterQuery('all{a="b"}'),), good=(CounterQuery("good"), CounterQuery("fair")))


def test_bad_events_are_read_as_such() -> None:
    sli = {"ratioMetric": {"bad": metric("sum(rate(bad[5m])) or vector(0)"), "total": metric("sum(rate(all[5m]))")}}
    assert measured(sli) == EventRatio((CounterQuery("all"),), bad=(CounterQuery("bad"),))


def test_what_is_said_to_go_up_and_down_is_no_counter_but_a_rate_of_one_may_be() -> None:
    assert refused(ratio(metric("a"), metric("b"), counter=False))[0] == "not_a_counter"
    assert isinstance(measured(ratio(metric("rate(a[5m])"), metric("increase(b[1h])"), counter=False)), EventRatio)
    assert isinstance(measured(ratio(metric("a"), metric("b"))), EventRatio)


@pytest.mark.parametrize("kind", ["XRay", "X-Ray", "AWSXRay", "aws_xray"])
def test_xray_counts_answers_of_a_sample(kind: str) -> None:
    sli = {"ratioMetric": {"bad": source(kind, service="web"), "total": source(kind, service="web")}}
    assert measured(sli, ESTATE) == EventRatio(
        (TraceQuery("main", "us-east-1", "web", "total"),),
        bad=(TraceQuery("main", "us-east-1", "web", "fault"),),
        sampled=True,
    )
    sli = ratio(source(kind, service="web"), source(kind, service="web", statistic="total"))
    measure = measured(sli, ESTATE)
    assert isinstance(measure, EventRatio)
    assert [q.statistic for q in measure.good if isinstance(q, TraceQuery)] == ["ok"]


@pytest.mark.parametrize(("op", "sign"), [("lte", "<="), ("lt", "<"), ("gte", ">="), ("gt", ">")])
def test_a_threshold_is_a_slice_of_time_per_objective(op: str, sign: Any) -> None:
    sli = {"thresholdMetric": metric("max(queue_depth)")}
    assert measured(sli, objective={"op": op, "value": 0.5}) == TimeSlice(GaugeQuery("queue_depth"), sign, Decimal("0.5"))
    sli = {"thresholdMetric": source("CloudWatch", **ALB | {"stat": "p99"}, metric="Time")}
    assert measured(sli, objective={"op": op, "value": 0.5}) == TimeSlice(alb("Time", "p99"), sign, Decimal("0.5"))


X = {"namespace": "N", "metric": "M", "stat": "Sum", "region": "r"}
REFUSED = [
    (source("Datadog", query="q"), "source_type", "'Datadog' is not read"),
    (source(None, query="q"), "source_type", "no type says"),
    ({"metricSource": {"metricSourceRef": "cw", "type": "Prometheus", "spec": {"query": "q"}}}, "source_type", "remove one"),
    (source("CloudWatch", **X, query="SELECT 1"), "source_field", "query in the spec is not read"),
    (source("CloudWatch", **X, metricName="M"), "source_field", "both of its names"),
    (source("CloudWatch", **X | {"metric": ""}), "source_field", "metric is missing"),
    (source("CloudWatch", **X | {"stat": "Average"}), "source_field", "'Average' counts no events"),
    (source("CloudWatch", **X, dimensions="a"), "source_field", "dimensions are not understood"),
    (source("CloudWatch", **X, dimensions=[{"Name": "a"}]), "source_field", "dimensions are not understood"),
    (source("CloudWatch", **X, dimensions={"a": ["b"]}), "source_field", "dimensions are not understood"),
    (source("CloudWatch", **X, dimensions=["a"]), "source_field", "dimensions are not understood"),
    (source("Prometheus", promql="q"), "source_field", "promql in the spec is not read"),
    (source("Prometheus", query=["q"]), "source_field", "query is missing"),
    (source("Prometheus", query="sum by (x) (rate(a[5m]))"), "promql", "sum(...) in"),
    (source("X-Ray", service="s", statistic="throttle"), "source_field", "'throttle' is not counted"),
    (source("X-Ray", statistic="ok"), "source_field", "service is missing"),
]


@pytest.mark.parametrize(("good", "code", "part"), REFUSED)
def test_what_cannot_be_sent_is_no_problem_of_the_document_and_says_what_to_change(
    good: dict[str, Any], code: str, part: str
) -> None:
    told, text = refused(ratio(good, metric("all")))
    assert (told, part in text, text.startswith("good: ")) == (code, True, True)


def test_sources_of_two_kinds_do_not_count_together() -> None:
    assert refused(ratio(source("CloudWatch", **X), metric("all")))[0] == "mixed_sources"


@pytest.mark.parametrize(
    ("sli", "objective", "code"),
    [
        ({"thresholdMetric": metric("a")}, {}, "no_comparison"),
        ({"thresholdMetric": metric("sum(a)")}, {"op": "lt", "value": 1}, "promql"),
        ({"thresholdMetric": source("Prometheus", expr="a")}, {"op": "lt", "value": 1}, "source_field"),
        ({"thresholdMetric": source("X-Ray", service="a")}, {"op": "lt", "value": 1}, "source_type"),
        ({"thresholdMetric": source("CloudWatch", metric="a")}, {"op": "lt", "value": 1}, "source_field"),
        ({"ratioMetric": {"raw": metric("a"), "rawType": "success"}}, {}, "raw_ratio"),
    ],
)
def test_other_reasons_why_nothing_is_measured(sli: dict[str, Any], objective: dict[str, Any], code: str) -> None:
    assert refused(sli, objective=objective)[0] == code


def test_a_reference_that_dangles_leaves_the_type_unknown() -> None:
    one = {"metricSource": {"metricSourceRef": "nowhere", "spec": X}}
    documents = [d for d in others() if d["kind"] != "SLI"] + [document("SLI", "web-ok", ratio(one, one)), slo()]
    assert {code for _, code, _ in found(documents)} == {"dangling_reference"}
    measure = only(documents).measure
    assert isinstance(measure, Unbound)
    assert measure.code == "source_type"
