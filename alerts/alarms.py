"""CloudWatch alarms from the catalogue: a default alarm of a component as the request that PutMetricAlarm takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from alerts.naming import alarm_name
from alerts.normal import composite_spec, metric_spec
from alerts.text import clip, line
from alerts.topics import topic_arn
from slo.errors import ProvisionError
from slo.estate.native import MAX_METRICS
from slo.resource import COMPONENT, ESTATE, MANAGED_BY, MANAGER, OWNER, SPEC_SHA, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.catalog.signal import DefaultAlarm, Missing
    from slo.estate.indicator import Comparison, MetricQuery
    from slo.estate.spec import Component, Estate
    from slo.resource import Kind

MAX_DESCRIPTION = 1024
MAX_TAG = 256
LONGEST_SECONDS = 604_800
SUPPRESSOR_SECONDS = 60
"""As AWS suggests: as long as a minute's alarm may lag behind the one that explains it."""
OPERATORS: dict[Comparison, str] = {
    ">=": "GreaterThanOrEqualToThreshold",
    ">": "GreaterThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}
RETURNED = "result"
"""Id of the expression that a math alarm watches."""
_PLAIN = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_NO_TAG_CHARACTER = re.compile(r"[^\w .:/=+@-]", re.ASCII)


def default_alarm(
    estate: Estate, component: Component, alarm: DefaultAlarm, place: Place, *, told_by: str | None = None
) -> Resource:
    """`sloop/{estate}/{component}/{alarm}`; ALARM and OK both go to the topic of its severity.

    Where a composite tells of it, `told_by` is its name and the alarm itself tells nobody.
    """
    name = alarm_name(estate.name, component.name, alarm.name)
    if alarm.period * alarm.periods > LONGEST_SECONDS or len(alarm.queries) > MAX_METRICS:
        raise ProvisionError(
            f"{name}: CloudWatch takes at most {MAX_METRICS} metrics and {LONGEST_SECONDS} s; see the catalogue"
        )
    actions = [] if told_by else [topic_arn(estate.name, alarm.severity, place)]
    through = f" Told by {told_by}." if told_by else ""
    spec = {
        **_common(f"{_described(component, alarm)}{through}", actions),
        **watched(alarm.queries, alarm.expression, alarm.period),
        "ComparisonOperator": OPERATORS[alarm.comparison],
        "Threshold": float(alarm.threshold),
        "EvaluationPeriods": alarm.periods,
        "DatapointsToAlarm": alarm.datapoints,
        "TreatMissingData": alarm.missing,
    }
    return resource("alarm", estate, component, place, name, spec)


def math_alarm(
    estate: Estate,
    component: Component,
    place: Place,
    name: str,
    queries: Mapping[str, MetricQuery],
    expression: str,
    *,
    threshold: float,
    period: int,
    description: str,
) -> Resource:
    """One period of `period` seconds, compared >= `threshold`; without actions, silent on missing data."""
    spec = described_alarm(
        watched(queries, expression, period), ">=", threshold, datapoints=1, periods=1, description=description
    )
    return resource("alarm", estate, component, place, name, spec)


def described_alarm(
    subject: Mapping[str, Any],
    comparison: Comparison,
    threshold: float,
    *,
    datapoints: int,
    periods: int,
    description: str,
    missing: Missing = "notBreaching",
    actions: Sequence[str] = (),
) -> dict[str, Any]:
    """`datapoints` of `periods` of what is `watched`, as PutMetricAlarm takes it; ALARM and OK both go to `actions`."""
    return {
        **_common(description, list(actions)),
        **subject,
        "ComparisonOperator": OPERATORS[comparison],
        "Threshold": threshold,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": datapoints,
        "TreatMissingData": missing,
    }


def composite_alarm(
    estate: Estate,
    component: Component,
    place: Place,
    name: str,
    rule: str,
    *,
    actions: Sequence[str],
    description: str,
    suppressor: str | None = None,
) -> Resource:
    """While the alarm of the name `suppressor` is in ALARM, and a minute before and after, its actions wait."""
    spec = {**_common(description, list(actions)), "AlarmRule": rule}
    if suppressor is not None:
        waits = {f"ActionsSuppressor{which}Period": SUPPRESSOR_SECONDS for which in ("Wait", "Extension")}
        spec |= {"ActionsSuppressor": suppressor, **waits}
    return resource("composite", estate, component, place, name, spec)


def watched(queries: Mapping[str, MetricQuery], expression: str | None, period: int) -> dict[str, Any]:
    """The metric, or the metrics and the expression over their ids, as PutMetricAlarm names them."""
    if expression is None:
        (query,) = queries.values()
        return {**_metric(query), _statistic(query.stat): query.stat, "Period": period}
    stats = [
        {"Id": id_, "MetricStat": {"Metric": _metric(query), "Period": period, "Stat": query.stat}, "ReturnData": False}
        for id_, query in sorted(queries.items())
    ]
    return {"Metrics": [*stats, {"Id": RETURNED, "Expression": expression, "Label": RETURNED, "ReturnData": True}]}


def resource(
    kind: Kind, estate: Estate, component: Component | None, place: Place, name: str, spec: Mapping[str, Any]
) -> Resource:
    """In normal form, with the tags that make it ours; what is the whole estate's has no component."""
    bare = Resource(kind, place.account, place.region, name, composite_spec(spec) if kind == "composite" else metric_spec(spec))
    tags = {
        MANAGED_BY: MANAGER,
        ESTATE: estate.name,
        SPEC_SHA: bare.spec_sha,
    }
    if component is not None:
        tags |= {COMPONENT: component.name, OWNER: tag_value(component.owner or "unset")}
    return Resource(kind, place.account, place.region, name, bare.spec, tags)


def tag_value(text: str) -> str:
    """AWS takes letters, digits, blanks and `_ . : / = + - @` in a tag."""
    return _NO_TAG_CHARACTER.sub("_", text)[:MAX_TAG]


def _common(description: str, actions: list[str]) -> dict[str, Any]:
    return {
        "ActionsEnabled": True,
        "AlarmActions": actions,
        "OKActions": actions,
        "InsufficientDataActions": [],
        "AlarmDescription": clip(line(description), MAX_DESCRIPTION),
    }


def _described(component: Component, alarm: DefaultAlarm) -> str:
    """The severity first, because the message has no other place for it."""
    runbook = f" Runbook: {component.runbook}" if component.runbook else ""
    return f"{alarm.severity}: {component.title}: {alarm.reason} Source: {alarm.source}{runbook}"


def _metric(query: MetricQuery) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(query.dimensions)]
    return {"Namespace": query.namespace, "MetricName": query.metric, "Dimensions": dimensions}


def _statistic(stat: str) -> str:
    return "Statistic" if stat in _PLAIN else "ExtendedStatistic"
