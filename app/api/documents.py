"""The JSON of `/api/v1`: verdicts as `evaluate` prints them, and what the service knows beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from alerts import naming
from alerts.document import document as breach_document
from slo.judge import burn, document
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from app.ports import BreachRow, Delivery
    from app.snapshot import Snapshot
    from slo.estate.spec import Component, Objective


def objective(snapshot: Snapshot, declared: Objective) -> dict[str, Any]:
    """An item as in `evaluate` plus `at`, `sampled`, `breach`, `links`; before the first verdict nulls with the reason."""
    verdict = snapshot.verdicts.get(declared.id)
    row = snapshot.open_breach(declared.id)
    return {
        **(_unjudged(declared) if verdict is None else document.document(verdict)),
        "at": None if verdict is None else format_minute(verdict.at),
        "sampled": snapshot.is_sampled(declared.id),
        "breach": None if row is None else breach(snapshot, row),
        "links": {
            "self": f"/api/v1/slos/{quote(declared.id)}",
            "html": f"/slos/{quote(declared.id)}",
            "component": f"/api/v1/components/{quote(declared.component)}",
        },
    }


def _unjudged(declared: Objective) -> dict[str, Any]:
    return {
        "name": declared.id,
        "component": declared.component,
        "target": float(declared.target),
        "window": declared.window_text,
        "method": declared.method,
        **dict.fromkeys(("good", "total", "sli", "coverage")),
        "budget": dict.fromkeys(("total", "spent", "remaining_ratio")),
        "burn": dict.fromkeys(map(format_duration, burn.burn_windows(declared))),
        "firing": [],
        **dict.fromkeys(("exhausts_at", "corrected", "state")),
        "reasons": ["warming_up: the history of its window is still being read; nothing is sent until it is"],
    }


def component(snapshot: Snapshot, declared: Component) -> dict[str, Any]:
    return {
        "name": declared.name,
        "display_name": declared.display_name,
        "kind": declared.kind,
        "tier": declared.tier,
        "owner": declared.owner,
        "runbook": declared.runbook,
        "depends_on": list(declared.depends_on),
        "no_objective": declared.no_objective,
        "objectives": [
            {"name": o.id, "state": _state(snapshot, o), "sampled": snapshot.is_sampled(o.id)} for o in declared.objectives
        ],
        "recovery": [{"scenario": t.scenario, "rpo": _duration(t.rpo), "rto": _duration(t.rto)} for t in declared.recovery],
        "links": {"self": f"/api/v1/components/{quote(declared.name)}", "html": f"/components/{quote(declared.name)}"},
    }


def _state(snapshot: Snapshot, declared: Objective) -> str | None:
    verdict = snapshot.verdicts.get(declared.id)
    return None if verdict is None else verdict.state


def _duration(minutes: int | None) -> str | None:
    return None if minutes is None else format_duration(minutes)


def breach(snapshot: Snapshot, row: BreachRow) -> dict[str, Any]:
    told = row.breach
    return {
        "id": row.id,
        **breach_document(told),
        "dedup_key": dedup_key(snapshot, row),
        "links": {
            "self": f"/api/v1/breaches/{quote(row.id)}",
            "html": f"/breaches/{quote(row.id)}",
            "objective": f"/api/v1/slos/{quote(told.objective)}",
        },
    }


def dedup_key(snapshot: Snapshot, row: BreachRow) -> str:
    return naming.key(snapshot.estate.name, row.breach.objective, row.breach.severity)


def delivery(told: Delivery) -> dict[str, Any]:
    return {
        "transition": told.message.transition,
        "state": told.message.state,
        "created_at": told.created_at.isoformat(),
        "attempts": told.attempts,
        "sent_at": None if told.sent_at is None else told.sent_at.isoformat(),
        "provider_id": told.provider_id,
        "last_error": told.last_error,
    }
