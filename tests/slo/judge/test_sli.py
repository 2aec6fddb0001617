from __future__ import annotations

from decimal import Decimal
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.indicator import EventRatio, GaugeQuery, Proof, Query, RateRatio, TimeSlice
from slo.judge.answer import Answer, Failed, Series
from slo.judge.series import MAX_COUNT
from slo.judge.sli import Measured, measure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.indicator import Comparison, Indicator

TOTAL, MORE, BAD, GOOD, ALIVE = (GaugeQuery(name) for name in ("total", "more", "bad", "good", "alive"))
ERRORS = EventRatio((TOTAL,), bad=(BAD,))
PROVEN = EventRatio((TOTAL,), bad=(BAD,), proof=Proof(ALIVE, Decimal(1)))
SUCCESSES = EventRatio((TOTAL,), good=(GOOD,))
START = 1000

Values = dict[int, float]
"""minute after START -> value."""


def series(values: Values) -> Series:
    minutes = sorted(values)
    return Series(np.array(minutes, np.int64) + START, np.array([values[m] for m in minutes], np.float64))


def answers(**values: Values) -> dict[Query, Answer]:
    """Of every query; those not named have no datapoint."""
    return {q: series(values.get(q.selector, {})) for q in (TOTAL, MORE, BAD, GOOD, ALIVE)}


def rows(measured: Measured) -> list[tuple[int, int, int]]:
    """(minute after START, total, bad)."""
    s = measured.slices
    return [(m - START, t, b) for m, t, b in zip(s.minutes.tolist(), s.total.tolist(), s.bad.tolist(), strict=True)]


def of(indicator: Indicator, length: int = 5, period: int = 1, **values: Values) -> Measured:
    return measure(indicator, answers(**values), START, START + length, period=period)


def test_an_error_count_that_is_absent_beside_a_total_is_zero_errors() -> None:
    assert rows(of(ERRORS, total={0: 10, 1: 20}, bad={1: 3})) == [(0, 10, 0), (1, 20, 3)]


def test_good_is_subtracted_from_total_and_absent_good_beside_a_total_is_nothing_good() -> None:
    assert rows(of(SUCCESSES, total={0: 10, 1: 20, 2: 0}, good={1: 17})) == [(0, 10, 10), (1, 20, 3), (2, 0, 0)]


def test_queries_of_one_side_are_summed_and_one_of_them_is_enough() -> None:
    indicator = EventRatio((TOTAL, MORE), bad=(BAD, GOOD))
    found = of(indicator, total={0: 10, 1: 5}, more={0: 1, 2: 7}, bad={0: 2}, good={0: 3, 2: 7})
    assert rows(found) == [(0, 11, 5), (1, 5, 0), (2, 7, 7)]


def test_a_reported_total_of_zero_is_idle_without_any_proof() -> None:
    assert rows(of(ERRORS, total={2: 0})) == [(2, 0, 0)]


def test_an_absent_total_is_missing_without_proof_and_idle_with_it() -> None:
    assert rows(of(ERRORS, total={0: 4})) == [(0, 4, 0)]
    assert rows(of(PROVEN, total={0: 4}, alive={0: 1, 2: 1})) == [(0, 4, 0), (2, 0, 0)]


def test_proof_below_its_floor_proves_nothing_and_a_total_needs_none() -> None:
    assert rows(of(PROVEN, total={0: 4}, alive={0: 0, 1: 0.99, 2: 1, 3: 6})) == [(0, 4, 0), (2, 0, 0), (3, 0, 0)]


def test_proof_without_a_floor_proves_by_any_value_but_nan() -> None:
    indicator = EventRatio((TOTAL,), bad=(BAD,), proof=Proof(ALIVE))
    assert rows(of(indicator, alive={0: 0, 1: -1, 2: nan, 3: inf})) == [(0, 0, 0), (1, 0, 0)]


