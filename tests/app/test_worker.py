from __future__ import annotations

from random import Random
from threading import Event
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from app.board import Board
from app.exposition import meters
from app.memory.publisher import MemoryPublisher
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.outbox import Paths
from app.watch import Pace
from app.worker import RETRY_SECONDS, OutboxWorker, ShardWorker
from slo.errors import DeliveryError, SourceError, StoreError
from tests.support.clocks import FakeClock
from tests.support.rig import API, DAY, START, Rig, query, traffic, watch

if TYPE_CHECKING:
    from datetime import datetime

    from app.ports import BreachRow, Delivery, Store, VerdictChange

DOWN = SourceError("CloudWatch is down", retryable=True)


class Desk:
    """One shard's worker with everything around it; the source always knows about an hour more than now."""

    def __init__(self, pace: Pace, store: Store | None = None, speed: float = 1.0) -> None:
        self.source = MemorySource()
        traffic(self.source, range(START - DAY, START + 3 * DAY))
        self.clock = FakeClock(START * 60, speed)
        self.store: Store = store or MemoryStore()
        self.registry = CollectorRegistry()
        self.committed = Event()
        self.watch = watch(self.source, pace=pace)
        self.rig = Rig(self.store, self.watch)
        self.board = Board(self.watch.estate, self.store, self.clock, indicators={})
        counters = meters(self.registry)
        self.worker = ShardWorker(self.store, self.watch, self.clock, self.board, self.rig._tell, self.committed, counters)

    def turn_after(self, seconds: float) -> float:
        self.clock.move(seconds)
        return self.worker.turn()

    @property
    def at(self) -> int:
        return self.board.box.get().verdicts[API.id].at

    @property
    def state(self) -> str:
        return self.board.box.get().verdicts[API.id].state

    def changes(self) -> list[str]:
        return [c.state for c in reversed(self.store.verdict_changes(API.id, limit=100))]


class Brittle(MemoryStore):
    """Fails while it is told to, where pages read and where ticks write."""

    broken = False

    def open_breaches(self) -> list[BreachRow]:
        self._check()
        return super().open_breaches()

    def verdict_changes(self, objective: str, *, limit: int) -> list[VerdictChange]:
        self._check()
        return super().verdict_changes(objective, limit=limit)

    def _check(self) -> None:
        if self.broken:
            raise StoreError("the database is locked; try again")


def test_a_minute_is_due_when_it_has_settled() -> None:
    desk = Desk(Pace(settle=180))

    wait = desk.turn_after(0)

    assert desk.at == START - 3
    assert wait == 60
    assert desk.turn_after(59) == 1
    assert desk.at == START - 3
    desk.turn_after(1)
    assert desk.at == START - 2


def test_the_watermark_moves_in_whole_polls() -> None:
    desk = Desk(Pace(settle=180, poll=5))

    assert desk.turn_after(0) == 180
    assert desk.at == START - 5
    assert desk.turn_after(180) == 300
    assert desk.at == START


def test_a_sped_up_clock_waits_less() -> None:
    desk = Desk(Pace(settle=0), speed=60)

    assert desk.turn_after(0) == pytest.approx(1)


def test_a_commit_wakes_the_outbox_and_counts() -> None:
    desk = Desk(Pace(settle=0))

    desk.turn_after(0)

    assert desk.committed.is_set()
    assert desk.registry.get_sample_value("sloop_ticks_total", {"shard": "test"}) == 1


def test_a_failing_source_is_told_and_tried_again_soon() -> None:
    desk = Desk(Pace(settle=0))
    desk.turn_after(0)
    desk.source.failures = [DOWN]

    wait = desk.turn_after(60)

    assert wait == RETRY_SECONDS
    assert (desk.at, desk.state) == (START, "source_error")
    assert desk.board.box.get().sources[0].error == "CloudWatch is down"
    assert desk.registry.get_sample_value("sloop_source_errors_total", {"source": "test", "kind": "failed"}) == 1
    desk.turn_after(wait)
    assert (desk.at, desk.state) == (START + 1, "insufficient_history")


def test_a_source_that_fails_before_the_first_judgement_leaves_the_objective_unjudged() -> None:
    desk = Desk(Pace(settle=0))
    desk.source.failures = [DOWN]

    assert desk.turn_after(0) == RETRY_SECONDS
    assert desk.board.box.get().unjudged == (API.id,)
    desk.turn_after(RETRY_SECONDS)
    assert desk.board.box.get().unjudged == ()


def test_a_failing_query_shows_as_the_error_of_its_objective() -> None:
    desk = Desk(Pace(settle=0))
    desk.turn_after(0)
    desk.source.failing = {query("api", "Requests"): "AccessDenied: allow cloudwatch:GetMetricData"}

    desk.turn_after(60)

    assert desk.state == "source_error"
    assert desk.at == START + 1


