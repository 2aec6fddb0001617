"""How a report spells values: ratios exact and rounded once, times in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge.compliance import decimal_text
from slo.units import format_minute, format_time

if TYPE_CHECKING:
    from datetime import datetime
    from fractions import Fraction

    from slo.units import Minute


def ratio(value: Fraction | None, places: int) -> dict[str, str] | None:
    """None stays None: what is unknown has no number."""
    if value is None:
        return None
    return {
        "exact": f"{value.numerator}/{value.denominator}",
        "decimal": decimal_text(value, places),
        "percent": f"{decimal_text(value, places, percent=True)} %",
    }


def minute(at: Minute | None) -> str | None:
    return None if at is None else format_minute(at)


def moment(at: datetime | None) -> str | None:
    return None if at is None else format_time(at)
