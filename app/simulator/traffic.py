"""Requests as one closed-form running total, so that any stretch of time costs the same and answers the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slo.judge.series import Floats, Ints

EPOCH = 1_577_836_800
"""2020-01-01T00:00Z in epoch seconds: running totals count from here."""

DAY = 86_400.0
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests per minute around `rate`: a day's wave of `daily`, a week's of `weekly`, noise of at most `noise` (all shares).

    `salt` makes two streams of one seed differ.
    """

    rate: float
    seed: int
    salt: int
    daily: float = 0.25
    weekly: float = 0.05
    noise: float = 0.02

    def requests(self, seconds: Floats) -> Ints:
        """Whole requests from EPOCH until each moment; never falls."""
        # rate(t) = r (1 + d sin(2 pi t / day) + w sin(2 pi t / week)), so the running total is its integral
        # r (t - d day / 2 pi cos(2 pi t / day) - w week / 2 pi cos(2 pi t / week)).
        t = seconds - EPOCH
        waves = self.daily * DAY * np.cos(2 * np.pi * t / DAY) + self.weekly * WEEK * np.cos(2 * np.pi * t / WEEK)
        total = self.rate / 60 * (t - waves / (2 * np.pi)) + self._wobble(t)
        return np.floor(total).astype(np.int64)

    def _wobble(self, t: Floats) -> Floats:
        """A random offset at every whole minute, straight lines between: a minute's count moves by the difference of two."""
        minute, part = np.divmod(t, 60.0)
        key = minute.astype(np.int64)
        here, there = noise(self.seed, self.salt, key), noise(self.seed, self.salt, key + 1)
        return self.rate * self.noise / 2 * (here + part / 60 * (there - here))


def noise(seed: int, salt: int, key: Ints) -> Floats:
    """Uniform in [-1, 1), from seed, salt and key alone (SplitMix64, Steele 2014)."""
    mixed = key.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) % 2**64)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    uniform: Floats = (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return 2 * uniform - 1
