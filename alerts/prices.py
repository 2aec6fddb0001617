"""What alarms and dashboards cost a month by list price. An estimate, never a bill."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from alerts.heartbeat import NAMESPACE
from slo.resource import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.prices.price_list import PriceList, PriceName
    from slo.resource import Kind, Resource

_FLAT: dict[Kind, PriceName] = {"composite": "composite-alarm", "dashboard": "dashboard"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What one choice of the estate costs a month: so many alarms, composites or dashboards, in dollars."""

    what: str
    count: int
    dollars: Fraction


CHOICES = (
    "default alarms",
    "held back while a dependency is down",
    "survives_sloop",
    "burn_metric",
    "heartbeat and dead letters",
    "dashboards",
)


def choices(resources: Iterable[Resource], prices: PriceList) -> tuple[Choice, ...]:
    """Only those that cost anything, in the order of `CHOICES`."""
    found: dict[str, list[Fraction]] = {what: [] for what in CHOICES}
    for resource in resources:
        cost = monthly(resource, prices)
        if cost:
            found[_choice(resource)].append(cost)
    return tuple(Choice(what, len(costs), sum(costs, Fraction(0))) for what, costs in found.items() if costs)


def _choice(resource: Resource) -> str:
    """By the names that `burn_alarms`, `burn_metric` and `suppression` give."""
    if resource.kind not in ("alarm", "composite"):
        return "dashboards"
    if COMPONENT not in resource.tags:
        return "heartbeat and dead letters"
    end = resource.name.rsplit("/", 1)[-1]
    if resource.kind == "composite":
        return "held back while a dependency is down" if end in ("symptoms", "upstream") else "survives_sloop"
    return "burn_metric" if end == "published" else "survives_sloop" if "/page/burn-" in resource.name else "default alarms"


def monthly(resource: Resource, prices: PriceList) -> Fraction:
    """Dollars. A math alarm is billed for every metric that it reads, and a metric of ours for being one.

    Topics, queues, subscriptions and mute rules cost nothing by themselves.
    """
    if resource.kind != "alarm":
        return prices[_FLAT[resource.kind]].of(1) if resource.kind in _FLAT else Fraction(0)
    stats = [q["MetricStat"] for q in resource.spec.get("Metrics", ()) if "MetricStat" in q] or [resource.spec]
    slow = sum(stat["Period"] >= 60 for stat in stats)
    ours = sum(stat.get("Metric", stat).get("Namespace") == NAMESPACE for stat in stats)
    own = prices["custom-metric"].of(ours)
    return own + prices["alarm-metric"].of(slow) + prices["alarm-metric-high-resolution"].of(len(stats) - slow)
