from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slo.catalog.catalog import Catalog
from slo.catalog.parse import parse_kind
from slo.errors import SpecError
from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    Indicator,
    MetricQuery,
    Proof,
    RateRatio,
    TimeSlice,
    TraceQuery,
    Unbound,
)
from slo.estate.spec import Account, Component

if TYPE_CHECKING:
    from collections.abc import Mapping

SLO = Path(__file__).parents[3] / "slo"
FILES = [(f.name, f.read_bytes()) for f in sorted((SLO / "catalog").glob("*.yaml"))]
POLICY = (SLO / "policies/default.yaml").read_bytes()
CATALOG = Catalog.of(FILES, POLICY)
MAIN = Account("main", "111122223333", "us-east-1")
WEB = {"load_balancer": "app/web/1", "target_group": "targetgroup/web/2"}
BALANCER = (("LoadBalancer", "app/web/1"),)
GROUP = (("LoadBalancer", "app/web/1"), ("TargetGroup", "targetgroup/web/2"))


def bind(
    kind: str, indicator: str, resource: Mapping[str, str | tuple[str, ...]], account: Account | None = MAIN
) -> Indicator | Unbound:
    return CATALOG.bind(Component("c", kind, resource=resource), indicator, account)


def elb(metric: str, stat: str, dimensions: tuple[tuple[str, str], ...]) -> MetricQuery:
    return MetricQuery("main", "us-east-1", "AWS/ApplicationELB", metric, dimensions, stat)


def test_a_load_balancer_counts_the_503s_that_request_count_leaves_out() -> None:
    assert bind("alb", "availability", WEB) == EventRatio(
        total=(elb("RequestCount", "Sum", BALANCER), elb("HTTPCode_ELB_503_Count", "Sum", BALANCER)),
        bad=(elb("HTTPCode_ELB_5XX_Count", "Sum", BALANCER), elb("HTTPCode_Target_5XX_Count", "Sum", BALANCER)),
        proof=Proof(elb("HealthyHostCount", "Minimum", GROUP)),
    )


def test_a_service_without_a_healthy_host_gives_no_proof_of_life() -> None:
    assert bind("ecs", "availability", WEB) == EventRatio(
        total=(elb("RequestCount", "Sum", GROUP),),
        bad=(elb("HTTPCode_Target_5XX_Count", "Sum", GROUP),),
        proof=Proof(elb("HealthyHostCount", "Minimum", GROUP), Decimal(1)),
    )


@pytest.mark.parametrize(("given", "bound"), [({}, "TC(:0.3)"), ({"latency_threshold": "0.25"}, "TC(:0.25)")])
def test_latency_counts_the_responses_within_the_threshold(given: dict[str, str], bound: str) -> None:
    latency = bind("ecs", "latency", WEB | given)
    assert isinstance(latency, EventRatio)
    assert latency.total == (elb("TargetResponseTime", "SampleCount", GROUP),)
    assert latency.good == (elb("TargetResponseTime", bound, GROUP),)
    assert latency.bad == ()


def test_a_database_minute_is_good_while_somebody_is_connected() -> None:
    value = MetricQuery("main", "us-east-1", "AWS/RDS", "DatabaseConnections", (("DBInstanceIdentifier", "pg"),), "Maximum")
    assert bind("rds", "availability", {"instance": "pg"}) == TimeSlice(value, ">=", Decimal(1))
    assert any("proxy" in pitfall.text for pitfall in CATALOG.kinds["rds"].pitfalls)


@pytest.mark.parametrize(("given", "limit"), [({}, 300), ({"max_age": "60"}, 60)])
def test_a_queue_minute_is_good_while_the_oldest_message_is_young(given: dict[str, str], limit: int) -> None:
    value = MetricQuery("main", "us-east-1", "AWS/SQS", "ApproximateAgeOfOldestMessage", (("QueueName", "q"),), "Maximum")
    assert bind("sqs", "freshness", {"queue": "q"} | given) == TimeSlice(value, "<=", Decimal(limit))


def test_counters_take_selectors_with_braces_as_they_are_and_need_no_account() -> None:
    total, bad, up = 'r_total{job="x"}', 'r_total{code=~"5..",job="{bad}"}', 'up{job="x"}'
    assert bind("prometheus", "availability", {"total": total, "bad": bad, "proof": up}, None) == EventRatio(
        total=(CounterQuery(total, up),), bad=(CounterQuery(bad, up),), proof=Proof(GaugeQuery(up), Decimal(1))
    )
    assert bind("prometheus", "availability", {"total": total, "good": "g"}, None) == EventRatio(
        (CounterQuery(total),), (CounterQuery("g"),)
    )


@pytest.mark.parametrize(
    ("kind", "indicator", "resource", "code"),
    [
        ("alb", "availability", {"load_balancer": "l"}, "missing_resource"),
        ("alb", "freshness", WEB, "unknown_indicator"),
        ("lambda", "availability", {}, "unknown_kind"),
        ("prometheus", "availability", {"total": "t"}, "missing_resource"),
        ("prometheus", "availability", {"total": "t", "good": "g", "bad": "b"}, "missing_resource"),
        ("rds", "availability", {"instance": ("a", "b")}, "bad_resource"),
        ("sqs", "freshness", {"queue": "q", "max_age": "5m"}, "bad_resource"),
        ("sqs", "freshness", {"queue": "q", "max_age": "0"}, "bad_resource"),
    ],
)
def test_what_cannot_be_bound_names_the_reason(
    kind: str, indicator: str, resource: dict[str, str | tuple[str, ...]], code: str
) -> None:
    reason = bind(kind, indicator, resource)
    assert isinstance(reason, Unbound)
    assert reason.code == code
    assert reason.text


