"""How an objective counts, in words: what its numbers are made of, slice by slice, part by part, target by target."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from app.web import numbers
from app.web.badges import Badge
from slo.estate.indicator import TimeSlice
from slo.judge.method import RATIO_UNIT
from slo.units import format_minute

if TYPE_CHECKING:
    from app.snapshot import Snapshot
    from slo.estate.spec import Composite, Objective, Part
    from slo.judge.composite import PartState
    from slo.judge.verdict import Verdict

NO_DATA = {
    "bad": "a slice without data counts as bad",
    "good": "a slice without data counts as good",
    "hold": "a slice without data counts as the one before it did",
}
PART_BADGES: dict[PartState, Badge] = {
    "good": Badge("ok", "good", "check"),
    "bad": Badge("burning_fast", "bad", "flame"),
    "idle": Badge("no_data", "idle", "circle"),
    "missing": Badge("stale", "missing", "clock"),
}


def method(objective: Objective) -> str:
    """`Timeslices of 5 min at 95 %`; of one that counts its events just `Occurrences`."""
    budgeting = objective.budgeting
    if budgeting.method == "Occurrences":
        return budgeting.method
    text = f"{budgeting.method} of {numbers.window(budgeting.slice_window)}"
    return text if budgeting.slice_target is None else f"{text} at {numbers.share(budgeting.slice_target)}"


def meaning(objective: Objective) -> str:
    """What one of its numbers is, for a reader who takes everything for requests; empty where they are right."""
    if objective.method == "Timeslices":
        assert objective.budgeting.slice_target is not None, "checked where it is read"
        share = numbers.share(objective.budgeting.slice_target)
        return f"the numbers count slices, not requests: a slice is good when {share} of its events are"
    if objective.method == "RatioTimeslices":
        return "the numbers count slices, not requests: each weighs the same and is as good as the share of its good events"
    if objective.composite is not None:
        return "the numbers count minutes of the whole journey, not requests"
    return ""


def unit(snapshot: Snapshot, objective: Objective) -> str:
    """What an allowance is counted in: `req`, `min`, `slices`."""
    if objective.method != "Occurrences":
        return "slices"
    if objective.composite is not None:
        return "min" if objective.composite.need is not None else "weighted min"
    indicator = snapshot.indicators.get(objective.indicator_id)
    if isinstance(indicator, TimeSlice):
        return "min"
    if snapshot.is_sampled(objective.id):
        return "traces"
    return "events" if indicator is None else "req"


def allowance(verdict: Verdict, unit: str) -> str:
    """What may still go bad, in what the budget is made of; empty where that is unknown."""
    if verdict.remaining is None:
        return ""
    whole = verdict.allowance / (RATIO_UNIT if verdict.objective.method == "RatioTimeslices" else 1)
    return numbers.allowance(verdict.remaining * whole, unit=unit)


def count(objective: Objective, value: int) -> str:
    """As it is; of RatioTimeslices in slices, with three decimals, rounded down."""
    if objective.method != "RatioTimeslices":
        return numbers.count(value)
    return f"{floor(Fraction(value * 1000, RATIO_UNIT)) / 1000:,.3f}"


def noun(objective: Objective) -> str:
    """What good, bad and total are of, with a blank in front; empty for events."""
    if objective.method != "Occurrences":
        return " slices"
    if objective.composite is None:
        return ""
    return " minutes" if objective.composite.need is not None else " weighted minutes"


def targets(objective: Objective) -> str:
    """`99.9 %, 99.5 % until 2026-11-20T10:00:00Z`: newest first."""
    earlier = [f"{numbers.share(era.target)} until {format_minute(era.until)}" for era in reversed(objective.earlier)]
    return ", ".join((numbers.share(objective.target), *earlier))


def journey(composite: Composite) -> str:
    """When a minute of the composite is good."""
    parts = len(composite.parts)
    if composite.need is None:
        return f"weighted: each of {parts} parts counts its weight in every minute"
    needed = {parts: "every part", 1: "any one part"}.get(composite.need, f"{composite.need} of {parts} parts")
    return f"{composite.mode}: a minute is good when {needed} that was in use is good"


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of a composite; `badge` is None before the first verdict, `objectives` are those on its indicator."""

    indicator: str
    target: str
    weight: str
    badge: Badge | None
    objectives: tuple[str, ...]


def part_lines(snapshot: Snapshot, objective: Objective, verdict: Verdict | None) -> tuple[PartLine, ...]:
    if objective.composite is None:
        return ()
    known: dict[Part, PartState] = {} if verdict is None else dict(verdict.parts)
    on = {p.indicator: [o.id for o in snapshot.estate.objectives if _reads(o, p)] for p in objective.composite.parts}
    return tuple(
        PartLine(
            part.indicator,
            numbers.share(part.target),
            f"{part.weight.normalize():f}" if objective.composite.need is None else "",
            PART_BADGES[known[part]] if part in known else None,
            tuple(on[part.indicator]),
        )
        for part in objective.composite.parts
    )


def _reads(objective: Objective, part: Part) -> bool:
    return objective.composite is None and objective.indicator_id == part.indicator
