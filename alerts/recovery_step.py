"""One look at a recovery target: which troubles open, are told and resolve. Everything is decided from rows that are stored.

A row opens unseen (`notified_at` is None) and is told when its trouble stood long enough; one that went away before is closed
unseen. A key has one message at a time: that of the worst trouble told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from alerts.recovery_breach import RecoveryBreach

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alerts.recovery_breach import RecoveryTrouble
    from alerts.recovery_trouble import Trouble

RecoveryChange = Literal["opened", "changed", "repeated", "resolved"]
URGENCY: tuple[RecoveryTrouble, ...] = (
    "exposure_over",
    "replication_stopped",
    "backup_missing",
    "exposure_near",
    "proof_expired",
)
"""The worse one first, among those of one severity."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the key says from now on; `resolved` in the words of what was worst."""

    breach: RecoveryBreach
    change: RecoveryChange


@dataclass(frozen=True, slots=True)
class Step:
    """`rows` are those that changed; `told` is None where the key says what it said."""

    rows: tuple[RecoveryBreach, ...] = ()
    told: Told | None = None


def worst(rows: Iterable[RecoveryBreach]) -> RecoveryBreach | None:
    """Of those that were told and are open."""
    told = [row for row in rows if row.open and row.notified_at is not None]
    return min(told, key=lambda r: (r.severity != "page", URGENCY.index(r.kind), r.opened_at), default=None)


def step(
    component: str, scenario: str, troubles: Sequence[Trouble], held: Sequence[RecoveryBreach], now: int, *, quiet: bool
) -> Step:
    """`held` are the open rows of this target; while `quiet` (muted, or just begun) nothing new is told."""
    before = {row.kind: row for row in held}
    after = dict(before)
    for trouble in troubles:
        row = before.get(trouble.kind)
        if trouble.standing == "on":
            fresh = RecoveryBreach(component, scenario, trouble.kind, trouble.severity, now, trouble.detail)
            after[trouble.kind] = _standing(row or fresh, trouble, now, quiet=quiet)
        elif trouble.standing == "off" and row is not None:
            after[trouble.kind] = replace(row, resolved_at=now)
    changed = tuple(row for kind, row in after.items() if row != before.get(kind))
    return Step(changed, _told(worst(before.values()), worst(after.values()), now))


def ended(held: Sequence[RecoveryBreach], now: int) -> Step:
    """Of a target that the estate does not set any more: nothing will ever look at it again."""
    told = worst(held)
    rows = tuple(replace(row, resolved_at=now) for row in held)
    return Step(rows, None if told is None else Told(replace(told, resolved_at=now), "resolved"))


def _standing(row: RecoveryBreach, trouble: Trouble, now: int, *, quiet: bool) -> RecoveryBreach:
    """The detail stays as it was told, unless it got worse or better: a row is no series. A ticket becomes no page unheard."""
    raised = trouble.severity == "page" and row.notified_at is not None
    if trouble.severity != row.severity and not (quiet and raised):
        row = replace(row, severity=trouble.severity, detail=trouble.detail)
    if row.notified_at is None and not quiet and now - row.opened_at >= trouble.wait:
        return replace(row, notified_at=now, detail=trouble.detail)
    return row


def _told(before: RecoveryBreach | None, after: RecoveryBreach | None, now: int) -> Told | None:
    if after is None:
        return None if before is None else Told(replace(before, resolved_at=now), "resolved")
    if before is not None and (after.id, after.severity) == (before.id, before.severity):
        return None
    return Told(after, "opened" if after.notified_at == now else "changed")
