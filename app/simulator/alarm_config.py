"""What PutMetricAlarm and PutCompositeAlarm accept: the documented limits, and the alarm as `alerts` evaluates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alerts.alarm_steps import Suppressor
from alerts.composite import CompositeAlarm
from alerts.evaluate import COMPARISONS, MetricAlarm, compute
from app.simulator import metrics
from app.simulator.wire import Refused, invalid
from slo.estate.indicator import MetricQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
LONGEST_SECONDS = 604_800
LONGEST_SECONDS_UNDER_HOURLY = 86_400
LONGEST_WARM_UP = 2880
SUPPRESSION = ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")
_UNSIMULATED = (
    "EvaluateLowSampleCountPercentile",
    "EvaluationCriteria",
    "EvaluationWindow",
    "ThresholdMetricId",
)


def metric_alarm(request: Mapping[str, Any], region: str) -> MetricAlarm:
    _check_common(request)
    warm_up(request)
    queries, expressions, returned = _math(request) if "Metrics" in request else _single(request)
    stats = {name: _query(stat, region) for name, stat in queries.items()}
    alarm = MetricAlarm(
        request["AlarmName"],
        _period(queries),
        request["EvaluationPeriods"],
        float(request["Threshold"]),
        request["ComparisonOperator"],
        returned,
        stats,
        expressions,
        request.get("DatapointsToAlarm"),
        request.get("TreatMissingData", "missing"),
    )
    _check_metric(alarm)
    _check_expressions(alarm)
    return alarm


def warm_up(request: Mapping[str, Any]) -> int:
    """Minutes that a new or changed alarm waits for data, 0 without any."""
    given = request.get("WarmUpConfiguration") or {}
    minutes = int(given.get("WarmUpPeriodDurationInMinutes") or 0)
    if (given and not 1 <= minutes <= LONGEST_WARM_UP) or given.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds"):
        raise invalid(f"WarmUpPeriodDurationInMinutes must be from 1 to {LONGEST_WARM_UP}, and end with the first data.")
    return minutes


def composite_alarm(request: Mapping[str, Any]) -> CompositeAlarm:
    _check_common(request)
    suppressor(request)
    try:
        return CompositeAlarm.of(request["AlarmName"], request["AlarmRule"])
    except ValueError as error:
        raise invalid(f"AlarmRule: {error}") from None


def suppressor(request: Mapping[str, Any]) -> Suppressor | None:
    """Of a composite; the three parameters stand together."""
    given = [request.get(name) for name in SUPPRESSION]
    if not given[0]:
        return None
    if None in given:
        raise invalid("ActionsSuppressor needs ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod.")
    alarm, wait, extension = given
    return Suppressor(str(alarm), int(wait or 0), int(extension or 0))


def _check_common(request: Mapping[str, Any]) -> None:
    if not 1 <= len(request["AlarmName"]) <= 255 or not request["AlarmName"].isascii():
        raise invalid("AlarmName takes 1 to 255 ASCII characters.")
    if len(request.get("AlarmDescription") or "") > 1024:
        raise invalid("AlarmDescription takes at most 1024 characters.")
    if any(len(request.get(kind) or ()) > 5 for kind in ACTIONS):
        raise Refused("LimitExceeded", "At most 5 actions per state.", shape="LimitExceededFault")
    if len(request.get("Tags") or ()) > 50:
        raise invalid("At most 50 tags per alarm.")
    if unsimulated := [name for name in _UNSIMULATED if name in request]:
        raise invalid(f"{unsimulated[0]} is not simulated.")


def _check_metric(alarm: MetricAlarm) -> None:
    if alarm.comparison not in COMPARISONS:
        raise invalid(f"ComparisonOperator {alarm.comparison} is not supported here.")
    if alarm.treat_missing not in TREATMENTS:
        raise invalid(f"TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    if alarm.evaluation_periods < 1 or not 1 <= alarm.needed <= alarm.evaluation_periods:
        raise invalid("DatapointsToAlarm must be between 1 and EvaluationPeriods.")
    longest = LONGEST_SECONDS_UNDER_HOURLY if alarm.period < 60 else LONGEST_SECONDS
    if alarm.period * 60 * alarm.evaluation_periods > longest:
        raise invalid(f"Metrics cannot be checked across more than {longest} seconds (EvaluationPeriods * Period).")


def _single(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], str]:
    stats = [request[name] for name in ("Statistic", "ExtendedStatistic") if name in request]
    if len(stats) != 1:
        raise invalid("Exactly one of Statistic and ExtendedStatistic must be given.")
    return {"m1": {"Metric": request, "Period": request["Period"], "Stat": stats[0]}}, {}, "m1"


def _math(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], str]:
    if "MetricName" in request:
        raise invalid("Metrics and MetricName cannot be given together.")
    stats = {q["Id"]: q["MetricStat"] for q in request["Metrics"] if "MetricStat" in q}
    expressions = {q["Id"]: q["Expression"] for q in request["Metrics"] if "Expression" in q}
    returned = [q["Id"] for q in request["Metrics"] if q.get("ReturnData", True)]
    if len(returned) != 1:
        raise invalid("Exactly one element of Metrics must have ReturnData true.")
    if len(stats) > 10:
        raise invalid("A math expression alarm takes at most 10 metrics.")
    return stats, expressions, returned[0]


def _check_expressions(alarm: MetricAlarm) -> None:
    """Computed once on no data: a mistake shows now and not at the first evaluation."""
    nothing = {name: np.full(1, np.nan) for name in alarm.metrics}
    for name in (*alarm.expressions, alarm.returned):
        try:
            compute(alarm, name, nothing, 1)
        except ValueError as error:
            raise invalid(f"Error in expression {name!r}: {error}") from None


def _period(stats: Mapping[str, Any]) -> int:
    periods = {metrics.period(stat.get("Period")) for stat in stats.values()}
    if len(periods) != 1:
        raise invalid("Every metric of an alarm must have the same Period.")
    return periods.pop()


def _query(stat: Mapping[str, Any], region: str) -> MetricQuery:
    metrics.statistic(stat["Stat"])
    found = metrics.identity(stat["Metric"])
    return MetricQuery(None, region, found.namespace, found.metric, tuple(sorted(found.dimensions)), stat["Stat"])
