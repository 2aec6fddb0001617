from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.window import PERIODS
from tests.support.declared import found, objective, with_objective

START = "components[0].objectives[0].window"


def windowed(window: str) -> str:
    return f"indicator: availability, target: 99.9%, window: {window}"


@pytest.mark.parametrize(
    ("window", "text", "nominal"),
    [("week", "1w", 10080), ("month", "1M", 43200), ("quarter", "1Q", 129600), ("year", "1Y", 525600)],
)
def test_a_period_of_the_calendar_is_a_window_in_utc(window: str, text: str, nominal: int) -> None:
    read = objective(windowed(window))
    assert (read.window, read.window_text, read.calendar) == (nominal, text, Calendar(1, PERIODS[window]))


def test_a_calendar_has_a_zone_and_a_start_in_local_time() -> None:
    read = objective(windowed('{calendar: month, time_zone: Europe/Berlin, start: "2026-01-21T12:30"}'))
    assert read.calendar == Calendar(1, "M", "Europe/Berlin", datetime(2026, 1, 21, 12, 30))  # noqa: DTZ001  # local time
    assert objective(windowed("{calendar: month, start: 2026-01-21}")).calendar == Calendar(
        1,
        "M",
        "UTC",
        datetime(2026, 1, 21),  # noqa: DTZ001  # local time
    )


def test_a_rolling_window_has_no_calendar() -> None:
    assert (objective(windowed("4w")).window, objective(windowed("4w")).calendar) == (40320, None)


@pytest.mark.parametrize(
    ("window", "code", "field"),
    [
        ("1M", "bad_duration", ""),
        ("monthly", "bad_duration", ""),
        ("day", "bad_duration", ""),
        ("[month]", "wrong_type", ""),
        ("{calendar: day}", "unknown_value", ".calendar"),
        ("{time_zone: UTC}", "missing_field", ".calendar"),
        ("{calendar: month, timeZone: UTC}", "unknown_field", ".timeZone"),
        ("{calendar: month, time_zone: Mars/Olympus}", "bad_zone", ".time_zone"),
        ("{calendar: month, time_zone: ../etc/passwd}", "bad_zone", ".time_zone"),
        ("{calendar: month, time_zone: Europe}", "bad_zone", ".time_zone"),
        ('{calendar: month, start: "2026-01-21T12:30Z"}', "bad_time", ".start"),
        ('{calendar: month, start: "2026-01-21T12:30:15"}', "bad_time", ".start"),
        ('{calendar: month, start: "0001-01-01"}', "bad_time", ".start"),
        ("{calendar: month, start: soon}", "bad_time", ".start"),
    ],
)
def test_a_bad_window_names_the_field(window: str, code: str, field: str) -> None:
    assert found(with_objective(windowed(window))) == [("error", code, START + field)]


@given(
    st.sampled_from(sorted(PERIODS)),
    st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia", "America/New_York"]),
    st.datetimes(datetime(1900, 1, 1), datetime(9900, 1, 1)),  # noqa: DTZ001  # local time
)
def test_every_calendar_is_read_as_it_was_written(period: str, zone: str, start: datetime) -> None:
    minute = start.replace(second=0, microsecond=0)
    written = f'{{calendar: {period}, time_zone: {zone}, start: "{minute.isoformat()}"}}'
    assert objective(windowed(written)).calendar == Calendar(1, PERIODS[period], zone, minute)
