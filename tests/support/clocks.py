"""A clock that stands still until a test moves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class FakeClock:
    """Estate time and wall time begin at `seconds` (epoch); moving the wall moves the estate `speed` times as far."""

    seconds: float
    speed: float = 1.0
    passed: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC) + timedelta(seconds=self.passed * self.speed)

    def wall(self) -> datetime:
        return datetime.fromtimestamp(self.seconds + self.passed, UTC)

    def monotonic(self) -> float:
        return self.passed

    def move(self, seconds: float) -> None:
        """Of the wall."""
        self.passed += seconds
