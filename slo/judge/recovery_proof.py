"""Which interruptions show how long recovery takes in a scenario, and how old they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge import mechanism as protection
from slo.judge.outage import interruptions
from slo.judge.recovery_part import PERIOD_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.spec import Component, RecoveryTarget
    from slo.judge.outage import EventKind, Interruption, RecoveryEvent
    from slo.judge.recovery_part import Evidence

DAY = 86400
NO_AGE = 90 * 1440


@dataclass(frozen=True, slots=True)
class Proofs:
    """All of them ascend. `finished` of whatever age, `lasting` of the period, `endless` began before it and never ended.

    `failed` are drills after which nothing came back; `max_age` is in minutes, `now` in epoch seconds.
    """

    finished: Sequence[Interruption]
    lasting: Sequence[Interruption]
    endless: Sequence[Interruption]
    failed: Sequence[RecoveryEvent]
    max_age: int
    now: int

    @property
    def valid(self) -> Sequence[Interruption]:
        """Those that are not too old."""
        return [g for g in self.finished if self._since(g, self.now - self.max_age * 60)]

    @property
    def judged(self) -> Sequence[Interruption]:
        """Those of the period; the newest valid one where the period has none: it holds until there is a newer one."""
        recent = [g for g in self.finished if self._since(g, self.now - PERIOD_DAYS * DAY)]
        return recent or self.valid[-1:]

    def of_loss(self, *, promised: bool) -> Proofs:
        """Those that show what was lost: measured by somebody, or (`promised`) real where the mechanism tells what it loses."""
        told = [g for g in self.finished if g.lost is not None or (promised and g.kinds != {"drill"})]
        return Proofs(told, self.lasting, self.endless, self.failed, self.max_age, self.now)

    @staticmethod
    def _since(group: Interruption, start: int) -> bool:
        return group.end is not None and group.end >= start


def proofs_of(component: Component, target: RecoveryTarget | None, evidence: Evidence, now: int) -> Proofs:
    """Of the target's scenario; what has not begun at `now` (another clock is ahead) is left out."""
    scenario = None if target is None else target.scenario
    kinds = protection.PROOFS.get(scenario or "", ())
    known = [e for e in (*evidence.events, *evidence.around) if e.start <= now and _concerns(e, scenario, kinds)]
    own = [
        group
        for group in interruptions(e for e in known if not e.failed)
        if group.timed
        and any(e.component == component.name and (e.kind in kinds or e.scenario == scenario) for e in group.events)
    ]
    start = now - PERIOD_DAYS * DAY
    return Proofs(
        [g for g in own if g.end is not None],
        [g for g in own if g.end is None and g.start >= start],
        [g for g in own if g.end is None and g.start < start],
        sorted((e for e in known if e.failed and e.scenario == scenario), key=lambda e: e.start),
        NO_AGE if target is None else target.proof_max_age,
        now,
    )


def _concerns(event: RecoveryEvent, scenario: str | None, kinds: Sequence[EventKind]) -> bool:
    """A rehearsal of something else, or a restore beside a failover, must not make that failover longer."""
    explains = event.kind == "outage" or (event.kind == "drill" and event.scenario is None)
    return explains or event.kind in kinds or event.scenario == scenario
