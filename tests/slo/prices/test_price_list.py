from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from app.files import read_prices
from slo.prices.price_list import format_dollars, parse

PRICES = read_prices()


def test_every_price_has_a_source_a_unit_and_a_date_that_has_passed() -> None:
    assert [name for name, p in PRICES.prices.items() if not (p.source and p.unit and p.dollars > 0)] == []
    assert all(date(2025, 1, 1) <= p.date <= date(2026, 11, 22) for p in PRICES.prices.values())


def test_the_date_of_the_list_is_that_of_its_oldest_price() -> None:
    assert date(2025, 10, 28) == PRICES.date


def test_what_no_list_confirms_is_marked_so() -> None:
    doubtful = {name for name, price in PRICES.prices.items() if not price.confirmed}
    assert doubtful == {"trace-recorded", "trace-scanned", "sns-publish", "sns-http-delivery"}


def test_a_price_is_exact() -> None:
    assert PRICES["metric-request"].of(1) == Fraction(1, 100_000)
    assert PRICES["logs-scanned"].of(Fraction(1, 3)) == Fraction(1, 600)


@pytest.mark.parametrize(("count", "dollars"), [(0, 0), (3, 0), (4, 3), (10, 21)])
def test_three_dashboards_are_free(count: int, dollars: int) -> None:
    assert PRICES["dashboard"].beyond_free(count) == dollars


def test_a_list_that_lacks_a_price_is_refused() -> None:
    with pytest.raises(KeyError, match="alarm-metric"):
        parse(b"region: us-east-1\nprices: {}\n")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Fraction(0), "$0.00"),
        (Fraction(1, 1000), "<$0.01"),
        (Fraction(3504, 1000), "$3.50"),
        (Fraction(-123_450, 100), "-$1,234.50"),
        (Fraction(125, 1000), "$0.12"),
    ],
)
def test_dollars_are_shown_to_the_cent(amount: Fraction, text: str) -> None:
    assert format_dollars(amount) == text
