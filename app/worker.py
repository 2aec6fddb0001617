"""One thread's work: a shard polled when its next minute has settled, a page sent when it is due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app import lanes, pipeline
from app.asking import CountedSource
from app.board import Notice
from app.clock import Drift
from app.history import Place
from app.items import rendered
from app.outbox import BATCH, deliver_due
from app.snapshot import SourceStatus
from app.telemetry import TRACER
from slo.errors import AccessDenied, Fenced, SourceError, StoreError, Throttled
from slo.judge.verdict import Circumstances, Verdict
from slo.units import format_minute

if TYPE_CHECKING:
    from random import Random
    from threading import Event

    from app.board import Board
    from app.clock import Clock
    from app.exposition import Meters
    from app.missing import MissingMetrics
    from app.outbox import Paths
    from app.ports import Store
    from app.telling import Tell
    from app.watch import Watch
    from slo.estate.spec import Objective
    from slo.units import Minute

RETRY_SECONDS = 5.0
IDLE_SECONDS = 1.0
JUMP_SECONDS = 2.0
LEAP_SECONDS = 900.0
DOUBT_SECONDS = 600.0
"""Of the wall: somebody's time service sets most clocks right sooner."""
MOST_GAPS = 20

log = structlog.get_logger()


class ShardWorker:
    """Runs the pipeline for one shard; a failing source or store is told and tried again, never skipped."""

    def __init__(
        self,
        store: Store,
        watch: Watch,
        clock: Clock,
        board: Board,
        tell: Tell,
        committed: Event,
        meters: Meters,
        missing: MissingMetrics | None = None,
    ) -> None:
        """`missing` is this worker's own."""
        self._store, self._clock, self._board, self._missing = store, clock, board, missing
        self._tell, self._committed, self._meters = tell, committed, meters
        self._held: pipeline.Held | None = None
        self._error: str | None = None
        self._states: dict[str, str] = {}
        self._shown: Notice | None = None
        self._source, self._throttled = CountedSource(watch.source), 0
        self._watch = replace(watch, source=self._source)
        self._drift, self._ahead, self._believed_from = Drift(clock), 0.0, 0.0

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            stop.wait(self.turn())

    def turn(self) -> float:
        """One look at the clock, at most one poll; the wall seconds until the next one is due."""
        self._note_jump()
        try:
            with TRACER.start_as_current_span("tick", attributes={"sloop.shard": self._watch.name}):
                self._work(self._clock.now().timestamp())
            self._error = None
        except Fenced as error:
            log.info("another process moved the shard", shard=self._watch.name, detail=str(error))
            self._drop()
        except (SourceError, StoreError) as error:
            self._fail("poll failed", error)
        try:
            self._board.hang(self._notice())
        except StoreError as error:
            self._fail("verdicts not shown", error)
        if self._missing is not None:
            self._missing.look()
        return RETRY_SECONDS if self._error or self._held is None else self._until_due()

    def _fail(self, what: str, error: SourceError | StoreError) -> None:
        log.warning(what, shard=self._watch.name, error=str(error))
        self._error = str(error)
        self._meters.source_errors.labels(self._watch.name, kind_of(error)).inc()
        if isinstance(error, StoreError):
            self._drop()

    def _note_jump(self) -> None:
        jump, most = self._drift.jump(), max(1.0, self._clock.speed)
        if abs(jump) <= JUMP_SECONDS * most:
            return
        log.warning("the clock jumped", shard=self._watch.name, seconds=round(jump, 3))
        self._meters.clock_jumps.labels(self._watch.name).inc()
        self._ahead += jump
        doubted = self._ahead > LEAP_SECONDS * most
        self._believed_from = self._clock.monotonic() + DOUBT_SECONDS if doubted else 0.0

    def _check_clock(self, now: float) -> None:
        """T never goes back: what a wrong clock judged as missing would stay judged. SourceError while it is in doubt."""
        if self._clock.monotonic() < self._believed_from:
            raise SourceError("the clock leapt ahead; it is believed after ten minutes, unless it goes back", retryable=True)
        if self._believed_from:
            self._believed_from = self._ahead = 0.0
        if self._held is not None and self._held.sums.at * 60 > now:
            until = format_minute(self._held.sums.at)
            raise SourceError(f"the clock is behind {until}, the last minute judged: it waits until then", retryable=True)

    def _drop(self) -> None:
        """With what was to ride on the next commit; the states are compared with the stored ones again."""
        self._held = None
        self._states.clear()

    def _work(self, now: float) -> None:
        whole = self._watch.pace.watermark(now)
        self._check_clock(now)
        if self._held is None or whole - self._held.sums.at > pipeline.LONGEST_CATCH_UP:
            try:
                self._held = pipeline.load(self._store, self._watch, whole)
            finally:
                self._count("history")
        due = lanes.due(self._watch, self._held, now)
        if due > self._held.sums.at or self._held.fresh:
            self._tick(self._held, max(due, self._held.sums.at))

    def _tick(self, held: pipeline.Held, due: Minute) -> None:
        name, began = self._watch.name, self._clock.monotonic()
        lane = "whole" if lanes.is_whole(self._watch, held, due) else "fast"
        try:
            pipeline.poll(self._store, self._watch, held, due, self._tell)
        finally:
            self._count(lane)
        self._committed.set()
        self._meters.ticks.labels(name).inc()
        self._meters.tick_seconds.labels(name).observe(self._clock.monotonic() - began)

    def _count(self, lane: str) -> None:
        taken = self._source.taken()
        self._throttled += taken.throttled
        self._meters.queries.labels(self._watch.name, lane).inc(taken.series)
        self._meters.throttles.labels(self._watch.name).inc(taken.throttled)

    def _until_due(self) -> float:
        """Never longer than a poll: a clock that was set back may be set right again."""
        assert self._held is not None
        due_at = lanes.next_due(self._watch, self._held) * 60 + self._watch.pace.settle
        wait = min(due_at - self._clock.now().timestamp(), self._watch.pace.poll * 60)
        return max(0.02, wait / self._clock.speed)

    def _notice(self) -> Notice:
        held = self._held
        status = self._status()
        if held is None:
            return replace(self._shown, status=status) if self._shown else Notice(status)
        verdicts = {v.objective.id: v for v in pipeline.verdicts(self._store, self._watch, held, self._circumstances)}
        self._note_changes(held, verdicts)
        seats, shown = held.table.seats, self._shown or Notice(status)
        self._shown = Notice(
            status,
            verdicts,
            {s.objective.id: newest for s in seats if (newest := held.sums.newest_measured(s.minutes)) is not None},
            {
                s.objective.id: Place(s.objective, held.shard, s.minutes, s.counted, verdicts[s.objective.id].at, held.touched)
                for s in seats
            },
            rendered(verdicts, self._board.box.get().indicators, shown.verdicts, shown.items),
        )
        return self._shown

    def _status(self) -> SourceStatus:
        held, watch = self._held, self._watch
        status = SourceStatus(
            watch.name,
            len(watch.queries),
            None,
            self._clock.now(),
            self._error,
            tuple(o.id for o, _ in watch.objectives),
            settle=watch.pace.settle,
            poll=watch.pace.poll,
            throttled=self._throttled,
        )
        if held is None:
            return status
        return replace(
            status,
            tick=held.sums.at,
            error=self._error or next(iter(held.failures.values()), None),
            hot=sum(key in held.hot for _, key in watch.objectives),
            failing=len(held.failures),
            quarantined=held.quarantined,
            coverage=lanes.recent_coverage(held),
            gaps=lanes.recent_gaps(held)[:MOST_GAPS],
            damaged=tuple(self._store.quarantined(held.shard)),
            remarks=tuple(f"{asked}: {said}" for asked, told in watch.remarks().items() for said in told),
        )

    def _note_changes(self, held: pipeline.Held, verdicts: dict[str, Verdict]) -> None:
        """State changes ride on the next commit: judging every objective inside the tick would make it several times slower."""
        for objective, verdict in verdicts.items():
            if objective not in self._states:
                last = self._store.verdict_changes(objective, limit=1)
                self._states[objective] = last[0].state if last else ""
            if self._states[objective] != verdict.state:
                self._states[objective] = verdict.state
                held.changed.append(verdict)

    def _circumstances(self, objective: Objective, key: str) -> Circumstances:
        held = self._held
        assert held is not None
        pace = self._watch.pace
        newest = held.sums.newest_measured(held.shard.slots[key])
        age = None if newest is None else self._clock.now().timestamp() - (newest + 1) * 60
        stale = age is not None and age > pace.settle + 2 * pace.poll * 60
        standing = held.standings.get(objective.id)
        return Circumstances(
            open_breaches=frozenset() if standing is None else standing.severities,
            source_error=self._error or held.failures.get(key),
            stale_since=newest if stale else None,
            metric_missing=self._why_missing(key, newest if stale else None),
        )

    def _why_missing(self, key: str, newest: Minute | None) -> str | None:
        """Of what answered once and has said nothing for three polls, though the source did answer; None: it is not missing."""
        if self._missing is None:
            return None
        if newest is None:
            self._missing.forget(self._watch.indicators[key])
            return None
        failed = self._error is not None or (self._held is not None and key in self._held.failures)
        return None if failed else self._missing.reason(self._watch.indicators[key], newest + 1)


