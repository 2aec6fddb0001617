"""Estate time: the time in which traffic flows and alarms are evaluated. It may run faster than the wall clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float:
        """Estate time in epoch seconds."""
        ...


@dataclass(frozen=True, slots=True)
class SimClock:
    """estate = origin_estate + (wall - origin_wall) x speed; all in epoch seconds."""

    origin_wall: float
    origin_estate: float
    speed: float = 1.0

    def now(self) -> float:
        return self.origin_estate + (time.time() - self.origin_wall) * self.speed


@dataclass(slots=True)
class ManualClock:
    """Stands still until a test moves it."""

    at: float

    def now(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += seconds
