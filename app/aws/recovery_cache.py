"""ElastiCache: snapshots of every shard, replication lag, failovers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_identity import note_identity
from app.aws.recovery_look import Look, newest_of, seconds
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

_GROUPS = "elasticache:DescribeReplicationGroups"
_SNAPSHOTS = "elasticache:DescribeSnapshots"


def look_at_cache(look: Look) -> None:
    name = look.text("replication_group")
    if name is None:
        return
    answer = look.call("elasticache", _GROUPS, ReplicationGroupId=name)
    group = answer if isinstance(answer, Unknown) else answer["ReplicationGroups"][0]
    note_identity(look, group, "ARN", "ReplicationGroupCreateTime")
    found = look.listed(
        "elasticache", _SNAPSHOTS, "Snapshots", page_name="Marker", slow=True, ReplicationGroupId=name, MaxRecords=50
    )
    shards = 1 if isinstance(group, Unknown) else len(group.get("NodeGroups", ())) or 1
    newest = found if isinstance(found, Unknown) else _newest_whole(found, shards)
    look.reading("snapshot", newest, f"{_SNAPSHOTS} of {name}: SnapshotCreateTime")
    _replicas(look, name, group)
    # AWS tells that a failover completed and never that one started: such an event explains an outage, it times nothing.
    look.events("elasticache", "elasticache:DescribeEvents", "replication-group", name)


def _newest_whole(snapshots: Iterable[Any], shards: int) -> int | Unknown:
    """Of the newest snapshot that holds every shard the oldest part: a restore takes one snapshot and all of its parts."""
    points: list[int] = []
    partial = False
    for snapshot in snapshots:
        if snapshot.get("SnapshotStatus") == "available":
            parts = {n.get("NodeGroupId") or n.get("CacheClusterId", ""): n for n in snapshot.get("NodeSnapshots", ())}
            if len(parts) >= shards:
                points.append(min(seconds(n["SnapshotCreateTime"]) for n in parts.values()))
            partial = partial or bool(parts)
    text = f"no available snapshot holds all {shards} shards" if partial else "there is no available snapshot"
    return newest_of(points, Unknown("no_snapshot", text))


def _replicas(look: Look, name: str, group: Any | Unknown) -> None:
    source = f"cloudwatch:GetMetricData AWS/ElastiCache ReplicationLag and {_GROUPS} of {name}"
    if isinstance(group, Unknown):
        look.reading("replica", group, source)
        return
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
    values = look.metrics(queries)
    known = [v for v in values.values() if not isinstance(v, Unknown)]
    unknown = next((v for v in values.values() if isinstance(v, Unknown)), None)
    return unknown or values.at - round(max(known))
