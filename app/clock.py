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


class Drift:
    """How a clock moves against the seconds that never go back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.now().timestamp(), clock.monotonic()

    def jump(self) -> float:
        """Estate seconds that the clock has gained since this was called last; it has lost them where negative."""
        now, passed = self._clock.now().timestamp(), self._clock.monotonic()
        then, before = self._last
        self._last = now, passed
        return now - then - (passed - before) * self._clock.speed
