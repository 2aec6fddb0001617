"""Objectives of every kind, each as the engine knows it and as the brute force does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Era, Method, NoData, Objective, RuleSpec
from slo.judge.series import Slices
from tests.support import brute

if TYPE_CHECKING:
    from slo.judge.windows import Counts

START = 30_000_000
SPAN = 90
"""Minutes that may be measured, from START on."""

cells = st.sampled_from(
    [(0, 0), (10, 10), (9, 10), (8, 10), (0, 10), (7, 7), (1, 1), (2, 3), (999, 1000), (990, 1000), (10**12, 10**12)]
)
rows = st.dictionaries(st.integers(START, START + SPAN), cells, max_size=50) | st.lists(st.none() | cells, max_size=SPAN).map(
    lambda found: {START + n: cell for n, cell in enumerate(found) if cell is not None}
)
targets = st.sampled_from(["0.8", "0.9", "0.99", "0.999"]).map(Decimal)
rules = st.builds(
    RuleSpec,
    st.sampled_from(["page", "ticket"]),
    st.none(),
    st.integers(5, 40),
    st.none() | st.integers(1, 5),
    factor=st.sampled_from(["1", "2", "10", "14.4"]).map(Decimal),
    strict=st.booleans(),
    hold=st.sampled_from([0, 0, 0, 1, 3]),
    min_bad=st.sampled_from([0, 0, 2, 20]),
    min_total=st.sampled_from([0, 0, 10, 100]),
)
calendars = st.builds(
    Calendar,
    st.integers(1, 3),
    st.sampled_from(["h", "d"]),
    st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin"]),
    # START is 2027-01-15T08:00Z, in Kolkata 13:30.
    st.sampled_from([datetime(2024, 1, 1), datetime(2027, 1, 15, 13, 40), datetime(2027, 1, 15, 8, 47)]),  # noqa: DTZ001
)
exclusions = st.lists(
    st.tuples(st.integers(START - 10, START + SPAN), st.integers(1, 30)).map(lambda i: (i[0], i[0] + i[1])), max_size=3
).map(tuple)


@st.composite
def budgetings(draw: st.DrawFn) -> Budgeting:
    method: Method = draw(st.sampled_from(["Occurrences", "Timeslices", "RatioTimeslices"]))
    no_data: NoData | None = draw(st.sampled_from([None, "bad", "good", "hold"]))
    if method == "Occurrences":
        return Budgeting(no_data=no_data)
    target = draw(targets) if method == "Timeslices" else None
    return Budgeting(method, draw(st.sampled_from([1, 1, 2, 3, 5, 15])), target, no_data)


@st.composite
def objectives(draw: st.DrawFn) -> Objective:
    calendar = draw(st.none() | calendars)
    window = draw(st.integers(60, 120)) if calendar is None else calendar.nominal
    return Objective(
        "api.availability",
        "api",
        "availability",
        draw(targets),
        window,
        tuple(draw(st.lists(rules, max_size=3))),
        budgeting=draw(budgetings()),
        calendar=calendar,
    )


@st.composite
def edited(draw: st.DrawFn) -> Objective:
    """With up to three earlier targets."""
    ends = sorted(draw(st.sets(st.integers(START, START + SPAN), max_size=3)))
    return replace(draw(objectives()), earlier=tuple(Era(draw(targets), end) for end in ends))


def wanted(objective: Objective) -> brute.Wanted:
    calendar, budgeting = objective.calendar, objective.budgeting

    def begin(at: int) -> int:
        if calendar is None:
            return at - objective.window
        return brute.period_start(at, calendar.count, calendar.unit, calendar.zone, calendar.start)

    return brute.Wanted(
        Fraction(objective.target),
        objective.window,
        begin,
        tuple(clause(spec) for spec in objective.policy),
        budgeting.method,
        budgeting.slice_window,
        None if budgeting.slice_target is None else Fraction(budgeting.slice_target),
        budgeting.no_data,
        tuple((Fraction(era.target), era.until) for era in objective.earlier),
    )


def clause(spec: RuleSpec) -> brute.Clause:
    assert spec.factor is not None
    factor = Fraction(spec.factor)
    return brute.Clause(spec.severity, spec.long, spec.short, factor, spec.strict, spec.hold, spec.min_bad, spec.min_total)


def as_slices(found: brute.Rows) -> Slices:
    return Slices.of([(minute, total, total - good) for minute, (good, total) in found.items()])


def plain(counts: Counts) -> tuple[int, int, int]:
    return counts.good, counts.total, counts.measured


def recounted(held: brute.Held) -> tuple[int, int, int]:
    return held.good, held.total, held.measured
