from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Method
from slo.judge.method import RATIO_UNIT, Counted, is_plain, units
from slo.judge.period import Since
from slo.judge.series import Slices
from slo.judge.windows import Counts
from tests.support import brute
from tests.support.objectives import objective
from tests.support.wanted import SPAN, START, as_slices, budgetings, exclusions, rows, wanted

if TYPE_CHECKING:
    from slo.estate.spec import NoData

FIVE = Budgeting("Timeslices", 5, Decimal("0.9"))
ONE = Budgeting("Timeslices", 1, Decimal("0.9"))


def counts(found: list[tuple[int, int, int]], budgeting: Budgeting, window: int, at: int) -> tuple[int, int]:
    """(good, total) of (minute, total, bad) rows."""
    held = Counted.of(Slices.of(found), budgeting, at).count(window, at)
    return held.good, held.total


def test_occurrences_count_every_event() -> None:
    assert counts([(0, 10, 1), (1, 0, 0), (2, 7, 7)], Budgeting(), 10, 3) == (9, 17)


def test_a_slice_exactly_at_its_target_is_good() -> None:
    assert counts([(0, 10, 1)], ONE, 10, 1) == (1, 1)
    assert counts([(0, 10, 2)], ONE, 10, 1) == (0, 1)


def test_a_slice_of_five_minutes_is_judged_by_the_sum_of_its_minutes() -> None:
    """5 of 50 is just good, though one of the minutes was half bad."""
    assert counts([(0, 10, 5), (1, 10, 0), (2, 10, 0), (3, 10, 0), (4, 10, 0)], FIVE, 10, 5) == (1, 1)
    assert counts([(0, 10, 5), (4, 10, 0)], FIVE, 10, 5) == (0, 1)


def test_a_slice_with_a_target_of_100_percent_is_bad_with_one_bad_event() -> None:
    strict = Budgeting("Timeslices", 1, Decimal(1))
    assert counts([(0, 10**12, 0), (1, 10**12, 1)], strict, 10, 2) == (1, 2)


def test_slices_partly_in_the_window_count_at_neither_end() -> None:
    table = [(m, 10, 0) for m in range(30)]
    assert counts(table, FIVE, 10, 20) == (2, 2)
    assert counts(table, FIVE, 10, 21) == (1, 1)
    assert counts(table, FIVE, 10, 24) == (1, 1)
    assert counts(table, FIVE, 10, 25) == (2, 2)
    assert counts(table, FIVE, 4, 25) == (0, 0)


def test_slices_are_aligned_to_the_epoch_not_to_the_first_minute() -> None:
    assert Counted.of(Slices.of([(3, 10, 0), (6, 10, 0)]), FIVE, 10).last.tolist() == [4, 9]
    assert Counted.of(Slices.of([(-3, 10, 0)]), FIVE, 10).last.tolist() == [-1]


def test_an_idle_slice_counts_nothing_and_is_measured() -> None:
    held = Counted.of(Slices.of([(0, 0, 0), (1, 5, 0)]), ONE, 2).count(10, 2)
    assert held == Counts(1, 0, 2)


@pytest.mark.parametrize(
    ("good", "total", "worth"),
    [(2, 3, 666_666_666), (1, 3, 333_333_333), (10**12 - 1, 10**12, 999_999_999), (7, 7, 10**9), (1, 1, 10**9), (0, 7, 0)],
)
def test_a_ratio_slice_counts_the_floor_of_its_ratio(good: int, total: int, worth: int) -> None:
    assert counts([(0, total, total - good)], Budgeting("RatioTimeslices"), 5, 1) == (worth, RATIO_UNIT)


@pytest.mark.parametrize(("policy", "expected"), [(None, (1, 2)), ("bad", (1, 4)), ("good", (3, 4)), ("hold", (2, 4))])
def test_missing_slices_count_as_their_policy_says(policy: NoData | None, expected: tuple[int, int]) -> None:
    """Minutes 0 good, 1 missing, 2 bad, 3 missing."""
    assert counts([(0, 10, 0), (2, 10, 10)], replace(ONE, no_data=policy), 10, 4) == expected


@pytest.mark.parametrize("policy", ["bad", "good", "hold"])
def test_nothing_is_filled_before_the_first_slice_nor_where_there_never_was_one(policy: NoData) -> None:
    assert counts([(9, 10, 0)], replace(ONE, no_data=policy), 10, 10) == (1, 1)
    assert counts([], replace(ONE, no_data=policy), 10, 10) == (0, 0)


def test_a_slice_that_has_not_ended_is_not_missing_yet() -> None:
    table, bad = [(0, 10, 0)], replace(FIVE, no_data="bad")
    assert [counts(table, bad, 100, at) for at in (4, 5, 9, 10)] == [(0, 0), (1, 1), (1, 1), (1, 2)]


