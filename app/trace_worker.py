"""Reads X-Ray's map every few estate minutes, so that no request ever has to ask AWS. It feeds pages, and no budget."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app.trace_map import RECENT, WHOLE, TraceMap, trace_map
from slo.errors import SourceError
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    from app.clock import Clock
    from app.trace_map import Flow, Tracer
    from slo.estate.spec import Estate
    from slo.units import Minute

EVERY_SECONDS = 300.0
"""In estate time."""
LEAST_WALL_SECONDS = 10.0
LATE = 2
"""Minutes before now that are not read: traces come late."""

log = structlog.get_logger()


class TraceWorker:
    """`places` are (account, region); without any it has nothing to do. `show` hears every map."""

    def __init__(
        self,
        estate: Estate,
        tracer: Tracer,
        places: Sequence[tuple[str | None, str]],
        clock: Clock,
        show: Callable[[TraceMap], None],
    ) -> None:
        self._estate, self._tracer, self._places = estate, tracer, tuple(places)
        self._clock, self._show = clock, show
        self._last = TraceMap()

    def run(self, stop: Event) -> None:
        while self._places and not stop.is_set():
            self.turn()
            stop.wait(max(LEAST_WALL_SECONDS, EVERY_SECONDS / self._clock.speed))

    def turn(self) -> None:
        """One look. An error stands beside what was known before, which keeps its old time."""
        now = self._clock.now()
        end = to_minute(now) - LATE
        try:
            self._last = trace_map(self._estate, self._flows(end - RECENT, end), self._flows(end - WHOLE, end), now)
        except SourceError as error:
            log.warning("X-Ray's map not read", error=str(error))
            self._last = replace(self._last, error=str(error))
        self._show(self._last)

    def _flows(self, start: Minute, end: Minute) -> list[Flow]:
        return [flow for place in self._places for flow in self._tracer.flows(*place, start, end)]
