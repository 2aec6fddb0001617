"""Beats once a minute to every place that has the heartbeat's alarm, as long as the whole way from source to topic works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import structlog

from alerts.heartbeat import METRIC, NAMESPACE, why_silent
from app.ports import MetricPoint
from slo.errors import ProvisionError, SourceError, StoreError
from slo.units import from_minute, to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from threading import Event

    from alerts.heartbeat import Signs
    from app.clock import Clock
    from app.ports import MetricSink
    from slo.resource import Place

LEAST_WALL_SECONDS = 1.0
STARTING_SECONDS = 60.0
"""Of the wall, in which a service that never beat yet is no news: its first minutes are still to be read."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Beat:
    """`last` is when it last beat everywhere (estate time), None before that; `silent` is why it does not beat now."""

    last: datetime | None = None
    silent: str | None = None
    places: int = 0


class HeartbeatWorker:
    """`places` is asked once, in the worker's thread; `show` hears every turn."""

    def __init__(
        self,
        estate: str,
        places: Callable[[], Sequence[Place]],
        sink: MetricSink,
        clock: Clock,
        signs: Callable[[], Signs],
        show: Callable[[Beat], None],
    ) -> None:
        self._estate, self._ask, self._sink, self._clock = estate, places, sink, clock
        self._signs, self._show = signs, show
        self._places: Sequence[Place] | None = None
        self._beat = Beat()
        self._told: str | None = None
        self._started = clock.monotonic()

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            self.turn()
            stop.wait(self._pause)

    def turn(self) -> None:
        """One beat, or the reason why not."""
        why = self._try()
        if why is None:
            self._beat = Beat(self._clock.now(), None, len(self._places or ()))
        else:
            self._beat = replace(self._beat, silent=why)
        self._warn(why)
        self._show(self._beat)

    def _warn(self, why: str | None) -> None:
        """Of each reason once."""
        starting = self._beat.last is None and self._clock.monotonic() - self._started < STARTING_SECONDS
        if why != self._told and not (why and starting):
            self._told = why
            if why is not None:
                log.warning("no heartbeat", why=why)

    def _try(self) -> str | None:
        try:
            if self._places is None:
                self._places = self._ask()
            why = why_silent(self._signs())
            if why is not None:
                return why
            points = self._points()
            failed = [error for place in self._places if (error := self._put(place, points)) is not None]
        except (ProvisionError, StoreError) as error:
            return str(error)
        return failed[0] if failed else None

    def _put(self, place: Place, points: Sequence[MetricPoint]) -> str | None:
        """One place that cannot be reached keeps no other one silent."""
        try:
            self._sink.put(place, NAMESPACE, points)
        except SourceError as error:
            return f"{place.account} {place.region}: {error}"
        return None

    def _points(self) -> list[MetricPoint]:
        now = to_minute(self._clock.now())
        dimensions = (("Estate", self._estate),)
        return [MetricPoint(METRIC, dimensions, 1.0, from_minute(now + ahead)) for ahead in range(self._ahead + 1)]

    @property
    def _ahead(self) -> int:
        """A sped-up demo cannot beat in every estate minute: it vouches for those until two turns later."""
        speed = self._clock.speed
        return 0 if speed <= 1 else ceil(2 * max(60.0, speed * LEAST_WALL_SECONDS) / 60)

    @property
    def _pause(self) -> float:
        """Until the next minute begins: a pause of a minute would drift and leave one out."""
        left = timedelta(minutes=1) - timedelta(seconds=self._clock.now().timestamp() % 60)
        return max(LEAST_WALL_SECONDS, left.total_seconds() / self._clock.speed)
