from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting
from tests.slo.estate.openslo_documents import GONE, changed, found, only, others, slo

DAY = 1440
BEGIN = datetime(2026, 1, 21, 12, 30)  # noqa: DTZ001  # local time


def window(duration: str, **calendar: Any) -> list[dict[str, Any]]:
    given = {"duration": duration, "calendar": {"startTime": "2026-01-21 12:30:00"} | calendar}
    return [*others(), slo(timeWindow=[given], alertPolicies=GONE)]


@pytest.mark.parametrize(
    ("duration", "count", "unit", "minutes"),
    [("1d", 1, "d", DAY), ("2w", 2, "w", 14 * DAY), ("1M", 1, "M", 30 * DAY), ("2M", 2, "M", 60 * DAY), ("12h", 12, "h", 720)],
)
def test_a_calendar_window_has_its_nominal_length(duration: str, count: int, unit: Any, minutes: int) -> None:
    objective = only(window(duration, timeZone="America/New_York"))
    assert objective.calendar == Calendar(count, unit, "America/New_York", BEGIN)
    assert (objective.window, objective.window_text) == (minutes, duration)


def test_without_a_zone_it_is_utc() -> None:
    calendar = only(window("1M")).calendar
    assert calendar is not None
    assert (calendar.zone, calendar.start) == ("UTC", BEGIN)


def test_seconds_of_the_beginning_are_cut_and_that_is_said() -> None:
    documents = window("1M", startTime="2026-01-21 12:30:59")
    assert found(documents) == [("warning", "not_followed", "spec.timeWindow[0].calendar.startTime")]
    calendar = only(documents).calendar
    assert calendar is not None
    assert calendar.start == BEGIN


@pytest.mark.parametrize("duration", ["60m", "1h", "400d", "57w", "13M", "4Q", "1Y"])
def test_the_longest_and_shortest_calendars(duration: str) -> None:
    assert all(severity == "warning" for severity, _, _ in found(window(duration)))


@pytest.mark.parametrize("duration", ["59m", "401d", "58w", "14M", "5Q", "2Y", "0M", "0d"])
def test_calendars_that_can_last_longer_than_400_days_are_refused(duration: str) -> None:
    assert ("error", "bad_window", "spec.timeWindow[0].duration") in found(window(duration))


def test_the_trap_of_the_specifications_own_example_is_pointed_out() -> None:
    """`duration: 1m`, with the comment that contracts are often for one month."""
    path = "spec.timeWindow[0].duration"
    assert found(window("1m")) == [("error", "bad_window", path), ("warning", "minutes_not_months", path)]


@pytest.mark.parametrize(("duration", "minutes"), [("1M", 30 * DAY), ("2M", 60 * DAY), ("1Q", 90 * DAY), ("1Y", 365 * DAY)])
def test_months_that_roll_are_nominal_and_that_is_said(duration: str, minutes: int) -> None:
    documents = changed("SLO", "spec.timeWindow.0.duration", duration)
    assert ("warning", "nominal_month", "spec.timeWindow[0].duration") in found(documents)
    objective = only(documents)
    assert (objective.window, objective.calendar) == (minutes, None)


def test_a_window_longer_than_what_is_kept_is_warned_of() -> None:
    assert found(changed("SLO", "spec.timeWindow.0.duration", "120d")) == [("warning", "retention", "spec.timeWindow")]


def timeslices(**objective: Any) -> list[dict[str, Any]]:
    return [*others(), slo(budgetingMethod="Timeslices", objectives=[{"target": 0.99, "timeSliceTarget": 0.95} | objective])]


@pytest.mark.parametrize(("written", "minutes"), [(5, 5), ("5m", 5), ("1h", 60), (1, 1)])
def test_a_bare_number_of_a_slice_is_minutes(written: Any, minutes: int) -> None:
    objective = only(timeslices(timeSliceWindow=written))
    assert objective.budgeting.slice_window == minutes
    assert objective.method == "Timeslices"


def test_ratio_time_slices_have_no_target_of_their_own() -> None:
    objective = {"target": 0.99, "timeSliceWindow": 10, "timeSliceTarget": 0.9}
    documents = [*others(), slo(budgetingMethod="RatioTimeslices", objectives=[objective])]
    assert found(documents) == [("warning", "not_followed", "spec.objectives[0].timeSliceTarget")]
    assert only(documents).budgeting == Budgeting("RatioTimeslices", 10)


def test_a_slice_fits_into_the_window_and_into_what_a_rule_looks_back_on() -> None:
    path = "spec.objectives[0].timeSliceWindow"
    assert ("error", "bad_window", path) in found(timeslices(timeSliceWindow="31d"))
    assert found(timeslices(timeSliceWindow="2h")) == [("warning", "slice_longer_than_rule", path)]
    assert found(timeslices(timeSliceWindow="1h")) == []
