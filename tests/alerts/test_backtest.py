from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.backtest import Played, Terms, backtest, in_order, play
from alerts.breach import Reading, Standing, standing_of, step
from slo.errors import UsageError
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Composite, Estate, Exclusion, Objective, Part, RuleSpec
from slo.judge.burn import burn, fires, rules_of
from slo.judge.method import Counted
from slo.judge.period import window_of
from slo.judge.series import Slices
from tests.support import brute
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from alerts.breach import Breach
    from slo.judge.burn import Rule

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


def test_it_is_judged_from_one_minute_after_the_first_slice_to_one_after_the_last() -> None:
    one = objective()
    slices = {one.indicator_id: _slices({START: (1, 1), START + 9: (1, 1)})}
    ranges = [Terms(), Terms(start=START + 4), Terms(end=START + 4), Terms(start=START + 11)]
    found = [[(p.first - START, p.last - START) for p in play(estate_of(one), slices, terms)] for terms in ranges]
    assert found == [[(1, 10)], [(4, 10)], [(1, 4)], []]


def test_a_range_of_centuries_is_refused_with_the_fix() -> None:
    one = objective()
    rows = {START: (1, 1), START + 30 * 366 * 1440: (1, 1)}
    with pytest.raises(UsageError, match="check the years"):
        backtest(estate_of(one), {one.indicator_id: _slices(rows)})


slots = st.one_of(st.none(), st.just((0, 0)), st.integers(0, 10).map(lambda good: (good, 10)))
stretches = st.lists(st.tuples(slots, st.integers(1, 12)), min_size=1, max_size=14)
budgetings = st.one_of(
    st.builds(Budgeting, st.just("Occurrences"), no_data=st.sampled_from((None, "bad", "good", "hold"))),
    st.builds(
        Budgeting,
        st.just("Timeslices"),
        st.sampled_from((1, 3, 5)),
        st.sampled_from((Decimal("0.8"), Decimal("0.95"))),
        st.sampled_from((None, "bad", "good", "hold")),
    ),
    st.builds(Budgeting, st.just("RatioTimeslices"), st.sampled_from((1, 3, 5))),
)
rules = st.builds(
    RuleSpec,
    st.sampled_from(("page", "ticket")),
    st.none(),
    st.integers(4, 15),
    st.none() | st.integers(1, 3),
    factor=st.sampled_from((Decimal(1), Decimal(2), Decimal("4.5"))),
    strict=st.booleans(),
    hold=st.sampled_from((0, 0, 3)),
    min_bad=st.sampled_from((0, 0, 6)),
    min_total=st.sampled_from((0, 0, 40)),
    confidence=st.sampled_from((None, None, Decimal("0.9"))),
)
calendars = st.sampled_from((None, None, Calendar(1, "h"), Calendar(1, "d", "Europe/Berlin")))
mutes = st.lists(st.tuples(st.integers(-5, 90), st.integers(1, 30)), max_size=2)
terms = st.builds(Terms, quiet_minutes=st.sampled_from((1, 3)), flap_transitions=st.sampled_from((0, 2, 3, 5)))


@settings(max_examples=150, deadline=None)
@given(stretches, budgetings, st.lists(rules, min_size=1, max_size=3), calendars, mutes, terms)
def test_the_replay_tells_what_ticking_minute_by_minute_tells(
    found: list[tuple[tuple[int, int] | None, int]],
    budgeting: Budgeting,
    policy: list[RuleSpec],
    calendar: Calendar | None,
    muted: list[tuple[int, int]],
    terms: Terms,
) -> None:
    every = [row for row, length in found for _ in range(length)]
    slices = _slices({START + n: row for n, row in enumerate(every) if row is not None})
    window = 120 if calendar is None else calendar.nominal
    one = replace(objective(target="0.8", window=window), policy=tuple(policy), budgeting=budgeting, calendar=calendar)
    excluded = tuple(Exclusion(START + n, START + n + m, "mute", "works", None, component="api") for n, m in muted)
    estate = replace(estate_of(one), exclusions=excluded)
    given_range = replace(terms, start=START - 3, end=START + len(every) + 10)
    told = play(estate, {one.indicator_id: slices}, given_range)
    assert told == [Played(one, START - 3, START + len(every) + 10, _ticked(estate, one, slices, given_range))]


