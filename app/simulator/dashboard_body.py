"""What PutDashboard looks for in a body: errors refuse it, warnings come back beside the success."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from alerts.expression import names, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_WIDGETS = 500
MAX_METRICS_PER_WIDGET = 500
MAX_METRICS = 2500
COLUMNS = 24
MAX_VARIABLES = 25
TYPES = ("metric", "text", "log", "alarm", "explorer", "custom")
VIEWS = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
_BODY = {"widgets", "start", "end", "periodOverride", "variables"}
_WIDGET = {"type", "x", "y", "width", "height", "properties"}
_METRIC = {
    *("accountId", "annotations", "legend", "liveData", "metrics", "period", "region", "setPeriodToTimeRange"),
    *("singleValueFullPrecision", "sparkline", "stacked", "stat", "table", "timezone", "title", "trend", "view", "yAxis"),
}
_OPTIONS = {"accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"}
_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` as CloudWatch writes it: `/widgets/0/properties/region`."""

    kind: Literal["error", "warning"]
    path: str
    message: str


def check(body: str) -> tuple[Finding, ...]:
    try:
        document = json.loads(body)
    except ValueError:
        return (Finding("error", "/", "The field DashboardBody must be a valid JSON object"),)
    if not isinstance(document, dict) or not isinstance(document.get("widgets"), list):
        return (Finding("error", "/", "Should have an array of widgets"),)
    return tuple(_dashboard(document))


def _dashboard(document: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _unknown("", document, _BODY)
    if document.get("periodOverride", "auto") not in ("auto", "inherit"):
        yield Finding("error", "/periodOverride", "Should be auto or inherit")
    widgets = document["widgets"]
    if len(widgets) > MAX_WIDGETS:
        yield Finding("error", "/widgets", f"Should NOT have more than {MAX_WIDGETS} items")
    if len(document.get("variables") or ()) > MAX_VARIABLES:
        yield Finding("error", "/variables", f"Should NOT have more than {MAX_VARIABLES} items")
    for number, widget in enumerate(widgets):
        yield from _widget(f"/widgets/{number}", widget)
    drawn = sum(len(w.get("properties", {}).get("metrics") or ()) for w in widgets)
    if drawn > MAX_METRICS:
        yield Finding("error", "/widgets", f"Should NOT have more than {MAX_METRICS} metrics")


def _widget(path: str, widget: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _unknown(path, widget, _WIDGET)
    if widget.get("type") not in TYPES:
        yield Finding("error", f"{path}/type", f"Should be one of {', '.join(TYPES)}")
    x, width, height = widget.get("x", 0), widget.get("width", 6), widget.get("height", 6)
    if not 0 <= x < COLUMNS or not 1 <= width <= COLUMNS or not 1 <= height <= 1000:
        yield Finding("error", path, "x should be 0 to 23, width 1 to 24, height 1 to 1000")
    if x + width > COLUMNS:
        yield Finding("warning", path, "The widget does not fit into 24 columns")
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield Finding("error", f"{path}/properties", "Should be an object")
    elif widget.get("type") == "text" and not isinstance(properties.get("markdown"), str):
        yield Finding("error", f"{path}/properties", "Should have required property 'markdown'")
    elif widget.get("type") == "metric":
        yield from _metric_widget(f"{path}/properties", properties)


def _metric_widget(path: str, properties: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _unknown(path, properties, _METRIC)
    metrics = properties.get("metrics")
    if not isinstance(properties.get("region"), str):
        yield Finding("error", path, "Should have required property 'region'")
    if not isinstance(metrics, list) or not metrics:
        yield Finding("error", path, "Should have required property 'metrics'")
        return
    if len(metrics) > MAX_METRICS_PER_WIDGET:
        yield Finding("error", f"{path}/metrics", f"Should NOT have more than {MAX_METRICS_PER_WIDGET} items")
    if properties.get("view", "timeSeries") not in VIEWS:
        yield Finding("error", f"{path}/view", f"Should be one of {', '.join(VIEWS)}")
    for number, line in enumerate(properties.get("annotations", {}).get("horizontal") or ()):
        if not isinstance(line.get("value"), int | float):
            yield Finding("error", f"{path}/annotations/horizontal/{number}", "Should have required property 'value'")
    ids = [row[-1]["id"] for row in metrics if row and isinstance(row[-1], dict) and "id" in row[-1]]
    if len(set(ids)) < len(ids):
        yield Finding("error", f"{path}/metrics", "Ids should be unique in a widget")
    for number, row in enumerate(metrics):
        yield from _metric(f"{path}/metrics/{number}", row, set(ids))


def _metric(path: str, row: list[Any], ids: set[str]) -> Iterator[Finding]:
    """`[namespace, metric, name, value, ..., {options}]`, or `[{expression}]`."""
    options = row[-1] if row and isinstance(row[-1], dict) else {}
    words = row[:-1] if options else row
    yield from _unknown(path, options, _OPTIONS)
    if "id" in options and not _ID.fullmatch(options["id"]):
        yield Finding("error", f"{path}/id", "Should begin with a small letter and hold letters, digits and _")
    if "expression" in options:
        yield from _expression(path, options["expression"], words, ids)
    elif len(words) < 2 or len(words) % 2 or not all(isinstance(word, str) for word in words):
        yield Finding("error", path, "Should be a namespace, a metric name, and names and values of dimensions")


def _expression(path: str, expression: str, words: list[Any], ids: set[str]) -> Iterator[Finding]:
    try:
        used = names(parse(expression))
    except ValueError as error:
        yield Finding("error", path, f"Invalid metric math: {error}")
        return
    if words or not set(used) <= ids:
        yield Finding("error", path, "An expression stands alone and uses ids of its widget")


def _unknown(path: str, found: Mapping[str, Any], known: set[str]) -> Iterator[Finding]:
    for name in sorted(found.keys() - known):
        yield Finding("warning", f"{path}/{name}", "Unknown property, ignored")
