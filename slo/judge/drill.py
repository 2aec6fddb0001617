"""A rehearsed recovery: when it began and ended, who took part, what it lost, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slo.judge.outage import RecoveryEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

Outcome = Literal["passed", "failed"]


@dataclass(frozen=True, slots=True)
class Drill:
    """Times are epoch seconds; `lost_seconds` is how much newer data was than what came back, None where nobody looked.

    `artefact` is the SHA-256 of what was kept as evidence. While it lasts `finished_at` and `outcome` are None.
    """

    id: str
    component: str
    scenario: str
    started_at: int
    actor: str
    participants: tuple[str, ...] = ()
    finished_at: int | None = None
    outcome: Outcome | None = None
    lost_seconds: int | None = None
    artefact: str | None = None
    note: str | None = None


def events_of(drills: Iterable[Drill]) -> list[RecoveryEvent]:
    """What finished drills prove, in their order; one that lasts proves nothing yet, and no outage either."""
    return [
        RecoveryEvent(
            drill.component,
            "drill",
            drill.started_at,
            drill.finished_at,
            f"drill {drill.id} by {drill.actor}",
            drill.scenario,
            drill.lost_seconds,
            drill.outcome == "failed",
        )
        for drill in drills
        if drill.finished_at is not None
    ]
