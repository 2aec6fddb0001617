"""The recovery thread: looks, keeps, judges, shows; a refused call or store never ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.events import Event as HeardOf
from app.board import Board
from app.memory.recovery import MemoryRecovery, Point
from app.memory.store import MemoryStore
from app.recovery_worker import LEAST_WALL_SECONDS, RETRY_SECONDS, RecoveryWorker
from slo.errors import StoreError
from slo.estate.spec import Component, Estate, RecoveryTarget
from slo.judge.outage import RecoveryEvent, Told
from slo.judge.recovery_part import unseen_then
from slo.judge.recovery_point import Unknown
from tests.support.clocks import FakeClock
from tests.support.minutes import START

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import Store
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_point import Reading
    from slo.units import Minute

NOW = START * 60 + 7
ESTATE = Estate(
    "prod",
    components=(
        Component(
            "database", "rds", recovery=(RecoveryTarget("az-loss", 5, 30), RecoveryTarget("point-in-time-restore", 5, 30))
        ),
        Component("edge", "alb"),
    ),
)


class Refusing(MemoryStore):
    """Says no while `refuses`."""

    refuses = False

    def keep_recovery(
        self, readings: Sequence[Reading], events: Sequence[RecoveryEvent], *, prune_before: Minute | None = None
    ) -> None:
        if self.refuses:
            raise StoreError("disk full")
        super().keep_recovery(readings, events, prune_before=prune_before)


class Desk:
    def __init__(self, store: Store | None = None, speed: float = 1.0) -> None:
        self.store: Store = store or MemoryStore()
        self.clock = FakeClock(NOW, speed)
        self.reader = MemoryRecovery()
        self.reader.points["database", "point-in-time-restore"] = Point("rds:DescribeDBInstances", lambda at: at // 300 * 300)
        self.reader.points["database", "multi-az"] = Point("rds:DescribeDBInstances", lambda at: at)
        self.reader.told["database"] = ("rds:DescribeEvents", [])
        self.restart()

    def restart(self) -> None:
        self.board = Board(ESTATE, self.store, self.clock, indicators={})
        self.worker = RecoveryWorker(self.store, ESTATE, self.reader, self.clock, self.board)

    def turns(self, count: int) -> None:
        for _ in range(count):
            self.clock.move(self.worker.turn())

    def verdict(self, scenario: str | None) -> RecoveryVerdict:
        return next(v for v in self.board.box.get().recovery if v.scenario == scenario)


def test_before_the_first_look_nothing_is_shown() -> None:
    assert Desk().board.box.get().recovery == ()


def test_every_target_and_every_component_without_one_gets_a_verdict() -> None:
    desk = Desk()
    desk.turns(1)
    shown = [(v.component, v.scenario, v.state) for v in desk.board.box.get().recovery]
    assert shown == [
        ("database", "az-loss", "not_measured"),
        ("database", "point-in-time-restore", "not_measured"),
        ("edge", None, "no_target"),
    ]


def test_ten_minutes_of_readings_show_the_saw_tooth_and_a_failover_proves_the_az_loss() -> None:
    desk = Desk()
    desk.reader.told["database"][1].extend(
        (
            Told(NOW + 60, "pg", "Multi-AZ instance failover started."),
            Told(NOW + 132, "pg", "Multi-AZ instance failover completed."),
        )
    )
    desk.turns(10)
    restore, az_loss = desk.verdict("point-in-time-restore"), desk.verdict("az-loss")
    assert (restore.rpo.state, restore.worst[7]) == ("met", 240)
    assert (az_loss.state, az_loss.rpo.state, az_loss.rto.achieved) == ("met", "met", 72)


def test_a_failover_that_sns_told_of_proves_the_az_loss_and_polling_it_too_changes_nothing() -> None:
    desk = Desk()
    for at, phase in ((NOW + 60, "started"), (NOW + 132, "completed")):
        document = {"phase": phase, "subject": "pg", "event_id": phase}
        desk.store.keep_events([HeardOf(f"sns/{phase}", "sns", "failover", at, at, "x", "database", document)])
    desk.turns(4)
    assert desk.verdict("az-loss").rto.achieved == 72
    late = (
        Told(NOW + 63, "pg", "Multi-AZ instance failover started."),
        Told(NOW + 135, "pg", "Multi-AZ instance failover completed."),
    )
    desk.reader.told["database"][1].extend(late)
    desk.turns(2)
    (event,) = desk.store.recovery_events(0)
    assert (event.kind, event.start, event.end) == ("failover", NOW + 60, NOW + 132)


def test_a_restart_keeps_what_was_read_and_counts_no_reading_twice() -> None:
    desk = Desk()
    desk.turns(5)
    before = desk.verdict("point-in-time-restore").coverage
    desk.restart()
    desk.turns(1)
    assert desk.verdict("point-in-time-restore").coverage == before * 6 / 5


def test_a_refused_permission_is_a_reason_and_never_a_pass() -> None:
    desk = Desk()
    desk.turns(2)
    desk.reader.denied = {"rds:DescribeDBInstances"}
    desk.turns(1)
    part = desk.verdict("point-in-time-restore").rpo
    assert (part.state, part.reasons[0].text) == ("not_measured", "not evidenced: needs rds:DescribeDBInstances")


def test_a_store_that_refuses_is_tried_again_and_the_last_verdicts_stay() -> None:
    store = Refusing()
    desk = Desk(store)
    desk.turns(1)
    store.refuses = True
    assert desk.worker.turn() == RETRY_SECONDS
    assert desk.verdict("point-in-time-restore").exposure == 7
    store.refuses = False
    desk.turns(1)
    assert desk.verdict("point-in-time-restore").exposure == 60


def test_looks_follow_the_estates_minutes_but_not_faster_than_the_wall_allows() -> None:
    assert Desk().worker.turn() == 53
    assert Desk(speed=1000).worker.turn() == LEAST_WALL_SECONDS


def test_a_history_that_may_not_be_read_is_kept_and_so_is_that_it_may_be_again() -> None:
    desk = Desk()
    desk.turns(1)
    assert unseen_then(desk.store.recovery_hours(0)) == {}
    desk.reader.denied = {"rds:DescribeEvents"}
    desk.turns(2)
    why = Unknown("access_denied", "not evidenced: needs rds:DescribeEvents")
    assert unseen_then(desk.store.recovery_hours(0)) == {"database": [why]}
    desk.restart()
    desk.reader.denied = set()
    desk.turns(1)
    assert unseen_then(desk.store.recovery_hours(0)) == {}
