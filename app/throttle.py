"""Keeps calls apart: AWS takes three alarm writes a second from a whole account."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True, eq=False)
class Throttle:
    """Called before each write; waits until the last one is far enough away. `monotonic` and `sleep` are in wall seconds."""

    per_second: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    _next: float = field(default=0.0)

    def __call__(self) -> None:
        now = self.monotonic()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.per_second
