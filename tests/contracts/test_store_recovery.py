"""What every store keeps of recovery: readings by the hour, once each; interruptions under one identity, ends kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Reading, ReadingHour, Unknown
from tests.support.minutes import START

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.ports import Store
    from slo.judge.recovery_point import MechanismName

HOUR = START * 60
DENIED = Unknown("access_denied", "allow the IAM action rds:DescribeDBInstances")


def reading(at: int, newest: int | Unknown, component: str = "database", mechanism: MechanismName = "replica") -> Reading:
    return Reading(component, mechanism, at, newest, "rds:DescribeDBInstances", "a note")


def failover(start: int, end: int | None, component: str = "database") -> RecoveryEvent:
    return RecoveryEvent(component, "failover", start, end, "rds:DescribeEvents")


def test_readings_of_an_hour_are_one_row_with_the_worst_and_the_newest(opened: Callable[[], Store]) -> None:
    first, second = reading(HOUR + 30, HOUR - 270), reading(HOUR + 90, HOUR + 60)
    opened().keep_recovery([first], [])
    opened().keep_recovery([second], [])
    assert list(opened().recovery_hours(START)) == [ReadingHour("database", "replica", HOUR, second, 300, 0, {5: 1, 1: 1})]


def test_a_reading_that_comes_twice_counts_once(store: Store) -> None:
    for _ in range(2):
        store.keep_recovery([reading(HOUR + 30, HOUR)], [])
    assert [hour.known for hour in store.recovery_hours(START)] == [1]


def test_an_unknown_reading_is_kept_with_its_reason_and_never_as_zero(store: Store) -> None:
    store.keep_recovery([reading(HOUR + 30, DENIED), reading(HOUR + 90, DENIED)], [])
    (hour,) = store.recovery_hours(START)
    assert (hour.worst, hour.unknown, dict(hour.spread), hour.last.newest) == (None, 2, {}, DENIED)


def test_hours_are_apart_by_component_mechanism_and_hour(store: Store) -> None:
    store.keep_recovery(
        [
            reading(HOUR + 3600, HOUR),
            reading(HOUR, HOUR),
            reading(HOUR, HOUR, "documents"),
            reading(HOUR, HOUR, mechanism="multi-az"),
        ],
        [],
    )
    keys = [(hour.component, hour.mechanism, hour.hour - HOUR) for hour in store.recovery_hours(START)]
    assert [hour.component for hour in store.recovery_hours(START, ["documents", "other"])] == ["documents"]
    assert list(store.recovery_hours(START, [])) == []
    assert keys == [
        ("database", "multi-az", 0),
        ("database", "replica", 0),
        ("database", "replica", 3600),
        ("documents", "replica", 0),
    ]
    assert [hour.hour - HOUR for hour in store.recovery_hours(START + 1)] == [3600]


def test_an_event_gets_its_end_later_and_keeps_it(opened: Callable[[], Store]) -> None:
    for event in (failover(HOUR, None), failover(HOUR, HOUR + 72), failover(HOUR, None)):
        opened().keep_recovery([], [event])
    assert list(opened().recovery_events(START)) == [failover(HOUR, HOUR + 72)]


def test_events_that_ended_before_are_left_out_and_lasting_ones_are_not(store: Store) -> None:
    lasting, old, new = failover(HOUR, None), failover(HOUR + 60, HOUR + 100), failover(HOUR + 60, HOUR + 130, "documents")
    store.keep_recovery([], [new, old, lasting])
    assert list(store.recovery_events(START + 2)) == [lasting, new]


def test_what_is_old_is_pruned_but_never_what_lasts(store: Store) -> None:
    lasting, old = failover(HOUR, None), failover(HOUR - 90, HOUR - 30)
    store.keep_recovery([reading(HOUR - 1, HOUR - 60), reading(HOUR, HOUR)], [lasting, old], prune_before=START)
    assert [hour.hour for hour in store.recovery_hours(0)] == [HOUR]
    assert list(store.recovery_events(0)) == [lasting]
