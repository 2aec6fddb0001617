"""What a fault does to a plain metric: it reads something else, or grows, for as long as the fault holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.simulator.faults import during, elapsed, intervals
from app.simulator.metric import starts
from app.simulator.resources import CACHE_NODES, DATABASE, QUEUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.simulator.faults import Fault
    from slo.judge.series import Floats, Ints

JOBS_PER_SECOND = 2.0
BYTES_PER_SECOND = 6.5e6


@dataclass(frozen=True, slots=True)
class Reads:
    """`value` in every minute that begins during the fault."""

    fault: str
    resource: str
    metric: str
    value: float

    def apply(self, values: Floats, minutes: Ints, faults: Sequence[Fault]) -> Floats:
        return np.where(during(starts(minutes), intervals(faults, self.fault)), self.value, values)


@dataclass(frozen=True, slots=True)
class Grows:
    """By `rate` a second since the fault began, at each minute's end, until `most` is added."""

    fault: str
    resource: str
    metric: str
    rate: float
    most: float = np.inf

    def apply(self, values: Floats, minutes: Ints, faults: Sequence[Fault]) -> Floats:
        grown = self.rate * elapsed(starts(minutes) + 60, intervals(faults, self.fault))
        return values + np.minimum(grown, self.most)


Effect = Reads | Grows

EFFECTS: Sequence[Effect] = (
    Reads("database-down", DATABASE, "DatabaseConnections", 0),
    Reads("rds-failover", DATABASE, "DatabaseConnections", 0),
    Reads("docdb-failover", "demo-docs", "DatabaseConnections", 0),
    *(Reads(fault, DATABASE, "DatabaseConnections", 0) for fault in ("az-loss", "region-loss", "fis-failover")),
    *(Reads(fault, "demo-docs", "DatabaseConnections", 0) for fault in ("az-loss", "region-loss")),
    Reads("replica-broken", "demo-pg-r1", "ReplicaLag", -1),
    Reads("s3-replication-failed", "media", "OperationsFailedReplication", 2),
    Grows("replica-lag", "demo-pg-r1", "ReplicaLag", 400 / 1200, 400),
    *(Reads("cache-down", node, "MasterLinkHealthStatus", 0) for node in CACHE_NODES[1:]),
    *(Grows("cache-down", node, "ReplicationLag", 1) for node in CACHE_NODES[1:]),
    Grows("queue-stuck", QUEUE, "ApproximateAgeOfOldestMessage", 1),
    Grows("queue-stuck", QUEUE, "ApproximateNumberOfMessagesVisible", JOBS_PER_SECOND),
    Grows("s3-replication-stuck", "media", "ReplicationLatency", 1),
    Grows("s3-replication-stuck", "media", "BytesPendingReplication", BYTES_PER_SECOND),
    Grows("s3-replication-stuck", "media", "OperationsPendingReplication", 5),
    Reads("vpn-down", "vpn-payment", "TunnelState", 0),
)


def effects_on(resource: str, metric: str) -> tuple[Effect, ...]:
    return tuple(e for e in EFFECTS if e.resource == resource and e.metric == metric)
