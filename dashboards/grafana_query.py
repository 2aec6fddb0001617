"""What a panel asks of Grafana's data sources: PromQL, CloudWatch metrics, metric math."""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import cloudwatch, prometheus
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.cloudwatch import CloudWatchQueryMode, MetricEditorMode, MetricQueryType
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import Math, Metric, Promql, StateTimeline, Table, TimeSeries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dashboards.panels import Drawn, Target
    from slo.estate.spec import Estate

PROMETHEUS, CLOUDWATCH = "prometheus", "cloudwatch"
PERIOD = "60"


def cloudwatch_variables(estate: Estate) -> Iterator[tuple[str, str]]:
    """(variable, label): a data source per account, because each has its own credentials."""
    for number, account in enumerate(estate.accounts):
        name = CLOUDWATCH if number == 0 else _variable(account.name)
        yield name, f"CloudWatch of {account.name}"
    if not estate.accounts:
        yield CLOUDWATCH, "CloudWatch"


def _variable(account: str) -> str:
    return f"{CLOUDWATCH}_{re.sub(r'[^a-z0-9]', '_', account.lower())}"


def variable_of(estate: Estate, targets: Sequence[Target]) -> str:
    """The variable with the data source that answers these targets."""
    if any(isinstance(target, Promql) for target in targets):
        return PROMETHEUS
    account = next((t.query.account for t in targets if isinstance(t, Metric)), None)
    first = estate.accounts[0].name if estate.accounts else None
    return CLOUDWATCH if account in (None, first) else _variable(str(account))


def source(variable: str) -> models.DataSourceRef:
    """A data source by the variable that the reader sets."""
    return models.DataSourceRef("cloudwatch" if variable.startswith(CLOUDWATCH) else "prometheus", f"${{{variable}}}")


def letters(targets: Sequence[Target]) -> list[str]:
    """A, B, C ...: how a panel calls its queries; more than 26 go on with AA."""
    prefixes = ["", *ascii_uppercase]
    return [f"{prefixes[n // 26]}{ascii_uppercase[n % 26]}" for n in range(len(targets))]


def targets(estate: Estate, panel: Drawn) -> list[Any]:
    ref = source(variable_of(estate, panel.targets))
    region = next((t.query.region for t in panel.targets if isinstance(t, Metric)), "default")
    numbered = zip(letters(panel.targets), panel.targets, strict=True)
    return [_target(panel, target, region).ref_id(letter).datasource(ref) for letter, target in numbered]


def _target(panel: Drawn, target: Target, region: str) -> Any:
    match target:
        case Promql():
            return _promql(panel, target)
        case Metric():
            return _metric(target)
        case Math():
            return _math(target, region)


def _promql(panel: Drawn, target: Promql) -> prometheus.Dataquery:
    """Over time only where time is drawn: the last value of a series that ended an hour ago is no value of now."""
    query = prometheus.Dataquery().expr(target.expression).legend_format(target.legend)
    query = query.range() if isinstance(panel, TimeSeries | StateTimeline) else query.instant()
    return query.format(PromQueryFormat.TABLE if isinstance(panel, Table) else PromQueryFormat.TIME_SERIES)


def _metric(target: Metric) -> cloudwatch.CloudWatchMetricsQuery:
    query = target.query
    return (
        _cloudwatch(target.id, target.title)
        .metric_editor_mode(MetricEditorMode.BUILDER)
        .region(query.region)
        .namespace(query.namespace)
        .metric_name(query.metric)
        .dimensions({name: [value] for name, value in query.dimensions})
        .match_exact(True)
        .statistic(query.stat)
        .hide(target.hidden)
    )


def _math(target: Math, region: str) -> cloudwatch.CloudWatchMetricsQuery:
    query = _cloudwatch(target.id, target.title).metric_editor_mode(MetricEditorMode.CODE)
    return query.region(region).expression(target.expression).dimensions({})


def _cloudwatch(name: str, label: str) -> cloudwatch.CloudWatchMetricsQuery:
    return (
        cloudwatch.CloudWatchMetricsQuery()
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .id(name)
        .label(label)
        .period(PERIOD)
    )
