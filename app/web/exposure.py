"""The exposure of one target as figures: the last day and the last month by the hour, each with its takeaway and a table."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from app import exposure_chart
from app.charts import NARROW, WIDE
from app.web import numbers
from app.web.curves import Figure
from app.web.troubles import age

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.exposure_hours import ExposureHour

DAY = 24
HEADS = ("from", "least", "worst", "within RPO", "readings", "unknown")


def figure(hours: Sequence[ExposureHour], limit: int | None, span: str, *, by_day: bool) -> Figure:
    """`limit` is in seconds. The table has a line an hour, or a line a day of UTC."""
    if not any(h.known or h.unknown for h in hours):
        return Figure(f"No recovery point was read in the {span}.")
    text = takeaway(hours, limit, span)
    svgs = tuple(exposure_chart.exposure(hours, limit, size, text, age) for size in (WIDE, NARROW))
    groups = _days(hours) if by_day else [[hour] for hour in hours]
    return Figure(text, svgs, HEADS, tuple(_row(group, limit, by_day=by_day) for group in reversed(groups)))


def takeaway(hours: Sequence[ExposureHour], limit: int | None, span: str) -> str:
    worst = max((h for h in hours if h.worst is not None), key=lambda h: h.worst or 0, default=None)
    dark = sum(h.worst is None for h in hours)
    rest = f" {numbers.plural(dark, 'hour')} of {len(hours)} without a number." if dark else ""
    if worst is None or worst.worst is None:
        return f"No reading in the {span} had a number.{rest}"
    text = f"The worst exposure in the {span} was {age(worst.worst)}, in the hour from {_named(worst.start)}."
    if limit is not None:
        over = sum(h.worst is not None and h.worst > limit for h in hours)
        share = _share(hours)
        text += f" It was over the RPO in {numbers.plural(over, 'hour')}" if over else " It was never over the RPO"
        text += "." if share is None else f"; {numbers.percent(share, 1)} of the readings were within it."
    return text + rest


def _share(hours: Sequence[ExposureHour]) -> Fraction | None:
    known = sum(h.known for h in hours)
    return Fraction(sum((h.within or 0) * h.known for h in hours), known) if known else None


def _days(hours: Sequence[ExposureHour]) -> list[list[ExposureHour]]:
    found: dict[int, list[ExposureHour]] = {}
    for hour in hours:
        found.setdefault(hour.start // 86_400, []).append(hour)
    return list(found.values())


def _row(group: Sequence[ExposureHour], limit: int | None, *, by_day: bool) -> tuple[str, ...]:
    least = min((h.least for h in group if h.least is not None), default=None)
    worst = max((h.worst for h in group if h.worst is not None), default=None)
    share = None if limit is None else _share(group)
    return (
        f"{datetime.fromtimestamp(group[0].start, UTC):%Y-%m-%d}" if by_day else _named(group[0].start),
        numbers.UNKNOWN if least is None else age(least),
        "unknown" if worst is None else age(worst),
        numbers.UNKNOWN if share is None else numbers.percent(share, 1),
        numbers.count(sum(h.known for h in group)),
        numbers.count(sum(h.unknown for h in group)),
    )


def _named(start: int) -> str:
    return f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M}Z"
