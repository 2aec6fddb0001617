"""A recovery target in danger as the message that tells it: what is wrong, where it says what to do, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts import naming
from alerts.envelope import Message, Origin, State, Telling, compose, metric, runbook_link
from alerts.text import clip, line
from slo.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.events import Event
    from alerts.recovery_breach import RecoveryBreach, RecoveryTrouble
    from alerts.recovery_step import RecoveryChange
    from slo.estate.spec import Component

RUNBOOKS: Mapping[RecoveryTrouble, str] = {
    "exposure_over": "docs/runbooks/recovery-exposure-over.md",
    "exposure_near": "docs/runbooks/recovery-exposure-near.md",
    "replication_stopped": "docs/runbooks/recovery-replication-stopped.md",
    "backup_missing": "docs/runbooks/recovery-backup-missing.md",
    "proof_expired": "docs/runbooks/recovery-proof-expired.md",
}
"""In this repository; a component's own runbook comes first."""
NEXT: Mapping[RecoveryTrouble, str] = {
    "exposure_over": "Make a recovery point by hand now, then find out why none is made.",
    "exposure_near": "Look at what makes recovery points while there is time.",
    "replication_stopped": "See whether the copy can catch up or must be built anew.",
    "backup_missing": "Turn backups or the copy on again, or grant what the reason names.",
    "proof_expired": "Rehearse the recovery and record it as a drill.",
}
_WORDS: Mapping[RecoveryTrouble, str] = {
    "exposure_over": "more would be lost than the RPO allows",
    "exposure_near": "nearly as much would be lost as the RPO allows",
    "replication_stopped": "replication stopped",
    "backup_missing": "no recovery point",
    "proof_expired": "proof too old",
}


def recovery_message(
    origin: Origin,
    component: Component,
    breach: RecoveryBreach,
    change: RecoveryChange,
    at: int,
    *,
    occasion: str = "",
    changes: tuple[Event, ...] = (),
) -> Message:
    """OK when the last trouble of a target is `resolved`, else ALARM; `at` is epoch seconds.

    What can happen more than once to a breach (`changed`, `repeated`) has an `occasion`, which makes its transition unique.
    """
    state: State = "OK" if change == "resolved" else "ALARM"
    told = Telling(
        naming.recovery_key(origin.estate, breach.component, breach.scenario),
        state,
        at,
        f"{breach.id}/{change}/{occasion}" if occasion else f"{breach.id}/{change}",
        breach.severity,
        _sentence(component, breach, change),
        f"{_effect(breach, change)}: {component.title}",
        changes,
    )
    return compose(
        origin,
        component,
        told,
        links={"recovery": f"{origin.base}/recovery", "component": f"{origin.base}/components/{component.name}"}
        | runbook_link(component.runbook or RUNBOOKS[breach.kind]),
        trigger=metric(
            "RecoveryTrouble",
            [("Component", breach.component), ("Scenario", breach.scenario), ("Trouble", breach.kind)],
            periods=1,
            threshold=1.0,
        ),
        more=_more(breach),
        breach=breach.id,
    )


def _more(breach: RecoveryBreach) -> dict[str, object]:
    return {
        "scenario": breach.scenario,
        "trouble": breach.kind,
        "detail": breach.detail,
        "next_action": NEXT[breach.kind],
        "opened_at": format_seconds(breach.opened_at),
        "resolved_at": None if breach.resolved_at is None else format_seconds(breach.resolved_at),
    }


def _effect(breach: RecoveryBreach, change: RecoveryChange) -> str:
    if change == "resolved":
        return "resolved"
    return f"{'still ' if change == 'repeated' else ''}{_WORDS[breach.kind]}"


def _sentence(component: Component, breach: RecoveryBreach, change: RecoveryChange) -> str:
    name = f"{clip(line(component.title), 120)} ({breach.component}, {breach.scenario})"
    since = format_seconds(breach.opened_at)
    if change == "resolved":
        return f"{name} is covered again: {_WORDS[breach.kind]}, since {since}, is over."
    return f"{name}: {_effect(breach, change)} since {since}: {clip(line(breach.detail), 400)}. Next: {NEXT[breach.kind]}"
