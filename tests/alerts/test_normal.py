from __future__ import annotations

from typing import Any

from alerts.normal import composite_spec, metric_spec

DECLARED: dict[str, Any] = {
    "ActionsEnabled": True,
    "AlarmActions": ["b", "a"],
    "OKActions": [],
    "InsufficientDataActions": [],
    "AlarmDescription": "",
    "MetricName": "M",
    "Namespace": "N",
    "Statistic": "Sum",
    "Dimensions": [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}],
    "Period": 60,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 3,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "missing",
}


def test_what_aws_describes_is_what_was_declared() -> None:
    described = {
        **DECLARED,
        "Dimensions": DECLARED["Dimensions"][::-1],
        "AlarmActions": ["a", "b"],
        "Threshold": 5.0,
        "AlarmArn": "arn",
        "StateValue": "OK",
        "EvaluateLowSampleCountPercentile": "evaluate",
        "Metrics": [],
    }
    for default in ("DatapointsToAlarm", "TreatMissingData", "AlarmDescription", "OKActions"):
        described.pop(default)
    assert metric_spec(described) == metric_spec(DECLARED)


def test_what_changes_what_the_alarm_does_is_a_difference() -> None:
    for change in ({"Unit": "Seconds"}, {"EvaluateLowSampleCountPercentile": "ignore"}, {"ActionsEnabled": False}):
        assert metric_spec({**DECLARED, **change}) != metric_spec(DECLARED)


def test_metrics_of_a_math_alarm_stand_in_the_order_of_their_ids() -> None:
    stat = {"Metric": {"Namespace": "N", "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    one, two = {"Id": "a", "MetricStat": stat, "ReturnData": False}, {"Id": "e", "Expression": "a * 2"}
    made = metric_spec({"Metrics": [two, one], "EvaluationPeriods": 1, "Dimensions": []})
    assert made == metric_spec({"Metrics": [one, {**two, "ReturnData": True}], "EvaluationPeriods": 1})
    assert [q["Id"] for q in made["Metrics"]] == ["a", "e"]


def test_blanks_in_a_rule_mean_nothing() -> None:
    assert composite_spec({"AlarmRule": "ALARM(a)\n  AND ALARM(b)"}) == composite_spec({"AlarmRule": "ALARM(a) AND ALARM(b)"})
