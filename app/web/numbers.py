"""Exact numbers as people read them: rounded down (what was spent: up), so that nothing looks better than it is."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from slo.units import format_duration, format_percent, from_minute

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from slo.judge.burn import Rule
    from slo.units import Minute

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"


def percent(value: Fraction, decimals: int) -> str:
    """Floored: 0.99999 with 2 decimals is `99.99 %`, and only 1 itself is `100.00 %`."""
    scaled = floor(value * 100 * 10**decimals)
    whole, rest = divmod(abs(scaled), 10**decimals)
    digits = f"{whole:,}.{rest:0{decimals}}" if decimals else f"{whole:,}"
    return f"{MINUS if scaled < 0 else ''}{digits} %"


def decimals_of(target: Decimal) -> int:
    """One more than the target itself has as a percentage: 99.95 % -> 3."""
    exponent = (target * 100).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent) + 1


def sli(value: Fraction | None, target: Decimal) -> str:
    return UNKNOWN if value is None else percent(value, decimals_of(target))


def share(target: Decimal) -> str:
    """A target just as it was declared: `99.95 %`."""
    return f"{format_percent(target)} %"


def budget(remaining: Fraction | None) -> str:
    """`31.2 %`; what is left but rounds to nothing is `<0.1 %`, an overspend is negative."""
    if remaining is None:
        return UNKNOWN
    if 0 < remaining < Fraction(1, 1000):
        return "<0.1 %"
    return percent(remaining, 1 if remaining > -1 else 0)


def spent(value: Fraction) -> str:
    """Rounded up: what was spent must not look like less either."""
    return percent(Fraction(ceil(value * 1000), 1000), 1)


def allowance(left: Fraction, *, unit: str) -> str:
    """What may still go bad: `4,210 req`, or `13m 22s` of minutes; a negative one is `8m over`."""
    amount = clock(floor(abs(left) * 60)) if unit == "min" else f"{floor(abs(left)):,} {unit}"
    return amount if left >= 0 else f"{amount} over"


def burn(rate: Fraction | None) -> str:
    if rate is None:
        return UNKNOWN
    if 0 < rate < Fraction(1, 10):
        return f"<0.1{TIMES}"
    return f"{floor(rate):,}{TIMES}" if rate >= 100 else f"{floor(rate * 10) / 10:.1f}{TIMES}"


def window(minutes: int) -> str:
    """`30 d`, `90 min`."""
    text = format_duration(minutes)
    return f"{text[:-1]} {'min' if text.endswith('m') else text[-1]}"


def windows(rule: Rule) -> str:
    """`1 h / 5 min`, or the long one alone."""
    return " / ".join(map(window, rule.windows))


def clock(seconds: int) -> str:
    """Two units at most: `13m 22s`, `1h 4m`, `2d 3h`."""
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {seconds % 60}s" if minutes else f"{seconds}s"


def age(seconds: int) -> str:
    """As `clock`, but what its second unit cuts off is rounded up: an exposure must not look smaller than it is."""
    unit = 1 if seconds < 3600 else 60 if seconds < 86400 else 3600
    return clock(-(-seconds // unit) * unit)


def about(seconds: float) -> str:
    """One unit, for what is a forecast or an age anyway: `42 s`, `50 min`, `31 h`, `12 d`."""
    for limit, unit, name in ((120, 1, "s"), (90 * 60, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // 86400):,} d"


def time_of(when: datetime, now: datetime) -> str:
    """`11:58Z` today, `21 Nov 11:58Z` within half a year, else with the year."""
    if when.date() == now.date():
        return f"{when:%H:%M}Z"
    if abs((now - when).days) < 180:
        return f"{when.day} {when:%b %H:%M}Z"
    return f"{when.day} {when:%b %Y %H:%M}Z"


def minute_of(minute: Minute, now: datetime) -> str:
    return time_of(from_minute(minute), now)


def count(value: int) -> str:
    return f"{value:,}"


def plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
