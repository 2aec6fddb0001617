"""One thread's work: once an estate minute look at what can be recovered, keep it, judge it, show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from app.outages import OutageFinder
from slo.errors import StoreError
from slo.judge.recovery import judge_estate
from slo.judge.recovery_part import PERIOD_DAYS
from slo.judge.recovery_point import added, hour_of
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Event

    from app.board import Board
    from app.clock import Clock
    from app.ports import RecoveryReader, Store
    from slo.estate.spec import Estate
    from slo.judge.recovery_point import MechanismName, Reading, ReadingHour
    from slo.units import Minute

RETRY_SECONDS = 5.0
LEAST_WALL_SECONDS = 2.0
"""Between two looks, however fast the estate's time runs."""
PATIENCE_SECONDS = 60.0
"""The first verdicts of the objectives go before the first look, but not for ever."""
KEPT_MINUTES = 400 * 1440

log = structlog.get_logger()


class RecoveryWorker:
    """A call that is refused is a reason in the verdict; a store that refuses is tried again."""

    def __init__(self, store: Store, estate: Estate, reader: RecoveryReader, clock: Clock, board: Board) -> None:
        self._store, self._estate, self._reader = store, estate, reader
        self._clock, self._board = clock, board
        self._outages = OutageFinder(store, estate, board.place)
        self._hours: dict[tuple[str, MechanismName, int], ReadingHour] | None = None

    def run(self, stop: Event) -> None:
        started = self._clock.monotonic()
        while self._board.box.get().unjudged and self._clock.monotonic() - started < PATIENCE_SECONDS:
            if stop.wait(0.2):
                return
        while not stop.is_set():
            stop.wait(self.turn())

    def turn(self) -> float:
        """One look; the wall seconds until the next one is due."""
        now = self._clock.now()
        try:
            self._look()
        except StoreError as error:
            log.warning("recovery not kept", error=str(error))
            self._hours = None
            return RETRY_SECONDS
        return max(LEAST_WALL_SECONDS, (60 - now.timestamp() % 60) / self._clock.speed)

    def _look(self) -> None:
        now = self._clock.now()
        minute = to_minute(now)
        found = {c.name: self._reader.read(c, self._estate.account(c.account), now) for c in self._estate.components}
        readings = [r for f in found.values() for r in f.readings]
        events = [e for f in found.values() for e in f.events]
        self._store.keep_recovery(readings, [*events, *self._outages.find()], prune_before=minute - KEPT_MINUTES)
        verdicts = judge_estate(
            self._estate,
            self._period(readings, minute - PERIOD_DAYS * 1440),
            self._store.recovery_events(minute - PERIOD_DAYS * 1440),
            {name: f.gaps for name, f in found.items()},
            int(now.timestamp()),
        )
        self._board.post_recovery(verdicts)

    def _period(self, readings: Iterable[Reading], start: Minute) -> list[ReadingHour]:
        """The hours since `start`: read once, then kept up with the store by the same rule."""
        if self._hours is None:
            self._hours = {hour.key: hour for hour in self._store.recovery_hours(start)}
        for reading in readings:
            key = (reading.component, reading.mechanism, hour_of(reading.at))
            self._hours[key] = added(self._hours.get(key), reading)
        self._hours = {key: hour for key, hour in self._hours.items() if hour.hour >= start * 60}
        return list(self._hours.values())
