"""Targets, shares and other exact numbers of an estate, from their text: `99.9%` or `0.999`, `14.4`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.estate.problems import shown
from slo.units import parse_share

if TYPE_CHECKING:
    from slo.estate.places import Place

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,20})?")
_WEIGHT = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")  # in thousandths and summed, weights stay far below 2^63


def target(place: Place) -> Decimal | None:
    """A ratio strictly between 0 and 1."""
    return _ratio(place, "bad_target", "99.9%", "0.999", whole=False)


def slice_target(place: Place) -> Decimal | None:
    """A ratio above 0: all of a slice may have to be good."""
    return _ratio(place, "bad_target", "99%", "0.99", whole=True)


def budget_share(place: Place) -> Decimal | None:
    """A ratio above 0, up to the whole budget."""
    return _ratio(place, "bad_share", "2%", "0.02", whole=True)


def recovery_share(place: Place) -> Decimal | None:
    """A ratio above 0: every minute may have to be within an RPO."""
    return _ratio(place, "bad_share", "99%", "0.99", whole=True)


def confidence(place: Place) -> Decimal | None:
    """A ratio strictly between 0 and 1."""
    return _ratio(place, "bad_share", "95%", "0.95", whole=False)


def factor(place: Place) -> Decimal | None:
    """A burn rate above 0."""
    return _above_0(place, _NUMBER, "bad_factor", "a burn rate above 0, like 14.4")


def weight(place: Place) -> Decimal | None:
    """Above 0 and below 10,000."""
    return _above_0(place, _WEIGHT, "bad_weight", "a weight above 0 and below 10,000 with at most 3 decimals, like 2")


def _above_0(place: Place, form: re.Pattern[str], code: str, wanted: str) -> Decimal | None:
    text = place.scalar(wanted)
    if text is None:
        return None
    if form.fullmatch(text) and Decimal(text) > 0:
        return Decimal(text)
    place.error(code, f"{shown(text)} is not {wanted}")
    return None


def _ratio(place: Place, code: str, percent: str, ratio: str, *, whole: bool) -> Decimal | None:
    """Above 0 and below 1, or up to it where it may be `whole`."""
    value = _share(place, code, percent, ratio)
    if value is None or 0 < value < 1 or (whole and value == 1):
        return value
    bounds = "outside 0 % (excluded) to 100 %" if whole else "outside 0 to 100 % (both excluded)"
    text = place.scalar() or ""
    if "%" not in text and 1 < value < 100:
        place.error(code, f"{text} has no unit: write {text}% or the ratio {value.scaleb(-2)}")
    else:
        place.error(code, f"{text} is {bounds}; write it like {percent}")
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
