"""The describe calls that recovery reads: RDS, DocumentDB and ElastiCache as query XML, S3 as REST XML.

What they answer is a function of the clock, the estate and the injected faults, so its truth is known: LatestRestorableTime
steps every five minutes, a failover is told by two events at the fault's start and end.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from app.simulator.backup_truth import BackupTruth
from app.simulator.protection import Protection
from app.simulator.recoverable import NotThere
from app.simulator.recovery_truth import CacheTruth, DatabaseTruth
from app.simulator.server import REGION
from app.simulator.services import TARGET, Services, nobody
from app.simulator.xml_tree import element

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from starlette.requests import Request

    from app.simulator.clock import Clock
    from app.simulator.faults import Fault
    from app.simulator.recoverable import Resources
    from app.simulator.server import TargetHandler
    from app.simulator.xml_tree import Tree

    QueryHandler = Callable[[Mapping[str, str]], Awaitable[Response]]
    Faults = Callable[[], Sequence[Fault]]

RDS_VERSION, CACHE_VERSION = "2014-10-31", "2015-02-02"
_NAMESPACES = {
    RDS_VERSION: "http://rds.amazonaws.com/doc/2014-10-31/",
    CACHE_VERSION: "http://elasticache.amazonaws.com/doc/2015-02-02/",
}
_S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_S3_ACTIONS = {
    "replication": "s3:GetReplicationConfiguration",
    "versioning": "s3:GetBucketVersioning",
    "metrics": "s3:GetMetricsConfiguration",
    "location": "s3:GetBucketLocation",
}
PAGE = 100


class Describe:
    """`denied` holds IAM actions (`rds:DescribeEvents`) that are refused; a test may change it while this runs."""

    def __init__(self, clock: Clock, resources: Callable[[], Resources], faults: Faults) -> None:
        self._clock, self._resources, self._faults = clock, resources, faults
        self.denied: Collection[str] = ()

    def before(self, others: QueryHandler) -> QueryHandler:
        """A handler that answers what is described here and leaves the rest to `others`. Services share action names, so
        the API version tells them apart; DocumentDB speaks RDS's.
        """

        async def handle(form: Mapping[str, str]) -> Response:
            version = form.get("Version", "")
            return self._query(version, form) if version in _NAMESPACES else await others(form)

        return handle

    def routes(self) -> list[Route]:
        """Path-style buckets: put these last, they take every path of one part."""
        saved = Protection(self._clock, self._resources, self._faults, lambda: self.denied).routes()
        return [*saved, Route("/{bucket}", self._bucket, methods=["GET"])]

    def targets(self, others: TargetHandler = nobody) -> Mapping[str, TargetHandler]:
        """ECS; `others` answers what is not about one service."""
        return {TARGET: Services(self._clock, self._resources, self._faults, lambda: self.denied).before(others)}

    def _query(self, version: str, form: Mapping[str, str]) -> Response:
        action = form.get("Action", "")
        service = "rds" if version == RDS_VERSION else "elasticache"
        if f"{service}:{action}" in self.denied:
            return _failure(version, 403, "AccessDenied", f"User: sloop is not authorized to perform: {service}:{action}")
        answers = self._database_answers() if service == "rds" else self._cache_answers()
        if action not in answers:
            return _failure(version, 400, "InvalidAction", f"The simulator has no {service}:{action}.")
        try:
            result = answers[action](form)
        except NotThere as error:
            return _failure(version, 404, error.code, str(error))
        body = element(f"{action}Result", result) + element("ResponseMetadata", {"RequestId": str(uuid.uuid4())})
        text = f'<{action}Response xmlns="{_NAMESPACES[version]}">{body}</{action}Response>'
        return Response(text, media_type="text/xml")

    def _database_answers(self) -> Mapping[str, Callable[[Mapping[str, str]], Tree]]:
        truth = DatabaseTruth(self._resources(), self._faults(), self._clock.now())
        saved = BackupTruth(self._resources(), self._faults(), self._clock.now())
        return {
            "DescribeDBInstances": lambda f: {"DBInstances": ("DBInstance", truth.instances(f.get("DBInstanceIdentifier")))},
            "DescribeDBClusters": lambda f: {"DBClusters": ("DBCluster", truth.clusters(f.get("DBClusterIdentifier")))},
            "DescribeDBInstanceAutomatedBackups": lambda f: {
                "DBInstanceAutomatedBackups": (
                    "DBInstanceAutomatedBackup",
                    truth.copies(f.get("DBInstanceIdentifier"), f.get(REGION, "")),
                )
            },
            "DescribeDBSnapshots": lambda f: {
                "DBSnapshots": ("DBSnapshot", saved.snapshots(f.get("DBInstanceIdentifier", ""), f.get(REGION, "")))
            },
            "DescribeDBClusterSnapshots": lambda f: {
                "DBClusterSnapshots": (
                    "DBClusterSnapshot",
                    saved.cluster_snapshots(f.get("DBClusterIdentifier", ""), f.get(REGION, "")),
                )
            },
            "DescribeEvents": lambda f: _page(truth.events(f), f),
        }

    def _cache_answers(self) -> Mapping[str, Callable[[Mapping[str, str]], Tree]]:
        truth = CacheTruth(self._resources(), self._faults(), self._clock.now())
        return {
            "DescribeReplicationGroups": lambda f: {
                "ReplicationGroups": ("ReplicationGroup", truth.groups(f.get("ReplicationGroupId")))
            },
            "DescribeSnapshots": lambda f: {"Snapshots": ("Snapshot", truth.snapshots(f.get("ReplicationGroupId")))},
            "DescribeEvents": lambda f: _page(truth.events(f), f),
        }

    async def _bucket(self, request: Request) -> Response:
        name = request.path_params["bucket"]
        asked = next((key for key in _S3_ACTIONS if key in request.query_params), None)
        if asked is None:
            return _s3_failure(400, "NotImplemented", f"The simulator's S3 tells {', '.join(_S3_ACTIONS)} only.")
        if _S3_ACTIONS[asked] in self.denied:
            return _s3_failure(403, "AccessDenied", f"User: sloop is not authorized to perform: {_S3_ACTIONS[asked]}")
        return self._location(name) if asked == "location" else self._configured(name, asked)

    def _location(self, name: str) -> Response:
        copies = {b.replica: b.replica_region for b in self._resources().buckets.values() if b.replica}
        return _s3_answer("LocationConstraint", copies.get(name) or "")

    def _configured(self, name: str, asked: str) -> Response:
        bucket = self._resources().buckets.get(name)
        if bucket is None:
            return _s3_failure(404, "NoSuchBucket", "The specified bucket does not exist")
        if asked == "versioning":
            return _s3_answer("VersioningConfiguration", {"Status": "Enabled"})
        if asked == "metrics":
            configured: Tree = [{"Id": bucket.filter}] if bucket.filter else []
            return _s3_answer("ListMetricsConfigurationsResult", {"MetricsConfiguration": configured, "IsTruncated": False})
        if bucket.replica is None:
            return _s3_failure(404, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")
        return _s3_answer("ReplicationConfiguration", bucket.configuration())


def _page(events: Sequence[Tree], form: Mapping[str, str]) -> Tree:
    first, size = int(form.get("Marker", "0")), int(form.get("MaxRecords", PAGE))
    more = {"Marker": str(first + size)} if first + size < len(events) else {}
    return {"Events": ("Event", list(events[first : first + size])), **more}


def _failure(version: str, status: int, code: str, message: str) -> Response:
    kind = "Sender" if status < 500 else "Receiver"
    body = element("Error", {"Type": kind, "Code": code, "Message": message}) + element("RequestId", str(uuid.uuid4()))
    return Response(f'<ErrorResponse xmlns="{_NAMESPACES[version]}">{body}</ErrorResponse>', status, media_type="text/xml")


def _s3_answer(name: str, content: Tree) -> Response:
    text = element(name, content).replace(f"<{name}>", f'<{name} xmlns="{_S3_NAMESPACE}">', 1)
    return Response(text, media_type="application/xml")


def _s3_failure(status: int, code: str, message: str) -> Response:
    return Response(element("Error", {"Code": code, "Message": message}), status, media_type="application/xml")