@pytest.mark.parametrize(
    ("total", "bad"),
    [
        ({0: 3}, {0: 4}),
        ({0: -1}, {}),
        ({0: 5}, {0: -1}),
        ({0: 2.5}, {}),
        ({0: 5}, {0: 0.5}),
        ({0: nan}, {}),
        ({0: 5}, {0: nan}),
        ({0: inf}, {}),
        ({0: inf}, {0: inf}),
        ({0: MAX_COUNT + 1}, {}),
        ({}, {0: 4}),
    ],
    ids=[
        "more bad than total",
        "negative total",
        "negative bad",
        "fraction of a total",
        "fraction of a bad",
        "total that is no number",
        "bad that is no number",
        "infinite total",
        "both infinite",
        "total above 10^12",
        "bad without any total",
    ],
)
def test_an_impossible_minute_is_quarantined_even_with_proof_of_life_and_the_others_are_kept(
    total: Values, bad: Values
) -> None:
    found = of(PROVEN, total={1: 8, **total}, bad={1: 2, **bad}, alive=dict.fromkeys(range(3), 1.0))
    assert rows(found) == [(1, 8, 2), (2, 0, 0)]
    assert found.quarantined == 1
    assert found.failure is None


@pytest.mark.parametrize("good", [{0: 6.0}, {0: -1.0}, {0: inf}])
def test_impossible_good_counts_are_quarantined_too(good: Values) -> None:
    found = of(SUCCESSES, total={0: 5}, good=good)
    assert (rows(found), found.quarantined) == ([], 1)


def test_the_largest_count_is_still_measured() -> None:
    assert rows(of(ERRORS, total={0: MAX_COUNT}, bad={0: MAX_COUNT})) == [(0, MAX_COUNT, MAX_COUNT)]


@pytest.mark.parametrize("failing", [TOTAL, BAD, ALIVE])
def test_one_failed_query_means_that_nothing_is_measured_and_says_why(failing: Query) -> None:
    heard: Mapping[Query, Answer] = {**answers(total={0: 5}, alive={0: 1}), failing: Failed("denied")}
    found = measure(PROVEN, heard, START, START + 5)
    assert (rows(found), found.failure, found.quarantined) == ([], "denied", 0)


def test_a_failure_of_somebody_elses_query_does_not_matter() -> None:
    heard: Mapping[Query, Answer] = {**answers(total={0: 5}), MORE: Failed("denied")}
    assert rows(measure(ERRORS, heard, START, START + 5)) == [(0, 5, 0)]


def test_values_outside_the_interval_are_left_out() -> None:
    assert rows(of(ERRORS, total={-1: 1, 0: 2, 4: 3, 5: 4}, bad={-1: 9, 5: 9})) == [(0, 2, 0), (4, 3, 0)]


def test_a_bucket_of_5_minutes_counts_at_its_first_minute_and_all_five_are_measured_and_coarse() -> None:
    found = of(ERRORS, length=10, period=5, total={0: 50, 5: 70}, bad={5: 7})
    assert rows(found) == [(0, 50, 0), *((m, 0, 0) for m in range(1, 5)), (5, 70, 7), *((m, 0, 0) for m in range(6, 10))]
    assert found.slices.coarse.all()


def test_fine_minutes_are_not_coarse() -> None:
    assert not of(ERRORS, total={0: 50}).slices.coarse.any()


def test_a_bucket_that_the_interval_cuts_off_keeps_its_counts_and_the_minutes_inside() -> None:
    found = of(ERRORS, length=7, period=5, total={0: 50, 5: 70})
    assert rows(found) == [(0, 50, 0), *((m, 0, 0) for m in range(1, 5)), (5, 70, 0), (6, 0, 0)]


def test_idle_and_missing_buckets_are_whole() -> None:
    found = of(PROVEN, length=15, period=5, total={0: 9}, alive={5: 1})
    assert rows(found) == [(0, 9, 0), *((m, 0, 0) for m in range(1, 10))]


