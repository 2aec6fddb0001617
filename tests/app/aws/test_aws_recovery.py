"""What each service's calls are worth as a recovery point, over HTTP with an unmodified boto3."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.simulator.faults import Fault
from slo.judge.recovery_point import Unknown
from tests.support.recoverable import CACHE, DATABASE, DOCUMENTS, JOBS, MAIN, MEDIA, NOW, wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Findings
    from slo.estate.spec import Component
    from slo.judge.recovery_point import Reading
    from tests.support.recoverable import Wire

RULE = {"SourceBucket": "prod-media", "DestinationBucket": "prod-media-replica", "RuleId": "to-us-west-2"}
DEAD_LETTERS = {"QueueName": "prod-jobs-dlq"}


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with wired() as wire:
        for name, value in (("AWS_ENDPOINT_URL", wire.url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
            monkeypatch.setenv(name, value)
        yield wire


def look(wire: Wire, component: Component) -> Findings:
    session = AwsSession({"main": MAIN})
    reader = AwsRecovery(session, CloudWatchSource(session))
    return reader.read(component, MAIN, datetime.fromtimestamp(wire.clock.now(), UTC))


def reading(wire: Wire, component: Component, mechanism: str) -> Reading:
    return next(r for r in look(wire, component).readings if r.mechanism == mechanism)


def lag(wire: Wire, instance: str, seconds: float) -> None:
    wire.put("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": instance}, seconds)


def test_the_freshest_replica_counts(wire: Wire) -> None:
    lag(wire, "prod-pg-r1", 40)
    lag(wire, "prod-pg-r2", 3)
    found = reading(wire, DATABASE, "replica")
    assert (found.exposure, found.note) == (3, None)
    assert "prod-pg-r2" in found.source


def test_a_lag_without_a_datapoint_is_unknown(wire: Wire) -> None:
    assert reading(wire, DATABASE, "replica").newest == Unknown("no_data", "ReplicaLag had no datapoint in 15 min")


def test_the_lag_of_an_idle_primary_is_called_an_upper_bound(wire: Wire) -> None:
    lag(wire, "prod-pg-r1", 240)
    wire.put("AWS/RDS", "TransactionLogsGeneration", {"DBInstanceIdentifier": "prod-pg"}, 10)
    found = reading(wire, DATABASE, "replica")
    assert found.exposure == 240
    assert found.note is not None
    assert found.note.startswith("idle primary")


def test_copies_are_asked_for_in_their_own_region(wire: Wire) -> None:
    assert reading(wire, DATABASE, "cross-region-backup").exposure == 907
    elsewhere = replace(DATABASE, resource={**DATABASE.resource, "backup_region": "eu-west-1"})
    newest = reading(wire, elsewhere, "cross-region-backup").newest
    assert newest == Unknown("no_backups", "eu-west-1 holds no automated backup that can be restored")


def test_a_backup_that_stopped_ages(wire: Wire) -> None:
    wire.faults.append(Fault("backup-stopped", NOW - 1000, NOW + 3600))
    assert reading(wire, DATABASE, "point-in-time-restore").exposure == 1207


def test_an_instance_that_is_gone_is_named_with_the_fix(wire: Wire) -> None:
    newest = reading(wire, replace(DATABASE, resource={"instance": "old-pg"}), "point-in-time-restore").newest
    assert isinstance(newest, Unknown)
    assert newest.code == "not_found"
    assert "correct the resource of database" in newest.text


def test_documentdb_is_read_like_a_database(wire: Wire) -> None:
    wire.faults.append(Fault("docdb-failover", NOW - 500, NOW - 455))
    found = look(wire, DOCUMENTS)
    assert {r.mechanism: r.exposure for r in found.readings} == {
        "point-in-time-restore": 7,
        "multi-az": 0,
        "snapshot": 5 * 3600 + 7,
    }
    assert [(e.start, e.end) for e in found.events] == [(NOW - 500, NOW - 455)]


def test_a_cache_is_as_old_as_the_last_snapshot_of_every_shard(wire: Wire) -> None:
    wire.put("AWS/ElastiCache", "ReplicationLag", {"CacheClusterId": "prod-cache-2", "CacheNodeId": "0001"}, 2)
    found = {r.mechanism: r.exposure for r in look(wire, CACHE).readings}
    assert found == {"snapshot": 3 * 3600 + 7, "replica": 2}


def test_a_failover_of_a_cache_is_told_without_its_start(wire: Wire) -> None:
    wire.faults.append(Fault("redis-failover", NOW - 500, NOW - 470))
    assert [(e.start, e.timed) for e in look(wire, CACHE).events] == [(NOW - 470, False)]


def test_a_bucket_with_nothing_pending_is_wholly_replicated(wire: Wire) -> None:
    wire.put("AWS/S3", "OperationsPendingReplication", RULE, 0)
    wire.put("AWS/S3", "ReplicationLatency", RULE, 600)
    found = look(wire, MEDIA)
    assert {r.mechanism: r.exposure for r in found.readings} == {"replication": 0, "versioning": 0}


def test_a_bucket_with_pending_operations_is_behind_by_their_latency(wire: Wire) -> None:
    wire.put("AWS/S3", "OperationsPendingReplication", RULE, 12)
    wire.put("AWS/S3", "ReplicationLatency", RULE, 600)
    assert reading(wire, MEDIA, "replication").exposure == 600


def test_failed_operations_make_the_copy_unknown(wire: Wire) -> None:
    wire.put("AWS/S3", "OperationsFailedReplication", RULE, 3)
    newest = reading(wire, MEDIA, "replication").newest
    assert newest == Unknown("failed_operations", "3 objects failed to replicate in 24 h: they are missing in the copy")


def test_a_rule_that_does_not_exist_replicates_nothing(wire: Wire) -> None:
    other = replace(MEDIA, resource={**MEDIA.resource, "replication_rule": "renamed"})
    assert reading(wire, other, "replication").newest == Unknown("no_rule", "no enabled replication rule renamed")


def test_a_refused_bucket_names_the_action_as_iam_spells_it(wire: Wire) -> None:
    wire.describe.denied = {"s3:GetReplicationConfiguration"}
    found = look(wire, MEDIA)
    assert [g.text for g in found.gaps] == ["not evidenced: needs s3:GetReplicationConfiguration"]
    assert {r.mechanism: isinstance(r.newest, Unknown) for r in found.readings} == {"replication": True, "versioning": False}


def test_an_empty_dead_letter_queue_lost_nothing(wire: Wire) -> None:
    wire.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, 0)
    assert reading(wire, JOBS, "dead-letter-queue").exposure == 0


def test_a_dead_letter_is_a_message_lost_since_it_came(wire: Wire) -> None:
    wire.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, 3)
    wire.put("AWS/SQS", "ApproximateAgeOfOldestMessage", DEAD_LETTERS, 900)
    found = reading(wire, JOBS, "dead-letter-queue")
    assert (found.exposure, found.note) == (900, "3 dead-lettered messages")


@pytest.mark.parametrize(("age", "exposure"), [(30, 0), (400, 0), (539, 0), (540, 60), (600, 60)])
def test_a_message_as_old_as_its_queue_keeps_it_is_about_to_be_lost(wire: Wire, age: int, exposure: int) -> None:
    client = AwsSession({"main": MAIN}).client("sqs", "main")
    client.create_queue(QueueName="prod-jobs", Attributes={"MessageRetentionPeriod": "600"})
    wire.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, 0)
    wire.put("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "prod-jobs"}, age)
    found = reading(wire, JOBS, "dead-letter-queue")
    assert found.exposure == exposure
    assert found.note == ("messages of prod-jobs expire unread after 600 s" if exposure else None)


def test_whether_old_messages_expire_is_no_guess(wire: Wire) -> None:
    wire.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", DEAD_LETTERS, 0)
    wire.put("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": "prod-jobs"}, 400)
    found = look(wire, JOBS)
    assert isinstance(found.readings[0].newest, Unknown)
    assert len(found.gaps) == 1


def test_a_long_history_of_events_is_read_page_by_page(wire: Wire) -> None:
    wire.faults += [Fault("rds-failover", NOW - 90_000 - n * 1000, NOW - 89_940 - n * 1000) for n in range(70)]
    assert len(look(wire, DATABASE).events) == 70


def test_a_service_that_cannot_be_reached_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ENDPOINT_URL", "not a url"), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
        monkeypatch.setenv(name, value)
    session = AwsSession({"main": MAIN})
    found = AwsRecovery(session, CloudWatchSource(session)).read(DATABASE, MAIN, datetime.fromtimestamp(NOW, UTC))
    assert {type(r.newest) for r in found.readings} == {Unknown}
    assert found.gaps
