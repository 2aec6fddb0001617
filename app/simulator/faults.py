"""Faults of known size: what each one breaks, how hard and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.series import Bools, Floats


@dataclass(frozen=True, slots=True)
class FaultKind:
    """`seconds` is how long it lasts; `promise` says what Sloop should make of it."""

    name: str
    seconds: float
    effect: str
    promise: str


FAULTS = {
    kind.name: kind
    for kind in (
        # 84 s = 1.4 full minutes of 60: 1.4 / 60 / 0.001 = burn 23 in 1 h (pages at 14.4), 1.4 / 360 / 0.001 = 3.9 in 6 h
        # (below 6), 0.97 in 1 d (below 3), 0.3 in 3 d (below 1). At the load balancer 60 % of it against 0.5 %: burn 2.8.
        FaultKind("api-5xx", 84.0, "every API request answers 5xx", "the API's 1h/5m page rule, and no other rule"),
        FaultKind("api-slow", 1800.0, "60 % of the API's answers take over 0.3 s", "a page for api.latency"),
        FaultKind("database-down", 600.0, "no database connections", "a page for database.availability"),
        FaultKind("queue-stuck", 2700.0, "no job is taken, the oldest one ages", "jobs.freshness burns"),
        FaultKind("metrics-gap", 1200.0, "no metric has a datapoint", "minutes are missing; no breach opens or resolves"),
        FaultKind("orders-5xx", 360.0, "every order answers 500", "a page for orders.availability"),
    )
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One injected fault: start <= t < end, epoch seconds."""

    name: str
    start: float
    end: float

    @classmethod
    def of(cls, name: str, start: float) -> Fault:
        """ValueError names the faults that exist."""
        if name not in FAULTS:
            raise ValueError(f"no fault {name!r}; there are {', '.join(sorted(FAULTS))}")
        return cls(name, start, start + FAULTS[name].seconds)


def intervals(faults: Sequence[Fault], name: str) -> list[tuple[float, float]]:
    """When a kind of fault holds: ascending, overlaps merged, so that nothing fails twice."""
    merged: list[tuple[float, float]] = []
    for fault in sorted((f for f in faults if f.name == name), key=lambda f: f.start):
        if merged and fault.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], fault.end))
        else:
            merged.append((fault.start, fault.end))
    return merged


def during(seconds: Floats, spans: Sequence[tuple[float, float]]) -> Bools:
    """Whether each moment lies in a span."""
    held = np.zeros(len(seconds), bool)
    for start, end in spans:
        held |= (seconds >= start) & (seconds < end)
    return held


def elapsed(seconds: Floats, spans: Sequence[tuple[float, float]]) -> Floats:
    """Seconds since the start of the span that holds each moment, else 0."""
    age = np.zeros(len(seconds))
    for start, end in spans:
        inside = (seconds >= start) & (seconds < end)
        age[inside] = seconds[inside] - start
    return age
