"""ElastiCache: snapshots of every shard, replication lag, failovers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, seconds
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

_GROUPS = "elasticache:DescribeReplicationGroups"
_SNAPSHOTS = "elasticache:DescribeSnapshots"


def look_at_cache(look: Look) -> None:
    name = look.text("replication_group")
    if name is None:
        return
    answer = look.call("elasticache", _SNAPSHOTS, ReplicationGroupId=name)
    newest = answer if isinstance(answer, Unknown) else _newest_whole(answer.get("Snapshots", ()))
    look.reading("snapshot", newest, f"{_SNAPSHOTS} of {name}: SnapshotCreateTime")
    _replicas(look, name)
    # AWS tells that a failover completed and never that one started: such an event explains an outage, it times nothing.
    look.events("elasticache", "elasticache:DescribeEvents", "replication-group", name)


def _newest_whole(snapshots: Iterable[Any]) -> int | Unknown:
    """The newest point that every shard has: of the newest of each shard the oldest."""
    newest: dict[str, int] = {}
    for snapshot in snapshots:
        if snapshot.get("SnapshotStatus") == "available":
            for node in snapshot.get("NodeSnapshots", ()):
                shard = node.get("NodeGroupId") or node.get("CacheClusterId", "")
                newest[shard] = max(newest.get(shard, 0), seconds(node["SnapshotCreateTime"]))
    return min(newest.values()) if newest else Unknown("no_snapshot", "there is no available snapshot")


def _replicas(look: Look, name: str) -> None:
    answer = look.call("elasticache", _GROUPS, ReplicationGroupId=name)
    source = f"cloudwatch:GetMetricData AWS/ElastiCache ReplicationLag and {_GROUPS} of {name}"
    if isinstance(answer, Unknown):
        look.reading("replica", answer, source)
        return
    group = answer["ReplicationGroups"][0]
    nodes = [
        m["CacheClusterId"]
        for shard in group.get("NodeGroups", ())
        for m in shard.get("NodeGroupMembers", ())
        if m.get("CurrentRole") != "primary"
    ]
    note = (
        None if group.get("AutomaticFailover") == "enabled" else "automatic failover is off: a replica must be promoted by hand"
    )
    look.reading("replica", _lag(look, nodes), source, note)


def _lag(look: Look, nodes: list[str]) -> int | Unknown:
    """The slowest one: every shard needs its own replica, and which node serves which shard is not asked."""
    if not nodes:
        return Unknown("no_replica", "the replication group has no replica node")
    queries = [
        look.query("AWS/ElastiCache", "ReplicationLag", {"CacheClusterId": n, "CacheNodeId": "0001"}, "Maximum") for n in nodes
    ]
    values = look.metrics(queries).values()
    known = [v for v in values if not isinstance(v, Unknown)]
    unknown = next((v for v in values if isinstance(v, Unknown)), None)
    return unknown or look.at - round(max(known))
