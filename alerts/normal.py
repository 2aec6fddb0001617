"""Alarms in one spelling, whether we declared them or AWS described them: defaults filled in, what has no order sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.resource import normal

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON = ("ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions", "AlarmDescription")
ACTIONS = COMMON[1:4]
METRIC = (
    *COMMON,
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
    "WarmUpConfiguration",
)
COMPOSITE = (*COMMON, "ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod", "AlarmRule")


def metric_spec(alarm: Mapping[str, Any]) -> dict[str, Any]:
    """What PutMetricAlarm would have to be sent to make this alarm; states, times and ARNs are left out."""
    spec = _common(alarm, METRIC)
    spec.setdefault("DatapointsToAlarm", spec.get("EvaluationPeriods"))
    spec.setdefault("TreatMissingData", "missing")
    if spec.get("EvaluateLowSampleCountPercentile") == "evaluate":
        del spec["EvaluateLowSampleCountPercentile"]
    if spec.get("Metrics"):
        spec["Metrics"] = sorted((_query(q) for q in spec["Metrics"]), key=lambda q: str(q["Id"]))
        spec.pop("Dimensions", None)
    else:
        spec.pop("Metrics", None)
        spec["Dimensions"] = _dimensions(spec)
    return _normal(spec)


def composite_spec(alarm: Mapping[str, Any]) -> dict[str, Any]:
    spec = _common(alarm, COMPOSITE)
    spec["AlarmRule"] = " ".join(str(spec.get("AlarmRule", "")).split())
    return _normal(spec)


def _common(alarm: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    spec = {name: alarm[name] for name in names if alarm.get(name) is not None}
    for kind in ACTIONS:
        spec[kind] = sorted(spec.get(kind, ()))
    return {"ActionsEnabled": True, "AlarmDescription": "", **spec}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in query.items() if value is not None}
    found.setdefault("ReturnData", True)
    if "MetricStat" in found:
        stat = {name: value for name, value in found["MetricStat"].items() if value is not None}
        metric = stat["Metric"]
        stat["Metric"] = {**metric, "Dimensions": _dimensions(metric)}
        found["MetricStat"] = stat
    return found


def _dimensions(metric: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sorted(metric.get("Dimensions") or (), key=lambda d: str(d["Name"]))


def _normal(spec: dict[str, Any]) -> dict[str, Any]:
    """JSON has one kind of number: 5.0 and 5 are the same threshold."""
    found = normal(spec)
    assert isinstance(found, dict), "an object stays an object"
    return found