def test_an_impossible_bucket_is_quarantined_once() -> None:
    found = of(ERRORS, length=10, period=5, total={0: 1, 5: 4}, bad={0: 2})
    assert (rows(found)[0], len(found.slices), found.quarantined) == ((5, 4, 0), 5, 1)


@pytest.mark.parametrize(
    ("op", "bad"),
    [("<=", [0, 0, 1]), ("<", [0, 1, 1]), (">=", [1, 0, 0]), (">", [1, 1, 0])],
)
def test_a_time_slice_is_one_event_that_its_comparison_judges(op: Comparison, bad: list[int]) -> None:
    found = of(TimeSlice(TOTAL, op, Decimal("0.3")), total={0: 0.2, 1: 0.3, 3: 0.4})
    assert rows(found) == [(m, 1, b) for m, b in zip((0, 1, 3), bad, strict=True)]


def test_a_time_slice_without_a_value_is_missing_and_so_is_one_that_is_no_number() -> None:
    found = of(TimeSlice(TOTAL, "<=", Decimal(1)), total={-1: 0, 0: nan, 1: inf, 2: -inf, 3: 1, 5: 0})
    assert (rows(found), found.failure) == ([(3, 1, 0)], None)


def test_time_slices_cannot_be_told_from_wide_buckets_so_their_minutes_stay_missing() -> None:
    found = of(TimeSlice(TOTAL, "<=", Decimal(1)), period=5, total={0: 0})
    assert (rows(found), found.failure) == ([], None)


def test_a_failed_time_slice_says_why() -> None:
    found = measure(TimeSlice(TOTAL, "<=", Decimal(1)), {TOTAL: Failed("gone")}, START, START + 5)
    assert (rows(found), found.failure) == ([], "gone")


PERCENT = RateRatio(TOTAL, BAD)


def test_a_percentage_becomes_a_count_rounded_half_to_even_and_within_total() -> None:
    total: Values = {0: 1000, 1: 1, 2: 3, 3: 10, 4: 10}
    found = of(PERCENT, total=total, bad={0: 0.7, 1: 50, 2: 50, 3: 120, 4: -0.5})
    assert rows(found) == [(0, 1000, 7), (1, 1, 0), (2, 3, 2), (3, 10, 10), (4, 10, 0)]
    assert not found.slices.coarse.any()


def test_a_percentage_and_its_total_are_both_needed_but_nothing_of_nothing_is_idle() -> None:
    found = of(PERCENT, total={0: 10, 1: 0, 2: 0}, bad={2: 5, 3: 5})
    assert (rows(found), found.quarantined) == ([(1, 0, 0), (2, 0, 0)], 0)


@pytest.mark.parametrize(("total", "rate"), [(-1, 1), (0.5, 1), (nan, 1), (MAX_COUNT + 1, 1), (10, nan), (10, inf)])
def test_an_impossible_percentage_or_total_is_quarantined(total: float, rate: float) -> None:
    found = of(PERCENT, total={0: total, 1: 5}, bad={0: rate, 1: 100})
    assert (rows(found), found.quarantined) == ([(1, 5, 5)], 1)


def test_a_percentage_of_5_minutes_is_no_count_so_its_minutes_stay_missing() -> None:
    found = of(PERCENT, period=5, total={0: 10}, bad={0: 10})
    assert (rows(found), found.failure) == ([], None)


RATE = RateRatio(TOTAL, BAD)


@pytest.mark.parametrize(
    ("total", "percent", "bad"),
    [(200, 0.25, 0), (600, 0.25, 2), (1000, 0.35, 4), (3, 100, 3), (7, 33.3333, 2), (1000, 0, 0), (10, 250, 10), (10, -3, 0)],
    ids=["half to even, down", "half to even, up", "half, exactly", "all", "nearest", "none", "above all", "below none"],
)
def test_a_rate_gives_bad_rounded_half_to_even_and_never_outside_of_total(total: float, percent: float, bad: int) -> None:
    assert rows(of(RATE, total={2: total}, bad={2: percent})) == [(2, total, bad)]


