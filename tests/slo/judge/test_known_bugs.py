"""Bugs that other tools have, B1 to B20 of the reference on SLO maths, each with the numbers given there.

Not here:
- B10, a recorded rule whose labels a query does not match: judging reads no recorded rules. What is exported for Prometheus is
  run by its own test programs, beside the tests of the export.
- B12, a check that looks at one metric source twice: `test_every_metric_is_checked_not_only_the_first` in the tests of OpenSLO.
- B18, the half about alarms that are dead unnoticed: the test message, in the tests of messages.
- B19, somebody else's alarm overwritten by name: `test_a_name_that_somebody_else_took_blocks_the_plan` in those of plans.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from alerts.backtest import backtest
from app.files import read_catalog
from slo.estate.indicator import EventRatio, GaugeQuery, Query, TimeSlice
from slo.estate.load import load
from slo.estate.spec import Budgeting, Era, Exclusion, NoData, Objective, RuleSpec
from slo.judge.answer import Answer, Failed, Series
from slo.judge.burn import allowance, budget_of, burn, factor, rules_of
from slo.judge.document import document
from slo.judge.evaluate import evaluate
from slo.judge.series import Slices
from slo.judge.sli import Measured, measure
from slo.judge.windows import Counts
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from slo.judge.verdict import Verdict

START = 29_376_000
DAY, WEEK, MONTH = 1440, 10_080, 43_200
GOOD, BAD, TOTAL = (GaugeQuery(name) for name in ("good", "bad", "total"))


def judged(one: Objective, rows: dict[int, tuple[int, int]], at: int) -> Verdict:
    """`rows` is minute after START -> (total, bad), `at` is after START too."""
    slices = Slices.of([(START + minute, *row) for minute, row in rows.items()])
    return evaluate(estate_of(one), {one.indicator_id: slices}, START + at)[0]


def measured(indicator: EventRatio | TimeSlice, values: dict[Query, dict[int, float]]) -> Measured:
    """Of minutes 0 to 4; a query that is not named has no value."""
    answers: dict[Query, Answer] = {
        query: Series(np.array(sorted(held), np.int64), np.array([held[m] for m in sorted(held)], np.float64))
        for query in indicator.queries
        for held in [values.get(query, {})]
    }
    return measure(indicator, answers, 0, 5)


def counted(found: Measured) -> list[tuple[int, int, int]]:
    """(minute, total, bad)."""
    held = found.slices
    return list(zip(held.minutes.tolist(), held.total.tolist(), held.bad.tolist(), strict=True))


def test_b1_the_budget_weighs_by_traffic_and_is_no_mean_of_ratios() -> None:
    """12 h of 10 requests per 5 minutes, half of them bad, and 12 h of 1,000 without: 720 of 145,440, not 0.25."""
    rows = {5 * n: (10, 5) if n < 144 else (1000, 0) for n in range(288)}
    verdict = judged(objective(), rows, DAY)
    assert verdict.sli is not None
    assert 1 - verdict.sli == Fraction(720, 145_440)
    assert float(1 - verdict.sli) == pytest.approx(0.00495, abs=5e-6)


def test_b2_an_idle_hour_does_not_make_the_budget_unknown() -> None:
    rows = {n: (0, 0) if 100 <= n < 160 else (100, 1) for n in range(300)}
    verdict = judged(objective(target="0.99"), rows, 300)
    assert (verdict.remaining, verdict.counts) == (Fraction(0), Counts(24_000, 240, 300))
    assert judged(objective(target="0.99"), rows, 160).burns[60] is None


def test_b3_nothing_is_rounded_before_it_is_compared() -> None:
    one = objective()
    # 1,444 of 100,000 bad is a burn of 14.44; at 99.9999 % one bad in 999,999 is above the budget and one in a million is not.
    assert judged(one, dict.fromkeys(range(60), (100_000, 1444)), 60).firing[0].factor == Fraction("14.4")
    assert [r.long for r in judged(one, dict.fromkeys(range(60), (1_000_000, 14_399)), 60).firing if r.severity == "page"] == [
        360
    ]
    fine = replace(objective(target="0.999999"), policy=(RuleSpec("page", None, 60, 5, factor=Decimal(1), strict=True),))
    assert [len(judged(fine, {59: (total, 1)}, 60).firing) for total in (999_999, 1_000_000)] == [1, 0]


def test_b4_what_is_absent_is_no_number_that_anything_is_computed_with() -> None:
    """Good absent beside 100 valid is 100 bad ones, not 101; an answer that failed measures nothing at all."""
    ratio = EventRatio((TOTAL,), good=(GOOD,))
    assert counted(measured(ratio, {TOTAL: {0: 100}})) == [(0, 100, 100)]
    answers: dict[Query, Answer] = {TOTAL: Series(np.array([0]), np.array([100.0])), GOOD: Failed("no such metric")}
    found = measure(ratio, answers, 0, 5)
    assert (counted(found), found.failure) == ([], "no such metric")
    nothing = document(judged(objective(), {}, 60))
    assert (nothing["sli"], nothing["budget"]["remaining_ratio"], nothing["burn"]["1h"]) == (None, None, None)


def test_b5_both_sides_of_a_ratio_are_of_the_same_minute_and_a_past_moment_is_judged_as_of_then() -> None:
    ratio = EventRatio((TOTAL,), bad=(BAD,))
    found = measured(ratio, {TOTAL: {0: 100, 9: 50}, BAD: {1: 3, 9: 50}})
    assert (counted(found), found.quarantined) == ([(0, 100, 0)], 1)
    rows = {0: (100, 1), 100: (100, 100)}
    assert judged(objective(), rows, 100).counts == Counts(100, 1, 1)


@pytest.mark.parametrize("target", ["100%", "1.0", "100"])
def test_b6_a_target_without_a_budget_is_refused(target: str) -> None:
    text = f"""\
