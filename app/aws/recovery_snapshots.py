"""Snapshots of databases, automated and manual, at home and copied to the other region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_look import Look, newest_of, seconds
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SNAPSHOTS = "rds:DescribeDBSnapshots"
_CLUSTER_SNAPSHOTS = "rds:DescribeDBClusterSnapshots"


def look_at_snapshots(look: Look, name: str, instance: Any | Unknown) -> frozenset[str]:
    """The names of those at home."""
    own = None if isinstance(instance, Unknown) else instance.get("DbiResourceId")
    found = _listed(look, _SNAPSHOTS, name, None)
    newest: int | Unknown = found if isinstance(found, Unknown) else _newest(s for s in found if _is_of(s, own))
    look.reading("snapshot", newest, f"{_SNAPSHOTS} of {name}: SnapshotDatabaseTime")
    region = look.text("backup_region")
    if region is not None:
        copies = _listed(look, _SNAPSHOTS, name, region)
        # Who copies automated backups need not copy snapshots too: none is no reading.
        if copies:
            point = copies if isinstance(copies, Unknown) else _newest(copies)
            look.reading("snapshot-copy", point, f"{_SNAPSHOTS} of {name} in {region}: OriginalSnapshotCreateTime")
    return frozenset() if isinstance(found, Unknown) else frozenset(s["DBSnapshotIdentifier"] for s in found)


def look_at_cluster_snapshots(look: Look, name: str) -> None:
    found = _listed(look, _CLUSTER_SNAPSHOTS, name, None)
    newest = found if isinstance(found, Unknown) else _newest(found)
    look.reading("snapshot", newest, f"{_CLUSTER_SNAPSHOTS} of {name}: SnapshotCreateTime")
    region = look.text("backup_region")
    if region is not None:
        copies = _listed(look, _CLUSTER_SNAPSHOTS, name, region)
        point = copies if isinstance(copies, Unknown) else _newest(_dated(copies, () if isinstance(found, Unknown) else found))
        source = f"{_CLUSTER_SNAPSHOTS} of {name} in {region}: SnapshotCreateTime of SourceDBClusterSnapshotArn"
        look.reading("snapshot-copy", point, source)


def _listed(look: Look, action: str, name: str, region: str | None) -> list[Any] | Unknown:
    cluster = action == _CLUSTER_SNAPSHOTS
    which = {"DBClusterIdentifier" if cluster else "DBInstanceIdentifier": name}
    items = "DBClusterSnapshots" if cluster else "DBSnapshots"
    service = "docdb" if cluster else "rds"
    return look.listed(service, action, items, page_name="Marker", region=region, slow=True, MaxRecords=100, **which)


def _is_of(snapshot: Mapping[str, Any], resource: str | None) -> bool:
    """Snapshots keep the name of an instance that is gone; the one that bears the name now is another."""
    return resource is None or snapshot.get("DbiResourceId") in (None, resource)


def _dated(copies: Iterable[Any], originals: Iterable[Any]) -> Iterable[Any]:
    """A copy of DocumentDB is dated by when it was copied: its data is as old as what it was copied from."""
    made = {o["DBClusterSnapshotArn"]: o["SnapshotCreateTime"] for o in originals if o.get("SnapshotCreateTime") is not None}
    for copy in copies:
        original = made.get(copy.get("SourceDBClusterSnapshotArn"))
        if original is not None:
            yield {**copy, "SnapshotCreateTime": original}


def _newest(snapshots: Iterable[Any]) -> int | Unknown:
    """SnapshotDatabaseTime is the last transaction in it; a copy's own creation time says nothing about its data."""
    times = (
        s.get("SnapshotDatabaseTime") or s.get("OriginalSnapshotCreateTime") or s.get("SnapshotCreateTime")
        for s in snapshots
        if s.get("Status") == "available"
    )
    return newest_of((seconds(t) for t in times if t is not None), Unknown("no_snapshot", "there is no available snapshot"))
