"""An estimate as people read it, rounded to cents, and as JSON, which is not rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.cli.output import table_lines
from app.costs import FAST_POLL, MINUTES
from app.estimate import Row
from slo.prices.price_list import format_dollars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.costs import Lane, Reading, Share
    from app.estimate import Estimate

WHOLE = "(whole estate)"
TOTAL = "total"
_HEADER = ("COMPONENT", "SERIES", "REQUESTS", "READING", "ALARMS", "DASHBOARDS", "A MONTH")


def cost_lines(found: Estimate) -> Iterator[str]:
    yield _headline(f"Estate {found.estate}", found)
    yield ""
    rows = [*map(_cells, found.rows()), (TOTAL, *_cells(found.total())[1:])]
    yield from table_lines(_HEADER, rows, numbers=range(1, 7))
    yield ""
    sources = [
        (s.source, f"{float(s.series):,.0f}", f"{float(s.requests):,.0f}", format_dollars(s.dollars))
        for s in found.reading.by_source()
    ]
    yield from table_lines(("SOURCE", "SERIES", "REQUESTS", "A MONTH"), sources, numbers=range(1, 4))
    yield ""
    yield "From an event to the judgement of its minute, in minutes:"
    yield from table_lines(("SOURCE", "LANE", "OBJECTIVES", "POLL", "MEAN", "WORST"), _lanes(found), numbers=range(2, 6))
    yield from _waits(found.reading)
    yield ""
    yield f"If every objective burned all month, all were in the fast lane: reading {format_dollars(found.reading.hottest)}."
    yield from (f"Not in these numbers: {note}" for note in found.notes)


def comparison_lines(before: Estimate, after: Estimate) -> Iterator[str]:
    """Only the components that the change touches."""
    names = f"Estate {after.estate}" if after.estate == before.estate else f"Estate {before.estate}, then {after.estate}"
    yield _headline(names, after)
    yield ""
    rows = [(_name(old), *_changed(old, new)) for old, new in _pairs(before, after) if old != new]
    rows.append((TOTAL, *_changed(before.total(), after.total())))
    header = ("COMPONENT", "REQUESTS BEFORE", "AFTER", "CHANGE", "DOLLARS BEFORE", "AFTER", "CHANGE")
    yield from table_lines(header, rows, numbers=range(1, 7))
    if len(rows) == 1:
        yield "The change costs nothing and saves nothing."


def cost_document(found: Estimate) -> dict[str, Any]:
    return {
        "estate": found.estate,
        "prices": _prices(found),
        "month_minutes": MINUTES,
        "total": _document(found.total()),
        "components": [{"component": r.component or None, **_document(r)} for r in found.rows()],
        "sources": [_source(s) for s in found.reading.by_source()],
        "lanes": [_lane(lane) for lane in found.reading.lanes],
        "reading_if_all_burned": number(found.reading.hottest),
        "notes": list(found.notes),
    }


def comparison_document(before: Estimate, after: Estimate) -> dict[str, Any]:
    """As `cost_document`, each of the numbers three times; every component of either."""
    return {
        "prices": _prices(after),
        "month_minutes": MINUTES,
        "total": _three(before.total(), after.total()),
        "components": [{"component": old.component or None, **_three(old, new)} for old, new in _pairs(before, after)],
    }


def number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _headline(estate: str, found: Estimate) -> str:
    prices = found.reading.prices
    return (
        f"{estate} · list prices of {prices.date}, {prices.region}, in US dollars · a month of {MINUTES // 60} h · an estimate"
    )


def _cells(row: Row) -> tuple[str, ...]:
    parts = (row.reading, row.alarms, row.dashboards, row.dollars)
    return (_name(row), f"{float(row.series):,.1f}", f"{float(row.requests):,.0f}", *map(format_dollars, parts))


def _name(row: Row) -> str:
    return row.component or WHOLE


def _lanes(found: Estimate) -> list[tuple[str, ...]]:
    return [
        (one.source, one.lane, str(one.objectives), str(one.poll), f"{float(one.mean):.1f}", f"{float(one.worst):.1f}")
        for one in found.reading.lanes
    ]


def _waits(found: Reading) -> Iterator[str]:
    """What the slow lane costs those who are in it."""
    slowest = max((one.poll for one in found.lanes), default=FAST_POLL)
    if slowest > FAST_POLL:
        worst = slowest - FAST_POLL
        yield f"The slow lane judges up to {worst} minutes later than the fast one, {worst / 2:g} in the mean."


def _pairs(before: Estimate, after: Estimate) -> list[tuple[Row, Row]]:
    """Where the change is greatest first; a component that one of them lacks costs nothing there."""
    old, new = ({row.component: row for row in one.rows()} for one in (before, after))
    pairs = [(old.get(name, Row(name)), new.get(name, Row(name))) for name in {**new, **old}]
    return sorted(pairs, key=lambda pair: (-abs(pair[1].dollars - pair[0].dollars), pair[0].component))


def _changed(old: Row, new: Row) -> tuple[str, ...]:
    requests, dollars = new.requests - old.requests, new.dollars - old.dollars
    return (
        *(f"{float(r):,.0f}" for r in (old.requests, new.requests)),
        f"{float(requests):+,.0f}",
        *map(format_dollars, (old.dollars, new.dollars)),
        f"{'+' if dollars > 0 else ''}{format_dollars(dollars)}",
    )


def _prices(found: Estimate) -> dict[str, Any]:
    prices = found.reading.prices
    return {"date": prices.date.isoformat(), "region": prices.region, "currency": "USD"}


def _document(row: Row) -> dict[str, Any]:
    names = ("series", "requests", "reading", "alarms", "dashboards", "dollars")
    return {name: number(getattr(row, name)) for name in names}


def _three(old: Row, new: Row) -> dict[str, Any]:
    before, after = _document(old), _document(new)
    change = Row(
        "",
        new.series - old.series,
        new.requests - old.requests,
        new.reading - old.reading,
        new.alarms - old.alarms,
        new.dashboards - old.dashboards,
    )
    return {"before": before, "after": after, "change": _document(change)}


def _source(share: Share) -> dict[str, Any]:
    amounts = {"series": share.series, "requests": share.requests, "dollars": share.dollars}
    return {"source": share.source, **{name: number(amount) for name, amount in amounts.items()}}


def _lane(lane: Lane) -> dict[str, Any]:
    return {
        "source": lane.source,
        "lane": lane.lane,
        "objectives": lane.objectives,
        "poll_minutes": lane.poll,
        "mean_minutes": number(lane.mean),
        "worst_minutes": number(lane.worst),
    }