def test_a_rate_beside_no_requests_does_not_matter_and_requests_without_a_rate_are_missing() -> None:
    found = of(RATE, total={0: 0, 1: 0, 2: 9}, bad={1: nan, 3: 50})
    assert (rows(found), found.quarantined) == ([(0, 0, 0), (1, 0, 0)], 0)


@pytest.mark.parametrize(("total", "percent"), [(9, nan), (9, inf), (-1, 1), (2.5, 1), (nan, 1), (MAX_COUNT + 1, 1)])
def test_an_impossible_rate_or_total_is_quarantined(total: float, percent: float) -> None:
    found = of(RATE, total={0: total, 1: 8}, bad={0: percent, 1: 25})
    assert (rows(found), found.quarantined) == ([(1, 8, 2)], 1)


def test_rates_are_not_applied_to_wide_buckets() -> None:
    assert rows(of(RATE, period=5, length=10, total={0: 100}, bad={0: 1})) == []


@given(st.integers(0, MAX_COUNT), st.data())
def test_a_rate_that_was_computed_from_counts_gives_the_counts_back(total: int, data: st.DataObject) -> None:
    bad = data.draw(st.integers(0, total))
    percent = 100 * bad / total if total else 0.0
    assert rows(of(RATE, total={0: total}, bad={0: percent})) == [(0, total, bad)]


counts = st.one_of(st.integers(0, 20).map(float), st.sampled_from([nan, inf, -inf, -1.0, 0.5, 1e12, 1e12 + 1, 1e300]))
lines = st.dictionaries(st.integers(-6, 26), counts, max_size=20)
proofs = st.sampled_from([None, Proof(ALIVE), Proof(ALIVE, Decimal(1))])
indicators: st.SearchStrategy[Indicator] = st.one_of(
    st.builds(lambda proof: EventRatio((TOTAL, MORE), (), (BAD, GOOD), proof), proofs),
    st.builds(lambda proof: EventRatio((TOTAL,), (GOOD,), (), proof), proofs),
    st.just(PERCENT),
    st.builds(lambda op: TimeSlice(TOTAL, op, Decimal(3)), st.sampled_from(["<=", "<", ">=", ">"])),
)


@given(indicators, lines, lines, lines, lines, st.integers(1, 20), st.sampled_from([1, 5]))
def test_whatever_comes_bad_is_within_total_and_minutes_within_the_interval(
    indicator: Indicator, total: Values, more: Values, bad: Values, good: Values, length: int, period: int
) -> None:
    heard = {
        q: Series(a.minutes[keep], a.values[keep])
        for q, a, keep in _aligned(answers(total=total, more=more, bad=bad, good=good, alive=more), period)
    }
    found = measure(indicator, heard, START, START + length, period=period).slices
    assert ((found.bad >= 0) & (found.bad <= found.total) & (found.total <= MAX_COUNT)).all()
    assert ((found.minutes >= START) & (found.minutes < START + length)).all()
    assert (np.diff(found.minutes) > 0).all()
    assert (found.coarse == (period > 1)).all()


@given(lines, lines, st.sampled_from([1, 5]))
def test_every_bucket_is_measured_or_missing_or_quarantined_and_none_is_two_of_these(
    total: Values, bad: Values, period: int
) -> None:
    heard = {q: Series(a.minutes[keep], a.values[keep]) for q, a, keep in _aligned(answers(total=total, bad=bad), period)}
    found = measure(ERRORS, heard, START, START + 20, period=period)
    spoken = {m for a in heard.values() for m in a.minutes.tolist() if START <= m < START + 20}
    assert len(found.slices) // period + found.quarantined <= len(spoken)
    assert set((found.slices.minutes[found.slices.total > 0]).tolist()) <= spoken


def _aligned(heard: dict[Query, Answer], period: int) -> list[tuple[Query, Series, np.typing.NDArray[np.bool_]]]:
    """As a source in buckets answers: at the first minute of each."""
    return [(q, a, (a.minutes - START) % period == 0) for q, a in heard.items() if isinstance(a, Series)]
