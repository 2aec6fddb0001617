from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.calendar import MONDAY, NOMINAL, Calendar, Unit
from slo.judge.period import Since, bounds, start, window_of
from slo.units import parse_minute, to_minute
from tests.support import brute
from tests.support.objectives import objective

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo")
DAY = 1440


def minute(text: str) -> int:
    return parse_minute(text)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def period(calendar: Calendar, text: str) -> tuple[int, int]:
    return bounds(calendar, minute(text))


def test_a_rolling_window_begins_its_length_before_t() -> None:
    assert start(43200, 1_000_000) == 956_800


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("UTC", "2026-03-29T12:00:00Z", 24),
        ("Europe/Berlin", "2026-03-29T12:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", 25),
        ("America/New_York", "2026-03-08T16:00:00Z", 23),
        ("America/New_York", "2026-11-01T16:00:00Z", 25),
        ("Australia/Lord_Howe", "2026-04-04T18:00:00Z", 24.5),
        ("Australia/Lord_Howe", "2026-10-04T02:00:00Z", 23.5),
        ("Asia/Kolkata", "2026-03-29T12:00:00Z", 24),
        ("America/Sao_Paulo", "2018-11-04T12:00:00Z", 23),
        ("Pacific/Apia", "2011-12-30T22:00:00Z", 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_show(zone: str, noon: str, hours: float) -> None:
    begin, end = period(Calendar(1, "d", zone), noon)
    assert (end - begin) / 60 == hours


def test_a_day_that_begins_in_the_hour_that_is_skipped_begins_where_the_clocks_go_on() -> None:
    """In Sao Paulo 2018-11-04 had no midnight: it began at 01:00, which is 03:00Z."""
    assert period(Calendar(1, "d", "America/Sao_Paulo"), "2018-11-04T12:00:00Z")[0] == minute("2018-11-04T03:00:00Z")


def test_a_time_that_is_skipped_is_read_with_the_offset_before_and_one_that_comes_twice_is_its_first() -> None:
    daily = Calendar(1, "d", "Europe/Berlin", wall("2026-01-01T02:30"))
    assert period(daily, "2026-03-29T12:00:00Z")[0] == minute("2026-03-29T01:30:00Z")
    assert period(daily, "2026-10-25T12:00:00Z")[0] == minute("2026-10-25T00:30:00Z")


def test_a_day_that_never_was_is_no_period() -> None:
    """Samoa went from 2011-12-29 to 2011-12-31: the evening of the one and the morning of the other are neighbours."""
    first, end = period(Calendar(1, "d", "Pacific/Apia"), "2011-12-30T09:59:00Z")
    assert (first, end) == (minute("2011-12-29T10:00:00Z"), minute("2011-12-30T10:00:00Z"))
    assert period(Calendar(1, "d", "Pacific/Apia"), "2011-12-30T10:00:00Z")[0] == end


@pytest.mark.parametrize(
    ("month", "days"), [("2026-01", 31), ("2026-02", 28), ("2028-02", 29), ("2026-04", 30), ("2100-02", 28)]
)
def test_a_month_has_its_own_number_of_days(month: str, days: int) -> None:
    begin, end = period(Calendar(1, "M"), f"{month}-15T00:00:00Z")
    assert begin == minute(f"{month}-01T00:00:00Z")
    assert end - begin == days * DAY


def test_a_month_of_berlin_that_springs_forward_is_an_hour_short() -> None:
    begin, end = period(Calendar(1, "M", "Europe/Berlin"), "2026-03-15T00:00:00Z")
    assert (begin, end) == (minute("2026-02-28T23:00:00Z"), minute("2026-03-31T22:00:00Z"))
    assert end - begin == 31 * DAY - 60


def test_a_week_begins_on_monday_a_quarter_with_its_first_month_and_a_leap_year_has_366_days() -> None:
    assert period(Calendar(1, "w"), "2026-11-22T16:00:00Z")[0] == minute("2026-11-16T00:00:00Z")
    assert period(Calendar(1, "Q"), "2026-11-22T16:00:00Z") == (minute("2026-10-01T00:00:00Z"), minute("2027-01-01T00:00:00Z"))
    begin, end = period(Calendar(1, "Y"), "2028-11-22T16:00:00Z")
    assert end - begin == 366 * DAY


def test_a_start_on_the_31st_falls_on_the_last_day_of_shorter_months_and_comes_back() -> None:
    monthly = Calendar(1, "M", start=wall("2026-01-31T12:30"))
    begins = [period(monthly, f"2026-{month:02}-15T00:00:00Z")[1] for month in range(2, 6)]
    assert begins == [minute(f"2026-{day}T12:30:00Z") for day in ("02-28", "03-31", "04-30", "05-31")]


def test_a_start_on_the_29th_of_february_falls_on_the_28th_of_common_years() -> None:
    yearly = Calendar(1, "Y", start=wall("2024-02-29T00:00"))
    assert period(yearly, "2026-06-01T00:00:00Z") == (minute("2026-02-28T00:00:00Z"), minute("2027-02-28T00:00:00Z"))
    assert period(yearly, "2028-06-01T00:00:00Z")[0] == minute("2028-02-29T00:00:00Z")


def test_periods_of_several_units_are_counted_from_the_start_to_both_sides() -> None:
    fortnight = Calendar(2, "w", start=wall("2026-11-02T00:00"))
    assert period(fortnight, "2026-11-15T23:59:00Z")[0] == minute("2026-11-02T00:00:00Z")
    assert period(fortnight, "2026-11-16T00:00:00Z")[0] == minute("2026-11-16T00:00:00Z")
    assert period(fortnight, "2026-11-01T23:59:00Z") == (minute("2026-10-19T00:00:00Z"), minute("2026-11-02T00:00:00Z"))


def test_hours_and_minutes_are_exact_whatever_the_clocks_do() -> None:
    six = Calendar(6, "h", "Europe/Berlin", wall("2026-10-24T21:00"))
    assert period(six, "2026-10-25T00:59:00Z") == (minute("2026-10-24T19:00:00Z"), minute("2026-10-25T01:00:00Z"))
    assert period(Calendar(90, "m"), "2024-01-01T01:29:00Z") == (
        to_minute(MONDAY.replace(tzinfo=UTC)),
        minute("2024-01-01T01:30:00Z"),
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_at_its_boundary_a_window_is_the_whole_period_that_ends_and_a_minute_later_one_minute(zone: str) -> None:
    month = Calendar(1, "M", zone)
    begin, end = period(month, "2026-03-15T00:00:00Z")
    assert start(Since(month), end) == begin
    assert start(Since(month), end + 1) == end
    assert start(Since(month, 4), end + 1) == end + 4


def test_a_window_may_lie_before_the_start_of_its_calendar() -> None:
    assert period(Calendar(1, "Q", start=wall("2030-02-10T00:00")), "2020-12-01T00:00:00Z")[0] == minute("2020-11-10T00:00:00Z")


def test_the_window_of_an_objective_is_its_length_or_its_calendar() -> None:
    month = Calendar(1, "M")
    assert window_of(objective(window=43200)) == 43200
    assert window_of(replace(objective(), calendar=month)) == Since(month)


calendars = st.builds(
    Calendar,
    st.integers(1, 4),
    st.sampled_from(["m", "h", "d", "w", "M", "Q", "Y"]),
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(lambda d: d.replace(minute=0, second=0, microsecond=0)),  # noqa: DTZ001
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)).map(lambda d: to_minute(d.replace(tzinfo=UTC)))  # noqa: DTZ001


@settings(max_examples=120)
@given(calendars, moments)
def test_every_start_is_that_of_the_brute_force(calendar: Calendar, at: int) -> None:
    # Lord Howe shifts by half an hour: a boundary in the half that is skipped is pinned above.
    expected = brute.period_start(at, calendar.count, calendar.unit, calendar.zone, calendar.start)
    assert start(Since(calendar), at) == expected


@settings(max_examples=200)
@given(calendars, moments)
def test_periods_tile_the_time_and_none_is_longer_than_its_calendar_says(calendar: Calendar, at: int) -> None:
    begin, end = bounds(calendar, at)
    assert begin <= at < end
    assert bounds(calendar, end)[0] == end
    assert bounds(calendar, begin - 1)[1] == begin
    assert end - begin <= calendar.longest


@pytest.mark.parametrize("unit", NOMINAL)
def test_a_calendar_is_written_as_in_openslo(unit: Unit) -> None:
    assert str(Calendar(3, unit)) == f"3{unit}"
    assert Calendar(3, unit).nominal == timedelta(minutes=3 * NOMINAL[unit]) // timedelta(minutes=1)
