from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.spec import Budgeting, Era
from slo.judge.document import document
from slo.judge.evaluate import evaluate
from slo.judge.forecast import FURTHEST, Forecast, forecasts, wilson
from slo.judge.series import Slices
from slo.judge.windows import Counts
from tests.support.objectives import estate_of, objective
from tests.support.wanted import SPAN, START, as_slices, objectives, rows

AT = 30_000_000
DAY = 86400


def told(window: Counts, hour: Counts, **changes: object) -> tuple[Forecast, Forecast]:
    one = replace(objective(), **changes)  # type: ignore[arg-type]
    found = forecasts(one, AT, {43200: window, 60: hour})
    return found.current, found.trend


def test_what_remains_lasts_by_the_burn_of_the_hour_and_by_that_of_the_window() -> None:
    """Half of the budget is spent, which leaves 30 days at a burn of 0.5; the hour burns at 3, which leaves 5."""
    current, trend = told(Counts(10**8, 50_000, 43200), Counts(10**6, 3000, 60))
    assert current.at == AT * 60 + 5 * DAY
    assert trend.at == AT * 60 + 30 * DAY
    assert current.reason is None
    assert trend.reason is None


def test_the_interval_goes_by_both_ends_of_wilsons_interval() -> None:
    current, _ = told(Counts(10**8, 50_000, 43200), Counts(10_000, 30, 60))
    low, high = wilson(30, 10_000)
    assert low == pytest.approx(0.0021023, abs=1e-7)
    assert high == pytest.approx(0.0042794, abs=1e-7)
    assert current.earliest == pytest.approx(AT * 60 + 15 * DAY / (high * 1000), abs=2)
    assert current.latest == pytest.approx(AT * 60 + 15 * DAY / (low * 1000), abs=2)


def test_more_events_make_the_interval_narrower() -> None:
    few, _ = told(Counts(10**8, 50_000, 43200), Counts(10_000, 30, 60))
    many, _ = told(Counts(10**8, 50_000, 43200), Counts(10**6, 3000, 60))
    assert few.at == many.at
    assert few.earliest is not None
    assert many.earliest is not None
    assert few.earliest < many.earliest
    assert few.latest is not None
    assert many.latest is not None
    assert few.latest > many.latest


@pytest.mark.parametrize(
    ("window", "hour", "reason"),
    [
        (Counts(0, 0, 60), Counts(0, 0, 60), "what remains is unknown"),
        (Counts(1000, 1, 60), Counts(1000, 1, 60), "nothing remains"),
        (Counts(1000, 2, 60), Counts(0, 0, 60), "nothing remains"),
        (Counts(10_000, 1, 60), Counts(0, 0, 60), "no events in 1h: the burn is unknown"),
    ],
)
def test_what_cannot_be_known_is_null_with_its_reason(window: Counts, hour: Counts, reason: str) -> None:
    assert told(window, hour)[0] == Forecast(None, reason=reason)


def test_an_hour_without_a_failure_has_no_latest_and_no_time_but_an_earliest() -> None:
    """None of 100 may yet be 3.7 %, which is a burn of 37."""
    current, trend = told(Counts(10_000, 5, 60), Counts(100, 0, 60))
    assert (current.at, current.latest, current.reason) == (None, None, "nothing burned in 1h")
    assert current.earliest == pytest.approx(AT * 60 + 15 * DAY / (1000 * wilson(0, 100)[1]), abs=2)
    assert trend.at is not None


def test_ten_years_bound_every_end_by_itself() -> None:
    """A burn of 1/125 of nearly the whole budget lasts 3750 days; the lower end of one failure lies five times lower."""
    current, _ = told(Counts(10**9, 1, 60), Counts(125_000, 1, 60))
    assert (current.at, current.latest, current.reason) == (None, None, "it would last over 10 years")
    assert current.earliest is not None
    current, _ = told(Counts(10**9, 1, 60), Counts(100_000, 1, 60))
    assert current.at is not None
    assert current.latest is None
    assert current.reason is None


def test_the_current_forecast_is_exhausts_at_of_the_contract() -> None:
    slices = Slices.of([(AT - 3000, 1_000_000, 100), (AT - 1, 100_000, 10)])
    verdict = evaluate(estate_of(objective()), {"api.availability": slices}, AT)[0]
    assert verdict.exhausts_at is not None
    assert verdict.forecasts.current.at == verdict.exhausts_at
    found = document(verdict)
    assert found["forecast"]["current"]["at"] == found["exhausts_at"]
    assert found["forecast"].keys() == {"current", "trend"}
    assert found["forecast"]["trend"].keys() == {"at", "earliest", "latest", "reason"}


@settings(max_examples=200)
@given(objectives(), rows, st.integers(START, START + SPAN + 30))
def test_a_forecast_lies_in_its_interval_and_a_missing_one_has_a_reason(one: object, found: object, at: int) -> None:
    verdict = evaluate(estate_of(one), {"api.availability": as_slices(found)}, at)[0]  # type: ignore[arg-type]
    for foretold in (verdict.forecasts.current, verdict.forecasts.trend):
        ends = [e for e in (foretold.earliest, foretold.at, foretold.latest) if e is not None]
        assert ends == sorted(ends)
        assert all(at * 60 <= e <= at * 60 + FURTHEST for e in ends)
        assert (foretold.at is None) == (foretold.reason is not None)
        assert foretold.at is None or foretold.earliest is not None
    assert verdict.forecasts.current.at == verdict.exhausts_at
    assert ("no_forecast" in {r.code for r in verdict.reasons}) == (verdict.exhausts_at is None)


def test_an_edited_target_forecasts_by_the_budget_that_was_in_force() -> None:
    """Of 2000 events 1000 may lose 1 % and 1000 0.1 %: 11; of the hour's 1000 only 1 may."""
    window, hour = Counts(2000, 2, 60, (1000,)), Counts(1000, 1, 60, (0,))
    current, trend = told(window, hour, earlier=(Era(Decimal("0.99"), 1),))
    left = 1 - Fraction(2, 11)
    assert current.at == AT * 60 + int(left * 30 * DAY)
    assert trend.at == AT * 60 + int(left * 30 * DAY / Fraction(2, 11))


def test_a_ratio_slice_is_one_observation_not_a_billion() -> None:
    ratio = {"budgeting": Budgeting("RatioTimeslices"), "target": Decimal("0.9")}
    unit = 10**9
    current, _ = told(Counts(100 * unit, 5 * unit, 100), Counts(60 * unit, 6 * unit, 60), **ratio)
    low, _ = wilson(6, 60)
    assert current.latest == pytest.approx(AT * 60 + 15 * DAY * Fraction(1, 10) / Fraction(low), abs=2)


@settings(max_examples=200)
@given(st.integers(1, 10**12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_solves_its_equation(pair: tuple[int, int]) -> None:
    """Its ends p are where the ratio is 1.96 standard errors away: (bad / n - p)^2 = z^2 p (1 - p) / n."""
    bad, total = pair
    low, high = wilson(bad, total)
    assert 0 <= low <= bad / total <= high <= 1
    for end in (low, high):
        square = 1.959963984540054**2 * end * (1 - end) / total
        assert isclose((bad / total - end) ** 2, square, rel_tol=1e-4, abs_tol=1e-15)
