"""Open troubles of recovery in words: lines for lists, and what their own page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from app.web import numbers
from app.web.badges import severity_badge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.recovery_breach import RecoveryBreach, RecoveryTrouble
    from app.snapshot import Snapshot
    from app.web.badges import Badge

WORDS: Mapping[RecoveryTrouble, str] = {
    "exposure_over": "exposure is over the RPO",
    "exposure_near": "exposure is near the RPO",
    "replication_stopped": "replication stopped",
    "backup_missing": "a backup is missing",
    "proof_expired": "the proof is too old",
}
age = numbers.age


@dataclass(frozen=True, slots=True)
class TroubleLine:
    """`where` is the page of its target."""

    id: str
    badge: Badge
    component: str
    title: str
    scenario: str
    what: str
    detail: str
    since: str
    until: str
    told: str
    lasted: str
    open: bool
    where: str


def trouble_line(breach: RecoveryBreach, snapshot: Snapshot) -> TroubleLine:
    now = int(snapshot.made_at.timestamp())
    title = next((c.title for c in snapshot.estate.components if c.name == breach.component), breach.component)
    end = now if breach.resolved_at is None else breach.resolved_at
    return TroubleLine(
        breach.id,
        severity_badge(breach.severity, is_open=breach.open),
        breach.component,
        title,
        breach.scenario,
        WORDS[breach.kind],
        breach.detail,
        when(breach.opened_at, snapshot),
        "" if breach.resolved_at is None else when(breach.resolved_at, snapshot),
        _told(breach, snapshot),
        numbers.about(max(0, end - breach.opened_at)),
        breach.open,
        f"/recovery/{quote(breach.component)}/{quote(breach.scenario)}",
    )


def _told(breach: RecoveryBreach, snapshot: Snapshot) -> str:
    if breach.notified_at is not None:
        return when(breach.notified_at, snapshot)
    return "not yet" if breach.open else "never"


def when(seconds: int, snapshot: Snapshot) -> str:
    return numbers.time_of(datetime.fromtimestamp(seconds, UTC), snapshot.made_at)
