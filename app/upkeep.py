"""What alarms and dashboards cost a month by being there, by component."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from alerts.prices import monthly
from dashboards.naming import cloudwatch_name
from slo.resource import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slo.estate.spec import Estate
    from slo.prices.price_list import PriceList
    from slo.resource import Resource


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Dollars a month; `component` is empty for what belongs to the whole estate."""

    component: str
    alarms: Fraction = Fraction(0)
    dashboards: Fraction = Fraction(0)


def upkeep(estate: Estate, resources: Sequence[Resource], prices: PriceList) -> tuple[Upkeep, ...]:
    """In the estate's order, what belongs to all of it last. Of the dashboards of an account some are free: all share that."""
    owners = {cloudwatch_name(estate.name, f"component_{c.name}"): c.name for c in estate.components}
    drawn = [r for r in resources if r.kind == "dashboard"]
    count = Counter(r.account for r in drawn)
    each = {account: prices["dashboard"].beyond_free(number) / number for account, number in count.items()}
    alarms = _summed((r.tags.get(COMPONENT, ""), monthly(r, prices)) for r in resources if r.kind != "dashboard")
    boards = _summed((owners.get(r.name, ""), each[r.account]) for r in drawn)
    names = (*(c.name for c in estate.components), "")
    return tuple(Upkeep(n, alarms[n], boards[n]) for n in names if alarms[n] or boards[n])


def _summed(parts: Iterable[tuple[str, Fraction]]) -> defaultdict[str, Fraction]:
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for name, dollars in parts:
        found[name] += dollars
    return found
