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
    component: str | None = None
    """The component it strikes; None: all."""


FAULTS = {
    kind.name: kind
    for kind in (
        # 84 s = 1.4 full minutes of 60: 1.4 / 60 / 0.001 = burn 23 in 1 h (pages at 14.4), 1.4 / 360 / 0.001 = 3.9 in 6 h
        # (below 6), 0.97 in 1 d (below 3), 0.3 in 3 d (below 1). At the load balancer 60 % of it against 0.5 %: burn 2.8.
        FaultKind("api-5xx", 84.0, "every API request answers 5xx", "the API's 1h/5m page rule, and no other rule", "api"),
        FaultKind("api-slow", 1800.0, "60 % of the API's answers take over 0.3 s", "a page for api.latency", "api"),
        FaultKind("database-down", 600.0, "no database connections", "a page for database.availability", "database"),
        FaultKind("queue-stuck", 2700.0, "no job is taken, the oldest one ages", "jobs.freshness burns", "jobs"),
        FaultKind("metrics-gap", 1200.0, "no metric has a datapoint", "minutes are missing; no breach opens or resolves"),
        FaultKind("orders-5xx", 360.0, "every order answers 500", "a page for orders.availability", "orders"),
        FaultKind("cdn-5xx", 600.0, "CloudFront answers 5xx from its caches", "a page for cdn.availability", "cdn"),
        FaultKind("cache-down", 600.0, "the replicas lose the primary", "a page for cache.availability", "cache"),
        FaultKind("vpn-down", 1800.0, "both tunnels are down", "a page for vpn-payment.availability", "vpn-payment"),
        FaultKind("nat-exhausted", 900.0, "4 of 5 connections get no port", "a page for nat-a.availability", "nat-a"),
        # One or two bad minutes of 99.95 %: 1 / 60 / 0.0005 = burn 33 in 1 h. The outage is judged against the RTO.
        FaultKind("rds-failover", 70.0, "the standby takes over, no connections", "a page; the RTO is met", "database"),
        FaultKind("docdb-failover", 45.0, "a replica becomes primary, no connections", "the RTO is met", "documents"),
        FaultKind("redis-failover", 30.0, "a replica becomes primary", "the event is seen", "cache"),
        FaultKind("backup-stopped", 3600.0, "no log is backed up", "the RPO of a restore is breached", "database"),
        FaultKind("replica-lag", 1800.0, "a replica falls 400 s behind", "the other replica stays the way out", "database"),
        FaultKind(
            "az-loss", 150.0, "a zone is gone: databases and cache fail over, a third of the tasks", "az-loss", "database"
        ),
        FaultKind("region-loss", 3600.0, "databases are down, nothing is backed up or copied", "the copies age", "database"),
        FaultKind("replica-broken", 1800.0, "both replicas stop replicating", "the lag says nothing any more", "database"),
        FaultKind("copy-lag", 7200.0, "no backup reaches the other region", "the RPO of a lost region grows", "database"),
        FaultKind("restore-test", 1500.0, "AWS Backup restores the database", "the RTO of a restore is proved", "database"),
        FaultKind("fis-failover", 90.0, "FIS makes the database fail over", "its scenario is known", "database"),
        FaultKind("s3-replication-failed", 600.0, "objects fail to replicate", "the copy is unknown for 24 h", "media"),
        FaultKind("s3-replication-stuck", 93_600.0, "26 h without replication", "the RPO is breached after 24 h", "media"),
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
