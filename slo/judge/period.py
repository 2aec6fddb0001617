"""Where a window begins: rolling ones a fixed length before T, calendar ones at their local boundary.

The window at T holds the minutes start(T) <= minute < T. At the very end of a month that is the whole month: the period
is that of the minute before T, so a window is never empty and a month is judged once whole.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from slo.estate.calendar import MONTHS
from slo.units import from_minute

if TYPE_CHECKING:
    from slo.estate.calendar import Calendar
    from slo.estate.spec import Objective
    from slo.units import Minute

_DAYS = {"d": 1, "w": 7}


@dataclass(frozen=True, slots=True)
class Since:
    """The window from `skip` minutes after the calendar's boundary on: slices that begin before the boundary stay out."""

    calendar: Calendar
    skip: int = 0


Window = int | Since
"""Rolling, as its length in minutes, or since a calendar's boundary."""


def window_of(objective: Objective) -> Window:
    """The one that the objective's budget is of."""
    return objective.window if objective.calendar is None else Since(objective.calendar)


def start(window: Window, at: Minute) -> Minute:
    """The first minute that the window at T may hold."""
    if isinstance(window, int):
        return at - window
    return bounds(window.calendar, at - 1)[0] + window.skip


def bounds(calendar: Calendar, minute: Minute) -> tuple[Minute, Minute]:
    """(start, end) of the period that holds the minute: start <= minute < end."""
    near = _index(calendar, minute)
    edges = [_boundary(calendar, n) for n in range(near - 1, near + 3)]
    place = bisect_right(edges, minute)
    return edges[place - 1], edges[place]


def _index(calendar: Calendar, minute: Minute) -> int:
    """The number of the period, or a neighbour's: time zones are left out."""
    begin = calendar.start
    when = from_minute(minute).replace(tzinfo=None)
    if calendar.unit not in MONTHS and calendar.unit not in _DAYS:
        return (minute - _boundary(calendar, 0)) // calendar.nominal
    if calendar.unit in MONTHS:
        months = (
            (when.year - begin.year) * 12 + when.month - begin.month - ((when.day, when.time()) < (begin.day, begin.time()))
        )
        return months // (calendar.count * MONTHS[calendar.unit])
    return int((when - begin) // timedelta(minutes=calendar.nominal))


@lru_cache(maxsize=1024)
def _boundary(calendar: Calendar, n: int) -> Minute:
    """The first whole minute of period n. A 31st becomes the last day of a shorter month; hours are hours, days are local."""
    zone = ZoneInfo(calendar.zone)
    if calendar.unit in MONTHS:
        local = _months_later(calendar.start, n * calendar.count * MONTHS[calendar.unit])
    elif calendar.unit in _DAYS:
        local = calendar.start + timedelta(days=n * calendar.count * _DAYS[calendar.unit])
    else:
        instant = calendar.start.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=n * calendar.nominal)
        return _first_minute(instant)
    return _first_minute(local.replace(tzinfo=zone))


def _months_later(when: datetime, months: int) -> datetime:
    month = when.year * 12 + when.month - 1 + months
    first = when.replace(year=month // 12, month=month % 12 + 1, day=1)
    after = first.replace(year=(month + 1) // 12, month=(month + 1) % 12 + 1)
    return first.replace(day=min(when.day, (after - first).days))


def _first_minute(instant: datetime) -> Minute:
    """That begins at the instant or later."""
    return -(-int(instant.timestamp()) // 60)
