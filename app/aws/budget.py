"""How many bytes of logs may be scanned in a day: Logs Insights is paid by what it reads, not by what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime


@dataclass(slots=True, eq=False)
class ByteBudget:
    """Shared by every shard. `per_day` is bytes per UTC day, 0 for no limit; `wall` is real time, as bytes are paid in.

    It counts in memory: a restart begins the day anew.
    """

    per_day: int
    wall: Callable[[], datetime]
    _day: date | None = None
    _spent: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def spent(self) -> int:
        """Bytes of this day."""
        with self._lock:
            self._turn()
            return self._spent

    def spend(self, scanned: int) -> None:
        with self._lock:
            self._turn()
            self._spent += scanned

    @property
    def refusal(self) -> str | None:
        """Why nothing more may be read today; None while something is left."""
        spent = self.spent
        if not self.per_day or spent < self.per_day:
            return None
        return (
            f"the day's budget of {self.per_day:,} bytes of logs is spent ({spent:,} scanned) until 00:00 UTC; "
            "raise SLOOP_LOGS_BYTES_PER_DAY"
        )

    def _turn(self) -> None:
        today = self.wall().date()
        if today != self._day:
            self._day, self._spent = today, 0
