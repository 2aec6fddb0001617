"""Whose way to the pager is tested next: each component once in so many days, one an hour, while people are at work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from alerts.events import Event

HOUR, DAY = 3600, 86_400
OPEN, CLOSE = 9, 15
"""Hours of the day in UTC: the last test begins before 15:00."""
FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """`at` is the hour in epoch seconds: two processes that see it name the same test."""

    component: str
    at: int


def turn(first_seen: Mapping[str, int], tests: Collection[Event], now: int, days: int) -> Turn | None:
    """Who has waited longest, where somebody is due; None outside of working hours, or where this hour had its test.

    `first_seen` is by component, `tests` holds at least those of the last `days`; all in epoch seconds. A test that failed
    is made again the day after.
    """
    hour = working_hour(now)
    if hour is None or any(hour <= test.at < hour + HOUR for test in tests):
        return None
    newest = {test.component: test for test in sorted(tests, key=lambda test: test.at)}
    due = {name: _due(seen, newest.get(name), days) for name, seen in first_seen.items()}
    waiting = sorted((at, name) for name, at in due.items() if at <= now)
    return Turn(waiting[0][1], hour) if waiting else None


def _due(first_seen: int, test: Event | None, days: int) -> int:
    if test is None:
        return first_seen + days * DAY
    return test.at + (days if test.document.get("passed") else 1) * DAY


def working_hour(now: int) -> int | None:
    """The hour that holds this moment, from Monday to Friday."""
    moment = datetime.fromtimestamp(now, UTC)
    return now // HOUR * HOUR if moment.weekday() <= FRIDAY and OPEN <= moment.hour < CLOSE else None
