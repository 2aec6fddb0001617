"""What is drawn and alarmed on beside the objectives: series, default alarms and panels, bound to real resources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.indicator import Comparison, MetricQuery
    from slo.estate.spec import Severity

Layer = Literal["edge", "compute", "data", "storage", "network", "security", "observability"]
LAYERS: dict[Layer, str] = {
    "edge": "Edge",
    "compute": "Compute",
    "data": "Data",
    "storage": "Storage",
    "network": "Network",
    "security": "Security",
    "observability": "Observability",
}
"""In the order of the target architecture, with the title of each."""

Unit = Literal["count", "percent", "seconds", "milliseconds", "bytes", "bytes_per_second", "ratio", "none"]
UNITS: tuple[Unit, ...] = ("count", "percent", "seconds", "milliseconds", "bytes", "bytes_per_second", "ratio", "none")

Missing = Literal["missing", "ignore", "breaching", "notBreaching"]
MISSING: tuple[Missing, ...] = ("missing", "ignore", "breaching", "notBreaching")


@dataclass(frozen=True, slots=True)
class Signal:
    """A series to draw or to alarm on; `name` is unique within its component."""

    name: str
    title: str
    unit: Unit
    query: MetricQuery


@dataclass(frozen=True, slots=True)
class DefaultAlarm:
    """Alarms when `datapoints` of `periods` values, each of `period` seconds, compare true with `threshold`.

    `queries` is by the id that `expression` (metric math) uses; without expression there is one query, and it is the value.
    `name` is an RFC 1123 label, unique within its component. `down`: it tells that the component itself is gone.
    """

    name: str
    queries: Mapping[str, MetricQuery]
    expression: str | None
    comparison: Comparison
    threshold: Decimal
    period: int
    datapoints: int
    periods: int
    missing: Missing
    severity: Severity
    reason: str
    source: str
    down: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """`signals` are names of signals of the same component, all in `unit`."""

    title: str
    unit: Unit
    signals: tuple[str, ...]
