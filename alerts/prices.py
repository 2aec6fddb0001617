"""What alarms and dashboards cost a month by list price: us-east-1, 2025-10-28 (AWS Price List). An estimate, never a bill."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slo.resource import Resource

STANDARD, HIGH_RESOLUTION, COMPOSITE, DASHBOARD = Decimal("0.10"), Decimal("0.30"), Decimal("0.50"), Decimal("3.00")
"""US dollars: per metric of an alarm, the same below a minute, per composite alarm, per dashboard (three are free)."""


def monthly(resource: Resource) -> Decimal:
    """A math alarm is billed for every metric that it reads; a topic costs nothing by itself."""
    flat = {"composite": COMPOSITE, "dashboard": DASHBOARD}
    if resource.kind != "alarm":
        return flat.get(resource.kind, Decimal(0))
    stats = [q["MetricStat"] for q in resource.spec.get("Metrics", ()) if "MetricStat" in q] or [resource.spec]
    return sum((STANDARD if stat["Period"] >= 60 else HIGH_RESOLUTION for stat in stats), Decimal(0))
