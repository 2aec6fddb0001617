"""Assumed roles, and everything that describes an account, on moto: it keeps accounts apart and has services of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.aws.discover import AwsDiscovery
from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.aws.xray import XRaySource
from slo.estate.spec import Account, Component
from slo.judge.recovery_point import Unknown
from tests.support.moto_account import ACCOUNT, DIFFERENCES, ONE_TRY, Moto

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.discover import Inventory
    from app.ports import Findings

MAIN = Account("main", ACCOUNT, "us-east-1")
OTHER = Account("other", "444455556666", "us-east-1", "arn:aws:iam::444455556666:role/sloop")


@pytest.fixture
def session(moto: Moto) -> AwsSession:
    del moto  # its environment is there
    return AwsSession({a.name: a for a in (MAIN, OTHER)}, config=ONE_TRY)


def read(session: AwsSession, component: Component) -> Findings:
    return AwsRecovery(session, CloudWatchSource(session)).read(component, MAIN, datetime.now(UTC))


def told(findings: Findings) -> list[Unknown]:
    """In moto are no recovery points, no restore jobs and no experiments: it answers with a page of HTML."""
    return [gap for gap in findings.gaps if not gap.text.startswith(("backup:", "fis:"))]


def newest(findings: Findings) -> Mapping[str, int | Unknown]:
    return {reading.mechanism: reading.newest for reading in findings.readings}


def test_a_role_answers_as_the_account_that_it_is_of(session: AwsSession) -> None:
    told = {name: session.client("sts", name).get_caller_identity()["Account"] for name in ("main", "other")}
    assert told == {"main": MAIN.id, "other": OTHER.id}


def test_what_a_role_makes_is_in_the_account_that_it_is_of(session: AwsSession) -> None:
    arn = session.client("sns", "other").create_topic(Name="pages")["TopicArn"]
    assert arn == "arn:aws:sns:us-east-1:444455556666:pages"
    assert session.client("sns", "main").list_topics()["Topics"] == []


def test_a_database_in_two_zones_with_backups_has_recovery_points(moto: Moto, session: AwsSession) -> None:
    make_database(moto, BackupRetentionPeriod=7, MultiAZ=True)
    before = int(datetime.now(UTC).timestamp())
    findings = read(session, Component("database", "rds", "main", {"instance": "shop-pg"}))
    points = newest(findings)
    restorable, standby = points["point-in-time-restore"], points["multi-az"]
    assert isinstance(restorable, int)
    assert isinstance(standby, int)
    assert abs(restorable - before) <= 600
    assert standby >= before
    assert (findings.events, told(findings)) == ((), [])


def test_a_database_in_one_zone_has_no_standby(moto: Moto, session: AwsSession) -> None:
    make_database(moto, MultiAZ=False)
    found = newest(read(session, Component("database", "rds", "main", {"instance": "shop-pg"})))
    assert found["multi-az"] == Unknown("not_multi_az", "MultiAZ is off: no standby in another zone")


def test_a_database_that_is_not_there_is_named_with_the_fix(session: AwsSession) -> None:
    findings = read(session, Component("database", "rds", "main", {"instance": "renamed"}))
    (gap,) = {gap for gap in told(findings) if gap.code == "not_found"}
    assert "was it renamed or replaced?" in gap.text


def test_a_manual_snapshot_is_as_old_as_it_is(moto: Moto, session: AwsSession) -> None:
    make_database(moto)
    moto.client("rds").create_db_snapshot(DBInstanceIdentifier="shop-pg", DBSnapshotIdentifier="before-release")
    before = int(datetime.now(UTC).timestamp())
    found = newest(read(session, Component("database", "rds", "main", {"instance": "shop-pg"})))["snapshot"]
    assert isinstance(found, int)
    assert abs(found - before) <= 60


def test_a_service_without_events_failed_over_never(moto: Moto, session: AwsSession) -> None:
    cluster = make_service(moto)
    findings = read(session, Component("api", "ecs", "main", {"cluster": cluster, "service": "api"}))
    assert findings.events == ()
    assert {gap.text.partition(":")[0] for gap in told(findings)} <= {"ecs"}


def test_a_bucket_tells_its_versions_and_its_replication(moto: Moto, session: AwsSession) -> None:
    buckets = moto.client("s3")
    for name in ("media", "media-copy"):
        buckets.create_bucket(Bucket=name)
        buckets.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    replicate(buckets, "media", "media-copy")
    findings = read(session, Component("media", "s3", "main", {"bucket": "media"}))
    points = newest(findings)
    assert isinstance(points["versioning"], int)
    assert points["replication"] == Unknown(
        "no_metrics", "replication metrics are not enabled on the rule: its delay is unknown, not zero"
    )


def test_a_cache_without_a_snapshot_has_none_to_recover(moto: Moto, session: AwsSession) -> None:
    """DescribeEvents of ElastiCache is not in moto, which answers with a page of HTML: a gap that stops nothing else."""
    make_cache(moto)
    findings = read(session, Component("cache", "elasticache", "main", {"replication_group": "shop-cache"}))
    assert newest(findings)["snapshot"] == Unknown("no_snapshot", "there is no available snapshot")
    broken = Unknown("source_error", "elasticache:DescribeEvents: the answer is none of AWS; trying again may help")
    assert broken in findings.gaps


def test_discovery_finds_what_was_made_with_its_kind_and_its_place(moto: Moto, session: AwsSession) -> None:
    make_database(moto)
    make_cache(moto)
    moto.client("s3").create_bucket(Bucket="media")
    moto.client("sns").create_topic(Name="orders")
    queues = moto.client("sqs")
    dead = queues.create_queue(QueueName="jobs-dead")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": 3}}'
    queues.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": policy})
    cluster = make_service(moto)
    inventory = discover(session)
    found = {(one.kind, one.id): one.resource for one in inventory.found}
    assert (inventory.account_id, inventory.region) == (ACCOUNT, "us-east-1")
    assert set(found) == {
        ("rds", "shop-pg"), ("elasticache", "shop-cache"), ("s3", "media"), ("sns", "orders"), ("sqs", "jobs"), ("ecs", "api"),
    }  # fmt: skip
    assert found["sqs", "jobs"] == {"queue": "jobs", "dlq": "jobs-dead"}
    assert found["ecs", "api"]["cluster"] == cluster
    # moto has no traces: of its X-Ray it has an internal error to tell.
    assert [gap.partition(": ")[0] for gap in inventory.gaps] == ["xray:GetServiceGraph"]


def discover(session: AwsSession) -> Inventory:
    return AwsDiscovery(session, XRaySource(session), "us-east-1").read(29_900_000, 29_900_060)


def make_database(moto: Moto, **more: Any) -> None:
    moto.client("rds").create_db_instance(
        DBInstanceIdentifier="shop-pg",
        Engine="postgres",
        DBInstanceClass="db.r6g.4xlarge",
        AllocatedStorage=100,
        MasterUsername="shop",
        MasterUserPassword="only-for-moto",
        **more,
    )


def make_cache(moto: Moto) -> None:
    moto.client("elasticache").create_replication_group(
        ReplicationGroupId="shop-cache",
        ReplicationGroupDescription="shop",
        Engine="redis",
        CacheNodeType="cache.r6g.large",
        NumNodeGroups=1,
        ReplicasPerNodeGroup=1,
        AutomaticFailoverEnabled=True,
    )


def make_service(moto: Moto) -> str:
    tasks = moto.client("ecs")
    tasks.create_cluster(clusterName="shop")
    tasks.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 512}])
    tasks.create_service(cluster="shop", serviceName="api", taskDefinition="api", desiredCount=2)
    return "shop"


def replicate(buckets: Any, source: str, target: str) -> None:
    rule = {
        "ID": "copy",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    }
    configuration = {"Role": f"arn:aws:iam::{ACCOUNT}:role/replicate", "Rules": [rule]}
    buckets.put_bucket_replication(Bucket=source, ReplicationConfiguration=configuration)


def test_every_difference_is_of_a_test_that_there_is() -> None:
    contracts = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in DIFFERENCES if f"def {name.partition('[')[0]}(" not in contracts] == []
