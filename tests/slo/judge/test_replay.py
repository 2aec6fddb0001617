from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.estate.spec import OCCURRENCES, Objective, RuleSpec
from slo.judge.burn import Rule, fires, rules_of
from slo.judge.evaluate import evaluate
from slo.judge.method import Counted
from slo.judge.replay import Replay
from slo.judge.series import Slices
from slo.judge.windows import count
from tests.support.objectives import estate_of, objective

BUDGET = Fraction(1, 100)
FACTOR = Fraction(10)

minutes = st.one_of(st.none(), st.just((0, 0)), st.integers(0, 3).map(lambda bad: (10, bad)), st.just((10, 1)))
rules = st.builds(
    Rule,
    st.just("page"),
    st.integers(4, 9),
    st.none() | st.integers(1, 3),
    st.just(FACTOR),
    strict=st.booleans(),
    hold=st.integers(0, 4),
)


@given(st.lists(minutes, max_size=40), rules)
def test_a_range_fires_where_each_minute_of_the_hold_fires_by_itself(found: list[tuple[int, int] | None], rule: Rule) -> None:
    slices = Slices.of([(n, *row) for n, row in enumerate(found) if row is not None])
    first, last = -3, len(found) + 12
    told = Replay.of(_counted(slices), [rule], first, last).firing(rule, BUDGET)
    expected = [all(_fires(rule, slices, at - ago) for ago in range(rule.hold + 1)) for at in range(first, last + 1)]
    assert told.tolist() == expected


@given(st.lists(minutes, max_size=40), rules)
def test_a_rule_is_blind_by_its_shortest_window(found: list[tuple[int, int] | None], rule: Rule) -> None:
    slices = Slices.of([(n, *row) for n, row in enumerate(found) if row is not None])
    width = rule.long if rule.short is None else rule.short
    told = Replay.of(_counted(slices), [rule], -3, len(found) + 12).blind(rule)
    assert told.tolist() == [count(slices, at - width, at).measured == 0 for at in range(-3, len(found) + 13)]


@pytest.mark.parametrize(("hold", "first"), [(0, 11), (1, 12), (9, 20), (10, None)])
def test_evaluate_waits_for_the_hold_as_the_backtest_does(hold: int, first: int | None) -> None:
    """One minute in ten is bad, which 10m shows at T = 11 to 20: at T = 11 + hold it has burned for so long."""
    spec = RuleSpec("page", None, 10, None, factor=Decimal(10), hold=hold)
    objective = Objective("a", "s", "openslo", Decimal("0.99"), 10080, (spec,), slices_key="sli")
    slices = Slices.of([(minute, 100, 100 if minute == 10 else 0) for minute in range(40)])
    told = {at: evaluate(estate_of(objective), {"sli": slices}, at)[0].firing for at in range(1, 40)}
    firing = [at for at, one in told.items() if one]
    assert firing == ([] if first is None else list(range(first, 21)))
    if first is not None:
        assert told[first] == rules_of(objective)


def _fires(rule: Rule, slices: Slices, at: int) -> bool:
    long, short = (count(slices, at - width, at) for width in (rule.long, rule.short or rule.long))
    return fires(rule, objective(target="0.99"), long, short)


def _counted(slices: Slices) -> Counted:
    return Counted.of(slices, OCCURRENCES, 10**9)
