"""What alarms and dashboards cost a month by list price. An estimate, never a bill."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slo.prices.price_list import PriceList, PriceName
    from slo.resource import Kind, Resource

_FLAT: dict[Kind, PriceName] = {"composite": "composite-alarm", "dashboard": "dashboard"}


def monthly(resource: Resource, prices: PriceList) -> Fraction:
    """Dollars. A math alarm is billed for every metric that it reads; a topic costs nothing by itself."""
    if resource.kind != "alarm":
        return prices[_FLAT[resource.kind]].of(1) if resource.kind in _FLAT else Fraction(0)
    stats = [q["MetricStat"] for q in resource.spec.get("Metrics", ()) if "MetricStat" in q] or [resource.spec]
    slow = sum(stat["Period"] >= 60 for stat in stats)
    return prices["alarm-metric"].of(slow) + prices["alarm-metric-high-resolution"].of(len(stats) - slow)
