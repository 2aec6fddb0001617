from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import numbers
from slo.judge.burn import Rule

NOW = datetime(2026, 11, 22, 12, 3, tzinfo=UTC)


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, 4))
def test_a_share_below_one_is_never_shown_as_a_hundred_percent(bad: int, good: int, decimals: int) -> None:
    assert not numbers.percent(Fraction(good, good + bad), decimals).startswith("100")


@given(st.fractions(-5, 1), st.integers(0, 4))
def test_a_percentage_is_the_floor_of_the_exact_value(value: Fraction, decimals: int) -> None:
    text = numbers.percent(value, decimals).removesuffix(" %").replace(numbers.MINUS, "-").replace(",", "")
    shown = Fraction(text) / 100
    assert 0 <= value - shown < Fraction(1, 100 * 10**decimals)


@given(st.fractions(0, 5))
def test_what_was_spent_is_rounded_up(value: Fraction) -> None:
    shown = Fraction(numbers.spent(value).removesuffix(" %").replace(",", "")) / 100
    assert 0 <= shown - value < Fraction(1, 1000)


@pytest.mark.parametrize(
    ("target", "decimals"), [("0.9995", 3), ("0.999", 2), ("0.99", 1), ("0.9", 1), ("0.99999", 4), ("0.990", 1)]
)
def test_an_sli_has_one_decimal_more_than_its_target(target: str, decimals: int) -> None:
    assert numbers.decimals_of(Decimal(target)) == decimals


@pytest.mark.parametrize(
    ("remaining", "text"),
    [
        (Fraction(1), "100.0 %"),
        (Fraction(99999, 100000), "99.9 %"),
        (Fraction(312, 1000), "31.2 %"),
        (Fraction(1, 2000), "<0.1 %"),
        (Fraction(0), "0.0 %"),
        (Fraction(-18, 100), f"{numbers.MINUS}18.0 %"),
        (Fraction(-12345, 1000), f"{numbers.MINUS}1,235 %"),
        (None, numbers.UNKNOWN),
    ],
)
def test_a_budget_reads_like_this(remaining: Fraction | None, text: str) -> None:
    assert numbers.budget(remaining) == text


def test_a_budget_is_also_told_in_requests_or_in_minutes() -> None:
    thousandth = Fraction(1, 1000)
    assert numbers.allowance(Fraction(1, 2) * thousandth * 8_420_000, unit="req") == "4,210 req"
    assert numbers.allowance(Fraction(312, 1000) * thousandth * 43_200, unit="min") == "13m 28s"
    assert numbers.allowance(Fraction(-18, 100) * thousandth * 43_200, unit="min") == "7m 46s over"


@pytest.mark.parametrize(
    ("rate", "text"),
    [(Fraction(1439, 100), "14.3"), (Fraction(0), "0.0"), (Fraction(1, 50), "<0.1"), (Fraction(1000), "1,000")],
)
def test_a_burn_is_floored_to_one_decimal(rate: Fraction, text: str) -> None:
    assert numbers.burn(rate) == text + numbers.TIMES


def test_a_burn_without_events_is_not_zero() -> None:
    assert numbers.burn(None) == numbers.UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (119, "119 s"), (3000, "50 min"), (31 * 3600 + 5, "31 h"), (12 * 86400, "12 d")]
)
def test_a_forecast_has_one_unit(seconds: int, text: str) -> None:
    assert numbers.about(seconds) == text


def test_a_time_names_its_day_only_when_it_is_not_today() -> None:
    assert numbers.time_of(datetime(2026, 11, 22, 11, 58, tzinfo=UTC), NOW) == "11:58Z"
    assert numbers.time_of(datetime(2026, 11, 1, 11, 58, tzinfo=UTC), NOW) == "1 Nov 11:58Z"
    assert numbers.time_of(datetime(2025, 11, 1, 11, 58, tzinfo=UTC), NOW) == "1 Nov 2025 11:58Z"


def test_windows_are_spelled_with_a_space() -> None:
    assert [numbers.window(m) for m in (5, 60, 43200)] == ["5 min", "1 h", "30 d"]


def test_a_rule_without_a_short_window_shows_the_long_one_alone() -> None:
    assert numbers.windows(Rule("page", 60, 5, Fraction(14))) == "1 h / 5 min"
    assert numbers.windows(Rule("page", 90, None, Fraction(14))) == "90 min"
