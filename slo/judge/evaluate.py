"""Every objective of an estate judged from slices alone, offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge.burn import budget_of, rules_of, windows_of
from slo.judge.composite import combine, states
from slo.judge.method import Counted
from slo.judge.period import start, window_of
from slo.judge.replay import Replay
from slo.judge.series import Slices
from slo.judge.verdict import judge

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
    return [judged(estate, o, slices, at) for o in estate.objectives]


def slices_of(objective: Objective, slices: Mapping[str, Slices]) -> Slices:
    """The objective's minutes from the slices of a file: its indicator's, or its parts' together."""
    if objective.composite is not None:
        return combine(objective.composite, slices)
    return slices.get(objective.indicator_id, NOTHING)


def unknown_indicators(estate: Estate, slices: Mapping[str, Slices]) -> tuple[str, ...]:
    """Indicators of the file that no objective of the estate reads."""
    return tuple(sorted(set(slices) - {name for o in estate.objectives for name in o.indicator_ids}))


def judged(estate: Estate, objective: Objective, slices: Mapping[str, Slices], at: Minute) -> Verdict:
    """One objective, whether the estate declares it so or not; the estate has its exclusions."""
    own = slices_of(objective, slices)
    counted = Counted.of(own, objective.budgeting, at)
    return judge(
        objective,
        at,
        {w: counted.count(w, at) for w in windows_of(objective)},
        counted.first,
        corrected=_corrected(estate, objective, own, at),
        waiting=_waiting(objective, counted, at),
        parts=() if objective.composite is None else states(objective.composite, slices, at - 1),
    )


def _waiting(objective: Objective, counted: Counted, at: Minute) -> frozenset[Rule]:
    """Rules that have not burned for the whole of their hold."""
    patient = [rule for rule in rules_of(objective) if rule.hold]
    if not patient:
        return frozenset()
    past, budget = Replay.of(counted, patient, at, at), budget_of(objective)
    return frozenset(rule for rule in patient if not past.firing(rule, budget)[0])


def _corrected(estate: Estate, objective: Objective, slices: Slices, at: Minute) -> Counts | None:
    """The window without its excluded minutes; None when no budget exclusion touches it."""
    excluded = excluded_from(estate, objective, at)
    return Counted.of(slices, objective.budgeting, at, excluded).count(window_of(objective), at) if excluded else None


def excluded_from(estate: Estate, objective: Objective, at: Minute) -> list[tuple[Minute, Minute]]:
    """The budget exclusions that touch the objective's window at T, as (start, end)."""
    begin = start(window_of(objective), at)
    return [(e.start, e.end) for e in estate.exclusions_of(objective, "budget") if e.start < at and e.end > begin]
