from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.catalog.kind import DefaultObjective
from slo.estate.suggest import LADDER, MINUTES, suggest
from slo.judge.windows import Counts

USUAL = DefaultObjective("availability", Decimal("0.999"), 30 * 1440, "our own proposal")


def test_the_reason_is_the_count_to_the_last_event() -> None:
    suggested = suggest(Counts(5_678_901, 1234, MINUTES), USUAL)
    assert suggested.target == Decimal("0.9995")
    assert suggested.reasons == (
        "14 days: 20,160 minutes measured, 1,234 of 5,678,901 bad (99.978 %).",
        "99.95 % was met with half of its budget to spare, 99.99 % was not.",
    )


def test_minutes_that_are_missing_are_told() -> None:
    told = suggest(Counts(1_000_000, 1, 20_000), USUAL).reasons[0]
    assert told == "14 days: 20,000 of 20,160 minutes measured, 1 of 1,000,000 bad (99.999 %)."


@pytest.mark.parametrize(
    ("total", "bad", "target"),
    [
        (30_000, 0, "0.9999"),
        (29_999, 0, "0.9995"),
        (MINUTES, 0, "0.9995"),
        (1_000_000, 50, "0.9999"),
        (1_000_000, 51, "0.9995"),
        (1000, 25, "0.95"),
        (60, 0, "0.95"),
    ],
)
def test_the_highest_that_left_half_of_its_budget_and_that_the_events_can_speak_for(total: int, bad: int, target: str) -> None:
    suggested = suggest(Counts(total, bad, MINUTES), USUAL)
    assert (suggested.target, suggested.source) == (Decimal(target), "discovered")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (Counts(1000, 26, MINUTES), "Not even 95 % was met"),
        (Counts(59, 0, 59), "Too few events"),
        (Counts(0, 0, 0), "Nothing measured: 14 days: 0 of 20,160 minutes measured, 0 of 0 bad, so there is no ratio."),
        (Counts(0, 0, MINUTES), "Nothing measured: 14 days: 20,160 minutes measured, 0 of 0 bad"),
        ("AccessDenied", "Nothing measured: AccessDenied"),
    ],
)
def test_where_nothing_speaks_for_a_target_it_is_that_of_the_kind_or_none(counts: Counts | str, words: str) -> None:
    suggested = suggest(counts, USUAL)
    assert (suggested.target, suggested.source) == (USUAL.target, "catalogue")
    assert any(reason.startswith(words) for reason in suggested.reasons)
    assert suggested.reasons[-1] == "99.9 % is what its kind proposes: our own proposal."
    assert suggest(counts, None).target is None


@given(total=st.integers(0, 10**12), share=st.fractions(0, 1))
def test_what_is_suggested_burned_at_most_half_and_nothing_higher_did(total: int, share: Fraction) -> None:
    bad = int(total * share)
    suggested = suggest(Counts(total, bad, MINUTES), None)

    def holds(target: Decimal) -> bool:
        allowed = total * (1 - Fraction(target))
        return allowed >= 3 and Fraction(bad) <= allowed / 2

    assert suggested.target == next((t for t in LADDER if holds(t)), None)
