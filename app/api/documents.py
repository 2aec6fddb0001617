"""The JSON of `/api/v1`: verdicts as `evaluate` prints them, and what the service knows beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from alerts import naming
from alerts.document import document as breach_document
from app import items
from slo.judge import burn
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.items import Item
    from app.ports import BreachRow, Delivery
    from app.snapshot import Snapshot
    from app.trace_map import Sampled
    from slo.estate.spec import Component, Objective


def objective(snapshot: Snapshot, declared: Objective) -> dict[str, Any]:
    """An item as in `evaluate` plus `at`, `sampled`, `links`, `breach`; before the first verdict nulls with the reason."""
    verdict, is_sampled = snapshot.verdicts.get(declared.id), snapshot.is_sampled(declared.id)
    row = snapshot.open_breach(declared.id)
    return {
        **(_unjudged(declared, is_sampled=is_sampled) if verdict is None else items.body(verdict, is_sampled=is_sampled)),
        "breach": None if row is None else breach(snapshot, row),
    }


def rendered(snapshot: Snapshot, shown: Sequence[Objective]) -> list[Item]:
    """The same of each as JSON; what was rendered with the verdict is not rendered again."""
    ready = snapshot.items
    open_now = {row.breach.objective: row for row in reversed(snapshot.open_breaches)}
    found = [ready.get(o.id) or items.Item.of(objective(snapshot, o)) for o in shown]
    if open_now:
        for n, declared in enumerate(shown):
            row = open_now.get(declared.id)
            if row is not None and declared.id in ready:
                found[n] = items.with_breach(found[n], breach(snapshot, row))
    return found


def _unjudged(declared: Objective, *, is_sampled: bool) -> dict[str, Any]:
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
        "at": None,
        "sampled": is_sampled,
        "links": items.links(declared.id, declared.component),
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
        "traces": _traces(snapshot, declared.name),
        "recovery": [{"scenario": t.scenario, "rpo": _duration(t.rpo), "rto": _duration(t.rto)} for t in declared.recovery],
        "links": {"self": f"/api/v1/components/{quote(declared.name)}", "html": f"/components/{quote(declared.name)}"},
    }


def _state(snapshot: Snapshot, declared: Objective) -> str | None:
    verdict = snapshot.verdicts.get(declared.id)
    return None if verdict is None else verdict.state


def _traces(snapshot: Snapshot, component: str) -> dict[str, Any] | None:
    """Sampled, so beside the counts and never among them; null where X-Ray is not read."""
    found = snapshot.traces
    if found is None or found.read_at is None:
        return None
    return {
        "sampled": True,
        "at": found.read_at.isoformat(),
        "calls": [
            {"caller": c.caller, "callee": c.callee, "30m": _sampled(c.whole and c.recent), "6h": _sampled(c.whole)}
            for c in found.of(component)
        ],
        "undeclared_depends_on": [s.depends_on for s in found.suggestions if s.component == component],
    }


def _sampled(counted: Sampled | None) -> dict[str, int] | None:
    return None if counted is None else {"calls": counted.calls, "faults": counted.faults}


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
