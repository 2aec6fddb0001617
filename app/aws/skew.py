"""This machine's clock against AWS's, from the Date of every answer: a wrong one is seen while calls still succeed."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from threading import Lock
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

TOLERATED = 2.0
"""Seconds; AWS refuses what is signed 300 s off."""
ANSWERS = 5
"""Fewer are not warned of."""
MINUTES = 3
"""A busy moment of this machine delays many answers at once, but not those of minutes."""

log = structlog.get_logger()


class Skew:
    """Thread-safe. Answers that took long make the machine look ahead, so the least of the last minutes counts."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._heard: dict[int, tuple[int, float]] = {}  # by minute: how many, and the least of them
        self._told = False
        self._lock = Lock()

    def hear(self, date: str | None) -> None:
        """The header of an answer that has just come."""
        now = self._wall()
        try:
            theirs = parsedate_to_datetime(date or "")
            # The header leaves out what is below a second: half of one on average.
            ahead = (now - theirs).total_seconds() - 0.5
        except (ValueError, TypeError):  # no date, or one without a zone
            return
        with self._lock:
            self._keep(int(now.timestamp() // 60), ahead)
            off = sum(count for count, _ in self._heard.values()) >= ANSWERS and abs(self._least()) > TOLERATED
            turned, self._told = off != self._told, off
        if turned and off:
            log.warning("this machine's clock differs from AWS's; set it (NTP)", seconds_ahead=round(self._least(), 1))
        elif turned:
            log.info("this machine's clock agrees with AWS's again")

    def seconds(self) -> float | None:
        """How far this machine's clock is ahead of AWS's, to about a second; None before the first answer."""
        with self._lock:
            return self._least() if self._heard else None

    def _keep(self, minute: int, ahead: float) -> None:
        # Both ways: a clock that was set back leaves minutes behind that lie ahead.
        self._heard = {known: heard for known, heard in self._heard.items() if abs(minute - known) < MINUTES}
        count, least = self._heard.get(minute, (0, ahead))
        self._heard[minute] = (count + 1, min(least, ahead, key=abs))

    def _least(self) -> float:
        return min((least for _, least in self._heard.values()), key=abs)
