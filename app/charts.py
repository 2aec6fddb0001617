"""Charts as inline SVG: classes and presentation attributes only, so that they live under a policy without inline styles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from markupsafe import Markup, escape

from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from slo.units import Minute

Kind = Literal["good", "bad", "idle", "missing"]
TOP, RIGHT, BOTTOM, LEFT = 10, 12, 24, 58
_TICKS = (10, 30, 60, 120, 360, 720, 1440, 2880, 7200, 14400, 43200)


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int


WIDE, NARROW = Size(1040, 240), Size(340, 210)


@dataclass(frozen=True, slots=True)
class Plane:
    """Maps minutes and shares to points: `start..end` runs left to right, `low..high` bottom to top."""

    size: Size
    start: Minute
    end: Minute
    low: float
    high: float

    def x(self, minute: float) -> float:
        return LEFT + (minute - self.start) / (self.end - self.start) * (self.size.width - LEFT - RIGHT)

    def y(self, share: float) -> float:
        within = min(max(share, self.low), self.high)
        return TOP + (self.high - within) / (self.high - self.low) * (self.size.height - TOP - BOTTOM)

    @property
    def floor(self) -> float:
        return self.y(self.low)

    def path(self, points: Iterable[tuple[Minute, float]]) -> str:
        """`M` to the first, `L` to the others; tenths of a pixel are enough."""
        return "".join(f"{'L' if n else 'M'}{self.x(m):.1f} {self.y(s):.1f}" for n, (m, s) in enumerate(points))

    def band(self, start: Minute, end: Minute, attributes: str, *, height: float | None = None) -> str:
        """A stripe over the whole height, or only `height` pixels of it from the floor up."""
        left, right = self.x(max(start, self.start)), self.x(min(end, self.end))
        tall = self.floor - TOP if height is None else height
        return (
            f'<rect x="{left:.1f}" y="{self.floor - tall:.1f}" width="{max(right - left, 1.5):.1f}" '
            f'height="{tall:.1f}" {attributes}/>'
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes of one kind in a row: start <= minute < end. `values` holds their shares, empty where nothing is known."""

    kind: Kind
    start: Minute
    end: Minute
    values: tuple[float, ...] = ()


