from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Era, Objective, RuleSpec
from slo.judge import burn
from slo.judge.method import Counted, is_plain
from slo.judge.period import Since, Window, window_of
from slo.judge.rule_table import RuleTable
from slo.judge.seat import Seat, narrowed, needed
from slo.judge.series import Slices
from slo.judge.windows import Counts, Sums, sums_of
from tests.support import brute
from tests.support.objectives import DEFAULT_POLICY, objective
from tests.support.wanted import SPAN, START, as_slices, edited, rows, wanted

moments = st.integers(START + 1, START + SPAN + 30)
counts = st.integers(0, 10**12 * 60).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


def seated(one: Objective, found: brute.Rows, at: int, slots: dict[int, Slices]) -> Seat:
    """The objective with slots of its own: what was measured, what counts, and the totals since each edit."""
    measured = as_slices(found)
    minutes = counted = len(slots)
    slots[minutes] = measured
    if not is_plain(one.budgeting):
        derived = Counted.of(measured, one.budgeting, at)
        counted = len(slots)
        slots[counted] = Slices(derived.last, derived.total, derived.bad, np.zeros(len(derived.last), bool))
    since = []
    for era in one.earlier:
        since.append(len(slots))
        slots[since[-1]] = slots[counted].between(era.until, 10**9)
    return Seat(one, minutes, counted, tuple(since))


def shard(ones: list[tuple[Objective, brute.Rows]], at: int) -> tuple[list[Seat], Sums]:
    slots: dict[int, Slices] = {}
    seats = [seated(one, found, at, slots) for one, found in ones]
    windows = sorted({w for one, _ in ones for w in needed(one)}, key=str)
    return seats, sums_of(slots, at, windows, len(slots))


@settings(max_examples=200)
@given(st.lists(st.tuples(edited(), rows), min_size=1, max_size=3), moments)
def test_every_rule_of_a_shard_fires_as_the_brute_force_says(ones: list[tuple[Objective, brute.Rows]], at: int) -> None:
    seats, sums = shard(ones, at)
    table = RuleTable.of(seats, sums.windows)
    expected = [(found, wanted(one), clause) for one, found in ones for clause in wanted(one).rules]
    assert table.firing(sums).tolist() == [brute.burns_so(found, want, clause, at) for found, want, clause in expected]
    assert table.blind(sums).tolist() == [
        not any(at - clause.shortest <= m < at for m in found) for found, _, clause in expected
    ]


@settings(max_examples=200)
@given(edited(), rows, moments)
def test_a_seat_counts_as_the_brute_force_under_every_target_that_was_in_force(
    one: Objective, found: brute.Rows, at: int
) -> None:
    [seat], sums = shard([(one, found)], at)
    want = wanted(one)
    begins: list[tuple[Window, int]] = [(window, at - window) for window in burn.burn_windows(one)]
    for window, begin in (*begins, (window_of(one), want.begin(at))):
        own, held = seat.counts(sums, window), brute.held(found, want, begin, at)
        assert (own.good, own.total, own.measured) == (held.good, held.total, held.measured)
        assert burn.allowance(one, own) == held.allowed
        assert burn.burn(one, own) == held.burn


@settings(max_examples=100)
@given(st.lists(st.tuples(edited(), rows), min_size=1, max_size=3), moments)
def test_a_table_decides_each_rule_as_the_rule_by_itself(ones: list[tuple[Objective, brute.Rows]], at: int) -> None:
    seats, sums = shard(ones, at)
    expected = [
        burn.fires(rule, seat.objective, seat.counts(sums, rule.long), seat.counts(sums, rule.shortest))
        for seat in seats
        for rule in burn.rules_of(seat.objective)
    ]
    assert RuleTable.of(seats, sums.windows).firing(sums).tolist() == expected


@settings(max_examples=60)
@given(st.data())
def test_counts_as_large_as_they_come_are_decided_exactly(data: st.DataObject) -> None:
    single = tuple(RuleSpec("page", None, 60, None, factor=Decimal(10), strict=strict) for strict in (False, True))
    asking = RuleSpec("page", None, 60, 5, factor=Decimal(10), min_bad=50, min_total=500, confidence=Decimal("0.95"))
    targets = [str(data.draw(st.decimals("0.5", "0.999999", places=6))) for _ in range(2)]
    ones = [replace(objective(target=t), policy=(*DEFAULT_POLICY, *single, asking)) for t in (*targets, "0.99")]
    windows = burn.windows_of(ones[0])
    sums = Sums.empty(0, windows, len(ones))
    # As numbers, not one by one: a draw for each of some 100 cells would make examples that are too large.
    dealt = data.draw(st.lists(counts | st.sampled_from([(100, 1000), (99, 1000), (9, 90), (50, 500)]), min_size=5, max_size=9))
    for n, (row, slot) in enumerate(np.ndindex(len(windows), len(ones))):
        bad, total = dealt[n % len(dealt)]
        sums.counts[row, :, slot] = (total, bad, n % 3)
    seats = [Seat(one, n, n) for n, one in enumerate(ones)]
    expected = [
        burn.fires(rule, one, sums.window(rule.long, n), sums.window(rule.shortest, n))
        for n, one in enumerate(ones)
        for rule in burn.rules_of(one)
    ]
    assert RuleTable.of(seats, windows).firing(sums).tolist() == expected


def test_slices_wider_than_a_window_never_fill_it() -> None:
    wide = replace(
        objective(), policy=(RuleSpec("page", None, 60, 5, factor=Decimal(1)),), budgeting=Budgeting("RatioTimeslices", 15)
    )
    [seat], sums = shard([(wide, {START + n: (0, 10) for n in range(60)})], START + 60)
    assert seat.counts(sums, 5) == Counts(0, 0, 5)
    assert RuleTable.of([seat], sums.windows).firing(sums).tolist() == [False]


def test_a_window_is_narrower_by_what_a_slice_has_before_its_last_minute() -> None:
    month = Calendar(1, "M")
    assert narrowed(60, 1) == 60
    assert narrowed(60, 5) == 56
    assert narrowed(5, 5) == 1
    assert narrowed(4, 5) is None
    assert narrowed(Since(month), 5) == Since(month, 4)


def test_what_is_needed_are_the_windows_and_the_narrower_ones() -> None:
    wide = replace(objective(), budgeting=Budgeting("RatioTimeslices", 5))
    assert needed(objective()) == frozenset(burn.windows_of(objective()))
    assert needed(wide) == frozenset({5, 30, 60, 120, 360, 1440, 4320, 43200, 1, 26, 56, 116, 356, 1436, 4316, 43196})


def test_an_edited_target_judges_each_minute_by_its_own() -> None:
    """At 99 % 2 of 100 burn at 2; of the same under 99.9 % the burn is 20; together 4 of 1.1 allowed."""
    one = replace(objective(), earlier=(Era(Decimal("0.99"), START + 1),))
    [seat], sums = shard([(one, {START: (98, 100), START + 1: (98, 100)})], START + 2)
    held = seat.counts(sums, 60)
    assert held == Counts(200, 4, 2, (100,))
    assert burn.burn(one, held) == 4 / Fraction("1.1")
