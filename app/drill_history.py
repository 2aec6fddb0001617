"""The drills that were recorded, as far back as anything proves a recovery target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge.drill import events_of
from slo.judge.recovery_part import PROOF_DAYS

if TYPE_CHECKING:
    from app.records import Records
    from slo.judge.drill import Drill
    from slo.judge.outage import RecoveryEvent

PAGE = 200


def drill_events(records: Records, now: int) -> list[RecoveryEvent]:
    """What those proved that were finished at `now` (epoch seconds), newest first."""
    return events_of(d for d in _since(records, now - PROOF_DAYS * 86400) if d.finished_at is not None and d.finished_at <= now)


def _since(records: Records, start: int) -> list[Drill]:
    found: list[Drill] = []
    while True:
        page = records.drills(limit=PAGE, before=found[-1].id if found else None)
        found += page
        if len(page) < PAGE or page[-1].started_at < start:
            return [drill for drill in found if drill.started_at >= start]
