"""A verdict as the JSON of section 6: the double nearest to each exact value, null with a reason for what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge import burn
from slo.judge.period import bounds
from slo.units import format_duration, format_minute, format_seconds, nearest_double

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.estate.spec import Objective
    from slo.judge.burn import Rule
    from slo.judge.forecast import Forecast, Forecasts
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Counts


def document(verdict: Verdict) -> dict[str, Any]:
    objective = verdict.objective
    return {
        "name": objective.id,
        "component": objective.component,
        "target": float(objective.target),
        "window": objective.window_text,
        "method": objective.method,
        **_ratios(objective, verdict.counts),
        "coverage": nearest_double(verdict.coverage),
        "burn": {format_duration(w): _double(verdict.burns[w]) for w in burn.burn_windows(objective)},
        "firing": [{"severity": r.severity, **rule(r)} for r in verdict.firing],
        "exhausts_at": _seconds(verdict.exhausts_at),
        "forecast": _forecasts(verdict.forecasts),
        "corrected": None if verdict.corrected is None else _ratios(objective, verdict.corrected),
        "state": verdict.state,
        "reasons": [f"{r.code}: {r.text}" for r in verdict.reasons],
        **_where_it_applies(verdict),
    }


def evaluation(at: int, verdicts: list[Verdict]) -> dict[str, Any]:
    return {"at": format_minute(at), "objectives": [document(v) for v in verdicts]}


def rule(rule: Rule) -> dict[str, Any]:
    return {
        "long": format_duration(rule.long),
        "short": None if rule.short is None else format_duration(rule.short),
        "factor": nearest_double(rule.factor),
    }


def _ratios(objective: Objective, counts: Counts) -> dict[str, Any]:
    # With p / q the allowance, 1 - bad / (p / q) = (p - bad q) / p.
    allowed = burn.allowance(objective, counts)
    left = allowed.numerator - counts.bad * allowed.denominator
    return {
        "good": counts.good,
        "total": counts.total,
        "sli": counts.good / counts.total if counts.total else None,
        "budget": {
            "total": nearest_double(allowed),
            "spent": counts.bad,
            "remaining_ratio": left / allowed.numerator if counts.total else None,
        },
    }


def _forecasts(foretold: Forecasts) -> dict[str, Any]:
    return {"current": _forecast(foretold.current), "trend": _forecast(foretold.trend)}


def _forecast(foretold: Forecast) -> dict[str, Any]:
    return {
        "at": _seconds(foretold.at),
        "earliest": _seconds(foretold.earliest),
        "latest": _seconds(foretold.latest),
        "reason": foretold.reason,
    }


def _where_it_applies(verdict: Verdict) -> dict[str, Any]:
    """`period` of a calendar window, `parts` of a composite."""
    found: dict[str, Any] = {}
    if (calendar := verdict.objective.calendar) is not None:
        begin, end = bounds(calendar, verdict.at - 1)
        found["period"] = {"start": format_minute(begin), "end": format_minute(end), "time_zone": calendar.zone}
    if verdict.objective.composite is not None:
        found["parts"] = [
            {"indicator": part.indicator, "target": float(part.target), "weight": float(part.weight), "state": state}
            for part, state in verdict.parts
        ]
    return found


def _seconds(value: int | None) -> str | None:
    return None if value is None else format_seconds(value)


def _double(value: Fraction | None) -> float | None:
    return None if value is None else nearest_double(value)
