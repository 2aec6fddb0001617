from __future__ import annotations

from decimal import Decimal

import pytest

from slo.units import FIRST_YEAR, LAST_YEAR, format_minute, parse_minute, parse_share


@pytest.mark.parametrize("text", [f"{FIRST_YEAR}-01-01T00:00:00Z", f"{LAST_YEAR}-12-31T23:59:00Z", "2026-03-01T00:00:00Z"])
def test_a_minute_is_written_as_it_is_read(text: str) -> None:
    assert format_minute(parse_minute(text)) == text


@pytest.mark.parametrize("text", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00+01:00"])
def test_a_time_from_which_nothing_could_be_foretold_is_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        parse_minute(text)


def test_a_share_is_exact_to_twenty_decimals() -> None:
    assert parse_share("99.99999999999999999999%") == Decimal("0.9999999999999999999999")
    with pytest.raises(ValueError, match="not a share"):
        parse_share("99.999999999999999999999%")
