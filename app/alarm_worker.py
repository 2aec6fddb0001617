"""Compares desired with live alarms every few estate minutes, so that no request ever has to ask AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from alerts.mutes import still_to_come
from app.alarm_inventory import AlarmInventory, inventory
from slo.errors import ProvisionError, SourceError
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from app.clock import Clock
    from app.provision import Provisioning

EVERY_SECONDS, UNSETTLED_SECONDS = 300.0, 60.0
"""In estate time; the second where something is missing or differs, which somebody may be mending just now."""
LEAST_WALL_SECONDS = 10.0
"""A sped-up demo would otherwise read the whole account all the time."""

log = structlog.get_logger()


class AlarmWorker:
    """`wanted` is asked once, in the worker's thread; `show` hears every inventory. What fails is told and tried again."""

    def __init__(
        self, estate: str, wanted: Callable[[], Provisioning], clock: Clock, show: Callable[[AlarmInventory], None]
    ) -> None:
        self._estate, self._wanted, self._clock, self._show = estate, wanted, clock, show
        self._world: Provisioning | None = None
        self._last = AlarmInventory()

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            self.turn()
            stop.wait(max(LEAST_WALL_SECONDS, self._pause / self._clock.speed))

    @property
    def _pause(self) -> float:
        unsettled = self._last.error is None and self._last.count("in_sync") < len(self._last.lines)
        return UNSETTLED_SECONDS if unsettled else EVERY_SECONDS

    def turn(self) -> None:
        """One read. An error stands beside what was known before, which keeps its old time."""
        try:
            if self._world is None:
                self._world = self._wanted()
            live = self._world.provisioner.read(self._estate)
            now = self._clock.now()
            desired = still_to_come(self._world.desired, to_minute(now))
            self._last = inventory(self._estate, desired, live, now, self._world.without)
        except (SourceError, ProvisionError) as error:
            log.warning("alarms not read", error=str(error))
            self._last = replace(self._last, error=str(error))
        self._show(self._last)
