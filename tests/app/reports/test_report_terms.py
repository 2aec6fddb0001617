"""Reports of objectives that count slices, follow a calendar or are journeys, with the terms to redo their numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from app.binding import COMPOSITES
from app.memory.store import MemoryStore
from app.ports import Commit
from app.reports import html, tables
from app.reports.body import build
from app.reports.canonical import canonical
from app.reports.controls import read_frameworks
from app.reports.gather import gather
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Composite, Estate, Exclusion, Objective, Part
from slo.judge.compliance import hour
from slo.judge.composite import combine
from slo.judge.evaluate import evaluate
from slo.judge.method import Counted
from slo.judge.series import Slices
from slo.judge.windows import Counts
from tests.support import week
from tests.support.minutes import frame
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from tests.support.minutes import Cell

START = week.WEEK.start
SLICED = Budgeting("Timeslices", 7, Decimal("0.9"), "bad")
WIDE = Budgeting("Timeslices", 180, Decimal("0.9"))
RATIO = Budgeting("RatioTimeslices", 5, None, "hold")


def declared(name: str, **more: Any) -> Objective:
    return replace(objective(name, target="0.99", window=14 * 1440), **more)


PARTS = (Part("sliced.availability", Decimal("0.9")), Part("ratio.availability", Decimal("0.9")))
JOURNEY = Composite("parallel", PARTS, 1)
OBJECTIVES = (
    declared("sliced", budgeting=SLICED),
    declared("wide", budgeting=WIDE),
    declared("ratio", budgeting=RATIO),
    declared("monthly", calendar=Calendar(1, "M", "Europe/Berlin"), window=30 * 1440),
    declared("front", composite=JOURNEY, indicator="checkout", id="front.checkout"),
)
MEASURED = ("sliced", "wide", "ratio", "monthly")
BROKEN = range(START + 3000, START + 3040)
DARK = range(START + 5000, START + 5033)
MAINTENANCE = Exclusion(START + 3010, START + 3020, "budget", "a test", "somebody", component="sliced")


def cell(minute: int) -> Cell:
    if minute in DARK:
        return None
    return (100, 60 if minute in BROKEN else minute % 2)


@cache
def slices() -> dict[str, Slices]:
    rows = [(m, held[0], held[1]) for m in range(START - 8 * 1440, week.WEEK.end + 60) if (held := cell(m)) is not None]
    return {f"{name}.availability": Slices.of(rows) for name in MEASURED}


@cache
def estate() -> Estate:
    return replace(estate_of(*OBJECTIVES), exclusions=(MAINTENANCE,))


@cache
def stored() -> MemoryStore:
    """As the service would have left it, with the journey in a shard of its own."""
    store, first, end = MemoryStore(), START - 8 * 1440, week.WEEK.end + 60
    shard = store.open_shard("cloudwatch/main/us-east-1", [f"{name}.availability@11111111" for name in MEASURED], first)
    shard = store.commit(Commit(shard, first))
    store.commit(Commit(shard, end, frames=[frame(m, *[cell(m)] * len(MEASURED)) for m in range(first, end)]))
    own = combine(JOURNEY, slices())
    shard = store.commit(Commit(store.open_shard(COMPOSITES, ["front.checkout@22222222"], first), first))
    rows = zip(own.minutes.tolist(), own.total.tolist(), own.bad.tolist(), strict=True)
    store.commit(Commit(shard, end, frames=[frame(m, (total, bad)) for m, total, bad in rows]))
    return store


@cache
def report() -> dict[str, Any]:
    inputs = gather(stored(), estate(), week.catalog(), week.WEEK)
    return build(inputs, read_frameworks(), spec_sha256="", tool_version="")


def row(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in report()["objectives"] if r["id"] == name)
    return found


@pytest.mark.parametrize("declared", OBJECTIVES, ids=lambda o: o.id)
def test_the_window_at_the_end_is_what_evaluate_says_of_the_same_slices(declared: Objective) -> None:
    (verdict,) = [v for v in evaluate(estate(), slices(), week.WEEK.end) if v.objective.id == declared.id]
    found, counts = row(declared.id)["at_end"], verdict.counts
    assert (found["good"], found["total"], found["measured_minutes"]) == (counts.good, counts.total, counts.measured)
    assert Fraction(found["budget_used"]["exact"]) == verdict.spent
    assert Fraction(found["coverage"]["exact"]) == verdict.coverage


def test_a_corrected_number_leaves_out_the_excluded_minutes_of_slices_too() -> None:
    (verdict,) = [v for v in evaluate(estate(), slices(), week.WEEK.end) if v.objective.id == "sliced.availability"]
    found = row("sliced.availability")["corrected"]["at_end"]
    assert verdict.corrected is not None
    assert (found["bad"], found["total"]) == (verdict.corrected.bad, verdict.corrected.total)


@pytest.mark.parametrize("declared", OBJECTIVES, ids=lambda o: o.id)
def test_the_hours_in_the_report_add_up_to_its_sums(declared: Objective) -> None:
    found = row(declared.id)
    total, bad, measured = (sum(hour[n] for hour in found["hours"]) for n in range(3))
    sums = found["period"]
    assert (len(found["hours"]), total, bad, measured) == (168, sums["total"], sums["bad"], sums["measured_minutes"])


def test_an_auditor_gets_the_week_from_the_minutes_and_the_terms_alone() -> None:
    """By hand from what `sloop slices` writes: slices of 7 minutes from the epoch on, wholly inside of the week."""
    terms = row("sliced.availability")
    width, target = int(terms["slice"]["window"][:-1]), Fraction(terms["slice"]["target"])
    assert terms["no_data"] == "bad"
    good = total = 0
    for number in range(-(-START // width), week.WEEK.end // width):
        minutes = [held for m in range(number * width, number * width + width) if (held := cell(m)) is not None]
        events, failed = sum(m[0] for m in minutes), sum(m[1] for m in minutes)
        total += 1
        good += bool(minutes) and events - failed >= target * events
    assert (terms["period"]["good"], terms["period"]["total"]) == (good, total)


def test_terms_are_stated_where_they_apply_and_nowhere_else() -> None:
    plain = week.report()["objectives"][0]
    assert not {"slice", "no_data", "window_period", "composite"} & plain.keys()
    assert row("ratio.availability")["slice"] == {"window": "5m", "target": None, "unit": 10**9}
    assert row("monthly.availability")["window"] == "1M"
    assert row("monthly.availability")["window_period"] == {
        "start": "2026-10-31T23:00:00Z",
        "end": "2026-11-30T23:00:00Z",
        "time_zone": "Europe/Berlin",
    }
    assert [p["indicator"] for p in row("front.checkout")["composite"]["parts"]] == [p.indicator for p in PARTS]


def test_the_method_explains_what_occurs_and_nothing_else() -> None:
    plain, ours = ({entry["title"] for entry in made["method"]} for made in (week.report(), report()))
    assert ours - plain == {"Slices of time", "Slices without data", "Calendar windows", "Composites"}
    assert all(entry.keys() == {"title", "text"} for entry in report()["method"])


def test_page_and_tables_state_the_terms_of_each_objective() -> None:
    body = json.loads(canonical(report()))
    page = html.render(body, "0" * 64).decode()
    assert "Timeslices of 7m at 0.9: good and total count slices; a slice without data: bad" in page
    assert "parallel composite, counted in minutes, of sliced.availability (0.9), ratio.availability (0.9)" in page
    assert "(Europe/Berlin)" in page
    terms = tables.tables(body)["terms.csv"].decode()
    assert "sliced.availability,slice.window,7m\r\n" in terms
    assert "front.checkout,part,sliced.availability 0.9 x 1\r\n" in terms
    assert "terms.csv" not in tables.tables(json.loads(canonical(week.report())))


def test_a_slice_of_several_hours_is_shown_in_each_of_them() -> None:
    shown = row("wide.availability")["calendar"]
    counted = Counted.of(slices()["wide.availability"], WIDE, week.WEEK.end)
    assert len(counted.last) > 0
    assert "idle" not in shown
    assert shown.count("good") == 168 - shown.count("over") - shown.count("partly")


def test_a_missing_hour_that_counts_as_bad_is_not_shown_as_merely_missing() -> None:
    one = OBJECTIVES[0]
    assert hour(one, Counts(8, 8, 0), 60) == "over"
    assert hour(one, Counts(8, 0, 0), 60) == "missing"
