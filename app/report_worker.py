"""Writes last week's report on Mondays at 06:00Z; a report that stands is left alone, and other numbers make a new revision."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

from app.reports.body import build
from app.reports.controls import read_frameworks
from app.reports.gather import CUT_OFF, gather, watermark
from app.reports.manifest import Run
from slo.errors import ReportError, StoreError
from slo.judge.compliance import week_before
from slo.units import format_time, to_minute

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event
    from typing import Any

    from app.clock import Clock
    from app.ports import Store
    from app.reports.gather import Inputs
    from app.reports.shelf import FolderShelf
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate
    from slo.judge.compliance import Period

LATEST = 480
"""Minutes after the period's end: Monday 08:00Z. Then it is written without what a source still owes, and says so."""
LOOK_SECONDS = 30.0

log = structlog.get_logger()


def report_of(inputs: Inputs, spec_sha256: str, revision: int = 1, supersedes: str | None = None) -> dict[str, Any]:
    """The body, as this version of the program makes it."""
    return build(
        inputs,
        read_frameworks(),
        spec_sha256=spec_sha256,
        tool_version=version("sloop"),
        revision=revision,
        supersedes=supersedes,
    )


def run_of(inputs: Inputs, clock: Clock) -> Run:
    return Run(format_time(clock.now()), inputs.versions)


class ReportWorker:
    """`ready` says that the service has judged every objective once: before that the store may lack history."""

    def __init__(
        self,
        store: Store,
        estate: Estate,
        catalog: Catalog,
        shelf: FolderShelf,
        clock: Clock,
        ready: Callable[[], bool],
        spec_sha256: str,
    ) -> None:
        self._store, self._estate, self._catalog = store, estate, catalog
        self._shelf, self._clock, self._ready = shelf, clock, ready
        self._spec_sha256 = spec_sha256
        self._written: tuple[str, bool] | None = None

    def run(self, stop: Event) -> None:
        while not stop.wait(self.turn()):
            pass

    def turn(self) -> float:
        """One look at the clock, at most one report; the wall seconds until the next look."""
        now = self._clock.now()
        period = week_before(now)
        if self._written != (period.name, True) and self._ready():
            try:
                self._work(period, to_minute(now) - period.end)
            except (ReportError, StoreError) as error:
                log.warning("report not written", week=period.name, error=str(error))
        return LOOK_SECONDS

    def _work(self, period: Period, late: int) -> None:
        """`late` is how many minutes the period is over."""
        judged_to = watermark(self._store, self._estate)
        whole = judged_to is not None and judged_to >= period.end + CUT_OFF
        if not whole and (late < LATEST or self._written == (period.name, False)):
            return
        inputs = gather(self._store, self._estate, self._catalog, period, partial=not whole)
        make = partial(report_of, inputs, self._spec_sha256)
        entry, new = self._shelf.publish(period.name, make, run_of(inputs, self._clock))
        self._written = period.name, whole
        if new:
            log.info("report written", week=entry.week, revision=entry.revision, body_sha256=entry.body_sha256)
