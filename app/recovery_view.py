"""What pages and API both read of recovery: where a target stands, its hours, and one breach with what told it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from alerts.naming import recovery_key
from slo.errors import StoreError
from slo.judge.exposure_hours import exposure_hours, places
from slo.judge.recovery_part import PERIOD_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Delivery
    from app.recovery_history import RecoveryHistory
    from app.snapshot import AppState, Snapshot
    from slo.judge.exposure_hours import ExposureHour
    from slo.judge.recovery import RecoveryVerdict

PREFIX = "recovery."
"""Ids of breaches of recovery begin with it; an objective's may too, where its component has that name."""
MOST = 50
TOLD_AFTER = 600
"""Seconds after the end of a trouble in which a message of its key may still be about it."""


def detail_path(verdict: RecoveryVerdict) -> str:
    return f"/recovery/{quote(verdict.component)}/{quote(verdict.scenario)}" if verdict.scenario else ""


def hours_of(state: AppState, snapshot: Snapshot, verdict: RecoveryVerdict) -> list[ExposureHour]:
    """Of the last 30 days, every one. StoreError when they cannot be read."""
    component = snapshot.estate.component(verdict.component)
    start = verdict.at // 60 - PERIOD_DAYS * 1440
    return exposure_hours(verdict, state.recovered.recovery_hours(start, places(verdict, component)), PERIOD_DAYS)


def fired(snapshot: Snapshot, verdict: RecoveryVerdict) -> list[int]:
    """When somebody was told of something amiss with the component or what depends on it, as far as it is at hand."""
    users = {c.name for c in snapshot.estate.components if verdict.component in (c.name, *c.depends_on)}
    owned = {o.id for c in snapshot.estate.components if c.name in users for o in c.objectives}
    told = (b.breach.notified_at for b in snapshot.breaches if b.breach.objective in owned)
    return [at * 60 for at in told if at is not None]


def find(
    history: RecoveryHistory, snapshot: Snapshot, breach_id: str
) -> tuple[RecoveryBreach | None, Sequence[Delivery] | None]:
    """From the store, without it from the snapshot; messages are None then."""
    if not breach_id.startswith(PREFIX):
        return None, ()
    try:
        breach = history.recovery_breach(breach_id)
        if breach is None:
            return None, ()
        return breach, messages_of(breach, history.sent_as(key_of(breach, snapshot), limit=MOST))
    except StoreError:
        return next((b for b in snapshot.recovery_breaches if b.id == breach_id), None), None


def key_of(breach: RecoveryBreach, snapshot: Snapshot) -> str:
    return recovery_key(snapshot.estate.name, breach.component, breach.scenario)


def messages_of(breach: RecoveryBreach, found: Sequence[Delivery]) -> list[Delivery]:
    """Of its key's messages those of its time, oldest first: one key tells every trouble of a component in a scenario."""
    end = None if breach.resolved_at is None else breach.resolved_at + TOLD_AFTER
    held = [d for d in found if _within(int(d.created_at.timestamp()), breach.opened_at, end)]
    return sorted(held, key=lambda d: d.id)


def _within(at: int, start: int, end: int | None) -> bool:
    return start <= at and (end is None or at <= end)