@pytest.mark.parametrize(("kind", "resource"), [("rds", {"instance": "pg"}), ("xray", {"service": "api"})])
def test_aws_needs_an_account(kind: str, resource: dict[str, str]) -> None:
    reason = bind(kind, "availability", resource, None)
    assert isinstance(reason, Unbound)
    assert reason.code == "missing_account"


def test_cloudfront_is_read_in_us_east_1_whatever_the_region_of_the_account() -> None:
    dimensions = (("DistributionId", "E1"), ("Region", "Global"))
    total, rate = (
        MetricQuery("eu", "us-east-1", "AWS/CloudFront", metric, dimensions, stat)
        for metric, stat in (("Requests", "Sum"), ("5xxErrorRate", "Average"))
    )
    abroad = Account("eu", "111122223333", "eu-central-1")
    assert bind("cloudfront", "availability", {"distribution": "E1"}, abroad) == RateRatio(total, rate)


def test_a_gateway_loses_what_was_tried_but_not_established_and_what_found_no_port() -> None:
    indicator = bind("nat", "availability", {"gateway": "nat-1"})
    assert isinstance(indicator, EventRatio)
    assert [q.metric for q in indicator.total if isinstance(q, MetricQuery)] == [
        "ConnectionAttemptCount",
        "ErrorPortAllocation",
    ]
    assert [q.metric for q in indicator.good if isinstance(q, MetricQuery)] == ["ConnectionEstablishedCount"]
    assert indicator.bad == ()


def test_traces_are_labelled_as_a_sample_and_metrics_are_not() -> None:
    traces = bind("xray", "availability", {"service": "api"})
    total, fault = (TraceQuery("main", "us-east-1", "api", statistic) for statistic in ("total", "fault"))
    assert traces == EventRatio((total,), bad=(fault,), sampled=True)
    requests = bind("alb", "availability", WEB)
    assert isinstance(requests, EventRatio)
    assert not requests.sampled


def test_the_floor_of_a_capacity_is_the_services_own() -> None:
    service = {"cluster": "c", "service": "s"}
    capacity = bind("ecs", "capacity", {**service, "min_tasks": "6"})
    assert isinstance(capacity, TimeSlice)
    assert (capacity.op, capacity.threshold) == (">=", Decimal(6))
    unbound = bind("ecs", "capacity", service)
    assert isinstance(unbound, Unbound)
    assert "min_tasks" in unbound.text


@pytest.mark.parametrize("name", [name for name, _ in FILES])
def test_every_file_is_named_after_its_kind_and_names_its_sources(name: str) -> None:
    kind = parse_kind(dict(FILES)[name], name)
    assert f"{kind.name}.yaml" == name
    assert (kind.no_objective is None) == bool(kind.objectives)
    assert kind.pitfalls
    assert all(pitfall.text and pitfall.source for pitfall in kind.pitfalls)
    assert all(key.about for key in kind.resource.values())


NAT = """\
kind: nat
title: NAT gateway
layer: network
resource:
  gateway: {role: identity, required: true, about: its id}
indicators:
  availability:
    type: event_ratio
    source: AWS documentation
    namespace: AWS/NATGateway
    dimensions: {NatGatewayId: "{gateway}"}
    total: [{metric: ConnectionAttemptCount, stat: Sum}]
    bad: [{metric: ErrorPortAllocation, stat: Sum}]
objectives:
  - {indicator: availability, target: 99.9%, window: 30d, source: ours}
pitfalls: []
"""


def test_a_kind_is_described_once() -> None:
    with pytest.raises(SpecError, match="described by another file"):
        Catalog.of([("a.yaml", NAT.encode()), ("b.yaml", NAT.encode())], POLICY)


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ("role: identity", "role: owner", "unknown_value", "resource.gateway.role"),
        ("{gateway}", "{gatewya}", "unknown_resource", "indicators.availability"),
        ("required: true", "form: list", "bad_resource", "indicators.availability"),
        ("type: event_ratio", "type: ratio", "unknown_value", "indicators.availability.type"),
        ("    namespace: AWS/NATGateway\n", "", "missing_field", "indicators.availability.total[0].namespace"),
        ("stat: Sum}]\n    bad", "sum: x}]\n    bad", "missing_field", "indicators.availability.total[0].stat"),
        ("99.9%", "99.9", "bad_target", "objectives[0].target"),
        ("{indicator: availability", "{indicator: latency", "unknown_value", "objectives[0].indicator"),
        ("pitfalls: []", "pitfalls: [{text: a}]", "missing_field", "pitfalls[0].source"),
        ("title: NAT gateway\n", "", "missing_field", "title"),
        ("layer: network", "layer: cloud", "unknown_value", "layer"),
        ("pitfalls: []", "pitfalls: []\nowner: me", "unknown_field", "owner"),
        ("pitfalls: []", "pitfalls: []\nno_objective: why", "missing_reason", "objectives"),
        (", source: ours", "", "missing_field", "objectives[0].source"),
        ("    source: AWS documentation\n", "", "missing_field", "indicators.availability.source"),
        (
            "about: its id",
            "about: its id}\n  most: {role: parameter, default: 3, about: m",
            "missing_field",
            "resource.most.source",
        ),
        (
            "stat: Sum}]\n    bad",
            "trace: {service: a, statistic: slow}}]\n    bad",
            "unknown_value",
            "indicators.availability.total[0].trace.statistic",
        ),
    ],
)
def test_a_bad_file_names_the_field(old: str, new: str, code: str, path: str) -> None:
    assert old in NAT
    with pytest.raises(SpecError) as caught:
        parse_kind(NAT.replace(old, new, 1).encode(), "nat.yaml")
    assert (code, path) in [(p.code, p.path) for p in caught.value.problems]
