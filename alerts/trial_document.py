"""What a back-test found beside the pages, as JSON: only what was asked for is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.document import document
from slo.units import format_minute, nearest_double

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from alerts.breach import Breach
    from alerts.score import Finding, Score
    from alerts.trial import Effect, Trial


def incidents(score: Score) -> dict[str, Any]:
    """`items` in the order of time, `false_pages`, `totals`; times to detect are minutes."""
    return {
        "items": [_item(finding) for finding in score.findings],
        "false_pages": [_short(page) for page in score.false],
        "totals": {
            "pages": len(score.pages),
            **_outcomes(score),
            "not_judged": score.count("not_judged"),
            "precision": _number(score.precision),
            "recall": _number(score.recall),
            "worst_minutes_to_detect": score.worst_time,
        },
    }


def policy(trial: Trial) -> dict[str, Any]:
    """One row of the comparison; what incidents alone can tell is in it only where there are some."""
    return {
        "policy": trial.name,
        "pages": len(trial.pages),
        "tickets": len(trial.tickets),
        **({} if trial.score is None else _outcomes(trial.score)),
        "budget_spent_at_first_page": _number(trial.spent_first),
    }


def low_traffic(effect: Effect) -> dict[str, Any]:
    told = {
        "policy": effect.trial.name,
        "pages": len(effect.trial.pages),
        "pages_without": len(effect.without.pages),
        "pages_avoided": [_short(page) for page in effect.avoided],
    }
    if effect.lost is None:
        return told
    return told | {"detections_lost": [{"name": i.name, "start": format_minute(i.start)} for i in effect.lost]}


def extras(score: Score | None, trials: Iterable[Trial], effects: Iterable[Effect]) -> dict[str, Any]:
    """The keys that stand beside `pages`; empty where nothing was asked for."""
    found: dict[str, Any] = {} if score is None else {"incidents": incidents(score)}
    for key, rows in (("policies", [policy(t) for t in trials]), ("low_traffic", [low_traffic(e) for e in effects])):
        found |= {key: rows} if rows else {}
    return found


def _item(finding: Finding) -> dict[str, Any]:
    incident = finding.incident
    return {
        "name": incident.name,
        "objective": incident.objective,
        "start": format_minute(incident.start),
        "end": format_minute(incident.end),
        "outcome": finding.outcome,
        "page": None if finding.page is None else _short(finding.page),
        "minutes_to_detect": finding.minutes,
    }


def _outcomes(score: Score) -> dict[str, Any]:
    return {
        "detected": score.count("detected"),
        "missed": score.count("missed"),
        "false": len(score.false),
        "median_minutes_to_detect": _number(score.median_time),
    }


def _short(page: Breach) -> dict[str, Any]:
    whole = document(page)
    return {key: whole[key] for key in ("objective", "rule", "fired_at", "resolved_at", "notified_at")}


def _number(value: Fraction | None) -> float | None:
    return None if value is None else nearest_double(value)
