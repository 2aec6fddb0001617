"""How fast an account and region may be asked. The quota is the account's, so every shard of it takes from one bucket."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FASTEST = 40.0
"""Calls a second. GetMetricData is granted 50 to the whole account, of which dashboards and others want some."""
SLOWEST = 0.5
RECOVERY_SECONDS = 300.0
"""From nothing back to the fastest, evenly."""
_SAME_SECOND = 1.0


@dataclass(slots=True, eq=False)
class TokenBucket:
    """Halves its rate when AWS throttles, recovers slowly; one second's calls may come at once. `monotonic`: wall seconds."""

    monotonic: Callable[[], float]
    fastest: float = FASTEST
    rate: float = field(init=False)
    _tokens: float = field(init=False)
    _at: float = field(init=False)
    _halved: float = field(default=float("-inf"), init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        self.rate, self._tokens, self._at = self.fastest, self.fastest, self.monotonic()

    def take(self) -> float:
        """Takes a token, which may be one of the future: the seconds to wait before it may be used."""
        with self._lock:
            self._refill()
            self._tokens -= 1
            return max(0.0, -self._tokens / self.rate)

    def throttled(self) -> None:
        """Calls that were on their way together are refused together: that is one reason to slow down, not many."""
        with self._lock:
            self._refill()
            if self._at - self._halved >= _SAME_SECOND:
                self.rate, self._halved = max(self.rate / 2, SLOWEST), self._at
            self._tokens = min(self._tokens, 0.0)

    def _refill(self) -> None:
        now = self.monotonic()
        passed, self._at = now - self._at, now
        self._tokens = min(self._tokens + passed * self.rate, self.rate)
        self.rate = min(self.rate + passed * self.fastest / RECOVERY_SECONDS, self.fastest)
