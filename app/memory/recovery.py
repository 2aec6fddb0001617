"""The twin of AwsRecovery: recovery points and event histories as they were given, and refusals by IAM action."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.ports import Findings
from slo.judge.outage import Told, failovers
from slo.judge.recovery_point import Reading, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from slo.estate.spec import Account, Component
    from slo.judge.recovery_point import MechanismName


@dataclass(frozen=True, slots=True)
class Point:
    """`newest` tells the newest usable point at a moment, both in epoch seconds; `action` is what reads it."""

    action: str
    newest: Callable[[int], int | Unknown]


@dataclass(slots=True, eq=False)
class MemoryRecovery:
    """Implements RecoveryReader. `told` is by component, with the action that reads it."""

    points: dict[tuple[str, MechanismName], Point] = field(default_factory=dict)
    told: dict[str, tuple[str, list[Told]]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)

    def read(self, component: Component, account: Account | None, now: datetime) -> Findings:  # noqa: ARG002 - one account
        at = int(now.timestamp())
        gaps: dict[str, Unknown] = {}
        readings = []
        for (name, mechanism), point in self.points.items():
            if name == component.name:
                newest = self._refusal(point.action, gaps) or point.newest(at)
                readings.append(Reading(name, mechanism, at, newest, point.action))
        action, lines = self.told.get(component.name, ("", []))
        refused = self._refusal(action, gaps)
        known = [line for line in lines if line.at <= at and refused is None]
        return Findings(tuple(readings), tuple(failovers(component.name, known, action)), tuple(gaps.values()))

    def _refusal(self, action: str, gaps: dict[str, Unknown]) -> Unknown | None:
        if action not in self.denied:
            return None
        return gaps.setdefault(action, Unknown("access_denied", f"not evidenced: needs {action}"))
