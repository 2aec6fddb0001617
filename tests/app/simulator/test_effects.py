from __future__ import annotations

import numpy as np
import pytest

from app.simulator.effects import EFFECTS, effects_on
from app.simulator.faults import FAULTS
from app.simulator.gauges import GAUGES
from app.simulator.model import DemoModel
from app.simulator.resources import CACHE_NODES, resources

START = 29_900_160
RULE = {"SourceBucket": "demo-media", "DestinationBucket": "demo-media-replica", "RuleId": "to-us-west-2"}


def read(demo: DemoModel, namespace: str, metric: str, dimensions: dict[str, str], minutes: int = 120) -> np.ndarray:
    series = demo.series(namespace, metric, frozenset(dimensions.items()))
    assert series is not None
    return series.sums(START, START + minutes).sum


def test_every_effect_is_of_a_known_fault_on_a_known_metric() -> None:
    known = {(r.name, metric) for r in resources() for metric in {**GAUGES.get(r.family, {}), **r.gauges}}
    assert {e.fault for e in EFFECTS} <= set(FAULTS)
    assert {(e.resource, e.metric) for e in EFFECTS} <= known
    assert effects_on("demo-pg-r2", "ReplicaLag") == ()


@pytest.mark.parametrize("second", [0, 1, 17, 49, 50, 59])
def test_a_failover_of_70_seconds_shows_in_the_minutes_that_begin_within_it(second: int) -> None:
    demo = DemoModel(5)
    demo.inject("rds-failover", (START + 10) * 60 + second)
    down = np.flatnonzero(read(demo, "AWS/RDS", "DatabaseConnections", {"DBInstanceIdentifier": "demo-pg"}) == 0)
    assert down.tolist() == [m for m in (10, 11, 12) if second <= (m - 10) * 60 < second + 70]


def test_one_replica_falls_400_seconds_behind_within_20_minutes_and_the_other_does_not() -> None:
    demo = DemoModel(5)
    demo.inject("replica-lag", (START + 10) * 60)
    first, second = (
        read(demo, "AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": name}) for name in ("demo-pg-r1", "demo-pg-r2")
    )
    assert first[:10].max() < 3
    assert first[19] == pytest.approx(200, abs=3)
    assert first[29:39] == pytest.approx(np.full(10, 401), abs=2)
    assert first[40:].max() < 3
    assert second.max() < 3


def test_replication_that_is_stuck_is_a_minute_later_each_minute() -> None:
    demo = DemoModel(5)
    demo.inject("s3-replication-stuck", (START + 10) * 60)
    latency = read(demo, "AWS/S3", "ReplicationLatency", RULE, 26 * 60)
    assert latency[:10].max() < 60
    assert latency[25 * 60] == pytest.approx((25 * 60 - 9) * 60, abs=30)
    assert read(demo, "AWS/S3", "OperationsFailedReplication", RULE).max() == 0
    assert np.all(np.diff(read(demo, "AWS/S3", "BytesPendingReplication", RULE)[10:]) > 0)


def test_a_vpn_goes_down_alone() -> None:
    demo = DemoModel(5)
    demo.inject("vpn-down", (START + 10) * 60)
    assert np.flatnonzero(read(demo, "AWS/VPN", "TunnelState", {"VpnId": "vpn-0demo2payment"}) == 0).tolist() == [
        *range(10, 40)
    ]
    assert read(demo, "AWS/VPN", "TunnelState", {"VpnId": "vpn-0demo1onprem"}).min() == 1


def test_a_lost_primary_breaks_the_links_of_its_replicas() -> None:
    demo = DemoModel(5)
    demo.inject("cache-down", (START + 10) * 60)
    broken = [
        int((read(demo, "AWS/ElastiCache", "MasterLinkHealthStatus", {"CacheClusterId": n, "CacheNodeId": "0001"}) == 0).sum())
        for n in CACHE_NODES
    ]
    assert broken == [0, 10, 10]
