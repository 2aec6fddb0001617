"""The truth about what can be recovered, at a moment: a function of the clock, the resources and the injected faults."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.simulator.recoverable import ACCOUNT, DOMAIN, MADE, REGION, NotThere

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.simulator.faults import Fault
    from app.simulator.recoverable import Resources
    from app.simulator.xml_tree import Tree

UPLOAD_SECONDS = 300
FAILOVERS = ("rds-failover", "az-loss", "fis-failover")
COPY_SECONDS = 900
"""A backup in the other region is this much older than at home."""
SNAPSHOT_HOUR, SNAPSHOT_SECONDS = 5, 600
DAY = 86400
EVENT_SECONDS = 14 * DAY


@dataclass(frozen=True, slots=True)
class _Truth:
    resources: Resources
    faults: Sequence[Fault]
    now: float

    def lasting(self, *names: str) -> bool:
        return any(f.name in names and f.start <= self.now < f.end for f in self.faults)

    def made(self) -> float:
        """Of the databases, after `database-replaced` its start: a new one bears the old one's name."""
        return max((f.start for f in self.faults if f.name == "database-replaced" and f.start <= self.now), default=MADE)

    def told(self, form: Mapping[str, str], lines: Sequence[tuple[float, str, str, str]]) -> list[Tree]:
        """(moment, source type, source, message) of those asked for, as events; DescribeEvents looks back an hour by itself."""
        start = _moment(form["StartTime"]) if "StartTime" in form else self.now - 60 * int(form.get("Duration", "60"))
        start = max(start, self.now - EVENT_SECONDS)
        end = min(_moment(form["EndTime"]) if "EndTime" in form else self.now, self.now)
        wanted = (form.get("SourceType"), form.get("SourceIdentifier"))
        return [
            {"SourceIdentifier": source, "SourceType": kind, "Message": message, "Date": float(at)}
            for at, kind, source, message in sorted(lines)
            if start <= at <= end and wanted in ((None, None), (kind, None), (kind, source))
        ]


def _uploaded(upto: float) -> float:
    return upto // UPLOAD_SECONDS * float(UPLOAD_SECONDS)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class DatabaseTruth(_Truth):
    __slots__ = ()

    def restorable(self) -> float:
        """Logs are uploaded at every full five minutes, until `backup-stopped` begins; it stops instances only."""
        return self._uploaded_until("backup-stopped", "region-loss")

    def copied(self) -> float:
        return self._uploaded_until("backup-stopped", "region-loss", "copy-lag") - COPY_SECONDS

    def _uploaded_until(self, *names: str) -> float:
        stopped = [f.start for f in self.faults if f.name in names and f.start <= self.now < f.end]
        return _uploaded(min([self.now, *stopped]))

    def instances(self, name: str | None) -> list[Tree]:
        replicas = {r: primary for primary, names in self.resources.instances.items() for r in names}
        wanted = [*self.resources.instances, *replicas] if name is None else [name]
        if name is not None and name not in self.resources.instances and name not in replicas:
            raise NotThere("DBInstanceNotFound", f"DBInstance {name}")
        return [self._replica(n, replicas[n]) if n in replicas else self._primary(n) for n in wanted]

    def clusters(self, name: str | None) -> list[Tree]:
        if name is not None and name not in self.resources.clusters:
            raise NotThere("DBClusterNotFoundFault", f"DBCluster {name}")
        return [
            {
                "DBClusterIdentifier": n,
                "DbClusterResourceId": f"cluster-{n}",
                "ClusterCreateTime": MADE,
                "Engine": "docdb",
                "Endpoint": f"{n}.cluster-{DOMAIN}.{REGION}.docdb.amazonaws.com",
                "Status": "available",
                "MultiAZ": True,
                "BackupRetentionPeriod": 7,
                "LatestRestorableTime": _uploaded(self.now),
                "DBClusterMembers": (
                    "DBClusterMember",
                    [{"DBInstanceIdentifier": m, "IsClusterWriter": m == self.writer(members)} for m in members],
                ),
            }
            for n, members in self.resources.clusters.items()
            if name in (None, n)
        ]

    def writer(self, members: Sequence[str]) -> str:
        """Each failover that has ended makes the last one of the others the writer, in turn the first again."""
        ended = sum(f.name in ("docdb-failover", "az-loss", "docdb-untold") and f.end <= self.now for f in self.faults)
        return members[-1] if ended % 2 else members[0]

    def copies(self, name: str | None, region: str) -> list[Tree]:
        """Only the region that holds the copies knows them."""
        return [
            {
                "DBInstanceIdentifier": n,
                "Region": REGION,
                "Status": "replicating",
                "BackupRetentionPeriod": 30,
                "RestoreWindow": {
                    "EarliestTime": self.restorable() - 30 * DAY,
                    "LatestTime": self.copied(),
                },
            }
            for n, where in self.resources.copies.items()
            if name in (None, n) and where == region
        ]

    def events(self, form: Mapping[str, str]) -> list[Tree]:
        lines: list[tuple[float, str, str, str]] = []
        for fault in self.faults:
            if fault.name in FAILOVERS:
                for n in self.resources.instances:
                    lines += [
                        (fault.start, "db-instance", n, "Multi-AZ instance failover started."),
                        (fault.end, "db-instance", n, "Multi-AZ instance failover completed."),
                    ]
            if fault.name == "rds-untold-end":
                lines += [
                    (fault.start, "db-instance", n, "Multi-AZ instance failover started.") for n in self.resources.instances
                ]
            if fault.name == "restore-test":
                for n in self.resources.instances:
                    lines += [(fault.end, "db-instance", f"{n}-test", f"Restored from DB instance {n} to {n}-test")]
            if fault.name in ("docdb-failover", "az-loss"):
                for n, members in self.resources.clusters.items():
                    lines += [
                        (fault.start, "db-cluster", n, f"Started cross AZ failover to DB instance: {members[-1]}"),
                        (fault.end, "db-cluster", n, f"Completed failover to DB instance: {members[-1]}"),
                    ]
        return self.told(form, lines)

    def _primary(self, name: str) -> Tree:
        where = self.resources.copies.get(name)
        copied = f"arn:aws:rds:{where}:{ACCOUNT}:auto-backup:ab-{name}"
        replications: Tree = [{"DBInstanceAutomatedBackupsArn": copied}] if where else []
        assert isinstance(replications, list), "as it was made a line above"
        return {
            "DBInstanceIdentifier": name,
            "DbiResourceId": f"db-{int(self.made())}",
            "InstanceCreateTime": self.made(),
            "DBInstanceClass": "db.r6g.4xlarge",
            "AllocatedStorage": 9314,
            "Endpoint": {"Address": f"{name}.{DOMAIN}.{REGION}.rds.amazonaws.com", "Port": 5432},
            "DBInstanceAutomatedBackupsReplications": ("DBInstanceAutomatedBackupsReplication", replications),
            "Engine": "postgres",
            "DBInstanceStatus": "failing-over" if self.lasting(*FAILOVERS) else "available",
            "MultiAZ": True,
            "BackupRetentionPeriod": 30,
            "LatestRestorableTime": self.restorable(),
            "ReadReplicaDBInstanceIdentifiers": ("ReadReplicaDBInstanceIdentifier", list(self.resources.instances[name])),
        }

    def _replica(self, name: str, primary: str) -> Tree:
        broken = self.lasting("replica-broken")
        status = "error" if broken else "replicating"
        info: Tree = {"StatusType": "read replication", "Normal": not broken, "Status": status}
        return {
            "DBInstanceIdentifier": name,
            "Engine": "postgres",
            "DBInstanceStatus": "available",
            "MultiAZ": False,
            "ReadReplicaSourceDBInstanceIdentifier": primary,
            "StatusInfos": ("DBInstanceStatusInfo", [info]),
        }


