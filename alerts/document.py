"""A breach as JSON: what `backtest` prints, and what the API tells beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge import document as verdict
from slo.units import format_minute, nearest_double

if TYPE_CHECKING:
    from alerts.breach import Breach


def document(breach: Breach) -> dict[str, Any]:
    """Times as RFC 3339, null for what has not happened; `flapping` only of one that flap control has held open."""
    told: dict[str, Any] = {
        "objective": breach.objective,
        "severity": breach.severity,
        "rule": verdict.rule(breach.rule),
        "fired_at": format_minute(breach.fired_at),
        "resolved_at": None if breach.resolved_at is None else format_minute(breach.resolved_at),
        "notified_at": None if breach.notified_at is None else format_minute(breach.notified_at),
        "budget_spent_at_fire": nearest_double(breach.spent),
    }
    return told | {"flapping": True} if breach.flapping else told
