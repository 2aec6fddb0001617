"""A plain metric of a healthy resource: a level, a daily wave, a little noise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.simulator.traffic import DAY, noise

if TYPE_CHECKING:
    from slo.judge.series import Floats, Ints


@dataclass(frozen=True, slots=True)
class Gauge:
    """`level` ± `swing` over the day ± `jitter`, never below `low` or above `high`; `daily` has one datapoint a day."""

    level: float
    swing: float = 0.0
    jitter: float = 0.0
    whole: bool = False
    low: float = 0.0
    high: float = np.inf
    daily: bool = False

    def values(self, seed: int, salt: int, minutes: Ints) -> Floats:
        """One per minute; NaN where there is no datapoint."""
        # The wave of traffic.py: least at 18:00 UTC, most at 06:00.
        wave = self.swing * np.sin(2 * np.pi * (minutes % 1440) * 60 / DAY)
        found = np.clip(self.level + wave + self.jitter * noise(seed, salt, minutes), self.low, self.high)
        if self.whole:
            found = np.round(found)
        return np.where(minutes % 1440 == 0, found, np.nan) if self.daily else found


_GOOD = re.compile(r"(?i)free|balance|hit|healthy|remaining|expir|available|uptime|success|green")
_BAD = re.compile(r"(?i)fail|error|unhealthy|lag|reject|drop|throttl|miss")


def quiet(metric: str) -> Gauge:
    """For a metric nobody described: a name that speaks of something good reads 100, every other reads 0."""
    return Gauge(100.0 if _GOOD.search(metric) and not _BAD.search(metric) else 0.0)
