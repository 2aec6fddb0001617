from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Component, Composite, Estate, Exclusion, Objective, Part
from slo.judge import burn
from slo.judge.document import document
from slo.judge.evaluate import evaluate, unknown_indicators
from slo.judge.method import Counted
from slo.judge.replay import Replay
from slo.judge.series import Slices
from tests.support import brute
from tests.support.objectives import estate_of, objective
from tests.support.wanted import SPAN, START, as_slices, exclusions, objectives, plain, recounted, rows, wanted

if TYPE_CHECKING:
    from slo.judge.verdict import Verdict

moments = st.integers(START - 5, START + SPAN + 30)
AT = 30_000_000


def verdict_of(one: Objective, found: brute.Rows, at: int, excluded: brute.Intervals = ()) -> Verdict:
    estate = Estate(
        "test",
        components=(Component("api", "ecs", objectives=(one,)),),
        exclusions=tuple(Exclusion(a, b, "budget", "works", "ann", component="api") for a, b in excluded),
    )
    return evaluate(estate, {"api.availability": as_slices(found)}, at)[0]


@settings(max_examples=200)
@given(objectives(), rows, moments)
def test_every_method_window_and_policy_gives_the_numbers_of_the_brute_force(
    one: Objective, found: brute.Rows, at: int
) -> None:
    verdict, want = verdict_of(one, found, at), wanted(one)
    begin = want.begin(at)
    own = brute.held(found, want, begin, at)
    assert verdict.begin == begin
    assert plain(verdict.counts) == recounted(own)
    assert verdict.allowance == own.allowed
    assert verdict.remaining == (None if own.burn is None else 1 - own.burn)
    assert verdict.coverage == Fraction(own.measured, at - begin)
    assert {w: verdict.burns[w] for w in burn.burn_windows(one)} == {
        w: brute.held(found, want, at - w, at).burn for w in burn.burn_windows(one)
    }
    assert verdict.exhausts_at == brute.exhausts_at(found, want, at)


@settings(max_examples=200)
@given(objectives(), rows, moments)
def test_every_rule_and_state_is_that_of_the_brute_force(one: Objective, found: brute.Rows, at: int) -> None:
    verdict, want = verdict_of(one, found, at), wanted(one)
    firing = [r for r, clause in zip(burn.rules_of(one), want.rules, strict=True) if brute.fires(found, want, clause, at)]
    assert list(verdict.firing) == firing
    assert verdict.state == brute.state(found, want, at)


@settings(max_examples=200)
@given(objectives(), rows, moments, exclusions)
def test_corrected_numbers_are_those_of_the_brute_force_and_stand_beside_the_raw_ones(
    one: Objective, found: brute.Rows, at: int, excluded: brute.Intervals
) -> None:
    verdict, want = verdict_of(one, found, at, excluded), wanted(one)
    begin = want.begin(at)
    touched = [(a, b) for a, b in excluded if a < at and b > begin]
    assert plain(verdict.counts) == recounted(brute.held(found, want, begin, at))
    if touched:
        assert verdict.corrected is not None
        assert plain(verdict.corrected) == recounted(brute.held(found, want, begin, at, tuple(touched)))
    else:
        assert verdict.corrected is None


@settings(max_examples=120)
@given(objectives(), rows)
def test_a_replay_fires_and_is_blind_at_every_minute_as_the_brute_force(one: Objective, found: brute.Rows) -> None:
    want, first, last = wanted(one), START - 3, START + SPAN + 20
    past = Replay.of(Counted.of(as_slices(found), one.budgeting, last), burn.rules_of(one), first, last)
    sampled = range(first, last + 1, 7)
    for rule, clause in zip(burn.rules_of(one), want.rules, strict=True):
        firing, blind = past.firing(rule, burn.budget_of(one)), past.blind(rule)
        assert [bool(firing[at - first]) for at in sampled] == [brute.fires(found, want, clause, at) for at in sampled]
        assert [bool(blind[at - first]) for at in sampled] == [
            not any(at - clause.shortest <= m < at for m in found) for at in sampled
        ]


