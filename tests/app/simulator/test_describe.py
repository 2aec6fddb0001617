"""The described account on the wire: its truth by the clock and the faults, and AWS's way of saying no."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from starlette.responses import Response

from app.simulator.faults import Fault
from app.simulator.recoverable import Resources
from app.simulator.xml_tree import element
from tests.support.recoverable import ESTATE, NOW, wired
from tests.support.simulated import refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.recoverable import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as wire:
        yield wire


@pytest.fixture
def boto(wire: Wire) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=wire.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


def test_all_instances_are_listed_with_their_replicas(boto: Callable[[str], Any]) -> None:
    found = boto("rds").describe_db_instances()["DBInstances"]
    assert [i["DBInstanceIdentifier"] for i in found] == ["prod-pg", "prod-pg-r1", "prod-pg-r2"]
    assert found[0]["ReadReplicaDBInstanceIdentifiers"] == ["prod-pg-r1", "prod-pg-r2"]
    assert found[1]["StatusInfos"][0]["Normal"] is True


def test_an_instance_that_fails_over_says_so(wire: Wire, boto: Callable[[str], Any]) -> None:
    rds = boto("rds")
    wire.faults.append(Fault("rds-failover", NOW, NOW + 70))
    states = []
    for at in (NOW - 1, NOW, NOW + 70):
        wire.clock.at = at
        states.append(rds.describe_db_instances(DBInstanceIdentifier="prod-pg")["DBInstances"][0]["DBInstanceStatus"])
    assert states == ["available", "failing-over", "available"]


def test_events_look_back_an_hour_unless_told_otherwise(wire: Wire, boto: Callable[[str], Any]) -> None:
    rds = boto("rds")
    wire.faults.append(Fault("rds-failover", NOW - 7200, NOW - 7130))
    assert rds.describe_events()["Events"] == []
    found = rds.describe_events(Duration=180)["Events"]
    assert [(e["Message"], int(e["Date"].timestamp()) - NOW) for e in found] == [
        ("Multi-AZ instance failover started.", -7200),
        ("Multi-AZ instance failover completed.", -7130),
    ]
    assert rds.describe_events(Duration=180, SourceType="db-instance", SourceIdentifier="other")["Events"] == []


def test_what_has_not_happened_yet_is_not_told(wire: Wire, boto: Callable[[str], Any]) -> None:
    wire.faults.append(Fault("rds-failover", NOW, NOW + 70))
    assert [e["Message"] for e in boto("rds").describe_events()["Events"]] == ["Multi-AZ instance failover started."]


def test_a_snapshot_that_is_being_taken_does_not_count(wire: Wire, boto: Callable[[str], Any]) -> None:
    cache = boto("elasticache")
    five = NOW - 3 * 3600
    ages = []
    for at in (five + 599, five + 600):
        wire.clock.at = at
        newest = cache.describe_snapshots(ReplicationGroupId="prod-cache")["Snapshots"][0]
        ages.append(at - int(newest["NodeSnapshots"][0]["SnapshotCreateTime"].timestamp()))
    assert ages == [86_400 + 599, 600]


def test_a_bucket_tells_its_rule_and_its_versions(boto: Callable[[str], Any]) -> None:
    s3 = boto("s3")
    (rule,) = s3.get_bucket_replication(Bucket="prod-media")["ReplicationConfiguration"]["Rules"]
    assert (rule["ID"], rule["Destination"]["Bucket"]) == ("to-us-west-2", "arn:aws:s3:::prod-media-replica")
    assert rule["Destination"]["Metrics"]["Status"] == "Enabled"
    assert s3.get_bucket_versioning(Bucket="prod-media")["Status"] == "Enabled"


def test_what_is_not_there_is_refused_as_aws_refuses_it(boto: Callable[[str], Any]) -> None:
    codes = [
        refusal(boto("rds").describe_db_instances, DBInstanceIdentifier="gone"),
        refusal(boto("docdb").describe_db_clusters, DBClusterIdentifier="gone"),
        refusal(boto("elasticache").describe_replication_groups, ReplicationGroupId="gone"),
        refusal(boto("s3").get_bucket_versioning, Bucket="gone"),
        refusal(boto("s3").get_bucket_acl, Bucket="prod-media"),
        refusal(boto("rds").describe_db_engine_versions),
    ]
    assert codes == [
        "DBInstanceNotFound",
        "DBClusterNotFoundFault",
        "ReplicationGroupNotFoundFault",
        "NoSuchBucket",
        "NotImplemented",
        "InvalidAction",
    ]


def test_calls_of_other_services_go_on_to_their_own_handler(wire: Wire) -> None:
    seen: list[str] = []

    async def others(form: Mapping[str, str]) -> Response:
        seen.append(form["Action"])
        return Response("theirs")

    handle = wire.describe.before(others)

    async def both() -> None:
        for version in ("2010-03-31", "2014-10-31"):
            await handle({"Action": "DescribeEvents", "Version": version})

    asyncio.run(both())
    assert seen == ["DescribeEvents"]


def test_a_denied_action_is_denied_on_every_protocol(wire: Wire, boto: Callable[[str], Any]) -> None:
    wire.describe.denied = {"rds:DescribeEvents", "elasticache:DescribeSnapshots", "s3:GetBucketVersioning"}
    codes = [
        refusal(boto("rds").describe_events),
        refusal(boto("elasticache").describe_snapshots),
        refusal(boto("s3").get_bucket_versioning, Bucket="prod-media"),
    ]
    assert codes == ["AccessDenied"] * 3
    assert boto("elasticache").describe_events()["Events"] == []


def test_resources_are_what_the_estate_declares() -> None:
    found = Resources.of(ESTATE)
    assert found.copies == {"prod-pg": "us-west-2"}
    assert list(found.buckets) == ["prod-media"]


def test_values_become_xml() -> None:
    tree = {"A": True, "B": None, "C": 0.0, "D": ("m", ["<", 1]), "E": [{"F": 2}, "x"]}
    assert element("R", tree) == (  # type: ignore[arg-type]  # a plain dict is wider than a tree
        "<R><A>true</A><C>1970-01-01T00:00:00Z</C><D><m>&lt;</m><m>1</m></D><E><F>2</F></E><E>x</E></R>"
    )
