"""S3 and SQS: replication to another region, versions, and messages that nobody could process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from app.aws.recovery_look import Look
    from slo.estate.indicator import MetricQuery

_REPLICATION = "s3:GetReplicationConfiguration"
_VERSIONING = "s3:GetBucketVersioning"


def look_at_bucket(look: Look) -> None:
    bucket = look.text("bucket")
    if bucket is None:
        return
    answer = look.call("s3", _REPLICATION, Bucket=bucket)
    source = f"cloudwatch:GetMetricData AWS/S3 ReplicationLatency and {_REPLICATION} of {bucket}"
    rule = answer if isinstance(answer, Unknown) else _rule(look, answer)
    look.reading("replication", rule if isinstance(rule, Unknown) else _replicated(look, bucket, rule), source)
    versioning = look.call("s3", _VERSIONING, Bucket=bucket)
    look.reading("versioning", _versioned(look, versioning), f"{_VERSIONING} of {bucket}: Status")


def _rule(look: Look, answer: Any) -> Any | Unknown:
    """The enabled rule that the estate names, or the first enabled one."""
    wanted = look.text("replication_rule")
    rules = [r for r in answer["ReplicationConfiguration"]["Rules"] if r.get("Status") == "Enabled"]
    named = [r for r in rules if wanted in (None, r.get("ID"))]
    if not named:
        return Unknown("no_rule", f"no enabled replication rule{f' {wanted}' if wanted else ''}")
    if named[0]["Destination"].get("Metrics", {}).get("Status") != "Enabled":
        return Unknown("no_metrics", "replication metrics are not enabled on the rule: its delay is unknown, not zero")
    return named[0]


def _replicated(look: Look, bucket: str, rule: Any) -> int | Unknown:
    """Nothing pending means that all is there; an operation that failed is missing there for good."""
    target = rule["Destination"]["Bucket"].rpartition(":")[2]
    names = {"SourceBucket": bucket, "DestinationBucket": target, "RuleId": rule.get("ID", "")}

    def query(metric: str, stat: str, region: str | None = look.text("replica_region")) -> MetricQuery:
        return look.query("AWS/S3", metric, names, stat, region)

    # What is pending is published in the region of the destination (AWS documentation, Using S3 Replication metrics);
    # for failures, which may stand at the source, both are asked.
    latency, pending = query("ReplicationLatency", "Maximum"), query("OperationsPendingReplication", "Maximum")
    failed = {query("OperationsFailedReplication", "Sum"), query("OperationsFailedReplication", "Sum", None)}
    values = look.metrics((latency, pending, *failed))
    lost = max((v for q in failed if not isinstance(v := values[q], Unknown)), default=0.0)
    waiting, late = values[pending], values[latency]
    if lost > 0:
        return Unknown("failed_operations", f"{lost:.0f} objects failed to replicate: they are missing in the copy")
    if not isinstance(waiting, Unknown) and waiting == 0:
        return look.at
    return late if isinstance(late, Unknown) else look.at - round(late)


def _versioned(look: Look, answer: Any | Unknown) -> int | Unknown:
    if isinstance(answer, Unknown):
        return answer
    enabled = answer.get("Status") == "Enabled"
    return look.at if enabled else Unknown("not_versioned", "versioning is off: what is overwritten or deleted is gone")


def look_at_queue(look: Look) -> None:
    """All messages before the oldest dead-lettered one were processed: its arrival is the queue's recovery point."""
    queue = look.text("dlq")
    if queue is None:
        return

    def query(metric: str) -> MetricQuery:
        return look.query("AWS/SQS", metric, {"QueueName": queue}, "Maximum")

    visible, age = query("ApproximateNumberOfMessagesVisible"), query("ApproximateAgeOfOldestMessage")
    values = look.metrics((visible, age))
    count, oldest = values[visible], values[age]
    source = f"cloudwatch:GetMetricData AWS/SQS ApproximateNumberOfMessagesVisible of {queue}"
    if isinstance(count, Unknown) or count == 0:
        look.reading("dead-letter-queue", count if isinstance(count, Unknown) else look.at, source)
        return
    known = not isinstance(oldest, Unknown)
    since = round(oldest) if not isinstance(oldest, Unknown) else 60
    note = f"{count:.0f} dead-lettered messages" + ("" if known else "; how old they are is unknown, at least a minute")
    look.reading("dead-letter-queue", look.at - max(1, since), source, note)