def test_an_objective_is_stale_once_its_newest_slice_is_older_than_settle_and_two_polls() -> None:
    desk = Desk(Pace(settle=30))
    desk.clock.move(30)
    desk.turn_after(0)
    desk.source.lost = set(range(START, START + DAY))

    states = []
    for _ in range(4):
        desk.turn_after(60)
        states.append(desk.state)

    assert states == ["insufficient_history", "insufficient_history", "stale", "stale"]


def test_a_state_change_is_recorded_once_and_with_the_minute_it_came() -> None:
    desk = Desk(Pace(settle=0))
    traffic(desk.source, range(START + 2, START + 4), bad=100)

    for _ in range(40):
        desk.turn_after(60)

    assert desk.changes() == ["insufficient_history", "burning_fast", "insufficient_history"]
    assert [c.at - START for c in desk.store.verdict_changes(API.id, limit=9)][1] == 3


def test_a_restart_does_not_record_the_same_state_again() -> None:
    desk = Desk(Pace(settle=0))
    for _ in range(3):
        desk.turn_after(60)

    again = Desk(Pace(settle=0), store=desk.store)
    for _ in range(3):
        again.turn_after(120)

    assert again.changes() == ["insufficient_history"]


def test_a_process_that_was_overtaken_reloads_and_goes_on_showing_its_last_verdicts() -> None:
    desk = Desk(Pace(settle=0))
    desk.turn_after(0)
    Rig(desk.store, desk.watch).restart(START + 1)

    wait = desk.turn_after(60)

    assert wait == RETRY_SECONDS
    assert desk.board.box.get().unjudged == (), "ready stays ready"
    desk.turn_after(60)
    assert desk.at == START + 2


def test_a_state_change_that_a_lost_commit_carried_is_recorded_after_all() -> None:
    desk = Desk(Pace(settle=0))
    for _ in range(3):
        desk.turn_after(60)
    desk.source.failing = {query("api", "Requests"): "forbidden"}
    desk.turn_after(60)
    Rig(desk.store, desk.watch).restart(START + 5)
    desk.turn_after(60)  # fenced: what the worker meant to record went with it

    for _ in range(3):
        desk.turn_after(60)

    assert desk.changes() == ["insufficient_history", "source_error"]


def test_a_store_that_refuses_to_be_read_does_not_end_the_worker() -> None:
    store = Brittle()
    desk = Desk(Pace(settle=0), store=store)
    desk.turn_after(0)
    store.broken = True

    assert desk.turn_after(60) == RETRY_SECONDS
    store.broken = False
    desk.turn_after(RETRY_SECONDS)

    assert desk.at == START + 1


def test_a_source_that_was_silent_for_days_is_not_judged_minute_by_minute() -> None:
    desk = Desk(Pace(settle=0))
    traffic(desk.source, range(START + 10, START + 13), bad=100)
    desk.turn_after(0)

    desk.turn_after(2 * DAY * 60)

    assert desk.at == START + 2 * DAY
    assert desk.rig.told == []


def test_run_ends_when_it_is_told_to() -> None:
    desk = Desk(Pace(settle=0))
    stop = Event()
    stop.set()

    desk.worker.run(stop)

    assert desk.board.box.get().unjudged == (API.id,)


def test_the_outbox_counts_what_was_sent_and_what_was_not() -> None:
    desk = Desk(Pace(settle=0))
    traffic(desk.source, [START], bad=100)
    desk.turn_after(0)
    desk.turn_after(60)
    registry = CollectorRegistry()
    publisher = MemoryPublisher(failures=[DeliveryError("throttled", retryable=True)])
    outbox = OutboxWorker(desk.store, Paths(publisher), desk.clock, Random(1), desk.committed, meters(registry))

    outbox.turn()
    desk.clock.move(2)
    outbox.turn()
    outbox.turn()

    def counted(outcome: str) -> float | None:
        return registry.get_sample_value("sloop_notifications_total", {"severity": "page", "outcome": outcome})

    assert (counted("failed"), counted("sent")) == (1, 1)
    assert [m.state for m in publisher.messages] == ["ALARM"]


class Refusing(MemoryStore):
    def claim(self, now: datetime, *, lease_seconds: float, limit: int) -> list[Delivery]:
        raise StoreError(f"locked at {now} for {lease_seconds} s, {limit}")


def test_an_outbox_that_cannot_be_read_is_tried_again() -> None:
    desk = Desk(Pace(settle=0), store=Refusing())
    publisher = MemoryPublisher()
    registry = CollectorRegistry()

    OutboxWorker(desk.store, Paths(publisher), desk.clock, Random(1), desk.committed, meters(registry)).turn()

    assert publisher.messages == []


def test_a_source_names_the_objectives_that_it_measures() -> None:
    desk = Desk(Pace(settle=30))
    desk.turn_after(60)

    assert [s.objectives for s in desk.board.box.get().sources] == [(API.id,)]
