"""The alarms that an estate declares, as the evaluator takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.composite import CompositeAlarm
from alerts.evaluate import MetricAlarm
from slo.estate.indicator import MetricQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.resource import Resource


def metric_alarm(resource: Resource) -> MetricAlarm:
    """Of a resource of kind `alarm`, in normal form: one metric, or metrics and expressions of one Period of whole minutes."""
    spec = resource.spec
    stats = _stats(spec)
    return MetricAlarm(
        resource.name,
        next(int(stat["Period"]) // 60 for stat in stats.values()),
        int(spec["EvaluationPeriods"]),
        float(spec["Threshold"]),
        spec["ComparisonOperator"],
        next((q["Id"] for q in spec.get("Metrics", ()) if q["ReturnData"]), "m1"),
        {id_: _query(stat, resource) for id_, stat in stats.items()},
        {q["Id"]: q["Expression"] for q in spec.get("Metrics", ()) if "Expression" in q},
        int(spec["DatapointsToAlarm"]),
        spec["TreatMissingData"],
    )


def composite_alarm(resource: Resource) -> CompositeAlarm:
    return CompositeAlarm.of(resource.name, resource.spec["AlarmRule"])


def _stats(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    if "Metrics" in spec:
        return {q["Id"]: q["MetricStat"] for q in spec["Metrics"] if "MetricStat" in q}
    return {"m1": {"Metric": spec, "Period": spec["Period"], "Stat": spec.get("Statistic") or spec["ExtendedStatistic"]}}


def _query(stat: Mapping[str, Any], resource: Resource) -> MetricQuery:
    metric = stat["Metric"]
    dimensions = tuple(sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", ())))
    return MetricQuery(resource.account, resource.region, metric["Namespace"], metric["MetricName"], dimensions, stat["Stat"])
