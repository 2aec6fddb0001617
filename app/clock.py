"""The only place that reads a clock. Estate time drives slices and judging; wall time drives leases, back-off and waiting."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    @property
    def speed(self) -> float:
        """Estate seconds that pass in one second of the wall."""
        ...

    def now(self) -> datetime:
        """Estate time, aware UTC."""
        ...

    def wall(self) -> datetime:
        """Real time, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Wall seconds that never go back."""
        ...


class WallClock:
    """Estate time is real time."""

    speed = 1.0

    def now(self) -> datetime:
        return self.wall()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """For the demo: estate time was `origin_estate` at `origin_wall` (epoch seconds) and runs `speed` times as fast."""

    origin_wall: float
    origin_estate: float
    speed: float

    def now(self) -> datetime:
        passed = time.time() - self.origin_wall
        return datetime.fromtimestamp(self.origin_estate + passed * self.speed, UTC)

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
