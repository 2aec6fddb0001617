"""Every objective of an estate judged from slices alone, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge.burn import budget_of, rules_of, windows_of
from slo.judge.replay import Replay
from slo.judge.series import Slices
from slo.judge.verdict import judge
from slo.judge.windows import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate, Objective
    from slo.judge.burn import Rule
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Counts
    from slo.units import Minute

NOTHING = Slices.of(())


def evaluate(estate: Estate, slices: Mapping[str, Slices], at: Minute) -> list[Verdict]:
    """Verdicts at T in the order of the estate; an indicator without slices is judged on nothing."""
    return [_verdict(estate, o, slices.get(o.indicator_id, NOTHING), at) for o in estate.objectives]


def unknown_indicators(estate: Estate, slices: Mapping[str, Slices]) -> tuple[str, ...]:
    """Indicators of the file that no objective of the estate reads."""
    return tuple(sorted(set(slices) - {o.indicator_id for o in estate.objectives}))


def _verdict(estate: Estate, objective: Objective, slices: Slices, at: Minute) -> Verdict:
    windows = {w: count(slices, at - w, at) for w in windows_of(objective)}
    first = int(slices.minutes[0]) if len(slices) and slices.minutes[0] < at else None
    corrected = _corrected(estate, objective, slices, at)
    return judge(objective, at, windows, first, corrected=corrected, waiting=_waiting(objective, slices, at))


def _waiting(objective: Objective, slices: Slices, at: Minute) -> frozenset[Rule]:
    """Rules that have not burned for the whole of their hold."""
    patient = [rule for rule in rules_of(objective) if rule.hold]
    if not patient:
        return frozenset()
    past, budget = Replay.of(slices, patient, at, at), budget_of(objective)
    return frozenset(rule for rule in patient if not past.firing(rule, budget)[0])


def _corrected(estate: Estate, objective: Objective, slices: Slices, at: Minute) -> Counts | None:
    """The window without its excluded minutes; None when no budget exclusion touches it."""
    excluded = excluded_from(estate, objective, at)
    return count(slices.without(excluded), at - objective.window, at) if excluded else None


def excluded_from(estate: Estate, objective: Objective, at: Minute) -> list[tuple[Minute, Minute]]:
    """The budget exclusions that touch the objective's window at T, as (start, end)."""
    start = at - objective.window
    return [(e.start, e.end) for e in estate.exclusions_of(objective, "budget") if e.start < at and e.end > start]
