"""RDS and DocumentDB: restorable times, standbys, replicas, backups in another region, failovers and restores."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from app.aws.recovery_backups import look_at_backups
from app.aws.recovery_failovers import look_at_failovers
from app.aws.recovery_identity import note_identity
from app.aws.recovery_look import Look, newest_of, seconds
from app.aws.recovery_snapshots import look_at_cluster_snapshots, look_at_snapshots
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery_point import Unknown
from slo.judge.replica import replica_point

if TYPE_CHECKING:
    from slo.estate.indicator import MetricQuery

_INSTANCES = "rds:DescribeDBInstances"
_CLUSTERS = "rds:DescribeDBClusters"
_BACKUPS = "rds:DescribeDBInstanceAutomatedBackups"
_EVENTS = "rds:DescribeEvents"
_RESTORED = re.compile(r"Restored from (?:DB instance (?P<instance>\S+) to|snapshot (?P<snapshot>\S+))")
"""Messages of RDS-EVENT-0019 and 0043."""


def look_at_instance(look: Look) -> None:
    name = look.text("instance")
    if name is None:
        return
    answer = look.call("rds", _INSTANCES, DBInstanceIdentifier=name)
    instance = answer if isinstance(answer, Unknown) else answer["DBInstances"][0]
    note_identity(look, instance, "DbiResourceId", "InstanceCreateTime")
    _points(look, instance, f"{_INSTANCES} of {name}")
    _replicas(look, name)
    _copies(look, name)
    snapshots = look_at_snapshots(look, name, instance)
    look_at_backups(look, look.arn("rds", f"db:{name}"), look.text("backup_region"))
    look_at_failovers(look, "rds", "db-instance", name, instance, None if isinstance(instance, Unknown) else _zone(instance))
    _restores(look, name, snapshots)


def look_at_cluster(look: Look) -> None:
    """DocumentDB answers under RDS's own actions."""
    name = look.text("cluster")
    if name is None:
        return
    answer = look.call("docdb", _CLUSTERS, DBClusterIdentifier=name)
    cluster = answer if isinstance(answer, Unknown) else answer["DBClusters"][0]
    note_identity(look, cluster, "DbClusterResourceId", "ClusterCreateTime")
    _points(look, cluster, f"{_CLUSTERS} of {name}")
    look_at_cluster_snapshots(look, name)
    look_at_backups(look, look.arn("rds", f"cluster:{name}"), look.text("backup_region"))
    look_at_failovers(look, "docdb", "db-cluster", name, cluster, None if isinstance(cluster, Unknown) else _writer(cluster))


def _zone(instance: Any) -> str | None:
    """Of the primary: a standby that takes over is in another one."""
    zone: str | None = instance.get("AvailabilityZone")
    return zone


def _writer(cluster: Any) -> str | None:
    members = cluster.get("DBClusterMembers", ())
    return next((m["DBInstanceIdentifier"] for m in members if m.get("IsClusterWriter")), None)


def _points(look: Look, found: Any | Unknown, source: str) -> None:
    look.reading("point-in-time-restore", _restorable(found), f"{source}: LatestRestorableTime")
    look.reading("multi-az", _standby(look, found), f"{source}: MultiAZ")


def _restorable(found: Any | Unknown) -> int | Unknown:
    if isinstance(found, Unknown):
        return found
    if found.get("LatestRestorableTime") is None:
        return Unknown("no_backups", "there is no LatestRestorableTime: automated backups are off or none is complete")
    return seconds(found["LatestRestorableTime"])


def _standby(look: Look, found: Any | Unknown) -> int | Unknown:
    """Writes reach a synchronous standby before they are confirmed: its recovery point is always now."""
    if isinstance(found, Unknown):
        return found
    return look.at if found.get("MultiAZ") else Unknown("not_multi_az", "MultiAZ is off: no standby in another zone")


def _replicas(look: Look, primary: str) -> None:
    """The freshest replica counts: it is the one to be promoted."""
    names = look.texts("replicas")
    if not names:
        return
    lags = {name: _metric(look, "ReplicaLag", name, "Maximum") for name in names}
    written = _metric(look, "TransactionLogsGeneration", primary, "Average")
    values = look.metrics((*lags.values(), written))
    points = [
        (
            name,
            *replica_point(
                values.at, _known(values[lag]), replicating=_replicating(look, name), written=_known(values[written])
            ),
        )
        for name, lag in lags.items()
    ]
    # Any known point beats an unknown one.
    name, newest, note = max(points, key=lambda p: -1 if isinstance(p[1], Unknown) else p[1])
    look.reading(
        "replica", newest, f"cloudwatch:GetMetricData AWS/RDS ReplicaLag and {_INSTANCES} of {name}: StatusInfos", note
    )


def _replicating(look: Look, name: str) -> bool | None:
    """None where RDS says nothing about it."""
    answer = look.call("rds", _INSTANCES, DBInstanceIdentifier=name)
    if isinstance(answer, Unknown):
        return None
    infos = [s for s in answer["DBInstances"][0].get("StatusInfos", ()) if s.get("StatusType") == "read replication"]
    return all(s.get("Normal") for s in infos) if infos else None


def _copies(look: Look, name: str) -> None:
    """Asked in the region that holds the copies."""
    region = look.text("backup_region")
    if region is None:
        return
    found = look.listed(
        "rds", _BACKUPS, "DBInstanceAutomatedBackups", page_name="Marker", region=region, DBInstanceIdentifier=name
    )
    look.reading("cross-region-backup", _copied(found, region), f"{_BACKUPS} of {name} in {region}: RestoreWindow.LatestTime")


def _copied(found: list[Any] | Unknown, region: str) -> int | Unknown:
    if isinstance(found, Unknown):
        return found
    windows = [b.get("RestoreWindow", {}).get("LatestTime") for b in found]
    none = Unknown("no_backups", f"{region} holds no automated backup that can be restored")
    return newest_of((seconds(w) for w in windows if w is not None), none)


def _restores(look: Look, name: str, snapshots: frozenset[str]) -> None:
    """Told at their end, of the new instance, and without a start: such an event is a date and times nothing."""
    lines = look.history("rds", _EVENTS, slow=True, SourceType="db-instance", EventCategories=["restoration"])
    for line in lines:
        told = _RESTORED.match(line.text)
        if told is not None and (told["instance"] == name or told["snapshot"] in snapshots):
            source = f"{_EVENTS} of {line.subject}: {line.text}"
            look.event(RecoveryEvent(look.component.name, "restore", line.at, line.at, source))


def _metric(look: Look, metric: str, instance: str, stat: str) -> MetricQuery:
    return look.query("AWS/RDS", metric, {"DBInstanceIdentifier": instance}, stat)


def _known(value: float | Unknown) -> float | None:
    return None if isinstance(value, Unknown) else value
