from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar, Unit
from slo.estate.spec import Era, Objective, RuleSpec
from slo.judge import burn
from slo.judge.period import Since
from slo.judge.windows import Counts
from tests.support.objectives import DEFAULT_POLICY, objective

counts = st.integers(0, 10**12 * 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))
targets = st.decimals("0.5", "0.999999", places=6)


def test_the_factors_of_30_28_and_7_days_are_those_of_the_contract() -> None:
    assert _factors(43200) == [Fraction("14.4"), 6, 3, 1]
    assert _factors(40320) == [Fraction("13.44"), Fraction("5.6"), Fraction("2.8"), 1]
    assert _factors(10080) == [Fraction("3.36"), Fraction("1.4"), 1, 1]


@given(st.integers(60, 400 * 1440))
def test_no_factor_is_below_1_so_no_rule_fires_inside_the_budget(window: int) -> None:
    assert min(_factors(window)) >= 1


def test_a_burn_of_exactly_the_factor_fires_and_one_event_fewer_does_not() -> None:
    threshold = Fraction("14.4") / 1000
    assert burn.reaches(864, 60_000, threshold)
    assert not burn.reaches(863, 60_000, threshold)
    assert burn.reach_each(np.array([864, 863]), np.array([60_000, 60_000]), threshold).tolist() == [True, False]


def test_a_strict_rule_fires_one_event_later() -> None:
    threshold = Fraction("14.4") / 1000
    assert not burn.reaches(864, 60_000, threshold, strict=True)
    assert burn.reaches(865, 60_000, threshold, strict=True)
    told = burn.reach_each(np.array([864, 865, 0]), np.array([60_000, 60_000, 0]), threshold, strict=True)
    assert told.tolist() == [False, True, False]


@settings(max_examples=300)
@given(counts, targets, st.fractions(1, 20))
def test_reaching_is_decided_as_fractions_would(pair: tuple[int, int], target: Decimal, factor: Fraction) -> None:
    bad, total = pair
    threshold = factor * (1 - Fraction(target))
    assert burn.reaches(bad, total, threshold) == (total > 0 and Fraction(bad, max(total, 1)) >= threshold)


@settings(max_examples=300)
@given(st.lists(st.tuples(counts, st.integers(-1, 1)), min_size=1, max_size=8), st.decimals("0.94", "0.999999", places=6))
def test_deciding_many_at_once_in_doubles_equals_deciding_each_exactly(
    rows: list[tuple[tuple[int, int], int]], target: Decimal
) -> None:
    """Each bad count is also put on the boundary and one event beside it, where doubles alone would err."""
    threshold = Fraction("14.4") * (1 - Fraction(target))
    totals = np.array([total for (_, total), _ in rows], np.int64)
    edges = [max(0, -(-total * threshold.numerator // threshold.denominator) + beside) for (_, total), beside in rows]
    bads = np.array(edges, np.int64)
    expected = [burn.reaches(int(b), int(t), threshold) for b, t in zip(bads, totals, strict=True)]
    assert burn.reach_each(bads, totals, threshold).tolist() == expected


@example(bad=864, total=60_000)
@given(bad=st.integers(0, 10**12), total=st.integers(1, 10**12))
def test_a_burn_is_exact(bad: int, total: int) -> None:
    assume(bad <= total)
    assert burn.burn(objective(), Counts(total, bad, 1)) == Fraction(bad * 1000, total)


def test_the_burn_of_no_events_is_unknown_and_fires_nothing() -> None:
    idle = Counts(0, 0, 60)
    rule = burn.rules_of(objective())[0]
    assert burn.burn(objective(), idle) is None
    assert not burn.fires(rule, objective(), idle, idle)


def test_an_edited_target_is_in_force_from_its_minute() -> None:
    """Of 300 events 200 came under 99 %, the other 100 under 99.9 %: 2.1 may be bad."""
    edited = replace(objective(), earlier=(Era(Decimal("0.99"), 1000),))
    counts = Counts(300, 21, 5, earlier=(200,))
    assert burn.allowance(edited, counts) == Fraction("2.1")
    assert burn.burn(edited, counts) == 10


def test_a_rule_of_an_edited_objective_fires_at_exactly_its_factor_times_the_allowance() -> None:
    edited = replace(objective(), earlier=(Era(Decimal("0.99"), 1000),))
    rule = burn.rules_of(edited)[1]
    held, one_fewer = Counts(30_000, 1260, 5, (20_000,)), Counts(30_000, 1259, 5, (20_000,))
    assert burn.fires(rule, edited, held, held)
    assert not burn.fires(rule, edited, held, one_fewer)
    assert not burn.fires(rule, edited, one_fewer, held)


def test_a_rule_may_name_its_factor_and_then_the_window_leaves_it_alone() -> None:
    own = replace(objective(window=10080), policy=(RuleSpec("page", None, 60, 5, factor=Decimal("14.4")),))
    assert burn.rules_of(own)[0].factor == Fraction("14.4")


def test_calendar_windows_have_the_factors_of_their_nominal_length() -> None:
    units: tuple[tuple[Unit, int], ...] = (("w", 7), ("M", 30), ("Q", 90), ("Y", 365))
    for unit, days in units:
        calendar = Calendar(1, unit)
        own = replace(objective(window=calendar.nominal), calendar=calendar)
        assert [r.factor for r in burn.rules_of(own)] == _factors(days * 1440)
        assert burn.windows_of(own) == (*burn.STANDARD_WINDOWS, Since(calendar))


def test_a_policy_of_its_own_brings_its_windows() -> None:
    own = Objective("a.b", "a", "b", Decimal("0.99"), 1440, (RuleSpec("page", Decimal("0.1"), 90, 7),))
    assert burn.windows_of(own) == (5, 7, 30, 60, 90, 120, 360, 1440, 4320)


def _factors(window: int) -> list[Fraction]:
    return [burn.factor(r.share, window, r.long) for r in DEFAULT_POLICY if r.share is not None]
