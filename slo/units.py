"""Minutes, durations, shares and times: read exactly from text, written back the same way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

Minute = int
"""A whole minute since 1970-01-01T00:00Z, named by its start."""

FIRST_YEAR, LAST_YEAR = 1900, 9900
"""So that what is counted back and foretold from a time is a time too."""

MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10080}
_DURATION = re.compile(r"([0-9]{1,6})([mhdw])")
_SHARE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,20})?)\s?(%?)")


def parse_duration(text: str) -> int:
    """`5m`, `6h`, `30d`, `4w` -> minutes. ValueError with the accepted form otherwise."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a whole number and m, h, d or w, like 30d")
    return int(match[1]) * MINUTES[match[2]]


def format_duration(minutes: int) -> str:
    """The largest of d, h, m that divides: 1440 -> `1d`, 90 -> `90m`. Inverse of `parse_duration` but for weeks."""
    for unit in ("d", "h"):
        if minutes and minutes % MINUTES[unit] == 0:
            return f"{minutes // MINUTES[unit]}{unit}"
    return f"{minutes}m"


def parse_share(text: str) -> Decimal:
    """`99.9%` -> Decimal('0.999'), `0.999` -> itself: exact, from the text. ValueError otherwise."""
    match = _SHARE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a share; write a percentage like 99.9% or a ratio like 0.999")
    value = Decimal(match[1])
    return value.scaleb(-2) if match[2] else value


def format_percent(share: Decimal) -> str:
    """Decimal('0.9990') -> `99.9`, exactly; the sign is the reader's."""
    return f"{(share * 100).normalize():f}"


def parse_time(text: str) -> datetime:
    """ISO 8601 with a zone -> aware datetime in UTC. ValueError when the zone is missing or the text is no time."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO 8601 time; write it like 2026-03-01T00:00:00Z") from None
    if when.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; add Z for UTC")
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise ValueError(f"{text!r} is out of range: years are {FIRST_YEAR} to {LAST_YEAR}")
    return when.astimezone(UTC)


def parse_minute(text: str) -> Minute:
    """As `parse_time`, and the time must be a whole minute."""
    when = parse_time(text)
    if when.second or when.microsecond:
        raise ValueError(f"{text!r} is not a whole minute; seconds must be :00")
    return to_minute(when)


def to_minute(when: datetime) -> Minute:
    """The minute that holds this moment (rounds down)."""
    return int(when.timestamp() // 60)


def from_minute(minute: Minute) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def format_minute(minute: Minute) -> str:
    return format_seconds(minute * 60)


def format_time(when: datetime) -> str:
    """To the second."""
    return format_seconds(int(when.timestamp()))


def format_seconds(seconds: int) -> str:
    """Whole epoch seconds -> `2026-03-01T00:00:00Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}Z"


def nearest_double(value: Fraction | int) -> float:
    """The double nearest to the exact value (int / int is correctly rounded in Python)."""
    return value.numerator / value.denominator
