"""One service's requests: how many, how many failed, how many were slow. Running totals of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.simulator.traffic import Traffic
    from slo.judge.series import Floats, Ints

FAST = ((0.012, 20), (0.025, 37), (0.045, 50), (0.08, 60), (0.14, 80), (0.24, 100))
SLOW = ((0.45, 60), (0.8, 75), (1.6, 100))
"""(seconds, per cent of what the levels before it left over)."""


@dataclass(frozen=True, slots=True)
class Share:
    """num / den, so that running totals are cut in whole numbers and the bad ones fall evenly."""

    num: int
    den: int

    def of(self, count: Ints) -> Ints:
        return count * self.num // self.den


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests of one service: shares `error` and `slow` every day, `failing` fail in an outage, 60 % are slow in a spell."""

    traffic: Traffic
    error: Share
    slow: Share = Share(2, 1000)
    outage: tuple[tuple[float, float], ...] = ()
    sluggish: tuple[tuple[float, float], ...] = ()
    failing: Share = Share(1, 1)

    def requests(self, seconds: Floats) -> Ints:
        return self.traffic.requests(seconds)

    def errors(self, seconds: Floats) -> Ints:
        return self._running(seconds, self.error, self.outage, self.failing)

    def failures(self, seconds: Floats) -> Ints:
        """Only the errors of outages."""
        return self._running(seconds, Share(0, 1), self.outage, self.failing)

    def late(self, seconds: Floats) -> Ints:
        """Requests above 0.3 s."""
        return self._running(seconds, self.slow, self.sluggish, Share(3, 5))

    def levels(self, seconds: Floats) -> list[Ints]:
        """Running totals per response time, in the order of FAST and SLOW."""
        late = self.late(seconds)
        return _split(self.requests(seconds) - late, FAST) + _split(late, SLOW)

    def _running(self, seconds: Floats, everyday: Share, spans: Sequence[tuple[float, float]], inside: Share) -> Ints:
        """The everyday share of all requests, but within spans the share `inside` in its place."""
        requests = self.requests(seconds)
        total = everyday.of(requests)
        for start, end in spans:
            first = self.requests(np.array([start]))
            reached = self.requests(np.clip(seconds, start, end))
            total = total + inside.of(reached - first) - (everyday.of(reached) - everyday.of(first))
        return total


def _split(running: Ints, levels: Sequence[tuple[float, int]]) -> list[Ints]:
    """Each level takes its part of what is left: every part of a running total that never falls never falls either."""
    parts = []
    for _, percent in levels:
        part = running * percent // 100
        parts.append(part)
        running = running - part
    return parts
