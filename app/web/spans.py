"""The window of an objective in words: a rolling one by its length, a calendar one as the very period that it is now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app.web import numbers
from slo.judge.period import bounds
from slo.units import from_minute

if TYPE_CHECKING:
    from datetime import datetime

    from slo.estate.calendar import Calendar
    from slo.estate.spec import Objective
    from slo.judge.verdict import Verdict
    from slo.units import Minute

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_NAMES = {"m": "minute", "h": "hour", "d": "day", "w": "week", "M": "month", "Q": "quarter", "Y": "year"}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}


@dataclass(frozen=True, slots=True)
class Span:
    """A calendar's period around T: `title` like `November 2026`, `zone` as IANA names it."""

    start: Minute
    end: Minute
    at: Minute
    title: str
    zone: str

    @property
    def gone(self) -> str:
        """`22 of 30 days gone`, of short periods in hours; what has only begun is not gone."""
        # By the clock on the wall: a day of 23 or 25 hours is a day.
        begin, now, end = (_local(m, self.zone).replace(tzinfo=None) for m in (self.start, self.at, self.end))
        unit, noun = (DAY, "day") if end - begin >= 2 * DAY else (HOUR, "hour")
        return f"{(now - begin) // unit} of {numbers.plural((end - begin) // unit, noun)} gone"

    @property
    def words(self) -> str:
        """`November 2026, Europe/Berlin: 22 of 30 days gone`."""
        return f"{self.title}, {self.zone}: {self.gone}"

    @property
    def limits(self) -> str:
        first, last = (_local(m, self.zone) for m in (self.start, self.end))
        return f"{first.day} {first:%b %Y %H:%M} to {last.day} {last:%b %Y %H:%M}, {self.zone}"


def span(verdict: Verdict) -> Span | None:
    """None for a rolling window."""
    calendar = verdict.objective.calendar
    return None if calendar is None else span_of(calendar, verdict.at)


def span_of(calendar: Calendar, at: Minute) -> Span:
    """The period that a window at T is of."""
    start, end = bounds(calendar, at - 1)
    return Span(start, end, at, _title(calendar, start, end), calendar.zone)


def length(objective: Objective) -> str:
    """`30 d`, of a calendar `month` or `2 weeks`."""
    calendar = objective.calendar
    if calendar is None:
        return numbers.window(objective.window)
    name = _NAMES[calendar.unit]
    return name if calendar.count == 1 else numbers.plural(calendar.count, name)


def name(verdict: Verdict) -> str:
    """The window that the budget is of, in front of `budget`: `30 d`, `November 2026`."""
    found = span(verdict)
    return numbers.window(verdict.objective.window) if found is None else found.title


def _title(calendar: Calendar, start: Minute, end: Minute) -> str:
    """By name where it is a month, quarter or year of the calendar on the wall, else by its first and last day."""
    first, last = _local(start, calendar.zone), _local(end - 1, calendar.zone)
    begins = (first.day, first.hour, first.minute) == (1, 0, 0)
    months = calendar.count * _MONTHS.get(calendar.unit, 0)
    if begins and months == 1:
        return f"{first:%B %Y}"
    if begins and months == 3 and first.month % 3 == 1:
        return f"Q{first.month // 3 + 1} {first.year}"
    if begins and months == 12 and first.month == 1:
        return str(first.year)
    if first.date() == last.date():
        return f"{first.day} {first:%b %Y}"
    return f"{first.day} {first:%b} to {last.day} {last:%b %Y}"


def _local(minute: Minute, zone: str) -> datetime:
    return from_minute(minute).astimezone(ZoneInfo(zone))
