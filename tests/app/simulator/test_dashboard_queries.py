"""Every CloudWatch query of every dashboard of the reference estate, sent by a real boto3, is answered with data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from app.files import packaged_spec, read_catalog
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.dashboard_body import check
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from dashboards.desired import dashboards_of
from slo.estate.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboards.desired import Dashboard

# Half an hour past midnight: what S3 reports once a day is within the last two hours too.
NOW = 30_000_960 * 60
assert NOW % 86_400 == 0
UNTIL = NOW + 1800
SINCE = NOW - 5400
RARE = {"NumberOfNotificationsFailed", "ErrorPortAllocation"}
"""Reported only when something failed; the two hours looked at were quiet."""


def reference() -> tuple[Dashboard, ...]:
    catalog = read_catalog()
    estate = load([("reference.yaml", packaged_spec("reference"))], catalog).estate
    assert estate is not None
    return dashboards_of(estate, catalog, "https://sloop.example")


MADE = reference()


@dataclass(frozen=True, slots=True)
class Ask:
    """The queries of one panel, as GetMetricData takes them; their ids belong together."""

    where: str
    queries: list[dict[str, Any]]


def of_cloudwatch(dashboard: Dashboard) -> Iterator[Ask]:
    for widget in dashboard.body["widgets"]:
        if widget["type"] == "metric":
            properties = widget["properties"]
            yield Ask(f"{dashboard.name}: {properties['title']}", [_row(row, properties) for row in properties["metrics"]])


def _row(row: list[Any], properties: dict[str, Any]) -> dict[str, Any]:
    *words, options = row
    if "expression" in options:
        return {"Id": options["id"], "Expression": options["expression"], "Label": options["label"]}
    pairs = zip(words[2::2], words[3::2], strict=True)
    return metric(options["id"], words[0], words[1], dict(pairs), options["stat"], properties["period"])


def of_grafana(dashboard: Dashboard) -> Iterator[Ask]:
    for panel in dashboard.body["panels"]:
        targets = [t for t in panel.get("targets", ()) if t["datasource"]["type"] == "cloudwatch"]
        if targets:
            yield Ask(f"{dashboard.name}: {panel['title']}", [_target(target) for target in targets])


def _target(target: dict[str, Any]) -> dict[str, Any]:
    if target["metricEditorMode"] == 1:
        return {"Id": target["id"], "Expression": target["expression"], "Label": target["label"]}
    dimensions = {name: values[0] for name, values in target["dimensions"].items()}
    found = target["namespace"], target["metricName"], dimensions, target["statistic"], int(target["period"])
    return metric(target["id"], *found)


def metric(name: str, namespace: str, title: str, dimensions: dict[str, str], stat: str, period: int) -> dict[str, Any]:
    pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    what = {"Namespace": namespace, "MetricName": title, "Dimensions": pairs}
    return {"Id": name, "MetricStat": {"Metric": what, "Period": period, "Stat": stat}}


READERS: dict[str, Callable[[Dashboard], Iterator[Ask]]] = {"grafana": of_grafana, "cloudwatch": of_cloudwatch}


@pytest.fixture(scope="module")
def client(switch: Any, boto: Callable[[str], Any]) -> Any:
    """An account whose API has just failed for a while, so that counts of errors exist."""
    model = DemoModel(7)
    model.inject("api-5xx", NOW - 600)
    clock = ManualClock(UNTIL + 300)
    switch.app = create_app(CloudWatch(clock, lambda *_: None, provider=model), clock)
    return boto("cloudwatch")


@pytest.mark.parametrize("form", READERS)
def test_every_query_of_the_reference_estate_is_answered_with_data(client: Any, form: str) -> None:
    asks = [ask for dashboard in MADE if dashboard.format == form for ask in READERS[form](dashboard)]
    assert len(asks) > 80
    empty = {f"{ask.where}: {name}" for ask in asks for name in unanswered(client, ask)}
    assert empty == set()


def unanswered(client: Any, ask: Ask) -> Iterator[str]:
    answer = client.get_metric_data(MetricDataQueries=ask.queries, StartTime=SINCE, EndTime=UNTIL)
    assert "NextToken" not in answer
    rare = {q["Id"] for q in ask.queries if "MetricStat" in q and q["MetricStat"]["Metric"]["MetricName"] in RARE}
    for result in answer["MetricDataResults"]:
        if not result["Values"] and result["Id"] not in rare:
            yield f"{result['Label']} ({result['Id']})"


@pytest.mark.parametrize("dashboard", [d for d in MADE if d.format == "cloudwatch"], ids=lambda d: d.name)
def test_every_body_of_the_reference_estate_is_taken_without_a_warning(client: Any, dashboard: Dashboard) -> None:
    assert check(dashboard.text) == ()
    answer = client.put_dashboard(DashboardName=dashboard.key, DashboardBody=dashboard.text)
    assert answer["DashboardValidationMessages"] == []


@pytest.mark.parametrize("form", READERS)
def test_there_is_a_dashboard_for_every_component_the_estate_and_on_call(form: str) -> None:
    keys = [dashboard.key for dashboard in MADE if dashboard.format == form]
    assert len(set(keys)) == len(keys)
    assert len(keys) > 30
