"""The message of an alarm action, as CloudWatch sends it to SNS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.simulator.alarm_config import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REGION_NAMES = {"us-east-1": "US East (N. Virginia)", "us-west-2": "US West (Oregon)", "eu-west-1": "EU (Ireland)"}
MAX_SUBJECT = 99


def stamp(seconds: float) -> str:
    """`2022-09-26T04:41:30.103+0000`: CloudWatch's own way."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}+0000"


def subject(name: str, state: str, region: str) -> str:
    """Cut where SNS would refuse it, which is why nobody should parse it."""
    full = f'{state}: "{name}" in {REGION_NAMES.get(region, region)}'
    return full if len(full) <= MAX_SUBJECT else full[: MAX_SUBJECT - 3] + "..."


def body(described: Mapping[str, Any], old_state: str, region: str, account: str, triggering: Sequence[Any]) -> str:
    """From the alarm as DescribeAlarms shows it after the transition."""
    document: dict[str, Any] = {
        "AlarmName": described["AlarmName"],
        "AlarmDescription": described.get("AlarmDescription"),
        "AWSAccountId": account,
        "AlarmConfigurationUpdatedTimestamp": stamp(described["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": described["StateValue"],
        "NewStateReason": described["StateReason"],
        "StateChangeTime": stamp(described["StateTransitionedTimestamp"]),
        "Region": REGION_NAMES.get(region, region),
        "AlarmArn": described["AlarmArn"],
        "OldStateValue": old_state,
        **{kind: described[kind] for kind in ACTIONS},
    }
    if "AlarmRule" in described:
        return json.dumps({**document, "AlarmRule": described["AlarmRule"], "TriggeringChildren": list(triggering)})
    return json.dumps({**document, "Trigger": _trigger(described)})


def _trigger(described: Mapping[str, Any]) -> dict[str, Any]:
    shared = {
        "Period": described.get("Period"),
        "EvaluationPeriods": described["EvaluationPeriods"],
        "DatapointsToAlarm": described.get("DatapointsToAlarm", described["EvaluationPeriods"]),
        "ComparisonOperator": described["ComparisonOperator"],
        "Threshold": described["Threshold"],
        "TreatMissingData": described.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": "",
    }
    if "Metrics" in described:
        return {**shared, "Metrics": described["Metrics"]}
    plain = described.get("Statistic")
    statistic = {"Statistic": plain.upper()} if plain else {"ExtendedStatistic": described["ExtendedStatistic"]}
    dimensions = [{"value": d["Value"], "name": d["Name"]} for d in described.get("Dimensions") or ()]
    return {
        "MetricName": described["MetricName"],
        "Namespace": described["Namespace"],
        "StatisticType": "Statistic" if plain else "ExtendedStatistic",
        **statistic,
        "Unit": described.get("Unit"),
        "Dimensions": dimensions,
        **shared,
    }
