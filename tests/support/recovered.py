"""Recovery verdicts in every state, judged from readings and events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.spec import Component, Estate, RecoveryTarget
from slo.judge.outage import RecoveryEvent
from slo.judge.recovery import judge_estate
from slo.judge.recovery_point import Reading, Unknown, added

if TYPE_CHECKING:
    from slo.judge.recovery import RecoveryVerdict

EVIL = '<script>alert("x")</script>'
COMPONENTS = (
    Component(
        "database",
        "rds",
        display_name="PostgreSQL",
        recovery=(RecoveryTarget("az-loss", 5, 30), RecoveryTarget("point-in-time-restore", 5, 30)),
    ),
    Component(
        "archive", "s3", resource={"storage_class": "DEEP_ARCHIVE"}, recovery=(RecoveryTarget("region-loss", 1440, 240),)
    ),
    Component("web", "ecs", recovery=(RecoveryTarget("az-loss", 0, 5),)),
    Component("documents", "docdb", display_name=EVIL),
    Component("keys", "kms"),
)
ESTATE = Estate("demo", components=COMPONENTS)


def verdicts(now: int) -> tuple[RecoveryVerdict, ...]:
    """met, breached, impossible, not measured, and two without a target."""
    readings = [
        Reading("database", "multi-az", now - 10, now - 10, "rds:DescribeDBInstances of prod-pg: MultiAZ"),
        Reading("database", "point-in-time-restore", now - 10, now - 4000, "rds:DescribeDBInstances of prod-pg"),
        Reading("archive", "replication", now - 10, Unknown("no_metrics", "metrics are not enabled"), "s3"),
        Reading("documents", "point-in-time-restore", now - 10, now - 130, "rds:DescribeDBClusters of prod-docs"),
    ]
    failover = RecoveryEvent("database", "failover", now - 86_400, now - 86_328, "rds:DescribeEvents of prod-pg")
    return judge_estate(ESTATE, [added(None, r) for r in readings], [failover], {}, now)
