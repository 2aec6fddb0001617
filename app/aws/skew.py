"""This machine's clock against AWS's, from the Date of every answer: a wrong one is seen while calls still succeed."""

from __future__ import annotations

from collections import deque
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

log = structlog.get_logger()


class Skew:
    """Thread-safe. Answers that took long make the machine look ahead, so the least of the newest ones counts."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall
        self._heard: deque[float] = deque(maxlen=ANSWERS)
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
            self._heard.append(ahead)
            off = abs(self._least()) > TOLERATED
            turned, self._told = off != self._told, off
        if turned and off:
            log.warning("this machine's clock differs from AWS's; set it (NTP)", seconds_ahead=round(self._least(), 1))
        elif turned:
            log.info("this machine's clock agrees with AWS's again")

    def seconds(self) -> float | None:
        """How far this machine's clock is ahead of AWS's, to about a second; None before the first answer."""
        with self._lock:
            return self._least() if self._heard else None

    def _least(self) -> float:
        return min(self._heard, key=abs)
