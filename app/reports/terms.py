"""How an objective counts, where it is not each event of a rolling window: stated, so that its numbers can be made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge.method import RATIO_UNIT
from slo.judge.period import bounds
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from slo.estate.calendar import Calendar
    from slo.estate.spec import Composite, Objective
    from slo.units import Minute


def terms(objective: Objective, at: Minute) -> dict[str, Any]:
    """Only what applies; empty for a plain objective. `at` is where the judged minutes end."""
    found: dict[str, Any] = {}
    if objective.method != "Occurrences":
        found["slice"] = _slice(objective)
    if objective.budgeting.no_data is not None:
        found["no_data"] = objective.budgeting.no_data
    if objective.calendar is not None:
        found["window_period"] = _period(objective.calendar, at)
    if objective.composite is not None:
        found["composite"] = _composite(objective.composite)
    return found


def _slice(objective: Objective) -> dict[str, Any]:
    """`unit` is what one slice counts in good, bad and total."""
    target = objective.budgeting.slice_target
    return {
        "window": format_duration(objective.budgeting.slice_window),
        "target": None if target is None else f"{target:f}",
        "unit": RATIO_UNIT if objective.method == "RatioTimeslices" else 1,
    }


def _period(calendar: Calendar, at: Minute) -> dict[str, str]:
    begin, end = bounds(calendar, at - 1)
    return {"start": format_minute(begin), "end": format_minute(end), "time_zone": calendar.zone}


def _composite(composite: Composite) -> dict[str, Any]:
    """`need` is how many parts must be good; null where they are weighted."""
    parts = [{"indicator": p.indicator, "target": f"{p.target:f}", "weight": f"{p.weight:f}"} for p in composite.parts]
    return {"mode": composite.mode, "need": composite.need, "parts": parts}
