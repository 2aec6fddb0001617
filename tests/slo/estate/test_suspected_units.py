"""F25: what was hardly meant in its unit is said before anything is judged by it."""

from __future__ import annotations

import pytest

from slo.estate.load import load
from tests.support.declared import CATALOG, SLO, found, problems, with_component, with_objective

HERE = "components[0]"
LATENCY = "objectives: [{indicator: latency, target: 99%, window: 30d}]"
OPENSLO = """
apiVersion: openslo/v1
kind: SLO
metadata: {{name: fast}}
spec:
  service: shop
  timeWindow: [{{duration: 30d, isRolling: true}}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {{name: time}}
    spec:
      thresholdMetric:
        metricSource:
          type: CloudWatch
          spec:
            {{namespace: AWS/ApplicationELB, metricName: TargetResponseTime, stat: p99, region: us-east-1,
              dimensions: {{LoadBalancer: l}}}}
  objectives: [{{op: lte, value: {value}, {target}}}]
"""


def warned(text: str) -> list[tuple[str, str]]:
    return [(code, path) for severity, code, path in found(text) if severity == "warning"]


def latency(threshold: str) -> str:
    resource = f"{{load_balancer: l, target_group: t, latency_threshold: '{threshold}'}}"
    return with_component(f"kind: alb, resource: {resource}, {LATENCY}")


def own(query: str, threshold: str) -> str:
    """A component with a time slice of this query."""
    slices = f"{{type: time_slice, {query}, op: '<=', threshold: {threshold}}}"
    return with_component(
        f"kind: alb, resource: {{load_balancer: l, target_group: t}}, indicators: {{mine: {slices}}}, "
        "objectives: [{indicator: mine, target: 99%, window: 30d}]"
    )


def test_f25_a_threshold_of_300_where_the_metric_is_in_seconds_is_suspected_to_be_milliseconds() -> None:
    [problem] = problems(latency("300"))

    assert (problem.severity, problem.code, problem.path) == ("warning", "suspected_unit", f"{HERE}.resource")
    assert problem.message.endswith(
        "TargetResponseTime is in seconds, and the threshold is 300: milliseconds look meant; write 0.3"
    )
    assert warned(latency("0.3")) == warned(latency("100")) == []


@pytest.mark.parametrize(
    ("metric", "threshold", "suspect"),
    [
        ("namespace: AWS/S3, metric: FirstByteLatency, stat: p90, dimensions: {BucketName: b, FilterId: all}", "0.2", True),
        ("namespace: AWS/S3, metric: FirstByteLatency, stat: p90, dimensions: {BucketName: b, FilterId: all}", "200", False),
        ("namespace: AWS/RDS, metric: CPUUtilization, stat: Average, dimensions: {DBInstanceIdentifier: d}", "0.8", True),
        ("namespace: AWS/RDS, metric: CPUUtilization, stat: Average, dimensions: {DBInstanceIdentifier: d}", "80", False),
        ("namespace: AWS/SQS, metric: ApproximateAgeOfOldestMessage, stat: Maximum, dimensions: {QueueName: q}", "900", False),
        (
            "namespace: AWS/SQS, metric: ApproximateAgeOfOldestMessage, stat: Maximum, dimensions: {QueueName: q}",
            "900000",
            True,
        ),
        ("namespace: AWS/S3, metric: ReplicationLatency, stat: Maximum, dimensions: {RuleId: r}", "43200", False),
        ("namespace: Own, metric: Latency, stat: p99, dimensions: {Service: s}", "300", False),
        ("gauge: http_request_duration_seconds", "300", True),
        ("gauge: http_request_duration_ms", "300", False),
        ("gauge: cache_hit_ratio", "99", True),
        ("gauge: backup_age_seconds", "86400", False),
    ],
)
def test_f25_the_size_of_a_threshold_must_fit_the_unit_of_its_metric(metric: str, threshold: str, suspect: bool) -> None:
    expected = [("suspected_unit", f"{HERE}.indicators.mine")] if suspect else []

    assert [w for w in warned(own(metric, threshold)) if w[0] == "suspected_unit"] == expected


@pytest.mark.parametrize(("le", "suspect"), [("0.3", False), ("300", True)])
def test_f25_the_bound_of_a_histogram_in_seconds_is_looked_at_too(le: str, suspect: bool) -> None:
    name = "http_request_duration_seconds"
    ratio = f"{{type: event_ratio, total: [{{counter: {name}_count}}], good: [{{counter: '{name}_bucket{{le=\"{le}\"}}'}}]}}"
    text = with_component(
        f"kind: alb, resource: {{load_balancer: l, target_group: t}}, indicators: {{latency: {ratio}}}, {LATENCY}"
    )

    assert [code for code, _ in warned(text)] == ["suspected_unit"] * suspect


@pytest.mark.parametrize(
    ("target", "meant"), [("0.999%", "99.9 %, or 0.999 as a ratio"), ("0.0099", "99 %, or 0.99 as a ratio")]
)
def test_f25_a_ratio_written_as_a_percentage_is_a_warning_that_says_both_ways(target: str, meant: str) -> None:
    text = with_objective(f"indicator: availability, target: {target}, window: 30d")
    suspected = [p for p in problems(text) if p.code == "suspected_unit"]

    assert [(p.severity, p.path) for p in suspected] == [("warning", f"{HERE}.objectives[0].target")]
    assert suspected[0].message.endswith(f"write {meant}")


def test_f25_a_percentage_without_its_sign_is_an_error_that_names_both_ways() -> None:
    [problem] = problems(with_objective("indicator: availability, target: 99.9, window: 30d"))

    assert (problem.severity, problem.code) == ("error", "bad_target")
    assert "99.9 has no unit: write 99.9% or the ratio 0.999" in problem.message


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        ("0.3", "target: 0.99", []),
        ("300", "target: 0.99", [("warning", "suspected_unit")]),
        ("0.3", "targetPercent: 0.99", [("warning", "suspected_unit")]),
        ("0.3", "target: 99.9", [("error", "bad_target")]),
    ],
)
def test_f25_openslo_is_held_to_the_same(value: str, target: str, expected: list[tuple[str, str]]) -> None:
    document = OPENSLO.format(value=value, target=target).encode()

    told = [(p.severity, p.code) for p in load([("slo.yaml", document)], CATALOG).problems]

    assert [t for t in told if t[1] in ("suspected_unit", "bad_target")] == expected


@pytest.mark.parametrize("name", ["demo", "reference"])
def test_f25_nothing_that_ships_is_suspected(name: str) -> None:
    text = (SLO / "specs" / f"{name}.yaml").read_text()

    assert "suspected_unit" not in {code for _, code, _ in found(text)}
    assert {"seconds", "milliseconds", "percent"} <= set(CATALOG.units.values())
