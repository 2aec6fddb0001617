from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from slo.judge.recovery_point import Reading, ReadingHour, Unknown, added, exposures, hour_of

HOUR = 1_800_000_000


def reading(second: int, exposure: int | None) -> Reading:
    at = HOUR + second
    return Reading("database", "replica", at, Unknown("no_data", "none") if exposure is None else at - exposure, "x")


def hour(*rows: tuple[int, int | None]) -> ReadingHour:
    found = None
    for second, exposure in rows:
        found = added(found, reading(second, exposure))
    assert found is not None
    return found


def test_a_point_ahead_of_our_clock_is_no_negative_exposure() -> None:
    assert reading(0, -5).exposure == 0


def test_an_hour_keeps_the_worst_the_newest_and_the_spread_in_minutes_rounded_up() -> None:
    found = hour((0, 0), (60, 60), (120, 61), (180, None))
    assert (found.worst, found.unknown, dict(found.spread), found.known) == (61, 1, {0: 1, 1: 1, 2: 1}, 3)
    assert found.last.newest == Unknown("no_data", "none")


def test_the_share_within_a_target_is_none_of_no_readings() -> None:
    assert exposures([hour((0, None))]).within(5) is None
    assert exposures([]).worst is None


@settings(deadline=None)
@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=60), st.integers(0, 1500))
def test_sums_of_hours_are_what_the_readings_say(found: list[int], minutes: int) -> None:
    split = len(found) // 2
    parts = [p for p in (found[:split], found[split:]) if p]
    together = exposures([hour(*enumerate(part)) for part in parts])
    assert together.worst == max(found)
    assert together.within(minutes) == Fraction(sum(e <= minutes * 60 for e in found), len(found))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3599), st.one_of(st.none(), st.integers(0, 9000))), min_size=1, max_size=60))
def test_readings_that_come_again_change_nothing(rows: list[tuple[int, int | None]]) -> None:
    ascending = sorted(dict(rows).items())
    once = hour(*ascending)
    again = once
    for second, exposure in ascending:
        again = added(again, reading(second, exposure))
    assert again == once


def test_an_hour_begins_at_its_first_second() -> None:
    assert [hour_of(HOUR + s) - HOUR for s in (0, 3599, 3600)] == [0, 0, 3600]