def test_an_idle_slice_is_held_as_an_idle_one() -> None:
    assert counts([(0, 10, 0), (1, 0, 0)], replace(ONE, no_data="hold"), 10, 5) == (1, 1)


def test_a_missing_ratio_slice_weighs_as_much_as_a_measured_one() -> None:
    bad = Budgeting("RatioTimeslices", 1, None, "bad")
    assert counts([(0, 10, 0)], bad, 10, 2) == (RATIO_UNIT, 2 * RATIO_UNIT)
    assert counts([(0, 10, 0)], replace(bad, no_data="good"), 10, 2) == (2 * RATIO_UNIT, 2 * RATIO_UNIT)


def test_an_excluded_minute_leaves_the_slice_and_is_not_missing() -> None:
    """Of minutes 0 to 9 the bad one is excluded; in 10 to 14 everything is; 15 to 19 was never measured."""
    table = Slices.of([(m, 10, 10 if m in {2, 12} else 0) for m in range(15)])
    bad = replace(FIVE, no_data="bad")
    raw = Counted.of(table, bad, 20).count(100, 20)
    corrected = Counted.of(table, bad, 20, [(2, 3), (10, 15)]).count(100, 20)
    assert (raw.good, raw.total, raw.measured) == (1, 4, 15)
    assert (corrected.good, corrected.total, corrected.measured) == (2, 3, 9)


def test_a_missing_slice_that_is_excluded_whole_counts_nothing() -> None:
    bad = replace(FIVE, no_data="bad")
    table = Slices.of([(0, 10, 0)])
    assert Counted.of(table, bad, 10, [(5, 9)]).count(100, 10) == Counts(2, 1, 1)
    assert Counted.of(table, bad, 10, [(5, 10)]).count(100, 10) == Counts(1, 0, 1)


def test_a_slice_that_begins_before_the_boundary_of_a_calendar_stays_out() -> None:
    """A slice of 7 minutes begins at 1435 of the day before, and at 1442."""
    table = Slices.of([(m, 1, 0) for m in range(1400, 1460)])
    held = Counted.of(table, Budgeting("Timeslices", 7, Decimal("0.9")), 1449).count(Since(Calendar(1, "d")), 1449)
    assert held == Counts(1, 0, 9)


@pytest.mark.parametrize(
    ("method", "no_data", "plain"), [("Occurrences", None, True), ("Occurrences", "bad", False), ("Timeslices", None, False)]
)
def test_only_events_as_they_were_measured_are_plain(method: Method, no_data: NoData | None, plain: bool) -> None:
    assert is_plain(Budgeting(method, no_data=no_data)) is plain


@settings(max_examples=300)
@given(budgetings(), rows, exclusions)
def test_every_slice_is_that_of_the_brute_force(budgeting: Budgeting, found: brute.Rows, excluded: brute.Intervals) -> None:
    at, want = START + SPAN + 11, wanted(replace(objective(), policy=(), budgeting=budgeting))
    counted = Counted.of(as_slices(found), budgeting, at, excluded)
    told = {
        int(e) + 1 - counted.width: (int(t - b), int(t))
        for e, t, b in zip(counted.last, counted.total, counted.bad, strict=True)
    }
    assert {first: cell for first, cell in told.items() if first + counted.width <= at} == brute.counted(
        found, want, at, excluded
    )
    assert (np.diff(counted.last) > 0).all()
    assert counted.first == min((m for m in found if not any(a <= m < b for a, b in excluded)), default=None)


@settings(max_examples=300)
@given(budgetings(), rows, st.integers(0, SPAN), st.integers(0, 60))
def test_a_stretch_counts_as_the_whole_does_once_it_is_told_what_came_before(
    budgeting: Budgeting, found: brute.Rows, skip: int, length: int
) -> None:
    width, want = budgeting.slice_window, wanted(replace(objective(), policy=(), budgeting=budgeting))
    first = (START + skip) // width
    begin, end = first * width, (first + length) * width
    earlier = brute.counted({m: row for m, row in found.items() if m < begin}, replace(want, no_data=None), begin)
    before = next(((total, total - good) for _, (good, total) in sorted(earlier.items(), reverse=True)), None)
    inside = {m: row for m, row in found.items() if begin <= m < end}
    told = units(as_slices(inside), budgeting, first, first + length, before)
    cells = {int(e) + 1 - width: (int(t - b), int(t)) for e, t, b in zip(told.last, told.total, told.bad, strict=True)}
    assert cells == {start: cell for start, cell in brute.counted(found, want, end).items() if start >= begin}
    assert told.measured.tolist() == [any(start + n in inside for n in range(width)) for start in cells]
