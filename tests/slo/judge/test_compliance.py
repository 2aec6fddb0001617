from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.judge.compliance import WEEK, Tally, decimal_text, hour, judge, missing_intervals, union, week, week_before
from slo.judge.windows import Counts
from slo.units import format_minute
from tests.support.objectives import objective

API = objective(target="0.99", window=10080)
FULL = Counts(1000, 10, 10080)
AT = week("2026-W46").end


def test_a_week_runs_from_monday_to_monday_in_utc() -> None:
    found = week("2026-W46")
    assert (format_minute(found.start), format_minute(found.end)) == ("2026-11-09T00:00:00Z", "2026-11-16T00:00:00Z")


def test_the_first_week_of_a_year_may_begin_in_the_year_before() -> None:
    assert format_minute(week("2026-W01").start) == "2025-12-29T00:00:00Z"


@pytest.mark.parametrize(
    "text", ["2026-46", "2026-W00", "2026-W54", "2025-W53", "W46", "2026-W4", "2026-W046", " 2026-W46", ""]
)
def test_what_is_no_iso_week_is_refused_with_the_accepted_form(text: str) -> None:
    with pytest.raises(ValueError, match="like 2026-W46"):
        week(text)


@settings(deadline=None)
@given(at=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # made aware below
def test_the_week_before_a_moment_is_the_last_one_that_is_over(at: datetime) -> None:
    aware = at.replace(tzinfo=UTC)
    found = week_before(aware)
    since = aware.timestamp() / 60 - found.end
    assert 0 <= since < WEEK
    assert (aware - timedelta(days=7)).isocalendar()[:2] == tuple(map(int, found.name.split("-W")))


def test_an_objective_is_met_as_long_as_its_budget_is_not_overspent() -> None:
    exactly, over = Counts(1000, 10, 10080), Counts(1000, 11, 10080)
    assert [judge(API, FULL, 10080, window, AT).window.standing for window in (exactly, over)] == ["met", "missed"]


def test_week_and_window_are_judged_by_themselves() -> None:
    found = judge(API, Counts(1000, 20, 10080), 10080, Counts(4000, 20, 10080), AT)
    assert (found.week.standing, found.week.used) == ("missed", Fraction(2))
    assert (found.window.standing, found.window.used) == ("met", Fraction(1, 2))


def test_below_99_percent_coverage_what_looks_met_is_not_evidenced() -> None:
    enough, short = Counts(1000, 0, 9900), Counts(1000, 0, 9899)
    assert Tally.of(API, enough, 10_000).standing == "met"
    found = Tally.of(API, short, 10_000)
    assert (found.standing, [r.code for r in found.reasons]) == ("not_evidenced", ["low_coverage"])


def test_a_miss_stays_a_miss_however_little_was_measured() -> None:
    assert Tally.of(API, Counts(10, 10, 1), 10080).standing == "missed"


def test_a_window_that_is_older_than_the_first_slice_is_not_evidenced() -> None:
    month = objective(target="0.99", window=43200)
    found = judge(month, FULL, 10080, FULL, AT)
    assert (found.week.standing, found.window.standing) == ("met", "not_evidenced")


@pytest.mark.parametrize(
    ("counts", "word"),
    [
        (Counts(0, 0, 0), "missing"),
        (Counts(0, 0, 60), "idle"),
        (Counts(0, 0, 59), "partly"),
        (Counts(600, 0, 60), "good"),
        (Counts(600, 0, 59), "partly"),
        (Counts(600, 5, 59), "within"),
        (Counts(600, 6, 60), "over"),
    ],
)
def test_an_hour_has_the_most_telling_word(counts: Counts, word: str) -> None:
    assert hour(API, counts, 60) == word


def test_nothing_measured_is_never_met() -> None:
    found = Tally.of(API, Counts(0, 0, 0), 10080)
    assert (found.standing, found.sli, found.used, found.coverage) == ("not_evidenced", None, None, Fraction(0))
    assert [r.code for r in found.reasons] == ["not_measured"]


def test_idle_minutes_are_covered_but_prove_nothing() -> None:
    found = Tally.of(API, Counts(0, 0, 10080), 10080)
    assert (found.standing, found.coverage, [r.code for r in found.reasons]) == ("not_evidenced", Fraction(1), ["idle"])


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=60))
def test_missing_intervals_are_the_unmeasured_minutes_and_nothing_else(measured: list[bool]) -> None:
    found = missing_intervals(np.array(measured, bool), 100)
    minutes = [m for start, end in found for m in range(start, end)]
    assert minutes == [100 + n for n, seen in enumerate(measured) if not seen]
    assert all(a[1] < b[0] for a, b in pairwise(found))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8))
def test_a_union_holds_each_minute_once(intervals: list[tuple[int, int]]) -> None:
    found = union(intervals, 10, 30)
    minutes = [m for start, end in found for m in range(start, end)]
    assert minutes == sorted({m for a, b in intervals for m in range(a, b) if 10 <= m < 30})


@settings(deadline=None)
@given(st.fractions(min_value=-3, max_value=3, max_denominator=10**9), st.integers(2, 9))
def test_a_ratio_is_rounded_once_half_to_even(value: Fraction, places: int) -> None:
    exact = Decimal(value.numerator * 10 ** (places + 30) // value.denominator).scaleb(-places - 30)
    rounded = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    if not (rounded == 1 and value < 1):
        assert Decimal(decimal_text(value, places)) == rounded


@pytest.mark.parametrize(
    ("value", "places", "text", "percent"),
    [
        (Fraction(1, 16), 3, "0.062", "6.2"),
        (Fraction(3, 16), 3, "0.188", "18.8"),
        (Fraction(1003, 1005), 9, "0.998009950", "99.8009950"),
        (Fraction(-1, 16), 3, "-0.062", "-6.2"),
        (Fraction(2), 4, "2.0000", "200.00"),
    ],
)
def test_percentages_are_the_same_digits(value: Fraction, places: int, text: str, percent: str) -> None:
    assert (decimal_text(value, places), decimal_text(value, places, percent=True)) == (text, percent)


def test_what_is_below_one_is_never_shown_as_one() -> None:
    nearly = 1 - Fraction(1, 10**12)
    assert decimal_text(nearly, 6) == "0.999999"
    assert decimal_text(nearly, 6, percent=True) == "99.9999"
    assert decimal_text(Fraction(1), 6, percent=True) == "100.0000"
