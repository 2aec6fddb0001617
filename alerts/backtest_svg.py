"""A back-test as one picture that needs nothing else: no script, no fonts of its own, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from math import ceil, log10
from typing import TYPE_CHECKING

from alerts.text import line
from alerts.trace import traces
from slo.units import format_duration, format_minute, format_percent, from_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alerts.backtest import Played
    from alerts.breach import Breach
    from alerts.incidents import Incident
    from alerts.trace import Trace
    from slo.judge.series import Slices
    from slo.units import Minute

MOST_PANELS = 12
WIDTH, LEFT, RIGHT = 1040, 64, 16
HEAD, PLOT, LANE, PANEL = 94, 120, 18, 230
"""Pixels: above the first panel, of a plot, of a row of bars, of a whole panel."""
LOWEST = 0.1
"""The burn at the floor of the logarithmic scale."""
POINTS = 480
_TICKS = (10, 30, 60, 180, 360, 720, 1440, 2880, 7200, 14400, 43200, 129600, 525600)
_STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2330;--soft:#5b6472;--grid:#dfe3e8;--page:#c4281c;--ticket:#9a6700;
--incident:#7a5cc4;--r0:#0b62c4;--r1:#00786b;--r2:#8a3ab9;--r3:#6b6b00}
@media (prefers-color-scheme:dark){:root{--paper:#14181f;--ink:#e8ebf0;--soft:#a2abb8;--grid:#2d3440;--page:#ff7b6e;
--ticket:#e3b341;--incident:#a78bfa;--r0:#6cb2ff;--r1:#4fd1c0;--r2:#d19bf5;--r3:#cfcf5a}}
svg{background:var(--paper)}text{font:12px system-ui,sans-serif;fill:var(--ink)}
.h{font-size:17px;font-weight:600}.n{font-size:14px;font-weight:600}.s{fill:var(--soft)}.e{text-anchor:end}.m{text-anchor:middle}
.g{stroke:var(--grid);fill:none}.i{fill:var(--incident);fill-opacity:.2;stroke:var(--incident);stroke-opacity:.6}
.page{fill:var(--page)}.ticket{fill:var(--ticket)}.off{fill-opacity:.35}
.b{fill:none;stroke-width:1.6}.f{fill:none;stroke-dasharray:6 4}
.r0{stroke:var(--r0)}.r1{stroke:var(--r1)}.r2{stroke:var(--r2)}.r3{stroke:var(--r3)}
.k0{fill:var(--r0)}.k1{fill:var(--r1)}.k2{fill:var(--r2)}.k3{fill:var(--r3)}
"""
_LINES = (
    "Lines: the burn of each page rule, the lowest of its windows, on a logarithmic scale; dashed: its factor. "
    "A rule fires where they meet."
)
_BARS = "Bars: pages and tickets while open, with the time they resolved; faint where nobody was told. Shaded: incidents."