class CacheTruth(_Truth):
    """One shard per replication group: the first node is its primary."""

    __slots__ = ()

    def groups(self, name: str | None) -> list[Tree]:
        if name is not None and name not in self.resources.groups:
            raise NotThere("ReplicationGroupNotFoundFault", f"ReplicationGroup {name}")
        return [
            {
                "ReplicationGroupId": n,
                "ReplicationGroupCreateTime": MADE,
                "ConfigurationEndpoint": {"Address": f"{n}.{DOMAIN}.clustercfg.use1.cache.amazonaws.com", "Port": 6379},
                "Status": "available",
                "AutomaticFailover": "enabled",
                "MultiAZ": "enabled",
                "SnapshotRetentionLimit": 7,
                "NodeGroups": (
                    "NodeGroup",
                    [
                        {"NodeGroupId": f"000{shard}", "NodeGroupMembers": ("NodeGroupMember", _members(nodes))}
                        for shard in ((1, 2) if self.lasting("shard-added") else (1,))
                    ],
                ),
            }
            for n, nodes in self.resources.groups.items()
            if name in (None, n)
        ]

    def snapshots(self, name: str | None) -> list[Tree]:
        """A daily one at 05:00 that takes ten minutes, seven kept; its content is of its start."""
        latest = (self.now - SNAPSHOT_HOUR * 3600 - SNAPSHOT_SECONDS) // DAY * DAY + SNAPSHOT_HOUR * 3600
        return [
            {
                "SnapshotName": f"automatic.{n}-{number}",
                "ReplicationGroupId": n,
                "SnapshotStatus": "available",
                "SnapshotSource": "automated",
                "NodeSnapshots": ("NodeSnapshot", [{"NodeGroupId": "0001", "SnapshotCreateTime": latest - number * DAY}]),
            }
            for n in self.resources.groups
            for number in range(7)
            if name in (None, n)
        ]

    def events(self, form: Mapping[str, str]) -> list[Tree]:
        lines = [
            (
                fault.end,
                "replication-group",
                n,
                f"Failover from primary node {nodes[0]} to replica node {nodes[-1]} completed",
            )
            for fault in self.faults
            if fault.name in ("redis-failover", "az-loss")
            for n, nodes in self.resources.groups.items()
        ]
        return self.told(form, lines)


def _members(nodes: Sequence[str]) -> list[Tree]:
    return [
        {"CacheClusterId": node, "CacheNodeId": "0001", "CurrentRole": "replica" if number else "primary"}
        for number, node in enumerate(nodes)
    ]
