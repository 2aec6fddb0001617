from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from alerts.weekly import document, in_all, lines, weekly
from slo.estate.spec import Component, Estate, Objective, RuleSpec
from slo.judge.series import Slices
from slo.units import format_minute

START = 29_846_880
POLICY = (RuleSpec("page", Decimal("0.02"), 60, 5), RuleSpec("ticket", Decimal("0.1"), 1440, 120))


def objective(name: str) -> Objective:
    return Objective(f"{name}.availability", name, "availability", Decimal("0.99"), 43_200, POLICY)


ESTATE = Estate("shop", (), tuple(Component(n, "service", objectives=(objective(n),)) for n in ("calm", "loud", "unseen")))
SLICES = {
    "calm.availability": Slices.of((START + n, 100, 0) for n in range(10_080)),
    # Two days, each with an hour in which everything fails: two pages in 2 / 7 of a week.
    "loud.availability": Slices.of((START + n, 100, 100 if n % 1440 < 60 else 0) for n in range(2880)),
}


def test_a_rate_is_that_of_the_weeks_that_were_measured() -> None:
    calm, loud = weekly(ESTATE, SLICES)
    assert (calm.pages, calm.tickets, calm.weeks) == (0, 0, Fraction(1))
    assert (loud.pages, loud.weeks, loud.rates[0]) == (2, Fraction(2, 7), Fraction(7))


def test_the_rates_of_the_estate_are_the_sums_of_its_objectives() -> None:
    rows = weekly(ESTATE, SLICES)
    assert in_all(rows) == (Fraction(7), rows[1].rates[1])
    assert (found := document(rows))["pages_per_week"] == 7.0
    assert [row["objective"] for row in found["objectives"]] == ["calm.availability", "loud.availability"]
    assert found["objectives"][0]["from"] == format_minute(START + 1)


def test_only_what_told_somebody_is_a_line() -> None:
    rows = weekly(ESTATE, SLICES)
    first, loud, quiet = lines(rows)
    assert first == f"Back-test: 7.0 pages and {float(rows[1].rates[1]):.1f} tickets per week"
    assert loud.startswith("  loud.availability: 7.0 pages, ")
    assert quiet == "  1 objectives would have told nobody"


def test_without_slices_there_is_nothing_to_replay() -> None:
    assert list(lines(weekly(ESTATE, {}))) == ["Back-test: nothing measured, so nothing to replay"]
    assert in_all(()) == (Fraction(0), Fraction(0))
