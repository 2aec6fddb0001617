"""Publishes the burn of those objectives that ask for it, once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from alerts.burn_metric import METRIC, burning
from alerts.heartbeat import NAMESPACE
from app.ports import MetricPoint
from app.signs import pulses, spare
from slo.errors import SourceError
from slo.resource import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from app.clock import Clock
    from app.ports import MetricSink
    from app.snapshot import Snapshot
    from slo.judge.verdict import Verdict

LEAST_WALL_SECONDS = 1.0

log = structlog.get_logger()


class BurnWorker:
    """An objective whose shard is late is left out: an old burn under a new time would be a lie."""

    def __init__(self, snapshot: Callable[[], Snapshot], sink: MetricSink, clock: Clock) -> None:
        self._snapshot, self._sink, self._clock = snapshot, sink, clock

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            self.turn()
            stop.wait(max(LEAST_WALL_SECONDS, 60 / self._clock.speed))

    def turn(self) -> None:
        snapshot, now = self._snapshot(), self._clock.now()
        points: dict[Place, list[MetricPoint]] = {}
        for found in burning(self._fresh(snapshot)):
            place = _place(snapshot, found.objective)
            if place is not None:
                point = MetricPoint(METRIC, found.dimensions(snapshot.estate.name), found.value, now)
                points.setdefault(place, []).append(point)
        for place, some in points.items():
            try:
                self._sink.put(place, NAMESPACE, some)
            except SourceError as error:
                log.warning("burn not published", account=place.account, region=place.region, error=str(error))

    def _fresh(self, snapshot: Snapshot) -> Iterator[Verdict]:
        now = self._clock.now().timestamp()
        late = {p.name for p in pulses(snapshot, [s.name for s in snapshot.sources]) if p.why_late(now, spare(self._clock))}
        for source in snapshot.sources:
            if source.name not in late:
                yield from (snapshot.verdicts[o] for o in source.objectives if o in snapshot.verdicts)


def _place(snapshot: Snapshot, objective: str) -> Place | None:
    """Its component's own account and region: where its alarm is."""
    component = next(c for c in snapshot.estate.components if any(o.id == objective for o in c.objectives))
    account = snapshot.estate.account(component.account)
    return None if account is None else Place(account.name, account.region, account.id, account.role_arn)
