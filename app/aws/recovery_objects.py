"""S3 and SQS: replication to another region, versions, and messages that nobody could process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.aws.recovery_backups import look_at_backups
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from app.aws.recovery_look import Look
    from slo.estate.indicator import MetricQuery

_REPLICATION = "s3:GetReplicationConfiguration"
_VERSIONING = "s3:GetBucketVersioning"
SHORTEST_RETENTION = 60
"""Seconds that SQS keeps a message at the least: a queue whose oldest message is younger loses none."""
EXPIRY_MARGIN = 60
"""CloudWatch tells ages by the minute: a message that is about to expire is seen up to a minute before."""
FAILED_MINUTES = 1440
"""So long a failed operation is remembered: nothing tells when somebody has replicated the object again."""


def look_at_bucket(look: Look) -> None:
    bucket = look.text("bucket")
    if bucket is None:
        return
    answer = look.call("s3", _REPLICATION, slow=True, absent=("ReplicationConfigurationNotFoundError",), Bucket=bucket)
    source = f"cloudwatch:GetMetricData AWS/S3 ReplicationLatency and {_REPLICATION} of {bucket}"
    rules = answer if isinstance(answer, Unknown) else _rules(look, answer)
    look.reading("replication", rules if isinstance(rules, Unknown) else _oldest(look, bucket, rules), source)
    versioning = look.call("s3", _VERSIONING, slow=True, Bucket=bucket)
    look.reading("versioning", _versioned(look, versioning), f"{_VERSIONING} of {bucket}: Status")
    look_at_backups(look, look.arn("s3", bucket), look.text("replica_region"))


def _rules(look: Look, answer: Any) -> list[Any] | Unknown:
    """The enabled rule that the estate names, or all enabled ones."""
    wanted = look.text("replication_rule")
    found = answer.get("ReplicationConfiguration", {}).get("Rules", ())
    rules = [r for r in found if r.get("Status") == "Enabled" and wanted in (None, r.get("ID"))]
    if not rules:
        return Unknown("no_rule", f"no enabled replication rule{f' {wanted}' if wanted else ''}")
    return rules


def _oldest(look: Look, bucket: str, rules: list[Any]) -> int | Unknown:
    """Each rule covers objects of its own, so the bucket is as far as the last of them."""
    points = [_replicated(look, bucket, rule) for rule in rules]
    unknown = next((p for p in points if isinstance(p, Unknown)), None)
    return unknown or min(p for p in points if not isinstance(p, Unknown))


def _replicated(look: Look, bucket: str, rule: Any) -> int | Unknown:
    """Nothing pending means that all is there; an operation that failed is missing there for good."""
    if rule["Destination"].get("Metrics", {}).get("Status") != "Enabled":
        return Unknown("no_metrics", "replication metrics are not enabled on the rule: its delay is unknown, not zero")
    target = rule["Destination"]["Bucket"].rpartition(":")[2]
    names = {"SourceBucket": bucket, "DestinationBucket": target, "RuleId": rule.get("ID", "")}

    def query(metric: str, stat: str, region: str | None = look.text("replica_region")) -> MetricQuery:
        return look.query("AWS/S3", metric, names, stat, region)

    # What is pending is published in the region of the destination (AWS documentation, Using S3 Replication metrics);
    # for failures, which may stand at the source, both are asked.
    latency, pending = query("ReplicationLatency", "Maximum"), query("OperationsPendingReplication", "Maximum")
    failed = list(
        dict.fromkeys((query("OperationsFailedReplication", "Sum"), query("OperationsFailedReplication", "Sum", None)))
    )
    values, failures = look.metrics((latency, pending)), look.metrics(failed, FAILED_MINUTES)
    lost = max((v for v in failures.values() if not isinstance(v, Unknown)), default=0.0)
    waiting, late = values[pending], values[latency]
    if lost > 0:
        return Unknown("failed_operations", f"{lost:.0f} objects failed to replicate in 24 h: they are missing in the copy")
    if not isinstance(waiting, Unknown) and waiting == 0:
        return values.at
    return late if isinstance(late, Unknown) else values.at - round(late)


def _versioned(look: Look, answer: Any | Unknown) -> int | Unknown:
    if isinstance(answer, Unknown):
        return answer
    enabled = answer.get("Status") == "Enabled"
    return look.at if enabled else Unknown("not_versioned", "versioning is off: what is overwritten or deleted is gone")


def look_at_queue(look: Look) -> None:
    """All messages before the oldest dead-lettered one were processed: its arrival is the queue's recovery point.

    A message that nobody took before the retention ran out is lost as well; CloudWatch counts none of these, but the oldest
    message is then as old as the retention lets it be.
    """
    queue, dead = look.text("queue"), look.text("dlq")
    if dead is None:
        return

    def query(metric: str, name: str) -> MetricQuery:
        return look.query("AWS/SQS", metric, {"QueueName": name}, "Maximum")

    visible, age = query("ApproximateNumberOfMessagesVisible", dead), query("ApproximateAgeOfOldestMessage", dead)
    waiting = query("ApproximateAgeOfOldestMessage", queue or dead)
    values = look.metrics((visible, age, waiting))
    source = f"cloudwatch:GetMetricData AWS/SQS ApproximateNumberOfMessagesVisible of {dead}"
    count, oldest, waits = values[visible], values[age], values[waiting]
    if isinstance(count, Unknown) or count == 0:
        newest, note = _unexpired(look, queue, waits)
        look.reading("dead-letter-queue", count if isinstance(count, Unknown) else newest, source, note)
        return
    known = not isinstance(oldest, Unknown)
    since = round(oldest) if not isinstance(oldest, Unknown) else 60
    note = f"{count:.0f} dead-lettered messages" + ("" if known else "; how old they are is unknown, at least a minute")
    look.reading("dead-letter-queue", look.at - max(1, since), source, note)


def _unexpired(look: Look, queue: str | None, waits: float | Unknown) -> tuple[int | Unknown, str | None]:
    """The moment of the look while nothing expires; an empty queue tells no age, and nothing expires in it."""
    if queue is None or isinstance(waits, Unknown) or look.account is None:
        return look.at, None
    if waits < SHORTEST_RETENTION:
        return look.at, None
    place = look.account
    domain = "amazonaws.com.cn" if place.region.startswith("cn-") else "amazonaws.com"
    url = f"https://sqs.{place.region}.{domain}/{place.id}/{queue}"
    told = look.call("sqs", "sqs:GetQueueAttributes", slow=True, QueueUrl=url, AttributeNames=["MessageRetentionPeriod"])
    if isinstance(told, Unknown):
        return told, None
    retention = int(told["Attributes"]["MessageRetentionPeriod"])
    if waits < retention - EXPIRY_MARGIN:
        return look.at, None
    return look.at - EXPIRY_MARGIN, f"messages of {queue} expire unread after {retention} s"
