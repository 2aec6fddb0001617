"""The monthly schedule: decided from what is stored, so that restarts and second processes change nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from alerts.rehearsal import DAY, HOUR
from app.memory.publisher import MemoryPublisher
from app.outbox import Paths, deliver_due
from app.rehearsal_worker import RehearsalWorker, StoppedError
from app.telling import Teller
from slo.estate.spec import Component
from slo.units import from_minute, to_minute
from tests.support.clocks import FakeClock
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from app.ports import Store
    from slo.estate.spec import Estate

MONDAY = int(datetime(2026, 11, 23, 9, 0, tzinfo=UTC).timestamp())
TWO = estate_of(objective("api"), objective("api", "latency"), objective("web"))


class Desk:
    def __init__(self, store: Store, estate: Estate = TWO, *, seen_days_ago: int = 31, days: int = 30) -> None:
        self.store, self.estate, self.days = store, estate, days
        self.clock, self.publisher, self.sends = FakeClock(MONDAY), MemoryPublisher(), True
        store.record_estate(estate, MONDAY // 60 - seen_days_ago * 1440)
        self.worker = self.another()

    def another(self) -> RehearsalWorker:
        origin = Teller(self.estate, "http://127.0.0.1:8000").origin
        return RehearsalWorker(self.store, self.estate, origin, self.clock, lambda: None, self.days)

    def pause(self, seconds: float) -> None:
        self.clock.move(seconds)
        if self.sends:
            deliver_due(self.store, Paths(self.publisher), self.clock.wall(), Random(1))

    def turn(self, worker: RehearsalWorker | None = None) -> str | None:
        evidence = (worker or self.worker).turn(self.pause)
        return None if evidence is None else f"{evidence.component} {'passed' if evidence.passed else 'failed'}"


def test_nobody_is_paged_by_a_fresh_database(store: Store) -> None:
    desk = Desk(store, seen_days_ago=0)
    assert [desk.turn() for _ in range(3)] == [None, None, None]
    assert desk.publisher.messages == []


def test_each_component_has_its_test_an_hour_after_the_other(store: Store) -> None:
    desk = Desk(store)
    assert [desk.turn(), desk.turn()] == ["api passed", None]
    desk.clock.move(HOUR)
    assert [desk.turn(), desk.turn()] == ["web passed", None]
    desk.clock.move(HOUR)
    assert desk.turn() is None
    assert [m.key for m in desk.publisher.messages] == ["sloop/test/test/api"] * 2 + ["sloop/test/test/web"] * 2


def test_a_restart_remembers_and_a_second_process_makes_the_same_test(store: Store) -> None:
    desk = Desk(store)
    assert desk.turn() == "api passed"
    assert desk.turn(desk.another()) is None
    desk.clock.move(HOUR)
    desk.sends = False
    assert desk.turn() == "web failed"
    assert [d.message.state for d in store.sent_as("sloop/test/test/web", limit=9)] == ["ALARM"]
    desk.sends = True
    desk.clock.move(DAY)
    assert desk.turn(desk.another()) == "web passed"


def test_a_component_without_objectives_and_one_that_was_just_declared_wait(store: Store) -> None:
    desk = Desk(store)
    later = estate_of(objective("api"), objective("web"), objective("new"))
    bare = Component("bare", "ecs")
    desk.estate = type(later)("test", components=(*later.components, bare))
    store.record_estate(desk.estate, to_minute(desk.clock.now()))
    worker, tested = desk.another(), []
    for _ in range(5):
        tested.append(desk.turn(worker))
        desk.clock.move(HOUR)
    assert tested == ["api passed", "web passed", None, None, None]


@pytest.mark.parametrize("hours", [-1, 6, 5 * 24])
def test_outside_of_working_hours_nothing_is_tested(store: Store, hours: int) -> None:
    desk = Desk(store)
    desk.clock.move(hours * HOUR)
    assert desk.turn() is None


def test_it_stops_when_it_is_told(store: Store) -> None:
    stop = Event()
    stop.set()
    Desk(store).worker.run(stop)
    assert store.journal(limit=1) == []


def test_a_service_that_ends_in_the_middle_stores_no_evidence_and_the_next_start_goes_on(store: Store) -> None:
    desk = Desk(store, estate_of(objective("api")))

    def ends(_: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        desk.worker.turn(ends)
    assert store.events(limit=1, kind="test_fire") == []
    assert desk.turn(desk.another()) == "api passed"
    assert [m.state for m in desk.publisher.messages] == ["ALARM", "OK"]


def test_stopping_ends_the_loop_though_a_test_hangs(store: Store) -> None:
    desk, stop = Desk(store), Event()
    clock = FakeClock(MONDAY, speed=60_000)
    worker = RehearsalWorker(store, desk.estate, Teller(desk.estate, "http://x").origin, clock, stop.set, 30)
    thread = Thread(target=worker.run, args=[stop])
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert [d.message.state for d in store.sent_as("sloop/test/test/api", limit=9)] == ["ALARM"]
    assert store.journal(limit=1) == []


def test_the_month_counts_from_the_test_and_not_from_when_it_was_due(store: Store) -> None:
    desk = Desk(store, estate_of(objective("api")))
    assert desk.turn() == "api passed"
    desk.clock.move(29 * DAY)
    assert desk.turn() is None
    desk.clock.move(DAY)
    assert desk.turn() == "api passed"
    assert from_minute(to_minute(desk.clock.now())).weekday() < 5