def draw(title: str, played: Iterable[Played], slices: Mapping[str, Slices], incidents: Sequence[Incident] = ()) -> str:
    """The objectives with the most pages first, at most 12 of them; the same input gives the same bytes."""
    ranked = sorted(played, key=_rank)
    shown = ranked[:MOST_PANELS]
    start, end = min((one.first for one in shown), default=0), max((one.last for one in shown), default=1)
    axis = _Axis(start, max(end, start + 1))
    panels = [_panel(one, slices, incidents, axis, HEAD + n * PANEL) for n, one in enumerate(shown)]
    height = HEAD + PANEL * len(shown) + 28
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(title)}</title>',
            f'<desc id="d">{escape(_described(shown, incidents, axis))}</desc>',
            f"<style>{_STYLE}</style>",
            f'<text class="h" x="16" y="28">{escape(title)}</text>',
            *(
                f'<text class="s" x="16" y="{48 + 17 * n}">{told}</text>'
                for n, told in enumerate((_range(axis), _LINES, _BARS))
            ),
            *panels,
            *_remark(len(ranked) - len(shown), height),
            "</svg>\n",
        ]
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    start: Minute
    end: Minute

    def x(self, minute: Minute) -> float:
        within = min(max(minute, self.start), self.end)
        return LEFT + (within - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Logarithmic, from LOWEST at the bottom to `highest`, a power of ten, at `top`."""

    top: float
    highest: float

    def y(self, burn: float) -> float:
        share = log10(max(burn, LOWEST) / LOWEST) / log10(self.highest / LOWEST)
        return self.top + PLOT * (1 - share)


def _rank(one: Played) -> tuple[int, int, float, str]:
    pages, tickets = (sum(b.severity == severity for b in one.breaches) for severity in ("page", "ticket"))
    return -pages, -tickets, -max((float(b.spent) for b in one.breaches), default=0.0), one.objective.id


def _panel(one: Played, slices: Mapping[str, Slices], incidents: Iterable[Incident], axis: _Axis, top: int) -> str:
    found = traces(one, slices, POINTS)
    highest = max([10.0, *(max(trace.highest, float(trace.rule.factor)) for trace in found)])
    scale = _Scale(top + 28, 10.0 ** ceil(log10(highest) - 1e-9))
    floor = scale.top + PLOT
    parts = [
        f'<text class="n" x="16" y="{top + 16}">{escape(one.objective.id)}</text>',
        f'<text class="s e" x="{WIDTH - RIGHT}" y="{top + 16}">{escape(_counted(one))}</text>',
        *_grid(scale),
        *(_shade(incident, axis, scale.top) for incident in incidents if incident.is_about(one.objective.id)),
        *(part for n, trace in enumerate(found) for part in _line(trace, n, scale, axis)),
        *_lane([b for b in one.breaches if b.severity == "page"], "page", axis, floor + 8),
        *_lane([b for b in one.breaches if b.severity == "ticket"], "ticket", axis, floor + 8 + LANE),
        *_clock_marks(axis, floor + 8 + 2 * LANE + 14),
    ]
    return f"<g>{''.join(parts)}</g>"


def _counted(one: Played) -> str:
    pages, tickets = (sum(b.severity == severity for b in one.breaches) for severity in ("page", "ticket"))
    target = f"{format_percent(one.objective.target)} % over {one.objective.window_text}"
    return f"{target}, pages: {pages}, tickets: {tickets}"


def _grid(scale: _Scale) -> Iterator[str]:
    burn = LOWEST
    while burn <= scale.highest * 1.01:
        y = scale.y(burn)
        yield f'<path class="g" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="s e" x="{LEFT - 6}" y="{y + 4:.1f}">{burn:g}x</text>'
        burn = round(burn * 10, 1)


def _shade(incident: Incident, axis: _Axis, top: float) -> str:
    left, right = axis.x(incident.start), axis.x(incident.end)
    told = f"{line(incident.title)}: {format_minute(incident.start)} to {format_minute(incident.end)}"
    return (
        f'<rect class="i" x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 1.5):.1f}" height="{PLOT}">'
        f"<title>{escape(told)}</title></rect>"
    )


def _line(trace: Trace, n: int, scale: _Scale, axis: _Axis) -> Iterator[str]:
    """Names stand above the lines of the even rules and below those of the odd ones, at the right."""
    colour, factor = n % 4, float(trace.rule.factor)
    y, x = scale.y(factor), WIDTH - RIGHT - 4 - 110 * (n // 2)
    windows = "/".join(format_duration(window) for window in trace.rule.windows)
    yield f'<path class="f r{colour}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
    yield f'<text class="e k{colour}" x="{x}" y="{y + 18 * (n % 2) - 5:.1f}">{windows} {factor:.4g}x</text>'
    if path := _path(trace, scale, axis):
        yield f'<path class="b r{colour}" d="{path}"/>'


def _path(trace: Trace, scale: _Scale, axis: _Axis) -> str:
    """Broken where the burn is unknown; of a flat stretch only the ends."""
    points = [None if burn is None else f"{scale.y(burn):.1f}" for burn in trace.burns]
    pieces: list[str] = []
    for n, y in enumerate(points):
        before, after = points[n - 1] if n else None, points[n + 1] if n + 1 < len(points) else None
        if y is not None and not before == y == after:
            pieces.append(f"{'M' if before is None else 'L'}{axis.x(trace.first + n * trace.step):.1f} {y}")
    return "".join(pieces)


def _lane(breaches: Sequence[Breach], severity: str, axis: _Axis, top: float) -> Iterator[str]:
    yield f'<text class="s e" x="{LEFT - 6}" y="{top + 12:.1f}">{severity}s</text>'
    for breach, later in zip_longest(breaches, breaches[1:]):
        left, right = axis.x(breach.fired_at), axis.x(axis.end if breach.resolved_at is None else breach.resolved_at)
        faint = " off" if breach.notified_at is None else ""
        yield (
            f'<rect class="{severity}{faint}" x="{left:.1f}" y="{top + 2:.1f}" width="{max(right - left, 1.5):.1f}" '
            f'height="{LANE - 6}"><title>{escape(_told(breach))}</title></rect>'
        )
        room = (WIDTH - RIGHT if later is None else axis.x(later.fired_at)) - right
        if breach.resolved_at is not None and room >= 44:
            yield f'<text class="s" x="{right + 4:.1f}" y="{top + 12:.1f}">{from_minute(breach.resolved_at):%H:%M}</text>'


def _told(breach: Breach) -> str:
    ended = "still open" if breach.resolved_at is None else f"resolved {format_minute(breach.resolved_at)}"
    told = "never told" if breach.notified_at is None else f"told {format_minute(breach.notified_at)}"
    flapping = ", held open while flapping" if breach.flapping else ""
    return f"{breach.severity} fired {format_minute(breach.fired_at)}, {told}, {ended}{flapping}"


def _clock_marks(axis: _Axis, y: float) -> Iterator[str]:
    """Whole ticks in UTC, as many as fit with 80 pixels between them."""
    room = (WIDTH - LEFT - RIGHT) // 80
    step = next((s for s in _TICKS if (axis.end - axis.start) / s <= room), _TICKS[-1])
    for minute in range(-(-axis.start // step) * step, axis.end + 1, step):
        if LEFT + 30 <= axis.x(minute) <= WIDTH - RIGHT - 30:
            yield f'<text class="s m" x="{axis.x(minute):.1f}" y="{y:.1f}">{_clock(minute)}</text>'


def _clock(minute: Minute) -> str:
    """Of midnight the date."""
    return f"{from_minute(minute):{'%H:%M' if minute % 1440 else '%Y-%m-%d'}}"


def _range(axis: _Axis) -> str:
    return f"{format_minute(axis.start)} to {format_minute(axis.end)}, times in UTC"


def _described(shown: Sequence[Played], incidents: Sequence[Incident], axis: _Axis) -> str:
    told = "; ".join(f"{one.objective.id}: {_counted(one)}" for one in shown)
    return f"{_range(axis)}; incidents: {len(incidents)}. {told or 'No objective has rules and slices.'}"


def _remark(left_out: int, height: int) -> list[str]:
    if not left_out:
        return []
    told = (
        f"{left_out} more objectives, with no more pages than these, are left out."
        if left_out > 1
        else ("1 more objective, with no more pages than these, is left out.")
    )
    return [f'<text class="s" x="16" y="{height - 10}">{told}</text>']