def burn_down(
    curve: Sequence[tuple[Minute, Fraction]], bands: Sequence[tuple[Minute, Minute]], size: Size, label: str
) -> Markup:
    """Budget left over the window, the line of even spending, and when a breach was open."""
    points = [(minute, float(left)) for minute, left in _thinned(curve, size.width // 2)]
    plane = Plane(size, points[0][0], points[-1][0], min(0.0, *(s for _, s in points)) * 1.05, 1.0)
    end = points[-1]
    parts = [
        *(plane.band(start, stop, 'class="firing"') for start, stop in bands if stop > plane.start),
        *grid(plane, apart(plane, [(share, _label(share)) for share in (0.0, 1.0, 0.5, plane.low)])),
        f'<path class="even" d="{plane.path([(plane.start, 1.0), (plane.end, 0.0)])}"/>',
        f'<path class="area" d="{plane.path([*points, (plane.end, 0.0), (plane.start, 0.0)])}Z"/>',
        f'<path class="line" d="{plane.path(points)}"/>',
        f'<circle class="dot" cx="{plane.x(end[0]):.1f}" cy="{plane.y(end[1]):.1f}" r="4"/>',
        *time_axis(plane),
    ]
    return svg(size, label, parts)


def indicator(stretches: Sequence[Stretch], target: float, size: Size, label: str) -> Markup:
    """Share of good events per minute: bad ones hang red from the objective line, gaps are hatched, idle lies on the floor."""
    lowest = min((v for s in stretches for v in s.values), default=target)
    low = max(0.0, 1 - max(4 * (1 - target), 1.08 * (1 - lowest)))
    plane = Plane(size, stretches[0].start, stretches[-1].end, low, 1.0)
    marks = apart(plane, [(1.0, "100 %"), (target, _label(target)), (low, _label(low))])
    parts = [
        *(_unknown(plane, s) for s in stretches if not s.values),
        *grid(plane, marks),
        f'<path class="objective" d="{plane.path([(plane.start, target), (plane.end, target)])}"/>',
        *(f'<path class="sli" d="{_steps(plane, s)}"/>' for s in stretches if s.kind == "good"),
        *(_columns(plane, s, target) for s in stretches if s.kind == "bad"),
        *time_axis(plane),
    ]
    return svg(size, label, parts)


def _unknown(plane: Plane, stretch: Stretch) -> str:
    if stretch.kind == "missing":
        return plane.band(stretch.start, stretch.end, 'class="missing" fill="url(#hatch)"')
    return plane.band(stretch.start, stretch.end, 'class="idle"', height=7)


def _columns(plane: Plane, stretch: Stretch, target: float) -> str:
    top, width = plane.y(target), max(plane.x(1) - plane.x(0), 1.5)
    return "".join(
        f'<rect class="bad" x="{plane.x(stretch.start + n):.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{max(plane.y(value) - top, 2):.1f}"/>'
        for n, value in enumerate(stretch.values)
    )


def _steps(plane: Plane, stretch: Stretch) -> str:
    """A minute's value holds for the whole minute; only changes are written."""
    pieces = [f"M{plane.x(stretch.start):.1f} {plane.y(stretch.values[0]):.1f}"]
    for minute, (before, value) in enumerate(pairwise(stretch.values), stretch.start + 1):
        if value != before:
            pieces.append(f"H{plane.x(minute):.1f}V{plane.y(value):.1f}")
    return "".join([*pieces, f"H{plane.x(stretch.end):.1f}"])


def _thinned(curve: Sequence[tuple[Minute, Fraction]], most: int) -> list[tuple[Minute, Fraction]]:
    """At most about `most` points, the first and the last always among them."""
    step = max(1, -(-len(curve) // most))
    return [*curve[:-1:step], curve[-1]]


def grid(plane: Plane, marks: Iterable[tuple[float, str]]) -> list[str]:
    right = plane.size.width - RIGHT
    return [
        f'<path class="grid" d="M{LEFT} {plane.y(share):.1f}H{right}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{plane.y(share) + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        for share, text in marks
    ]


def apart(plane: Plane, marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Marks that would overlap are left out, the earlier one stays."""
    kept: list[tuple[float, str]] = []
    for mark in marks:
        if all(abs(plane.y(mark[0]) - plane.y(other[0])) >= 13 for other in kept):
            kept.append(mark)
    return kept


def time_axis(plane: Plane) -> list[str]:
    """Whole ticks in UTC: as many as fit with 70 pixels between them."""
    room = max(2, (plane.size.width - LEFT - RIGHT) // 70)
    step = next((s for s in _TICKS if (plane.end - plane.start) / s <= room), _TICKS[-1])
    form = "%H:%M" if step < 1440 else "%-d %b"
    y = plane.size.height - 7
    first = -(-plane.start // step) * step
    return [
        f'<text class="tick" x="{plane.x(m):.1f}" y="{y}" text-anchor="middle">{from_minute(m):{form}}</text>'
        for m in range(first, plane.end + 1, step)
        if LEFT + 14 <= plane.x(m) <= plane.size.width - 26
    ]


def _label(share: float) -> str:
    return f"{share * 100:.4g} %" if share >= 0 else f"{share * 100:.0f} %".replace("-", "\N{MINUS SIGN}")


def svg(size: Size, label: str, parts: Sequence[str]) -> Markup:
    name = "wide" if size is WIDE else "narrow"
    return Markup(  # noqa: S704  -- numbers and escaped text only
        f'<svg class="chart {name}" viewBox="0 0 {size.width} {size.height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
