"""Thirty days of the reference estate's natively alarmed objectives, from a seed, with twelve incidents that are known."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.files import read_catalog, read_estate
from app.simulator.metric import per_minute
from app.simulator.traffic import Traffic
from slo.judge.series import Slices
from tests.support import brute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate
    from slo.judge.series import Ints

CATALOG = read_catalog()
START = 29_846_880
"""2026-10-01T00:00Z."""
DAYS = 30
LENGTH = DAYS * 1440
LONG, FACTOR = 60, Fraction(144, 10)
ROOT = Path(__file__).parents[2]
ESTATE: Estate = read_estate([ROOT / "slo/specs/reference.yaml"], CATALOG)[0]
OBJECTIVES = {objective.id: objective for objective in ESTATE.objectives}

TRAFFIC: Mapping[str, float] = {
    "api.availability": 6000.0,
    "api.latency": 6000.0,
    "edge.availability": 10_000.0,
    "cdn.availability": 24_000.0,
    "media.availability": 2500.0,
    "pager.availability": 0.05,
}
"""Requests a minute; the other objectives are slices of time, one a minute."""
SLICES = ("api.capacity", "payment.availability", "database.availability", "documents.availability", "vpn-payment.availability")
EVERYDAY = Fraction(1, 5)
"""Of its budget, what an ordinary minute of a stream spends."""


@dataclass(frozen=True, slots=True)
class Known:
    """In `minutes` from `at` (minutes into the month) this share fails, in the first `on` of every `every` of them.

    `gap` of its minutes, from the tenth on, were never measured. `paged` is what the fast rule of the policy defines.
    """

    name: str
    objective: str
    at: int
    minutes: int
    share: Fraction
    paged: bool = True
    on: int = 1
    every: int = 1
    gap: int = 0

    @property
    def start(self) -> int:
        return START + self.at

    @property
    def end(self) -> int:
        return self.start + self.minutes

    @property
    def workbook(self) -> Fraction | None:
        """Minutes to detect at constant traffic: long window x factor x budget / error rate; None: it never gets there."""
        budget = 1 - Fraction(OBJECTIVES[self.objective].target)
        needed = LONG * FACTOR * budget / (self.share * self.on / self.every)
        return needed if needed <= min(self.minutes, LONG) else None


def _day(day: int, hour: int, minute: int = 0) -> int:
    return (day - 1) * 1440 + hour * 60 + minute


INCIDENTS = (
    Known("full outage of 3 minutes", "api.availability", _day(2, 9, 7), 3, Fraction(1)),
    Known("half of all requests for 10 minutes", "edge.availability", _day(4, 14, 31), 10, Fraction(1, 2)),
    Known("30 % slow for 45 minutes", "api.latency", _day(6, 3, 12), 45, Fraction(3, 10)),
    Known("5 % for 30 minutes", "media.availability", _day(8, 21, 3), 30, Fraction(1, 20)),
    Known("database down for 4 minutes", "database.availability", _day(10, 1, 59), 4, Fraction(1)),
    Known("connector down for 20 minutes", "payment.availability", _day(12, 16, 44), 20, Fraction(1)),
    Known("tunnels down, 4 minutes not measured", "vpn-payment.availability", _day(14, 11, 20), 30, Fraction(1), gap=4),
    Known("20 % for 40 minutes, told as percentages", "cdn.availability", _day(16, 18, 8), 40, Fraction(1, 5)),
    Known("one failure among three an hour", "pager.availability", _day(18, 5, 33), 1, Fraction(1)),
    Known("slow burn, 1 % for 4 hours", "api.availability", _day(20, 10, 15), 240, Fraction(1, 100), paged=False),
    Known("flapping, 2 of every 5 minutes", "edge.availability", _day(23, 13, 50), 60, Fraction(1), on=2, every=5),
    Known("3 % for 20 minutes", "media.availability", _day(26, 7, 25), 20, Fraction(3, 100), paged=False),
)


def month(seed: int, incidents: tuple[Known, ...] = INCIDENTS) -> dict[str, Slices]:
    """The same for the same seed."""
    minutes = np.arange(START, START + LENGTH, dtype=np.int64)
    found = {}
    for salt, objective in enumerate((*TRAFFIC, *SLICES)):
        total, bad = _ordinary(objective, seed, salt, minutes)
        measured = np.ones(LENGTH, bool)
        for known in (k for k in incidents if k.objective == objective):
            _strike(known, total, bad, measured)
        found[objective] = Slices(minutes[measured], total[measured], bad[measured], np.zeros(int(measured.sum()), bool))
    return found


def defined(known: Known, slices: Slices) -> bool:
    """Whether the fast page rule holds at any minute about the incident, judged straight from the contract's sentences."""
    held = slices.between(known.start - 2 * LONG, known.end + 2 * LONG)
    rows = {int(m): (int(t - b), int(t)) for m, t, b in zip(held.minutes, held.total, held.bad, strict=True)}
    objective = OBJECTIVES[known.objective]
    every = (
        brute.firing(rows, at, Fraction(objective.target), objective.window) for at in range(known.start, known.end + LONG)
    )
    return any(rule[:2] == ("page", LONG) for firing in every for rule in firing)


def _ordinary(objective: str, seed: int, salt: int, minutes: Ints) -> tuple[Ints, Ints]:
    if objective in SLICES:
        return np.ones(LENGTH, np.int64), np.zeros(LENGTH, np.int64)
    total = per_minute(partial(Traffic.requests, Traffic(TRAFFIC[objective], seed, salt)), minutes)
    spent = EVERYDAY * (1 - Fraction(OBJECTIVES[objective].target))
    running = np.cumsum(total) * spent.numerator // spent.denominator
    # Too few requests a day for a share of them: the first whole error of the month would be a page of its own.
    bad = np.diff(running, prepend=0) if TRAFFIC[objective] >= 1 else np.zeros(LENGTH, np.int64)
    return total, bad


def _strike(known: Known, total: Ints, bad: Ints, measured: np.typing.NDArray[np.bool_]) -> None:
    struck = known.at + np.flatnonzero(np.arange(known.minutes) % known.every < known.on)
    total[struck] = np.maximum(total[struck], 1)
    bad[struck] = total[struck] * known.share.numerator // known.share.denominator
    measured[known.at + 10 : known.at + 10 + known.gap] = False
