"""Whose turn it is to have its way to the pager tested."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerts.events import Event
from alerts.rehearsal import DAY, HOUR, Turn, turn, working_hour

MONDAY = int(datetime(2026, 11, 23, 9, 0, tzinfo=UTC).timestamp())
LONG_AGO = MONDAY - 100 * DAY


def made(component: str, at: int, *, passed: bool = True) -> Event:
    return Event(f"test-fire/{component}/{at}", "sloop", "test_fire", at, at, "tested", component, {"passed": passed})


def test_people_are_at_work_from_monday_to_friday_between_nine_and_fifteen() -> None:
    assert [h for h in range(24) if working_hour(MONDAY - 9 * HOUR + h * HOUR) is not None] == [9, 10, 11, 12, 13, 14]
    assert [d for d in range(7) if working_hour(MONDAY + d * DAY + 1800) is not None] == [0, 1, 2, 3, 4]
    assert working_hour(MONDAY + 3599) == MONDAY


def test_a_component_is_due_so_many_days_after_it_was_first_seen_and_not_before() -> None:
    assert turn({"api": MONDAY - 30 * DAY + 1}, [], MONDAY, 30) is None
    assert turn({"api": MONDAY - 30 * DAY}, [], MONDAY, 30) == Turn("api", MONDAY)
    assert turn({"api": MONDAY}, [], MONDAY, 30) is None


def test_then_so_many_days_after_its_last_test() -> None:
    seen = {"api": LONG_AGO}
    assert turn(seen, [made("api", MONDAY - 29 * DAY)], MONDAY, 30) is None
    assert turn(seen, [made("api", MONDAY - 60 * DAY), made("api", MONDAY - 30 * DAY)], MONDAY, 30) == Turn("api", MONDAY)


def test_who_has_waited_longest_comes_first_and_one_an_hour() -> None:
    seen = {"web": LONG_AGO + 1, "api": LONG_AGO, "jobs": MONDAY}
    assert turn(seen, [], MONDAY + 600, 30) == Turn("api", MONDAY)
    tested = [made("api", MONDAY)]
    assert turn(seen, tested, MONDAY + 3599, 30) is None
    assert turn(seen, tested, MONDAY + HOUR, 30) == Turn("web", MONDAY + HOUR)


def test_a_test_that_failed_is_made_again_the_day_after() -> None:
    failed = [made("api", MONDAY, passed=False)]
    assert turn({"api": LONG_AGO}, failed, MONDAY + HOUR, 30) is None
    assert turn({"api": LONG_AGO}, failed, MONDAY + DAY, 30) == Turn("api", MONDAY + DAY)


def test_a_test_of_a_component_that_is_gone_uses_its_hour_and_nothing_else() -> None:
    assert turn({"api": LONG_AGO}, [made("gone", MONDAY - DAY)], MONDAY, 30) == Turn("api", MONDAY)


@given(st.integers(1, 40), st.integers(7, 60), st.integers(0, 6 * 24))
def test_over_a_quarter_nobody_is_tested_twice_within_the_days_and_everybody_once_who_finds_an_hour(
    components: int, days: int, offset: int
) -> None:
    begin = MONDAY + offset * HOUR
    seen, tests = {f"c{n}": begin for n in range(components)}, list[Event]()
    for at in range(begin, begin + 91 * DAY, HOUR):
        found = turn(seen, tests, at, days)
        if found is not None:
            tests.append(made(found.component, found.at))
    by_component = {name: sorted(t.at for t in tests if t.component == name) for name in seen}
    gaps = [b - a for times in by_component.values() for a, b in pairwise(times)]
    assert all(gap >= days * DAY for gap in gaps)
    assert all(times and times[0] >= begin + days * DAY for times in by_component.values())
    assert max(Counter(t.at for t in tests).values()) == 1
