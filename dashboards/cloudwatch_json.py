"""A view as the body of a CloudWatch dashboard: the panels that CloudWatch itself can draw, and links for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.grid import Row, place
from dashboards.panels import BarGauge, Math, Metric, Stat, Text, TimeSeries, on_cloudwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.grid import Placed
    from dashboards.panels import Drawn, Target
    from dashboards.views import View
    from slo.estate.indicator import MetricQuery
    from slo.estate.spec import Estate

PERIOD = 60
COLOURS = {"grey": "#7f7f7f", "green": "#2ca02c", "yellow": "#bcbd22", "orange": "#ff7f0e", "red": "#d62728", "blue": "#1f77b4"}
UNITS = {
    "count": "Count",
    "percent": "Percent",
    "seconds": "Seconds",
    "milliseconds": "Milliseconds",
    "bytes": "Bytes",
    "bytes_per_second": "Bytes/Second",
    "per_second": "Count/Second",
}


def body(estate: Estate, view: View) -> dict[str, Any]:
    """The dashboard as JSON values; a row of which CloudWatch can draw nothing is left out."""
    rows = (_drawable(row) for row in view.rows)
    return {
        "start": "-PT6H",
        "periodOverride": "inherit",
        "widgets": [_widget(estate, placed) for placed in place(row for row in rows if row)],
    }


def _drawable(row: Row) -> Row | None:
    panels = tuple(panel for panel in row.panels if on_cloudwatch(panel))
    return Row(row.heading, panels) if panels else None


def _widget(estate: Estate, placed: Placed) -> dict[str, Any]:
    where = {"x": placed.x, "y": placed.y, "width": placed.width, "height": placed.height}
    if isinstance(placed.panel, str):
        return {"type": "text", **where, "properties": {"markdown": f"## {placed.panel}", "background": "transparent"}}
    if isinstance(placed.panel, Text):
        return {"type": "text", **where, "properties": {"markdown": placed.panel.markdown}}
    return {"type": "metric", **where, "properties": _properties(estate, placed.panel)}


def _properties(estate: Estate, panel: Drawn) -> dict[str, Any]:
    """`region` is where metric math runs: that of the panel's metrics."""
    region = next((t.query.region for t in panel.targets if isinstance(t, Metric)), "us-east-1")
    unit = UNITS.get(panel.unit)
    axis = {"left": {"showUnits": False, **({"label": unit} if unit else {})}}
    properties = {
        "title": panel.title,
        "region": region,
        "view": {Stat: "singleValue", BarGauge: "gauge"}.get(type(panel), "timeSeries"),
        "stat": "Average",
        "period": PERIOD,
        "metrics": list(_metrics(estate, panel.targets)),
    }
    if isinstance(panel, TimeSeries):
        lines = [{"label": mark.label, "value": mark.value, "color": COLOURS[mark.colour]} for mark in panel.marks]
        properties |= {"stacked": False, "yAxis": axis, **({"annotations": {"horizontal": lines}} if lines else {})}
    return properties


def _metrics(estate: Estate, targets: tuple[Target, ...]) -> Iterator[list[Any]]:
    """As CloudWatch writes them: namespace, metric, dimension, value, ..., and how to draw it."""
    for target in targets:
        if isinstance(target, Metric):
            yield _metric(estate, target)
        elif isinstance(target, Math):
            yield [{"id": target.id, "expression": target.expression, "label": target.title}]


def _metric(estate: Estate, target: Metric) -> list[Any]:
    query = target.query
    options: dict[str, Any] = {"id": target.id, "stat": query.stat, "region": query.region, "label": target.title}
    if target.hidden:
        options["visible"] = False
    return [query.namespace, query.metric, *_flat(query), options | _elsewhere(estate, query)]


def _flat(query: MetricQuery) -> Iterator[str]:
    for pair in query.dimensions:
        yield from pair


def _elsewhere(estate: Estate, query: MetricQuery) -> dict[str, Any]:
    """Dashboards stand in the first account; a metric of another one names it."""
    account = estate.account(query.account)
    return {"accountId": account.id} if account is not None and account != estate.accounts[0] else {}