def test_a_composite_is_replayed_on_its_parts_together() -> None:
    """Both parts are needed: one is bad in minutes 20 to 39, the other in 30 to 49, so the journey is in 20 to 49."""
    api, web = (objective(name) for name in ("api", "web"))
    both = Composite("serial", tuple(Part(o.indicator_id, Decimal("0.9")) for o in (api, web)), 2)
    rule = RuleSpec("page", None, 10, None, factor=Decimal(100))
    one = replace(objective("shop", target="0.99"), composite=both, policy=(rule,))
    rows = [{START + n: (0 if n in bad else 10, 10) for n in range(90)} for bad in (range(20, 40), range(30, 50))]
    told = backtest(estate_of(one), {o.indicator_id: _slices(r) for o, r in zip((api, web), rows, strict=True)})
    # Every minute of ten is bad at T = 30 to 50, and the 15th quiet minute after that is 65.
    assert [(b.fired_at - START, (b.resolved_at or 0) - START) for b in told] == [(30, 65)]


def test_flap_control_holds_open_what_would_resolve_too_often_whatever_is_leapt_over() -> None:
    """Two bad minutes every 40: with 4 turns an hour the second resolve waits until the first turn is an hour old."""
    bad = {n for start in (5, 45, 85, 400) for n in (start, start + 1)}
    rows = {START + n: (50 if n in bad else 100, 100) for n in range(500)}
    one = replace(objective(), policy=(RuleSpec("page", None, 5, 1, factor=Decimal(14)),))
    slices = {one.indicator_id: _slices(rows)}
    without = [(b.fired_at - START, (b.resolved_at or 0) - START) for b in backtest(estate_of(one), slices)]
    assert without == [(6, 22), (46, 62), (86, 102), (401, 417)]
    held = in_order(play(estate_of(one), slices, Terms(flap_transitions=4)))
    # At 62 the turns 6, 22 and 46 lie within the hour and a fourth is too much; at 66 the first is an hour old.
    # At 102 those of 46, 66 and 86 do, until 46 is an hour old at 106.
    assert [(b.fired_at - START, (b.resolved_at or 0) - START, b.flapping) for b in held] == [
        (6, 22, False),
        (46, 66, True),
        (86, 106, True),
        (401, 417, False),
    ]


def _ticked(estate: Estate, one: Objective, slices: Slices, terms: Terms) -> tuple[Breach, ...]:
    """As the service does it: what is known at T, and one step. It starts anew from its breaches at every T."""
    assert terms.start is not None
    assert terms.end is not None
    known: dict[tuple[int, str], Breach] = {}
    standing = Standing()
    for at in range(terms.start, terms.end + 1):
        standing, changes = step(
            one.id,
            standing,
            _reading(estate, one, slices, at),
            quiet_minutes=terms.quiet_minutes,
            flap_transitions=terms.flap_transitions,
        )
        known |= {(c.breach.fired_at, c.breach.severity): c.breach for c in changes}
        known |= {(b.fired_at, b.severity): b for b in standing.open}
        if terms.flap_transitions:
            assert standing_of(known.values(), at) == standing
    return tuple(known[key] for key in sorted(known))


def _reading(estate: Estate, one: Objective, slices: Slices, at: int) -> Reading:
    counted = {at - ago: Counted.of(slices, one.budgeting, at - ago) for ago in range(4)}

    def burns(rule: Rule, then: int) -> bool:
        return fires(rule, one, counted[then].count(rule.long, then), counted[then].count(rule.shortest, then))

    firing = tuple(r for r in rules_of(one) if all(burns(r, at - ago) for ago in range(r.hold + 1)))
    blind = tuple(r for r in rules_of(one) if counted[at].count(r.shortest, at).measured == 0)
    spent = burn(one, counted[at].count(window_of(one), at))
    return Reading(at, firing, blind, spent, estate.muted(one, at))


def _slices(rows: brute.Rows) -> Slices:
    return Slices.of([(minute, total, total - good) for minute, (good, total) in rows.items()])
