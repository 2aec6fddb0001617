from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.spec import Budgeting, Composite, Objective, Part
from slo.judge.comparison import METHODS, as_document, budgeting, compare
from slo.judge.evaluate import evaluate
from slo.judge.series import Slices
from tests.support import brute
from tests.support.objectives import estate_of, objective
from tests.support.wanted import SPAN, START, as_slices, objectives, rows, wanted

AT = 30_000_000


def test_a_mean_of_ratios_and_a_share_of_events_are_shown_beside_each_other() -> None:
    """Slow minutes with half of 10 failed, busy ones clean: half of the minutes, 1 in 202 of the events."""
    slices = Slices.of([(AT - 720 + n, 10 if n < 360 else 1000, 5 if n < 360 else 0) for n in range(720)])
    [found] = as_document(AT, compare(estate_of(objective()), {"api.availability": slices}, AT))["objectives"]
    assert found["name"] == "api.availability"
    assert found["method"] == "Occurrences"
    assert list(found["methods"]) == list(METHODS)
    assert {m: a["sli"] for m, a in found["methods"].items()} == {
        "Occurrences": pytest.approx(1 - 1 / 202),
        "Timeslices": 0.5,
        "RatioTimeslices": 0.75,
    }
    assert found["methods"]["Timeslices"] == {
        "good": 360,
        "total": 720,
        "sli": 0.5,
        "remaining_ratio": -499.0,
        "state": "exhausted",
    }


def test_what_is_not_declared_has_slices_of_a_minute_and_the_target_of_the_objective() -> None:
    plain = objective(target="0.99")
    assert budgeting(plain, "Occurrences") == Budgeting()
    assert budgeting(plain, "Timeslices") == Budgeting("Timeslices", 1, Decimal("0.99"))
    assert budgeting(plain, "RatioTimeslices") == Budgeting("RatioTimeslices")


def test_a_declared_slice_goes_for_both_methods_of_slices() -> None:
    sliced = replace(objective(), budgeting=Budgeting("Timeslices", 5, Decimal("0.9"), "bad"))
    assert budgeting(sliced, "Timeslices") is sliced.budgeting
    assert budgeting(sliced, "RatioTimeslices") == Budgeting("RatioTimeslices", 5)
    assert budgeting(sliced, "Occurrences") == Budgeting()


def test_the_no_data_policy_of_a_time_slice_indicator_holds_for_every_method() -> None:
    gauge = replace(objective(target="0.99"), budgeting=Budgeting(no_data="hold"))
    assert budgeting(gauge, "Timeslices") == Budgeting("Timeslices", 1, Decimal("0.99"), "hold")
    assert budgeting(gauge, "RatioTimeslices") == Budgeting("RatioTimeslices", 1, None, "hold")


def test_composites_are_left_out() -> None:
    journey = replace(objective("shop"), composite=Composite("serial", (Part("api.availability", Decimal("0.9")),), 1))
    assert [c.objective.id for c in compare(estate_of(objective(), journey), {}, AT)] == ["api.availability"]


@settings(max_examples=100)
@given(objectives(), rows, st.integers(START, START + SPAN))
def test_each_method_counts_as_the_brute_force_and_the_declared_one_as_evaluate(
    one: Objective, found: brute.Rows, at: int
) -> None:
    slices = {"api.availability": as_slices(found)}
    [compared] = compare(estate_of(one), slices, at)
    [verdict] = evaluate(estate_of(one), slices, at)
    assert compared.verdicts[one.method] == verdict
    for method in METHODS:
        want = wanted(replace(one, budgeting=budgeting(one, method)))
        held, counts = brute.held(found, want, want.begin(at), at), compared.verdicts[method].counts
        assert (counts.good, counts.total) == (held.good, held.total)
