from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.events import Event
from alerts.recovered import folded, recovery_events
from slo.judge.outage import RecoveryEvent

AT = 1_795_000_000


def told(after: int, phase: str | None, event_id: str = "", component: str | None = "database", **more: object) -> Event:
    kind = str(more.pop("kind", "failover"))
    document = {"subject": "prod-pg", "event_id": event_id, **more} | ({"phase": phase} if phase else {})
    return Event(f"sns/{after}{phase}{event_id}", "sns", kind, AT + after, AT + after, "x", component, document)


def failover(start: int, end: int | None, source: str = "rds:DescribeEvents") -> RecoveryEvent:
    return RecoveryEvent("database", "failover", AT + start, None if end is None else AT + end, source)


def spans(events: list[RecoveryEvent]) -> list[tuple[int, int | None]]:
    return [(e.start - AT, None if e.end is None else e.end - AT) for e in events]


PAIR = [told(0, "started", "RDS-EVENT-0013"), told(70, "completed", "RDS-EVENT-0015"), told(90, "completed", "RDS-EVENT-0049")]


@given(st.permutations(PAIR))
def test_a_start_and_its_ends_are_one_failover_in_whatever_order_they_came(lines: list[Event]) -> None:
    (event,) = recovery_events(lines)
    assert spans([event]) == [(0, 90)]
    assert event.source == "RDS-EVENT-0013 and RDS-EVENT-0015 by SNS"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([told(0, "started")], [(0, None)]),
        ([told(0, "started"), told(20, "started", "b"), told(60, "completed")], [(0, 60)]),
        ([told(0, "started"), told(30, "abandoned")], []),
        ([told(50, "completed")], [(50, 50)]),
        ([told(50, "completed"), told(80, "completed", "b")], [(50, 50)]),
        ([told(0, "completed"), told(5000, "completed")], [(0, 0), (5000, 5000)]),
        (
            [told(0, "started"), told(60, "completed"), told(100, "started", "b"), told(160, "completed", "b")],
            [(0, 60), (100, 160)],
        ),
        ([told(0, None)], []),
        ([told(0, "started", component=None)], []),
        ([told(60, "completed"), told(60, "started")], [(60, 60)]),
    ],
)
def test_contradictory_lines_make_the_least_that_they_can_mean(lines: list[Event], expected: list[tuple[int, int]]) -> None:
    assert spans(recovery_events(lines)) == expected


def test_subjects_fail_over_each_on_its_own() -> None:
    lines = [
        told(0, "started"),
        told(10, "started", subject="prod-pg-2"),
        told(60, "completed"),
        told(99, "completed", subject="prod-pg-2"),
    ]
    assert spans(recovery_events(lines)) == [(0, 60), (10, 99)]


def test_a_restore_job_tells_how_long_it_took_and_rds_only_that_it_ended() -> None:
    job = told(2400, "completed", kind="restore", started_at=AT, ended_at=AT + 2400, job="j1")
    bare = told(9000, "completed", "RDS-EVENT-0043", kind="restore")
    odd = told(20_000, "completed", kind="restore", started_at=AT + 30_000, ended_at="soon")
    found = recovery_events([bare, job, odd])
    assert spans(found) == [(0, 2400), (9000, 9000), (20_000, 20_000)]
    assert {e.kind for e in found} == {"restore"}
    assert [e.timed for e in found] == [True, False, False]


def test_what_polling_and_events_tell_is_one() -> None:
    polled, heard = failover(0, 60), failover(1, 61, "by SNS")
    assert spans(folded([polled, heard], [])) == [(0, 60)]


def test_what_is_known_keeps_its_start_and_learns_its_end() -> None:
    assert spans(folded([failover(40, 100)], [failover(0, None)])) == [(0, 100)]
    assert spans(folded([failover(40, None)], [failover(0, 90)])) == [(0, 90)]


def test_an_end_without_a_start_finds_the_start_and_never_takes_it_away() -> None:
    assert spans(folded([failover(600, 600), failover(0, 590)], [])) == [(0, 590)]
    assert spans(folded([failover(0, 100)], [failover(100, 100)])) == [(0, 100)]


def test_others_stay_apart() -> None:
    later, outage = failover(121, 300), RecoveryEvent("database", "outage", AT, AT + 60, "slices")
    elsewhere = RecoveryEvent("cache", "failover", AT, AT + 60, "by SNS")
    assert len(folded([failover(0, 60), later, outage, elsewhere], [])) == 4


@given(st.lists(st.tuples(st.integers(0, 900), st.none() | st.integers(0, 900)), max_size=6))
def test_folding_again_changes_nothing(pairs: list[tuple[int, int | None]]) -> None:
    found = [failover(start, None if length is None else start + length) for start, length in pairs]
    once = folded(found, [])
    assert {e.key for e in folded(once, once)} <= {e.key for e in once}
