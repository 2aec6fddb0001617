"""What reading the sources costs a month, as `/sources` shows it: by source, and the components that take most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.costs import LOOKS
from slo.prices.price_list import format_dollars

if TYPE_CHECKING:
    from app.costs import Lane, Reading, Share

TOP = 10


@dataclass(frozen=True, slots=True)
class CostLine:
    """`why` says why the dollars are nothing although it may cost something."""

    name: str
    series: str
    requests: str
    dollars: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LaneLine:
    source: str
    lane: str
    objectives: int
    poll: int
    mean: str
    worst: str


@dataclass(frozen=True, slots=True)
class CostPage:
    """`prices` names the list that was reckoned with; `more` components are not among the first ones."""

    sources: tuple[CostLine, ...]
    components: tuple[CostLine, ...]
    more: int
    total: CostLine
    hottest: str
    lanes: tuple[LaneLine, ...]
    prices: str


def cost_page(reading: Reading) -> CostPage:
    components = reading.by_component()
    return CostPage(
        tuple(_line(_title(s.source), s, reading.unpriced.get(s.source, "")) for s in reading.by_source()),
        tuple(_line(s.component, s) for s in components[:TOP]),
        max(0, len(components) - TOP),
        _line("All sources", reading.total),
        format_dollars(reading.hottest),
        tuple(map(_lane, reading.lanes)),
        f"AWS list prices of {reading.prices.date} for {reading.prices.region}, in US dollars",
    )


def _title(source: str) -> str:
    return "recovery (lags, replication, queues)" if source == LOOKS else source


def _line(name: str, share: Share, why: str = "") -> CostLine:
    series = f"{float(share.series):,.1f}".removesuffix(".0")
    return CostLine(name, series, f"{float(share.requests):,.0f}", format_dollars(share.dollars), why)


def _lane(lane: Lane) -> LaneLine:
    return LaneLine(lane.source, lane.lane, lane.objectives, lane.poll, f"{float(lane.mean):.1f}", f"{float(lane.worst):.1f}")