apiVersion: sloop/v1
kind: Estate
metadata: {{name: prod}}
components:
  - name: api
    kind: service
    objectives: [{{indicator: availability, target: {target}, window: 30d}}]
"""
    loaded = load([("estate.yaml", text.encode())], read_catalog())
    assert loaded.estate is None
    assert [(p.line, p.path) for p in loaded.problems if p.severity == "error"] == [(7, "components[0].objectives[0].target")]


def test_b7_more_good_than_valid_costs_the_minute_and_not_the_report() -> None:
    ratio = EventRatio((TOTAL,), good=(GOOD,))
    found = measured(ratio, {TOTAL: {0: 44, 1: 44, 2: 50}, GOOD: {0: 44.1979, 1: 45, 2: 50}})
    assert (counted(found), found.quarantined) == ([(2, 50, 0)], 2)


@pytest.mark.parametrize(("window", "expected"), [(28 * DAY, "0.933"), (WEEK, "0.233")])
def test_b8_no_factor_is_below_1_so_nothing_is_told_inside_the_budget(window: int, expected: str) -> None:
    slow = factor(Decimal("0.10"), window, 3 * DAY)
    assert float(Decimal("0.10") * window / (3 * DAY)) == pytest.approx(float(expected), abs=5e-4)
    assert slow == 1
    assert [rule.factor >= 1 for rule in rules_of(objective(window=window))] == [True] * 4


@pytest.mark.parametrize("window", [60, DAY, WEEK, 28 * DAY])
def test_b9_no_window_is_rounded_to_nothing_however_short_that_of_the_objective_is(window: int) -> None:
    assert [rule.windows for rule in rules_of(objective(window=window))] == [(60, 5), (360, 30), (1440, 120), (4320, 360)]


def test_b11_targets_and_factors_carry_no_noise_of_floats() -> None:
    one = objective()
    assert (budget_of(one), rules_of(one)[0].factor) == (Fraction(1, 1000), Fraction(72, 5))
    told = document(judged(one, dict.fromkeys(range(60), (1000, 20)), 60))
    assert (repr(told["target"]), repr(told["firing"][0]["factor"])) == ("0.999", "14.4")
    assert repr(told["budget"]["total"]) == "60.0"


@pytest.mark.parametrize(("no_data", "counts"), [(None, (40, 0)), ("good", (60, 0)), ("bad", (60, 20)), ("hold", (60, 0))])
def test_b13_slices_without_data_count_as_was_asked_and_coverage_tells_of_them(
    no_data: NoData | None, counts: tuple[int, int]
) -> None:
    one = replace(objective(window=60), budgeting=Budgeting("Timeslices", 1, Decimal("0.9"), no_data))
    verdict = judged(one, {n: (10, 0) for n in range(60) if not 20 <= n < 40}, 60)
    assert (verdict.counts.total, verdict.counts.bad) == counts
    assert verdict.coverage == Fraction(40, 60)


def test_b14_a_metric_that_is_gone_is_no_data_and_holds_its_breach_open() -> None:
    one = objective()
    gone = judged(one, dict.fromkeys(range(60), (10, 0)), 60 + MONTH + 1)
    assert (gone.state, gone.sli) == ("no_data", None)
    slices = {one.indicator_id: Slices.of([(START + n, 10, 10) for n in range(60)])}
    assert {b.resolved_at for b in backtest(estate_of(one), slices, START + 1, START + WEEK)} == {None}


def test_b15_half_the_history_is_told_as_half_a_window() -> None:
    verdict = judged(objective(), dict.fromkeys(range(MONTH // 2, MONTH), (10, 0)), MONTH)
    assert (verdict.coverage, verdict.state) == (Fraction(1, 2), "insufficient_history")
    assert verdict.remaining == 1


def test_b16_a_correction_leaves_both_sides_and_stands_beside_the_raw_number() -> None:
    """Time dilation is decided and stated: 60 bad of a week without its excluded day weigh 60/8640, raw 60/10080."""
    one = objective(target="0.99", window=WEEK)
    slices = {one.indicator_id: Slices.of([(START + n, 1, int(n < 60)) for n in range(WEEK)])}
    excluded = Exclusion(START + WEEK - DAY, START + WEEK, "budget", "works", "ops", component="api")
    verdict = evaluate(replace(estate_of(one), exclusions=(excluded,)), slices, START + WEEK)[0]
    assert verdict.spent == Fraction(60, 10_080) * 100
    assert verdict.corrected is not None
    assert burn(one, verdict.corrected) == Fraction(60, 8640) * 100


def test_b17_without_a_failure_nothing_burns_at_five_nines() -> None:
    gauge = TimeSlice(GOOD, ">=", Decimal(1))
    found = counted(measured(gauge, {GOOD: dict.fromkeys(range(5), 1.0)}))
    assert [bad for _, _, bad in found] == [0] * 5
    verdict = judged(objective(target="0.99999"), {m: (total, bad) for m, total, bad in found}, 5)
    assert (verdict.remaining, verdict.burns[60], verdict.firing) == (Fraction(1), Fraction(0), ())


@pytest.mark.parametrize(("window", "expected"), [(WEEK, "3.36"), (28 * DAY, "13.44"), (MONTH, "14.4"), (90 * DAY, "43.2")])
def test_b18_factors_go_by_the_objectives_own_window_and_no_constant_of_30_days(window: int, expected: str) -> None:
    assert rules_of(objective(window=window))[0].factor == Fraction(expected)


def test_b20_an_edited_target_does_not_judge_what_came_before_it() -> None:
    """100 events under 99 % may have 1 bad one, 100 under 99.9 % a tenth: 2 bad ones burn 2 / 1.1, not 10."""
    edited = replace(objective(target="0.999"), earlier=(Era(Decimal("0.99"), START),))
    counts = Counts(200, 2, 200, earlier=(100,))
    assert allowance(edited, counts) == Fraction(11, 10)
    assert burn(edited, counts) == Fraction(20, 11)
