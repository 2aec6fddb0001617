"""What sampled traces say of a component's calls: which of them fail, as X-Ray's map tells. A hint at where, never a count."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from app.trace_map import RECENT, WHOLE
from app.web import numbers

if TYPE_CHECKING:
    from app.snapshot import Snapshot
    from app.trace_map import Sampled, TracedCall

MOST = 12
"""Calls on a page."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """`href` leads to the other end's component, where it is one; `fails` where a call has failed lately."""

    name: str
    href: str | None
    recent: str
    whole: str
    fails: bool


@dataclass(frozen=True, slots=True)
class Traces:
    """`read` is when, `error` why the newest look failed, `hints` are dependencies that the estate does not declare."""

    lines: tuple[TraceLine, ...] = ()
    hints: tuple[str, ...] = ()
    read: str = ""
    error: str | None = None
    more: int = 0


def of_component(snapshot: Snapshot, component: str) -> Traces:
    """Nothing where no trace names it, or none are read."""
    found = snapshot.traces
    if found is None:
        return Traces()
    calls = found.of(component)
    hints = tuple(f"{s.reason}: add {s.depends_on} to its depends_on" for s in found.suggestions if s.component == component)
    read = "" if found.read_at is None else numbers.time_of(found.read_at, snapshot.made_at)
    lines = tuple(_line(call, component) for call in calls[:MOST])
    return Traces(lines, hints, read, found.error if calls else None, max(0, len(calls) - MOST))


def of_estate(snapshot: Snapshot) -> Traces:
    """The calls that fail and every hint, for the page of the sources."""
    found = snapshot.traces
    if found is None:
        return Traces()
    failing = [call for call in found.calls if (call.whole is not None and call.whole.faults)]
    hints = tuple(f"{s.reason}: add {s.depends_on} to depends_on of {s.component}" for s in found.suggestions)
    read = "" if found.read_at is None else numbers.time_of(found.read_at, snapshot.made_at)
    lines = tuple(_line(call, "") for call in failing[:MOST])
    return Traces(lines, hints, read, found.error, max(0, len(failing) - MOST))


def _line(call: TracedCall, own: str) -> TraceLine:
    other = next((name for name in (call.callers if own in call.callees else call.callees) if name != own), None)
    return TraceLine(
        f"{call.caller} \N{RIGHTWARDS ARROW} {call.callee}",
        None if other is None else f"/components/{other}",
        _said(call.recent, RECENT) if call.whole is not None else "calls are not counted",
        "" if call.whole is None else _said(call.whole, WHOLE),
        call.recent.faults > 0,
    )


def _said(sampled: Sampled, minutes: int) -> str:
    """`31 of 1,204 sampled calls failed (2.6 %), last 30 min`."""
    last = f"last {numbers.window(minutes)}"
    if not sampled.calls:
        return f"no sampled calls, {last}"
    if not sampled.faults:
        return f"none of {sampled.calls:,} sampled calls failed, {last}"
    share = numbers.spent(Fraction(sampled.faults, sampled.calls))
    return f"{sampled.faults:,} of {sampled.calls:,} sampled calls failed ({share}), {last}"
