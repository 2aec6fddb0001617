from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.spec import RuleSpec
from slo.judge import burn
from slo.judge.burn import Rule
from slo.judge.lowtraffic import _WIDE, _fraction, chance, is_enough
from slo.judge.windows import Counts
from tests.support.objectives import objective

RULE = Rule("page", 60, 5, Fraction("14.4"))


def exactly(bad: int, total: int, ratio: Fraction) -> Fraction:
    """P(X >= bad), one term after the other."""
    return sum((comb(total, k) * ratio**k * (1 - ratio) ** (total - k) for k in range(bad, total + 1)), Fraction(0))


@settings(max_examples=400)
@given(st.data(), st.integers(1, 150), st.fractions("0.0001", "0.9999", max_denominator=10_000))
def test_the_chance_is_that_of_the_exact_sum(data: st.DataObject, total: int, ratio: Fraction) -> None:
    bad = data.draw(st.integers(ceil(total * ratio), total))
    assert chance(bad, total, ratio) == pytest.approx(float(exactly(bad, total, ratio)), rel=1e-10, abs=1e-13)


@settings(max_examples=200)
@given(
    st.integers(1, 80),
    st.fractions("0.001", "0.999", max_denominator=1000),
    st.sampled_from(["0.5", "0.8", "0.9", "0.95", "0.99", "0.999"]),
)
def test_what_is_enough_is_decided_as_the_exact_sum_would(total: int, ratio: Fraction, confidence: str) -> None:
    rule = replace(RULE, confidence=Decimal(confidence))
    for bad in range(ceil(total * ratio), total + 1):
        enough = exactly(bad, total, ratio) <= 1 - Fraction(confidence)
        assert is_enough(rule, Counts(total, bad, 1), ratio) == enough


@pytest.mark.parametrize("ratio", [Fraction(1, 10**6), Fraction(9, 625), Fraction(1, 2), Fraction(9, 10)])
@pytest.mark.parametrize("sigmas", [0.01, 0.5, 1, 1.645, 3.1, 4.5])
def test_the_series_takes_over_where_the_fraction_gives_the_same(ratio: Fraction, sigmas: float) -> None:
    total = int((_WIDE + 10) / (ratio * (1 - ratio)))
    bad = int(total * ratio + sigmas * Fraction(_WIDE**0.5))
    expected = _fraction(bad, total, float(ratio), float(1 - ratio), float(bad - total * ratio))
    assert chance(bad, total, ratio) == pytest.approx(expected, abs=5e-9)


def test_it_is_steady_up_to_ten_to_the_fifteen() -> None:
    """13 of an expected 1 is Poisson's 6.36e-11; a billion sigmas is nothing; half a step below the middle is a half."""
    many = 10**15
    assert chance(13, many, Fraction(1, many)) == pytest.approx(6.359777e-11, rel=1e-6)
    assert chance(many // 2, many, Fraction(1, 2)) == pytest.approx(0.5, abs=1e-7)
    assert chance(many // 2 + 26_007_000, many, Fraction(1, 2)) == pytest.approx(0.05, abs=1e-4)
    assert chance(many, many, Fraction(9, 10)) == 0


def test_the_chance_of_all_is_the_power_of_the_ratio() -> None:
    assert chance(10, 10, Fraction(1, 10)) == pytest.approx(1e-10)
    assert chance(1, 1, Fraction(1, 1000)) == pytest.approx(0.001)


def test_more_bad_events_are_never_likelier() -> None:
    chances = [chance(bad, 1000, Fraction(9, 625)) for bad in range(15, 1001)]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= c <= 1 for c in chances)


def test_a_minimum_of_bad_events_and_of_events_is_reached_by_just_as_many() -> None:
    few = replace(RULE, min_bad=5, min_total=100)
    assert is_enough(few, Counts(100, 5, 60), Fraction(9, 625))
    assert not is_enough(few, Counts(100, 4, 60), Fraction(9, 625))
    assert not is_enough(few, Counts(99, 5, 60), Fraction(9, 625))


def test_a_chance_on_the_boundary_is_enough() -> None:
    """One of one at 10 % has a chance of exactly 10 %, three of three at 50 % one of an eighth."""
    assert is_enough(replace(RULE, confidence=Decimal("0.9")), Counts(1, 1, 1), Fraction(1, 10))
    assert is_enough(replace(RULE, confidence=Decimal("0.875")), Counts(3, 3, 1), Fraction(1, 2))
    assert not is_enough(replace(RULE, confidence=Decimal("0.876")), Counts(3, 3, 1), Fraction(1, 2))


def test_no_confidence_is_ever_had_in_a_ratio_above_one() -> None:
    """OpenSLO allows a target of 0, whose budget is everything."""
    assert not is_enough(replace(RULE, confidence=Decimal("0.5")), Counts(10**6, 10**6, 60), Fraction(1))


def test_a_failure_among_ten_requests_fires_without_a_minimum_and_not_with_one() -> None:
    """The case of the Workbook: one of ten requests in an hour burns at 100, yet says little."""
    hour = Counts(10, 1, 60)
    for more, fires in ({}, True), ({"min_bad": 2}, False), ({"min_total": 11}, False), ({"confidence": Decimal("0.9")}, False):
        one = replace(objective(), policy=(replace(RuleSpec("page", Decimal("0.02"), 60, 5), **more),))
        assert burn.fires(burn.rules_of(one)[0], one, hour, hour) is fires


def test_three_failures_of_ten_are_enough_at_99_percent() -> None:
    one = replace(objective(), policy=(RuleSpec("page", Decimal("0.02"), 60, 5, confidence=Decimal("0.99")),))
    rule = burn.rules_of(one)[0]
    assert [burn.fires(rule, one, Counts(10, bad, 60), Counts(10, bad, 5)) for bad in range(4)] == [False, False, True, True]
