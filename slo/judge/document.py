"""A verdict as the JSON of section 6: the double nearest to each exact value, null with a reason for what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge import burn
from slo.units import format_duration, format_minute, format_seconds, nearest_double

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.estate.spec import Objective
    from slo.judge.burn import Rule
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Counts


def document(verdict: Verdict) -> dict[str, Any]:
    objective = verdict.objective
    return {
        "name": objective.id,
        "component": objective.component,
        "target": float(objective.target),
        "window": format_duration(objective.window),
        "method": objective.method,
        **_ratios(verdict.counts, verdict.budget),
        "coverage": nearest_double(verdict.coverage),
        "burn": {format_duration(w): _double(verdict.burns[w]) for w in burn_windows(objective)},
        "firing": [{"severity": r.severity, **rule(r)} for r in verdict.firing],
        "exhausts_at": None if verdict.exhausts_at is None else format_seconds(verdict.exhausts_at),
        "corrected": None if verdict.corrected is None else _ratios(verdict.corrected, verdict.budget),
        "state": verdict.state,
        "reasons": [f"{r.code}: {r.text}" for r in verdict.reasons],
    }


def evaluation(at: int, verdicts: list[Verdict]) -> dict[str, Any]:
    return {"at": format_minute(at), "objectives": [document(v) for v in verdicts]}


def rule(rule: Rule) -> dict[str, Any]:
    return {
        "long": format_duration(rule.long),
        "short": None if rule.short is None else format_duration(rule.short),
        "factor": nearest_double(rule.factor),
    }


def _ratios(counts: Counts, budget: Fraction) -> dict[str, Any]:
    rate = burn.burn(counts, budget)
    return {
        "good": counts.good,
        "total": counts.total,
        "sli": counts.good / counts.total if counts.total else None,
        "budget": {
            "total": nearest_double(budget * counts.total),
            "spent": counts.bad,
            "remaining_ratio": None if rate is None else nearest_double(1 - rate),
        },
    }


def burn_windows(objective: Objective) -> list[int]:
    """The standard windows and the policy's own, ascending; the objective's window is the budget, not a burn window."""
    return sorted({*burn.STANDARD_WINDOWS, *(w for r in objective.policy for w in r.windows)})


def _double(value: Fraction | None) -> float | None:
    return None if value is None else nearest_double(value)
