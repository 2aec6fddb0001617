"""Time windows of OpenSLO: one per SLO. Rolling ones of fixed length are judged, the others are checked and refused."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slo.estate.components import LONGEST_WINDOW, SHORTEST_WINDOW
from slo.estate.openslo_object import duration
from slo.estate.problems import shown
from slo.units import format_duration

if TYPE_CHECKING:
    from slo.estate.places import Place

_MAYBE_MONTHS = re.compile(r"[0-9]{1,2}m")


def read(place: Place) -> int | None:
    """In minutes."""
    items = place.items()
    if len(items) != 1:
        place.error("exactly_one", f"an SLO has exactly one time window, not {len(items)}; write one SLO for each")
        return None
    fields = items[0].fields(("duration", "isRolling", "calendar"), required=("duration",))
    rolling = fields["isRolling"].flag() if "isRolling" in fields else False
    if "calendar" in fields:
        _check_calendar(fields["calendar"])
        if rolling:
            fields["calendar"].error("contradiction", "a rolling window has no calendar; remove it, or say isRolling: false")
        else:
            message = "calendar windows are not judged in this release; write isRolling: true and a duration like 30d"
            fields["calendar"].error("not_supported", message)
    elif rolling is False:
        items[0].error("missing_field", "say isRolling: true; only a window that is not rolling has a calendar instead")
    length = _length(fields["duration"]) if "duration" in fields else None
    return length if rolling else None


def _length(place: Place) -> int | None:
    minutes = duration(place)
    if minutes is None or SHORTEST_WINDOW <= minutes <= LONGEST_WINDOW:
        return minutes
    written = place.text() or ""
    if _MAYBE_MONTHS.fullmatch(written):
        message = f"{written} is {minutes} minutes; if months were meant, they are {written[:-1]}M"
        place.warn("minutes_not_months", message)
    place.error("bad_window", f"window {format_duration(minutes)} is outside 1h to 400d")
    return None


def _check_calendar(place: Place) -> None:
    fields = place.fields(("startTime", "timeZone"), required=("startTime", "timeZone"))
    start = fields["startTime"].text() if "startTime" in fields else None
    if start is not None and not _is_local_time(start):
        fields["startTime"].error("bad_time", f"{shown(start)} is no time here; write it like 2026-03-01 12:30:00")
    zone = fields["timeZone"].text() if "timeZone" in fields else None
    if zone is not None and not _is_zone(zone):
        fields["timeZone"].error("bad_time", f"{shown(zone)} is no time zone; write an IANA name like America/New_York")


def _is_local_time(text: str) -> bool:
    try:
        datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # the zone stands beside it
    except ValueError:
        return False
    return True


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # no name, not there, a folder of names
        return False
    return True
