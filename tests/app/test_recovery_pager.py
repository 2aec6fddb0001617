"""Recovery pages over a real store: told once, after their time, whatever restarts in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.board import Board
from app.keeper import AGAIN_MINUTES, Keeper
from app.memory.recovery import MemoryRecovery, Point
from app.memory.store import MemoryStore
from app.recovery_pager import COLD_SECONDS, RecoveryPager
from app.recovery_worker import RecoveryWorker
from app.telling import Teller
from slo.errors import StoreError
from slo.estate.spec import Component, Estate, Exclusion, RecoveryTarget
from slo.judge.drill import Drill
from slo.judge.recovery_point import Unknown
from tests.support.clocks import FakeClock
from tests.support.minutes import START

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import Store

NOW = START * 60
DATABASE = Component("database", "rds", tier=1, recovery=(RecoveryTarget("point-in-time-restore", 15, None),))
ESTATE = Estate("prod", components=(DATABASE,))
KEY = "sloop/prod/recovery/database/point-in-time-restore"


class Desk:
    """Uploads go on every 5 minutes until `stopped_at`; each turn is one estate minute."""

    def __init__(self, store: Store, estate: Estate = ESTATE) -> None:
        self.store, self.clock, self.reader = store, FakeClock(NOW), MemoryRecovery()
        self.stopped_at: int | None = None
        self.refused: Unknown | None = None
        self.reader.points["database", "point-in-time-restore"] = Point("rds:DescribeDBInstances", self._newest)
        self.woken = 0
        self.start(estate)

    def _newest(self, at: int) -> int | Unknown:
        last = at if self.stopped_at is None else min(at, self.stopped_at)
        return self.refused or last // 300 * 300

    def start(self, estate: Estate = ESTATE) -> None:
        self.estate, self.teller = estate, Teller(estate, "http://127.0.0.1:8000")
        self.pager = RecoveryPager(self.store, estate, self.teller, self._wake)
        board = Board(estate, self.store, self.clock, indicators={})
        self.worker = RecoveryWorker(self.store, estate, self.reader, self.clock, board, self.pager)
        self.keeper = Keeper(self.store, estate, self.teller, lambda _: None, self.clock, self._wake)
        self.board = board

    def _wake(self) -> None:
        self.woken += 1

    def minutes(self, count: int) -> list[tuple[str, str]]:
        """What was sent meanwhile: state and severity."""
        for _ in range(count):
            self.worker.turn()
            self.clock.move(60)
        return self.send()

    def send(self) -> list[tuple[str, str]]:
        wall = datetime.fromtimestamp(NOW, UTC)
        sent: list[tuple[str, str]] = []
        while claimed := self.store.claim(wall, lease_seconds=1, limit=100):
            for delivery in claimed:
                self.store.mark_sent(delivery, "id", wall)
                assert delivery.key == KEY
                sent.append((delivery.message.state, delivery.message.attributes["severity"]))
        return sent

    @property
    def rows(self) -> Sequence[tuple[str, bool]]:
        return [(row.kind, row.open) for row in reversed(self.store.recovery_breaches(limit=50))]


def test_a_backup_that_stops_is_a_ticket_then_a_page_and_ends_when_it_is_made_again(store: Store) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW + 1200
    assert desk.minutes(20 + 12 + 10) == []
    assert desk.minutes(1) == [("ALARM", "ticket")]
    assert desk.minutes(8) == []
    assert desk.minutes(1) == [("ALARM", "page")], "over 15 + 5 min for 10 min"
    desk.stopped_at = None
    assert desk.minutes(2) == [("OK", "page")]
    assert desk.rows == [("exposure_near", False), ("exposure_over", False)]
    assert desk.woken == 3


@pytest.mark.parametrize("minute", [37, 43, 50])
def test_a_restart_in_the_middle_neither_forgets_nor_repeats(store: Store, minute: int) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW + 1200
    told = desk.minutes(minute)
    desk.start()
    told += desk.minutes(66 - minute)
    assert told == [("ALARM", "ticket"), ("ALARM", "page")]
    assert desk.rows == [("exposure_near", True), ("exposure_over", True)]


def test_nothing_is_told_in_the_first_ten_minutes_of_a_cold_start(store: Store) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW - 9000
    desk.minutes(5)
    desk.clock.move(3600)
    desk.start()
    assert desk.minutes(COLD_SECONDS // 60) == [], "it was open for an hour, but nobody looked"
    assert desk.minutes(1) == [("ALARM", "page")]


def test_an_exposure_that_nobody_can_read_is_a_ticket_after_an_hour_and_never_a_page(store: Store) -> None:
    desk = Desk(store)
    desk.minutes(15)
    desk.refused = Unknown("throttled", "slow down")
    assert desk.minutes(60) == []
    assert desk.minutes(1) == [("ALARM", "ticket")]
    assert desk.minutes(90) == []
    desk.refused = None
    assert desk.minutes(1) == [("OK", "ticket")]


def test_a_muted_page_waits_and_is_sent_when_the_mute_ends(store: Store) -> None:
    mute = Exclusion(START, START + 120, "mute", "works", None, component="database")
    desk = Desk(store, replace(ESTATE, exclusions=(mute,)))
    desk.stopped_at = NOW
    assert desk.minutes(120) == []
    assert desk.minutes(1) == [("ALARM", "page")]


def test_a_target_that_is_taken_out_of_the_estate_leaves_no_incident(store: Store) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW
    desk.minutes(40)
    desk.start(replace(ESTATE, components=(replace(DATABASE, recovery=()),)))
    assert desk.minutes(1) == [("OK", "page")]
    desk.start(replace(ESTATE, components=()))
    assert desk.minutes(1) == []


def test_what_is_still_over_is_told_again_every_four_hours_and_a_left_over_is_closed(store: Store) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW
    desk.minutes(40)
    assert desk.keeper.turn() == []
    desk.clock.move((AGAIN_MINUTES + 1) * 60)
    assert [(m.key, m.state) for m in desk.keeper.turn()] == [(KEY, "ALARM")]
    assert desk.send() == [("ALARM", "page")]
    assert desk.keeper.turn() == []
    over = [replace(row, resolved_at=NOW + 9) for row in store.open_recovery_breaches()]
    store.commit_recovery(over, [], desk.clock.now())
    assert [(m.key, m.state) for m in desk.keeper.turn()] == [(KEY, "OK")]
    desk.send()
    assert desk.keeper.turn() == []


def test_rows_and_messages_are_kept_together_or_not_at_all() -> None:
    class Full(MemoryStore):
        def commit_recovery(self, *_: object) -> None:
            raise StoreError("disk full")

    desk = Desk(Full())
    desk.stopped_at = NOW
    desk.minutes(40)
    assert (desk.rows, desk.woken) == ([], 0)


def test_a_drill_of_the_store_proves_the_rto_and_a_failed_one_is_said(store: Store) -> None:
    target = RecoveryTarget("region-loss", None, 240)
    desk = Desk(store, replace(ESTATE, components=(replace(DATABASE, recovery=(target,)),)))
    store.put_drill(Drill("d1", "database", "region-loss", NOW - 9000, "ann", (), NOW - 3000, "passed", 20))
    store.put_drill(Drill("d2", "database", "region-loss", NOW - 2000, "ann", (), NOW - 1000, "failed"))
    desk.minutes(1)
    (verdict,) = desk.board.box.get().recovery
    assert (verdict.rto.state, verdict.rto.achieved) == ("met", 6000)
    assert [r.code for r in verdict.rto.reasons] == ["drill_failed"]


def test_a_page_of_recovery_that_was_given_up_is_due_as_long_as_its_trouble_stands(store: Store) -> None:
    desk = Desk(store)
    desk.stopped_at = NOW
    for _ in range(40):
        desk.worker.turn()
        desk.clock.move(60)
    wall = desk.clock.now()
    while claimed := store.claim(wall, lease_seconds=1, limit=9):
        for delivery in claimed:
            store.give_up(delivery, "a day of refusals", wall)
    assert [(m.key, m.state, m.attributes["severity"]) for m in desk.keeper.turn()] == [(KEY, "ALARM", "page")]
    assert desk.keeper.turn() == []
    desk.stopped_at = None
    assert desk.minutes(2) == [("ALARM", "page"), ("OK", "page")]
