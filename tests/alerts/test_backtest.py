from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.backtest import backtest
from slo.errors import UsageError
from slo.judge.series import Slices
from tests.support import brute
from tests.support.objectives import estate_of, objective

START = 29_000_000

minutes = st.one_of(
    st.none(),
    st.just((100, 100)),
    st.just((100, 100)),
    st.just((0, 0)),
    st.integers(0, 100).map(lambda good: (good, 100)),
)


@settings(max_examples=40)
@given(st.lists(minutes, min_size=1, max_size=150), st.sampled_from(["0.999", "0.99", "0.9"]))
def test_pages_and_tickets_are_those_of_the_brute_force(found: list[tuple[int, int] | None], target: str) -> None:
    rows = {START + n: row for n, row in enumerate(found) if row is not None}
    one = objective(target=target, window=10080)
    if not rows:
        assert backtest(estate_of(one), {}) == []
        return
    first, last = min(rows) + 1, max(rows) + 1
    expected = brute.backtest(rows, Fraction(target), 10080, first, last)
    told = backtest(estate_of(one), {one.indicator_id: _slices(rows)})
    assert [(b.severity, (b.rule.long, b.rule.short), b.fired_at, b.resolved_at, b.notified_at) for b in told] == [
        (t.severity, t.rule, t.fired_at, t.resolved_at, t.notified_at) for t in expected
    ]


def test_minutes_beyond_the_data_are_missing_so_a_breach_is_held_open() -> None:
    rows = {START: (0, 100)}
    one = objective()
    told = backtest(estate_of(one), {one.indicator_id: _slices(rows)}, START + 1, START + 5000)
    assert {b.severity: b.resolved_at for b in told} == {"page": None, "ticket": None}


def test_a_range_of_centuries_is_refused_with_the_fix() -> None:
    one = objective()
    rows = {START: (1, 1), START + 30 * 366 * 1440: (1, 1)}
    with pytest.raises(UsageError, match="check the years"):
        backtest(estate_of(one), {one.indicator_id: _slices(rows)})


def _slices(rows: brute.Rows) -> Slices:
    return Slices.of([(minute, total, total - good) for minute, (good, total) in rows.items()])
