"""Asks ECS every few estate minutes what was deployed: what changed is known without EventBridge too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from alerts.events import Event as Happening
from slo.errors import SourceError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Event

    from app.clock import Clock
    from app.records import Records
    from slo.estate.spec import Component, Estate

EVERY_SECONDS = 300.0
"""In estate time."""
LEAST_WALL_SECONDS = 10.0
NEW_SECONDS = 7 * 86_400
"""What was deployed before is no news at a first start."""
MOST_KNOWN = 500

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deployment:
    """The newest of a service; `at` is when it began, in epoch seconds, `what` its task definition."""

    component: str
    id: str
    at: int
    what: str


class Deployments(Protocol):
    def newest(self, components: Sequence[Component]) -> Sequence[Deployment]:
        """SourceError."""
        ...


class DeploymentWorker:
    """A deployment is told once, by EventBridge or by this. A refusal is told in the log and tried again at the next turn."""

    def __init__(self, records: Records, estate: Estate, reader: Deployments, clock: Clock) -> None:
        self._records, self._reader, self._clock = records, reader, clock
        self._services = [c for c in estate.components if c.kind == "ecs" and {"cluster", "service"} <= c.resource.keys()]

    def run(self, stop: Event) -> None:
        while self._services and not stop.is_set():
            self.turn()
            stop.wait(max(LEAST_WALL_SECONDS, EVERY_SECONDS / self._clock.speed))

    def turn(self) -> None:
        now = int(self._clock.now().timestamp())
        try:
            found = [d for d in self._reader.newest(self._services) if d.at > now - NEW_SECONDS]
            told = {e.document.get("deployment") for e in self._records.events(limit=MOST_KNOWN, kind="deployment")}
            self._records.keep_events([_event(d, now) for d in found if d.id not in told])
        except (SourceError, StoreError) as error:
            log.warning("deployments not read", error=str(error))


def _event(deployment: Deployment, now: int) -> Happening:
    title = f"deployment of {deployment.what}"
    document = {"deployment": deployment.id, "state": "started"}
    return Happening(f"ecs/{deployment.id}", "ecs", "deployment", deployment.at, now, title, deployment.component, document)