def test_a_calendar_window_tells_its_period() -> None:
    berlin = replace(objective(), calendar=Calendar(1, "M", "Europe/Berlin"))
    found = document(verdict_of(berlin, {AT - 1: (9, 10)}, AT))
    assert found["window"] == "1M"
    assert found["period"] == {"start": "2026-12-31T23:00:00Z", "end": "2027-01-31T23:00:00Z", "time_zone": "Europe/Berlin"}
    assert "parts" not in found


def test_coverage_of_a_calendar_window_counts_the_minutes_that_have_passed() -> None:
    daily = replace(objective(window=1440), calendar=Calendar(1, "d"))
    # 08:00Z: 480 minutes of the day have passed.
    assert verdict_of(daily, {AT - 1: (9, 10), AT - 481: (1, 1)}, AT).coverage == Fraction(1, 480)


def test_a_late_point_of_a_sealed_month_changes_that_month_alone() -> None:
    monthly, end = (
        replace(objective(), calendar=Calendar(1, "M")),
        brute.boundary(brute.EPOCH.replace(year=2027, month=2), "UTC"),
    )
    before, after = {end - 10: (90, 100)}, {end - 10: (90, 100), end - 20: (0, 100)}
    assert verdict_of(monthly, before, end).counts.bad == 10
    assert verdict_of(monthly, after, end).counts.bad == 110
    assert verdict_of(monthly, before, end + 1).counts == verdict_of(monthly, after, end + 1).counts


def journey() -> Objective:
    parts = (Part("web.latency", Decimal("0.9")), Part("db.availability", Decimal("0.99"), Decimal("2.5")))
    return replace(objective("shop", "checkout"), composite=Composite("serial", parts, 2))


def test_a_composite_shows_what_each_part_was_in_the_newest_minute() -> None:
    slices = {"web.latency": Slices.of([(AT - 1, 10, 1)]), "db.availability": Slices.of([(AT - 1, 10, 1)])}
    found = document(evaluate(estate_of(journey()), slices, AT)[0])
    assert found["parts"] == [
        {"indicator": "web.latency", "target": 0.9, "weight": 1.0, "state": "good"},
        {"indicator": "db.availability", "target": 0.99, "weight": 2.5, "state": "bad"},
    ]
    assert (found["good"], found["total"]) == (0, 1)
    assert "period" not in found


def test_the_parts_of_a_composite_are_indicators_that_the_estate_reads() -> None:
    assert unknown_indicators(estate_of(journey()), {"web.latency": Slices.of(()), "api.x": Slices.of(())}) == ("api.x",)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ("bad", "no_data_bad: 2 missing slices count as bad"),
        ("good", "no_data_good: 2 missing slices count as good"),
        ("hold", "no_data_hold: 2 missing slices count as the slice before them"),
    ],
)
def test_a_no_data_policy_says_what_it_filled(policy: str, reason: str) -> None:
    one = replace(objective(), budgeting=Budgeting("Timeslices", 1, Decimal("0.9"), policy))  # type: ignore[arg-type]
    found = document(verdict_of(one, {AT - 4: (9, 10), AT - 2: (10, 10)}, AT))
    assert reason in found["reasons"]
    assert found["total"] == 4


def test_of_wider_slices_the_missing_minutes_are_told() -> None:
    one = replace(objective(), budgeting=Budgeting("Timeslices", 5, Decimal("0.9"), "bad"))
    found = document(verdict_of(one, {AT - 20: (9, 10), AT - 3: (10, 10)}, AT))
    assert "no_data_bad: missing slices of 5m count as bad; 18 minutes were not measured" in found["reasons"]
    assert (found["good"], found["total"]) == (2, 4)


def test_where_nothing_is_missing_no_policy_is_mentioned() -> None:
    one = replace(objective(), budgeting=Budgeting("Timeslices", 1, Decimal("0.9"), "bad"))
    assert not [r for r in verdict_of(one, {AT - 2: (9, 10), AT - 1: (10, 10)}, AT).reasons if r.code.startswith("no_data")]
