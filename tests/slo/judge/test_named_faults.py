"""Faults of the catalogue that are a matter of judging, each with its number; those of sources and store stand with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from slo.errors import SlicesError
from slo.estate.calendar import Calendar
from slo.judge import slices_file
from slo.judge.compliance import WEEK, week, week_before
from slo.judge.document import document
from slo.judge.evaluate import evaluate
from slo.judge.period import bounds
from slo.judge.series import Slices
from slo.units import format_minute, parse_minute
from tests.support.objectives import estate_of, objective

T = parse_minute("2026-03-01T00:00:00Z")


def test_f22_no_traffic_is_an_unknown_ratio_and_never_a_division_by_zero() -> None:
    [verdict] = evaluate(estate_of(objective()), {"api.availability": Slices.of((m, 0, 0) for m in range(T - 90, T))}, T)
    shown = document(verdict)
    assert (shown["sli"], shown["budget"]["remaining_ratio"], set(shown["burn"].values())) == (None, None, {None})
    assert (verdict.firing, verdict.coverage) == ((), Fraction(90, 43200))
    assert "idle" in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize(("least", "fires"), [(0, True), (2, False)])
def test_f23_one_failure_of_two_requests_pages_only_where_no_minimum_is_asked(least: int, fires: bool) -> None:
    one = objective()
    asking = replace(one, policy=tuple(replace(rule, min_bad=least) for rule in one.policy))
    [verdict] = evaluate(estate_of(asking), {"api.availability": Slices.of([(T - 1, 2, 1)])}, T)
    assert bool(verdict.firing) == fires


def test_f28_a_leap_second_is_refused_in_one_line_and_a_week_53_is_a_week() -> None:
    with pytest.raises(SlicesError, match=r"leap\.csv:2: .*23:59:60") as refused:
        slices_file.parse("leap.csv", b"indicator,minute,good,total\na.b,2016-12-31T23:59:60Z,1,1\n")
    assert "\n" not in str(refused.value)
    last = week("2026-W53")
    assert (last.end - last.start, format_minute(last.start)) == (WEEK, "2026-12-28T00:00:00Z")
    assert week_before(datetime(2027, 1, 4, tzinfo=UTC)) == last


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25T12:00:00Z", 25),
        ("Australia/Lord_Howe", "2026-04-05T12:00:00Z", 24.5),
        ("UTC", "2026-03-29T12:00:00Z", 24),
    ],
)
def test_f29_a_local_day_has_the_hours_that_its_zone_gives_it(zone: str, day: str, hours: float) -> None:
    start, end = bounds(Calendar(1, "d", zone), parse_minute(day))
    assert end - start == hours * 60


@pytest.mark.parametrize(("month", "days"), [("2026-02", 28), ("2028-02", 29), ("2026-04", 30), ("2026-12", 31)])
def test_f30_a_month_is_covered_when_each_of_its_own_days_is(month: str, days: int) -> None:
    first = parse_minute(f"{month}-01T00:00:00Z")
    end = first + days * 1440
    monthly = replace(objective(), calendar=Calendar(1, "M"))
    [verdict] = evaluate(estate_of(monthly), {"api.availability": Slices.of((m, 1, 0) for m in range(first, end))}, end)
    assert (verdict.begin, verdict.coverage, verdict.counts.total) == (first, Fraction(1), days * 1440)
