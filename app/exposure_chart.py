"""Exposure as inline SVG: what each hour saw from its least to its worst, the limit, and hatched where nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.charts import Plane, apart, grid, svg, time_axis
from slo.judge.recovery_point import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from markupsafe import Markup

    from app.charts import Size
    from slo.judge.exposure_hours import ExposureHour

_HEADROOM = 1.15


def exposure(hours: Sequence[ExposureHour], limit: int | None, size: Size, label: str, named: Callable[[int], str]) -> Markup:
    """`hours` ascend without a hole, `limit` is in seconds, `named` writes an age on the scale."""
    worst = max((h.worst for h in hours if h.worst is not None), default=0)
    high = max(worst, limit or 0, 60) * _HEADROOM
    plane = Plane(size, hours[0].start // 60, (hours[-1].start + HOUR) // 60, 0.0, high)
    marks = [(0.0, "0"), *(((float(limit), named(limit)),) if limit is not None else ()), (float(worst), named(worst))]
    line = plane.path([(plane.start, float(limit)), (plane.end, float(limit))]) if limit is not None else ""
    parts = [
        *(plane.band(start, end, 'class="missing" fill="url(#hatch)"') for start, end in _unknown(hours)),
        *grid(plane, apart(plane, marks)),
        *(part for hour in hours for part in _bars(plane, hour, limit)),
        *([f'<path class="limit" d="{line}"/>'] if line else []),
        *time_axis(plane),
    ]
    return svg(size, label, parts)


def _unknown(hours: Sequence[ExposureHour]) -> Iterator[tuple[int, int]]:
    """Stretches in minutes, of hours without any number; neighbours are one."""
    begin: int | None = None
    for hour in hours:
        if hour.worst is None and begin is None:
            begin = hour.start // 60
        elif hour.worst is not None and begin is not None:
            yield begin, hour.start // 60
            begin = None
    if begin is not None:
        yield begin, (hours[-1].start + HOUR) // 60


def _bars(plane: Plane, hour: ExposureHour, limit: int | None) -> Iterator[str]:
    """From the least to the worst; what is above the limit in another colour, and wider than a hair."""
    if hour.worst is None or hour.least is None:
        return
    border = hour.worst if limit is None else min(max(limit, hour.least), hour.worst)
    if limit is None or hour.least <= limit:
        yield _bar(plane, hour.start // 60, hour.least, border, "seen")
    if limit is not None and hour.worst > limit:
        yield _bar(plane, hour.start // 60, border, hour.worst, "bad")


def _bar(plane: Plane, minute: int, low: float, high: float, name: str) -> str:
    left, right = plane.x(minute), plane.x(minute + 60)
    top, floor = plane.y(high), plane.y(low)
    return (
        f'<rect class="{name}" x="{left:.1f}" y="{min(top, floor - 2):.1f}" width="{max(right - left, 1.2):.1f}" '
        f'height="{max(floor - top, 2):.1f}"/>'
    )
