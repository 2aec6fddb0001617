"""Tests the way to the pager of every component that has objectives, once in so many days of estate time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from alerts.rehearsal import DAY, turn, working_hour
from alerts.test_fire import KIND, words
from app.test_fire import Range
from slo.errors import SloopError

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from alerts.envelope import Origin
    from alerts.events import Event as Happened
    from alerts.test_fire import Evidence
    from app.clock import Clock
    from app.ports import Store
    from slo.estate.spec import Component, Estate

TURN_SECONDS = 60.0
LEAST_WALL_SECONDS = 1.0
PAGE = 200
ACTOR = "schedule"

log = structlog.get_logger()


class StoppedError(Exception):
    """The service ends in the middle of a test: a start within the same hour goes on with it, else the keeper closes it."""


class RehearsalWorker:
    """It decides from what is stored and nothing else: the tests that were made, and when objectives were declared first."""

    def __init__(
        self,
        store: Store,
        estate: Estate,
        origin: Callable[[Component], Origin],
        clock: Clock,
        wake: Callable[[], None],
        days: int,
    ) -> None:
        self._store, self._estate, self._origin, self._clock = store, estate, origin, clock
        self._wake, self._days = wake, days
        self._seen: dict[str, int] | None = None

    def run(self, stop: Event) -> None:
        def pause(seconds: float) -> None:
            if stop.wait(seconds):
                raise StoppedError

        while not stop.wait(max(LEAST_WALL_SECONDS, TURN_SECONDS / self._clock.speed)):
            try:
                self.turn(pause)
            except SloopError as error:
                log.warning("the way to the pager was not tested", error=str(error))
            except StoppedError:
                return

    def turn(self, pause: Callable[[float], object]) -> Evidence | None:
        """The test that was due, once it is over; `pause` waits so many seconds."""
        now = int(self._clock.now().timestamp())
        if working_hour(now) is None:
            return None
        found = turn(self._first_seen(), self._tests(now - self._days * DAY), now, self._days)
        if found is None:
            return None
        component, site = self._estate.component(found.component), Range(self._store, self._clock, pause, self._wake)
        evidence = site.fire(self._origin(component), component, ACTOR, at=found.at)
        tell = log.info if evidence.passed else log.error
        tell("the way to the pager was tested", component=component.name, passed=evidence.passed, what=words(evidence))
        return evidence

    def _first_seen(self) -> dict[str, int]:
        """Epoch seconds, by component, read once: the service records its estate before it starts."""
        if self._seen is None:
            seen: dict[str, int] = {}
            for objective in self._estate.objectives:
                for minute, _ in self._store.definitions(objective.id)[:1]:
                    seen[objective.component] = min(seen.get(objective.component, minute * 60), minute * 60)
            self._seen = seen
        return self._seen

    def _tests(self, since: int) -> list[Happened]:
        found: list[Happened] = []
        page = self._store.events(limit=PAGE, kind=KIND)
        while page:
            found += (event for event in page if event.at >= since)
            page = self._store.events(limit=PAGE, kind=KIND, before=page[-1].id) if page[-1].at >= since else ()
        return found
