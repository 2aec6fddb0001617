"""The worked numbers of the SRE Workbook's chapter on alerting, recomputed exactly: 99.9 % over 30 days unless said.

Where a case is finer than our minutes, its seconds are thousands of events, which the same functions judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from slo.estate.calendar import Calendar
from slo.estate.spec import OCCURRENCES, Budgeting, Objective, RuleSpec
from slo.judge import burn
from slo.judge.evaluate import evaluate
from slo.judge.forecast import exhausted_at
from slo.judge.method import Counted
from slo.judge.replay import Replay
from slo.judge.series import Slices
from slo.judge.windows import Counts
from tests.support.objectives import estate_of, objective

SECOND = 1000
"""Events."""
BUDGET = Fraction(1, 1000)
MONTH = 43200


def spent(bad_minutes: Fraction | int, one: Objective | None = None) -> Fraction:
    """Share of the budget of 30 days that this many minutes in which everything fails spend, at steady traffic."""
    found = burn.burn(one or objective(), Counts(MONTH * 60 * SECOND, int(Fraction(bad_minutes) * 60 * SECOND), MONTH))
    assert found is not None
    return found


def seconds_until(window: int, threshold: Fraction, errors: Fraction = Fraction(1), *, strict: bool = False) -> Fraction:
    """Of errors at this ratio, until a window of so many seconds reaches the threshold: one event fewer does not."""
    total = window * SECOND
    bad = next(n for n in range(int(total * threshold), total + 1) if burn.reaches(n, total, threshold, strict=strict))
    assert not burn.reaches(bad - 1, total, threshold, strict=strict)
    return bad / (errors * SECOND)


def lasts(rate: int | Fraction, one: Objective | None = None) -> Fraction:
    """Minutes that a full budget lasts at this burn."""
    found = exhausted_at(0, (one or objective()).window, Fraction(1), Fraction(rate))
    assert found is not None
    return Fraction(found, 60)


def test_a_10m_window_at_0_1_percent_detects_a_total_outage_after_0_6_seconds() -> None:
    assert seconds_until(600, BUDGET) == Fraction("0.6")


def test_0_1_percent_for_10_minutes_consumes_0_02315_percent() -> None:
    """The book rounds to 0.02 %."""
    assert spent(10 * BUDGET) == Fraction(10, MONTH)
    assert float(spent(10 * BUDGET)) == pytest.approx(0.0002315, abs=5e-8)


def test_a_36h_window_above_0_1_percent_detects_a_total_outage_after_129_6_seconds() -> None:
    """2 minutes 10 seconds in the book, whose comparison is strict: the very next event fires."""
    assert seconds_until(36 * 3600, BUDGET) == Fraction("129.6")
    assert seconds_until(36 * 3600, BUDGET, strict=True) == Fraction("129.601")


def test_a_total_outage_during_for_1h_spends_138_9_percent() -> None:
    """140 % in the book."""
    assert spent(60) == Fraction(60 * 1000, MONTH)
    assert float(spent(60)) == pytest.approx(1.389, abs=5e-4)


def test_a_spike_of_5_minutes_spends_11_57_percent() -> None:
    assert float(spent(5)) == pytest.approx(0.1157, abs=5e-5)


@pytest.mark.parametrize(("rate", "minutes"), [(1, MONTH), (2, MONTH / 2), (10, 3 * 1440), (1000, Fraction("43.2"))])
def test_a_burn_of_1_2_10_and_1000_exhausts_in_30_15_3_days_and_43_2_minutes(rate: int, minutes: Fraction) -> None:
    assert lasts(rate) == minutes


def test_5_percent_of_the_budget_in_an_hour_is_a_burn_of_36() -> None:
    assert burn.factor(Decimal("0.05"), MONTH, 60) == 36


def test_the_alert_at_36_ends_57_84_minutes_after_an_outage_of_an_hour_or_more() -> None:
    """When what is left of the outage in the hour is below what fired."""
    assert 3600 - seconds_until(3600, 36 * BUDGET) == Fraction("57.84") * 60


def test_a_burn_of_35_never_alerts_at_36_and_exhausts_in_20_571_hours() -> None:
    steady = Counts(100_000, 3500, 60)
    assert burn.burn(objective(), steady) == 35
    assert not burn.reaches(steady.bad, steady.total, 36 * BUDGET)
    assert float(lasts(35) / 60) == pytest.approx(20.571, abs=5e-4)


def test_figure_5_6_at_15_percent_errors_the_long_window_fires_after_345_6_seconds_the_short_one_after_28_8() -> None:
    threshold, errors = Fraction("14.4") * BUDGET, Fraction("0.15")
    assert seconds_until(3600, threshold, errors) == Fraction("345.6")
    assert seconds_until(300, threshold, errors) == Fraction("28.8")


def test_figure_5_6_the_short_window_clears_271_2_seconds_after_the_errors_the_long_one_after_3254_4() -> None:
    threshold, errors = Fraction("14.4") * BUDGET, Fraction("0.15")
    assert 300 - seconds_until(300, threshold, errors) == Fraction("271.2")
    assert 3600 - seconds_until(3600, threshold, errors) == Fraction("3254.4")


@pytest.mark.parametrize(("window", "first", "last"), [(60, 6, 10 + 54), (5, 1, 10 + 4)])
def test_figure_5_6_at_whole_minutes(window: int, first: int, last: int) -> None:
    """After 10 minutes of errors; judged at the end of each minute, so 345.6 s show at the 6th and 3254.4 s at the 65th."""
    alone = replace(objective(), policy=(RuleSpec("page", None, window, None, factor=Decimal("14.4")),))
    slices = Slices.of([(m, 1000, 150 if 0 <= m < 10 else 0) for m in range(-120, 120)])
    [rule] = burn.rules_of(alone)
    firing = Replay.of(Counted.of(slices, OCCURRENCES, 120), [rule], 1, 119).firing(rule, BUDGET)
    assert [at for at, on in enumerate(firing, 1) if on] == list(range(first, last + 1))


def test_one_failure_at_10_requests_an_hour_spends_13_889_percent_and_7_are_allowed() -> None:
    """7.2 of the 7200 requests of 30 days."""
    month = Counts(7200, 1, MONTH)
    assert burn.allowance(objective(), month) == Fraction("7.2")
    assert float(burn.burn(objective(), month) or 0) == pytest.approx(0.13889, abs=5e-6)
    assert (burn.burn(objective(), Counts(7200, 7, MONTH)) or 0) < 1 < (burn.burn(objective(), Counts(7200, 8, MONTH)) or 0)


def test_one_failure_of_10_requests_burns_at_100_not_at_1000_as_the_book_says() -> None:
    assert burn.burn(objective(), Counts(10, 1, 60)) == 100


def test_at_a_target_of_90_percent_a_total_outage_of_an_hour_spends_1_389_percent() -> None:
    assert float(spent(60, objective(target="0.9"))) == pytest.approx(0.01389, abs=5e-6)


def test_at_99_999_percent_a_total_outage_exhausts_the_month_in_25_92_seconds() -> None:
    one = objective(target="0.99999")
    assert burn.budget_of(one) * MONTH * 60 == Fraction("25.92")
    assert spent(Fraction("25.92") / 60, one) == 1


def test_a_canary_of_1_percent_gives_43_2_minutes_of_that() -> None:
    one = objective(target="0.99999")
    rate = burn.burn(one, Counts(100, 1, 60))
    assert rate == 1000
    assert lasts(rate, one) == Fraction("43.2")


def test_99_95_percent_of_30_days_allow_21_6_minutes_and_only_a_month_of_30_44_days_21_9() -> None:
    """AWS's documentation writes 21.9 minutes "in a 30-day month"."""
    one = replace(objective(target="0.9995"), budgeting=Budgeting("Timeslices", 1, Decimal("0.5")))
    assert burn.budget_of(one) * MONTH == Fraction("21.6")
    assert float(burn.budget_of(one) * Fraction("30.4375") * 1440) == pytest.approx(21.9, abs=0.05)
    down = {minutes: [(m, 10, 10 if m < minutes else 0) for m in range(MONTH)] for minutes in (21, 22)}
    left = [evaluate(estate_of(one), {one.id: Slices.of(rows)}, MONTH)[0].remaining for rows in down.values()]
    assert left == [1 - 21 / Fraction("21.6"), 1 - 22 / Fraction("21.6")]


def test_a_calendar_month_has_the_budget_of_its_own_days() -> None:
    """February has 20.16 minutes at 99.95 %."""
    monthly = replace(
        objective(target="0.9995"), calendar=Calendar(1, "M"), budgeting=Budgeting("Timeslices", 1, Decimal("0.5"))
    )
    february, end = 59 * 1440 - 28 * 1440, 59 * 1440  # of 1970
    slices = Slices.of([(m, 10, 0) for m in range(february - 1440, end)])
    assert evaluate(estate_of(monthly), {monthly.id: slices}, end)[0].allowance == Fraction("20.16")
