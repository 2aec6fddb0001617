"""How many bytes of logs may be scanned in a day: Logs Insights is paid by what it reads, not by what it finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import structlog

from slo.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

NAME = "logs-bytes"
_EPOCH = date(1970, 1, 1)

log = structlog.get_logger()


class Ledger(Protocol):
    """The part of `app.records.Records` that outlives a process. StoreError."""

    def spend(self, name: str, day: int, amount: int) -> int: ...

    def spent(self, name: str, day: int) -> int: ...


@dataclass(slots=True, eq=False)
class ByteBudget:
    """Shared by every shard. `per_day` is bytes per UTC day, 0 for no limit; `wall` is real time, as bytes are paid in.

    With a `ledger` a restart goes on where the day was, and processes on one store share one budget. What it refuses is
    counted in memory and written with the next bytes: what is paid must not be asked for again.
    """

    per_day: int
    wall: Callable[[], datetime]
    ledger: Ledger | None = None
    _day: int | None = None
    _spent: int = 0
    _unwritten: int = 0
    _read: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def spent(self) -> int:
        """Bytes of this day."""
        with self._lock:
            self._turn()
            return self._spent + self._unwritten

    def spend(self, scanned: int) -> None:
        with self._lock:
            day = self._turn()
            self._unwritten += scanned
            if self.ledger is None or not self._unwritten:
                return
            try:
                self._spent, self._unwritten = self.ledger.spend(NAME, day, self._unwritten), 0
            except StoreError as error:
                log.warning("bytes of logs not written down", bytes=self._unwritten, error=str(error))

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

    def _turn(self) -> int:
        """Today, in days since 1970; what was spent of a new one is read once."""
        today = (self.wall().date() - _EPOCH).days
        if today != self._day:
            self._day, self._spent, self._unwritten, self._read = today, 0, 0, self.ledger is None
        if self.ledger is not None and not self._read:
            try:
                self._spent, self._read = self.ledger.spent(NAME, today), True
            except StoreError as error:
                log.warning("bytes of logs of today not read", error=str(error))
        return today
