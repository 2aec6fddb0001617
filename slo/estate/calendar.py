"""Calendar windows as declared: a month of Berlin, a quarter that begins on the 21st. When they begin is `judge.period`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Unit = Literal["m", "h", "d", "w", "M", "Q", "Y"]

NOMINAL: dict[Unit, int] = {"m": 1, "h": 60, "d": 1440, "w": 10080, "M": 30 * 1440, "Q": 90 * 1440, "Y": 365 * 1440}
"""Minutes that factors and forecasts count with, whatever the month."""
MOST: dict[Unit, int] = {**NOMINAL, "d": 1500, "w": 10140, "M": 31 * 1440 + 60, "Q": 92 * 1440 + 60, "Y": 366 * 1440}
"""Minutes that one can really last: a day of 25 hours, a year of 366 days."""

MONTHS: dict[Unit, int] = {"M": 1, "Q": 3, "Y": 12}

MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001  # local time, whatever the zone
"""A Monday that begins a month, a quarter and a year: where calendars begin that give no start of their own."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods of `count` units in local time of `zone` (IANA); one of them begins at `start`, which is local time too."""

    count: int
    unit: Unit
    zone: str = "UTC"
    start: datetime = MONDAY

    @property
    def nominal(self) -> int:
        return self.count * NOMINAL[self.unit]

    @property
    def longest(self) -> int:
        return self.count * MOST[self.unit]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"
