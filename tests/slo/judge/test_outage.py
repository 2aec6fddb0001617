"""Outages from slices, failovers from event texts, and what belongs together."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slo.judge.outage import Phases, RecoveryEvent, Told, failovers, interruptions, outages
from slo.judge.series import Slices

STARTED, COMPLETED = "Multi-AZ instance failover started.", "Multi-AZ instance failover completed."


def spans(*rows: tuple[int, int, int]) -> list[tuple[int, int | None]]:
    """In minutes, of (minute, total, bad) rows."""
    found = outages("api", Slices.of(rows), "slices")
    return [(e.start // 60, None if e.end is None else e.end // 60) for e in found]


def told(*lines: tuple[int, str]) -> list[tuple[int, int | None]]:
    found = failovers("database", [Told(at, "prod-pg", text) for at, text in lines], "rds:DescribeEvents")
    return [(e.start, e.end) for e in found]


def event(start: int, end: int | None, kind: str = "outage", component: str = "api") -> RecoveryEvent:
    return RecoveryEvent(component, kind, start, end, "x")  # type: ignore[arg-type]  # any kind


def test_an_outage_lasts_from_the_first_bad_to_the_first_good_minute() -> None:
    assert spans((0, 100, 0), (1, 100, 50), (2, 100, 100), (3, 100, 4), (4, 100, 0)) == [(1, 3)]


def test_half_of_the_events_bad_is_down_one_less_is_not() -> None:
    assert spans((0, 100, 49), (1, 100, 0)) == []
    assert spans((0, 100, 50), (1, 100, 0)) == [(0, 1)]


def test_a_minute_that_still_fails_every_twentieth_event_is_not_recovered() -> None:
    assert spans((0, 100, 100), (1, 100, 5), (2, 100, 4)) == [(0, 2)]


def test_idle_and_missing_minutes_neither_start_nor_end_an_outage() -> None:
    assert spans((0, 0, 0), (1, 10, 10), (2, 0, 0), (9, 10, 0)) == [(1, 9)]


def test_an_outage_that_has_not_ended_has_no_end() -> None:
    assert spans((0, 10, 10), (1, 10, 10)) == [(0, None)]


def test_events_pair_up_whatever_order_they_came_in() -> None:
    assert told((172, COMPLETED), (100, STARTED), (900, STARTED), (960, COMPLETED)) == [(100, 172), (900, 960)]


def test_a_repeated_line_is_one_line() -> None:
    assert told((100, STARTED), (100, STARTED), (172, COMPLETED), (172, COMPLETED)) == [(100, 172)]


def test_a_failover_that_never_completed_still_lasts() -> None:
    assert told((100, STARTED)) == [(100, None)]


def test_a_completion_alone_is_an_event_that_times_nothing() -> None:
    found = failovers("cache", [Told(100, "g", "Failover from primary node a to replica node b completed")], "elasticache")
    assert [(e.start, e.end, e.timed) for e in found] == [(100, 100, False)]


def test_a_conversion_to_multi_az_is_no_failover() -> None:
    assert told((100, "Beginning to convert to Multi-AZ"), (160, "Finished applying modification to convert to Multi-AZ")) == []


def test_documentdb_tells_failovers_in_its_own_words() -> None:
    assert told((5, "Started cross AZ failover to DB instance: b"), (50, "Completed failover to DB instance: b")) == [(5, 50)]


def test_two_subjects_have_their_own_failovers() -> None:
    lines = [Told(10, "a", STARTED), Told(20, "b", STARTED), Told(30, "b", COMPLETED), Told(40, "a", COMPLETED)]
    assert [(e.start, e.end) for e in failovers("database", lines, "rds")] == [(10, 40), (20, 30)]


def test_an_outage_near_a_failover_is_the_recovery_time() -> None:
    (group,) = interruptions([event(100, 172, "failover", "database"), event(120, 420)])
    assert (group.start, group.end, group.seconds, group.kinds) == (120, 420, 300, frozenset(("failover", "outage")))


def test_events_further_apart_than_ten_minutes_are_two_interruptions() -> None:
    assert [g.seconds for g in interruptions([event(0, 60), event(660, 700)])] == [700]
    assert [g.seconds for g in interruptions([event(0, 60), event(661, 700)])] == [60, 39]


def test_what_still_lasts_takes_everything_after_it_along() -> None:
    (group,) = interruptions([event(0, None), event(99_999, 100_000, "failover", "database")])
    assert group.seconds is None


def test_what_began_again_later_is_over_though_its_end_was_never_told() -> None:
    found = interruptions([event(0, None, "failover", "database"), event(99_999, 100_071, "failover", "database")])
    assert [(g.seconds, g.timed) for g in found] == [(0, False), (72, True)]


def test_a_page_before_the_first_bad_minute_is_a_detection_in_no_time_and_one_long_after_it_is_none() -> None:
    (group,) = interruptions([event(6000, 6600)])
    assert [group.phases(at).detection for at in ([5990], [5300], [6060, 6120], [9000], [])] == [0, None, 60, None, None]
    assert group.phases([]) == Phases(None, None, 600)
    (pair,) = interruptions([event(100, 172, "failover", "database")])
    assert pair.phases([120]) == Phases(None, 72, None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 5, 10])), min_size=1, max_size=60))
def test_outages_are_apart_ascend_and_hold_only_minutes_that_are_not_good(rows: list[tuple[int, int]]) -> None:
    table = [(minute, 10, bad) for minute, (_, bad) in enumerate(rows)]
    found = spans(*table)
    ends = [len(table) if end is None else end for _, end in found]
    starts = [start for start, _ in found]
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False)) or len(found) < 2
    for start, end in zip(starts, ends, strict=True):
        assert table[start][2] >= 5
        assert all(bad >= 5 for _, _, bad in table[start:end])
    covered = {m for start, end in zip(starts, ends, strict=True) for m in range(start, end)}
    assert all(bad == 0 for minute, _, bad in table if minute not in covered)


def test_a_failover_that_is_longer_than_the_minute_it_was_seen_in_is_not_cut_to_that_minute() -> None:
    (group,) = interruptions([event(38, 108, "failover", "database"), event(60, 120)])
    assert (group.start, group.end, group.seconds) == (38, 108, 70)


def test_an_outage_that_ended_ends_a_failover_whose_completion_was_never_told() -> None:
    (group,) = interruptions([event(100, None, "failover", "database"), event(120, 420)])
    assert group.seconds == 300
