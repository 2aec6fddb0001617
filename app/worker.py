"""One thread's work: a shard polled when its next minute has settled, a page sent when it is due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from app import pipeline
from app.board import Notice
from app.history import Place
from app.outbox import deliver_due
from app.snapshot import SourceStatus
from app.telemetry import TRACER
from slo.errors import Fenced, SourceError, StoreError
from slo.judge.verdict import Circumstances, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random
    from threading import Event

    from alerts.breach import Transition
    from alerts.message import Message
    from app.board import Board
    from app.clock import Clock
    from app.exposition import Meters
    from app.ports import Publisher, Store
    from app.watch import Watch
    from slo.estate.spec import Objective

RETRY_SECONDS = 5.0
IDLE_SECONDS = 1.0

log = structlog.get_logger()


class ShardWorker:
    """Runs the pipeline for one shard; a failing source or store is told and tried again, never skipped."""

    def __init__(
        self,
        store: Store,
        watch: Watch,
        clock: Clock,
        board: Board,
        tell: Callable[[Transition], Message | None],
        committed: Event,
        meters: Meters,
    ) -> None:
        self._store, self._watch, self._clock, self._board = store, watch, clock, board
        self._tell, self._committed, self._meters = tell, committed, meters
        self._held: pipeline.Held | None = None
        self._error: str | None = None
        self._states: dict[str, str] = {}
        self._shown: Notice | None = None

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            stop.wait(self.turn())

    def turn(self) -> float:
        """One look at the clock, at most one poll; the wall seconds until the next one is due."""
        due = self._watch.pace.watermark(self._clock.now().timestamp())
        try:
            with TRACER.start_as_current_span("tick", attributes={"sloop.shard": self._watch.name}):
                self._work(due)
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
        return RETRY_SECONDS if self._error or self._held is None else self._until_due()

    def _fail(self, what: str, error: SourceError | StoreError) -> None:
        log.warning(what, shard=self._watch.name, error=str(error))
        self._error = str(error)
        self._meters.source_errors.labels(self._watch.name).inc()
        if isinstance(error, StoreError):
            self._drop()

    def _drop(self) -> None:
        """With what was to ride on the next commit; the states are compared with the stored ones again."""
        self._held = None
        self._states.clear()

    def _work(self, due: int) -> None:
        if self._held is None or due - self._held.sums.at > pipeline.LONGEST_CATCH_UP:
            self._held = pipeline.load(self._store, self._watch, due)
        if due > self._held.sums.at or self._held.fresh:
            pipeline.poll(self._store, self._watch, self._held, max(due, self._held.sums.at), self._tell)
            self._committed.set()
            self._meters.ticks.labels(self._watch.name).inc()

    def _until_due(self) -> float:
        assert self._held is not None
        pace = self._watch.pace
        due_at = (self._held.sums.at + pace.poll) * 60 + pace.settle
        return max(0.02, (due_at - self._clock.now().timestamp()) / self._clock.speed)

    def _notice(self) -> Notice:
        held = self._held
        status = SourceStatus(
            self._watch.name,
            len(self._watch.queries),
            None if held is None else held.sums.at,
            self._clock.now(),
            self._error or (next(iter(held.failures.values()), None) if held is not None else None),
            tuple(o.id for o, _ in self._watch.objectives),
        )
        if held is None:
            return replace(self._shown, status=status) if self._shown else Notice(status)
        verdicts = {v.objective.id: v for v in pipeline.verdicts(self._store, self._watch, held, self._circumstances)}
        self._note_changes(held, verdicts)
        slots = {o: held.shard.slots[key] for o, key in self._watch.objectives}
        self._shown = Notice(
            status,
            verdicts,
            {o.id: newest for o, slot in slots.items() if (newest := held.sums.newest_measured(slot)) is not None},
            {o.id: Place(o, held.shard, slot, held.sums.at) for o, slot in slots.items()},
        )
        return self._shown

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
        )


class OutboxWorker:
    """Sends what is due; woken by every commit, and once a second for what is to be sent again."""

    def __init__(
        self, store: Store, publisher: Publisher, clock: Clock, jitter: Random, committed: Event, meters: Meters
    ) -> None:
        self._store, self._publisher, self._clock = store, publisher, clock
        self._jitter, self._committed, self._meters = jitter, committed, meters

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            self.turn()
            self._committed.wait(IDLE_SECONDS)
            self._committed.clear()

    def turn(self) -> None:
        try:
            outcomes = deliver_due(self._store, self._publisher, self._clock.wall(), self._jitter)
        except StoreError as error:
            log.warning("outbox not read", error=str(error))
            return
        for outcome in outcomes:
            severity = outcome.delivery.message.attributes.get("severity", "none")
            self._meters.notifications.labels(severity, "sent" if outcome.sent else "failed").inc()
