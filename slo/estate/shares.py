"""Targets and budget shares, exact from their text: `99.9%` or `0.999`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.problems import shown
from slo.units import parse_share

if TYPE_CHECKING:
    from decimal import Decimal

    from slo.estate.places import Place


def target(place: Place) -> Decimal | None:
    """A ratio strictly between 0 and 1."""
    value = _share(place, "bad_target", "99.9%", "0.999")
    if value is None or 0 < value < 1:
        return value
    _out_of_range(place, "bad_target", value, "outside 0 to 100 % (both excluded)", "99.9%")
    return None


def budget_share(place: Place) -> Decimal | None:
    """A ratio above 0, up to the whole budget."""
    value = _share(place, "bad_share", "2%", "0.02")
    if value is None or 0 < value <= 1:
        return value
    _out_of_range(place, "bad_share", value, "outside 0 % (excluded) to 100 %", "2%")
    return None


def _share(place: Place, code: str, percent: str, ratio: str) -> Decimal | None:
    text = place.scalar(f"a share like {percent} or {ratio}")
    if text is None:
        return None
    try:
        return parse_share(text)
    except ValueError:
        point = f", with a point and no comma: {text.replace(',', '.')}" if "," in text and len(text) < 20 else ""
        place.error(code, f"{shown(text)} is no share; write a percentage like {percent} or a ratio like {ratio}{point}")
        return None


def _out_of_range(place: Place, code: str, value: Decimal, bounds: str, like: str) -> None:
    text = place.scalar() or ""
    if "%" not in text and 1 < value < 100:
        place.error(code, f"{text} has no unit: write {text}% or the ratio {value.scaleb(-2)}")
    else:
        place.error(code, f"{text} is {bounds}; write it like {like}")
