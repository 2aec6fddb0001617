"""The window of an objective as declared: rolling, or a period of a calendar in a time zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slo.estate.calendar import MONDAY, Calendar
from slo.estate.problems import shown
from slo.estate.tree import Fields, Scalar
from slo.units import FIRST_YEAR, LAST_YEAR, format_duration

if TYPE_CHECKING:
    from slo.estate.calendar import Unit
    from slo.estate.places import Place

SHORTEST_WINDOW, LONGEST_WINDOW = 60, 400 * 1440
PERIODS: dict[str, Unit] = {"week": "w", "month": "M", "quarter": "Q", "year": "Y"}

FIELDS = ("calendar", "time_zone", "start")
_MAYBE_PERIOD = re.compile(r"[0-9]*[MQY]|calendar|(dai|week|month|quarter|year)ly|days?|months|weeks|quarters|years")


@dataclass(frozen=True, slots=True)
class Length:
    """`minutes` of a calendar are its nominal ones."""

    minutes: int
    calendar: Calendar | None = None


def read(place: Place) -> Length | None:
    """`30d`, `month`, or `{calendar: month, time_zone: Europe/Berlin, start: "2026-01-21T12:30"}`."""
    node = place.node
    if isinstance(node, Fields):
        calendar = _calendar(place)
    elif isinstance(node, Scalar) and node.text in PERIODS:
        calendar = Calendar(1, PERIODS[node.text])
    elif isinstance(node, Scalar) and _MAYBE_PERIOD.fullmatch(node.text):
        place.error(
            "bad_duration", f"{shown(node.text)} is no window; write week, month, quarter or year, or a duration like 30d"
        )
        return None
    else:
        minutes = place.duration()
        return None if minutes is None or not _is_bounded(place, minutes) else Length(minutes)
    return None if calendar is None else Length(calendar.nominal, calendar)


def _is_bounded(place: Place, minutes: int) -> bool:
    if SHORTEST_WINDOW <= minutes <= LONGEST_WINDOW:
        return True
    place.error("bad_window", f"window {format_duration(minutes)} is outside 1h to 400d")
    return False


def _calendar(place: Place) -> Calendar | None:
    fields = place.fields(FIELDS, required=("calendar",))
    period = fields["calendar"].one_of(PERIODS) if "calendar" in fields else None
    name = zone(fields["time_zone"]) if "time_zone" in fields else "UTC"
    start = local_time(fields["start"]) if "start" in fields else MONDAY
    return None if period is None or name is None or start is None else Calendar(1, PERIODS[period], name, start)


def zone(place: Place) -> str | None:
    """An IANA name."""
    name = place.text()
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no name, not there, a folder of names
        place.error("bad_zone", f"{shown(name)} is no time zone; write an IANA name like Europe/Berlin")
        return None
    return name


def local_time(place: Place) -> datetime | None:
    """A whole minute without a zone, which stands beside it."""
    text = place.text()
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.tzinfo is not None or when.second or when.microsecond:
        place.error(
            "bad_time", f"{shown(text)} is no whole minute of local time; write it like 2026-01-21T12:30, without a zone"
        )
        return None
    if FIRST_YEAR <= when.year <= LAST_YEAR:
        return when
    place.error("bad_time", f"{shown(text)} is out of range: years are {FIRST_YEAR} to {LAST_YEAR}")
    return None