def kind_of(error: SourceError | StoreError) -> str:
    """As `sloop_source_errors_total` tells them apart."""
    if isinstance(error, StoreError):
        return "store"
    if isinstance(error, Throttled):
        return "throttled"
    return "denied" if isinstance(error, AccessDenied) else "failed"


class OutboxWorker:
    """Sends what is due; woken by every commit, and once a second for what is to be sent again."""

    def __init__(self, store: Store, paths: Paths, clock: Clock, jitter: Random, committed: Event, meters: Meters) -> None:
        self._store, self._paths, self._clock = store, paths, clock
        self._jitter, self._committed, self._meters = jitter, committed, meters

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            if self.turn() == BATCH:
                continue
            self._committed.wait(IDLE_SECONDS)
            self._committed.clear()

    def turn(self) -> int:
        """How many were tried: a full batch may not have been all."""
        try:
            outcomes = deliver_due(self._store, self._paths, self._clock.wall(), self._jitter, wall=self._clock.wall)
        except StoreError as error:
            log.warning("outbox not read", error=str(error))
            return 0
        for outcome in outcomes:
            severity = outcome.delivery.message.attributes.get("severity", "none")
            self._meters.notifications.labels(severity, "sent" if outcome.sent else "failed").inc()
        return len(outcomes)
