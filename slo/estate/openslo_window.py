"""Time windows of OpenSLO: one per SLO, rolling or by the calendar of a time zone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from slo.estate.calendar import MONTHS, NOMINAL, Calendar
from slo.estate.openslo_object import duration, span
from slo.estate.problems import shown
from slo.estate.window import LONGEST_WINDOW, SHORTEST_WINDOW, Length, zone

if TYPE_CHECKING:
    from slo.estate.calendar import Unit
    from slo.estate.places import Place

_MAYBE_MONTHS = re.compile(r"[0-9]{1,2}m")
_MOST_MONTHS = 13
"""366 + 31 days at most, and 14 months can be more than 400."""


def read(place: Place) -> Length | None:
    items = place.items()
    if len(items) != 1:
        place.error("exactly_one", f"an SLO has exactly one time window, not {len(items)}; write one SLO for each")
        return None
    fields = items[0].fields(("duration", "isRolling", "calendar"), required=("duration",))
    rolling = fields["isRolling"].flag() if "isRolling" in fields else False
    if "calendar" in fields:
        start = _start(fields["calendar"])
        if rolling:
            fields["calendar"].error("contradiction", "a rolling window has no calendar; remove it, or say isRolling: false")
        elif "duration" in fields:
            return _calendar(fields["duration"], *start)
    elif rolling is False:
        items[0].error("missing_field", "say isRolling: true; only a window that is not rolling has a calendar instead")
    minutes = _rolling(fields["duration"]) if "duration" in fields and rolling else None
    return None if minutes is None else Length(minutes)


def _rolling(place: Place) -> int | None:
    minutes = duration(place)
    if minutes is None or SHORTEST_WINDOW <= minutes <= LONGEST_WINDOW:
        return minutes
    _refuse(place, minutes)
    return None


def _calendar(place: Place, start: datetime | None, name: str | None) -> Length | None:
    found = span(place)
    if found is None:
        return None
    count, unit = found
    if not _fits(count, unit):
        _refuse(place, count * NOMINAL[unit])
        return None
    if start is None or name is None:
        return None
    calendar = Calendar(count, unit, name, start)
    return Length(calendar.nominal, calendar)


def _fits(count: int, unit: Unit) -> bool:
    """By the real length: 13 months never last more than 400 days."""
    if unit in MONTHS:
        return 1 <= count * MONTHS[unit] <= _MOST_MONTHS
    return SHORTEST_WINDOW <= count * NOMINAL[unit] <= LONGEST_WINDOW


def _refuse(place: Place, minutes: int) -> None:
    written = place.text() or ""
    if _MAYBE_MONTHS.fullmatch(written):
        message = f"{written} is {minutes} minutes; if months were meant, they are {written[:-1]}M"
        place.warn("minutes_not_months", message)
    place.error("bad_window", f"window {written} is outside 1h to 400d")


def _start(place: Place) -> tuple[datetime | None, str | None]:
    """When a period begins, in local time, and the zone; UTC where none is given."""
    fields = place.fields(("startTime", "timeZone"), required=("startTime",))
    start = _local_time(fields["startTime"]) if "startTime" in fields else None
    return start, zone(fields["timeZone"]) if "timeZone" in fields else "UTC"


def _local_time(place: Place) -> datetime | None:
    written = place.text()
    if written is None:
        return None
    try:
        start = datetime.strptime(written, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # the zone stands beside it
    except ValueError:
        place.error("bad_time", f"{shown(written)} is no time here; write it like 2026-03-01 12:30:00")
        return None
    if start.second:
        place.warn("not_followed", f"periods begin on whole minutes: the {start.second} seconds are cut off")
    return start.replace(second=0)
