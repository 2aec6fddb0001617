"""What the page of one breach of recovery shows: what is in danger, since when, who was told, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.recovery_view import key_of
from app.web.breach import Event, delivered
from app.web.component import runbook_of
from app.web.recovery_detail import sentence
from app.web.troubles import trouble_line, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Delivery
    from app.snapshot import Snapshot


def context(snapshot: Snapshot, breach: RecoveryBreach, deliveries: Sequence[Delivery] | None) -> dict[str, Any] | None:
    """None where the estate has no such component any more."""
    component = next((c for c in snapshot.estate.components if c.name == breach.component), None)
    if component is None:
        return None
    verdict = next((v for v in snapshot.recovery if (v.component, v.scenario) == (breach.component, breach.scenario)), None)
    return {
        "line": trouble_line(breach, snapshot),
        "key": key_of(breach, snapshot),
        "runbook": runbook_of(component),
        "now": "" if verdict is None else sentence(verdict),
        "events": timeline(snapshot, breach, deliveries),
    }


def timeline(snapshot: Snapshot, breach: RecoveryBreach, deliveries: Sequence[Delivery] | None) -> tuple[Event, ...]:
    """The detail is of the moment of telling, and of that of opening before it."""
    steps = [(breach.opened_at, "opened", breach.detail if breach.notified_at is None else "")]
    if breach.notified_at is not None:
        steps.append((breach.notified_at, "told", f"{breach.severity} due: {breach.detail}"))
    if breach.resolved_at is not None:
        steps.append((breach.resolved_at, "resolved", "held no longer"))
    timed = [(float(at), Event(when(at, snapshot), what, detail)) for at, what, detail in steps]
    timed += [delivered(snapshot, d) for d in deliveries or ()]
    events = tuple(event for _, event in sorted(timed, key=lambda pair: pair[0]))
    return events if deliveries is not None else (*events, _UNKNOWN)


_UNKNOWN = Event("", "deliveries unknown", "the store could not be read", failed=True)
