"""What protects a kind of component in a failure scenario, and what no mechanism can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Component
    from slo.judge.outage import EventKind
    from slo.judge.recovery_point import MechanismName


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`step` minutes lie between two recovery points at best: a target at or below it is at the mechanism's limit.

    `needs_event`: it promises that nothing is lost, which only a real failover (or outage, or drill) can show.
    `inherited`: read from the components that this one depends on. `lossy`: what its readings tell is lost and does not come
    back, so that no share of them may be over the target. `coarse`: a second way out that is made once a day or so: that it is
    behind while a finer one works is no news.
    """

    name: MechanismName
    step: int = 0
    needs_event: bool = False
    inherited: bool = False
    lossy: bool = False
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """No restore is faster than this many minutes."""

    minutes: int
    text: str
    source: str


MULTI_AZ = Mechanism("multi-az", needs_event=True)
REPLICA = Mechanism("replica")
PITR = Mechanism("point-in-time-restore", step=5)
"""AWS documentation, Restoring a DB instance to a specified time: transaction logs are uploaded to S3 every five minutes."""
BACKUP_COPY = Mechanism("cross-region-backup", step=5)
SNAPSHOT = Mechanism("snapshot")
SPARE_SNAPSHOT = Mechanism("snapshot", coarse=True)
SNAPSHOT_COPY = Mechanism("snapshot-copy", coarse=True)
SAVED = Mechanism("backup", coarse=True)
SAVED_COPY = Mechanism("backup-copy", coarse=True)
"""Recovery points of AWS Backup, at home and in the other region."""
REPLICATION = Mechanism("replication")
VERSIONING = Mechanism("versioning")
DEAD_LETTERS = Mechanism("dead-letter-queue", needs_event=True, inherited=True, lossy=True)

_NEWEST_FIRST: Mapping[str, Mapping[str, tuple[Mechanism, ...]]] = {
    "rds": {
        "az-loss": (MULTI_AZ, REPLICA),
        "point-in-time-restore": (PITR, SPARE_SNAPSHOT, SAVED),
        "accidental-deletion": (PITR, SPARE_SNAPSHOT, SAVED),
        "region-loss": (BACKUP_COPY, SNAPSHOT_COPY, SAVED_COPY),
    },
    "docdb": {
        "az-loss": (MULTI_AZ,),
        "point-in-time-restore": (PITR, SPARE_SNAPSHOT, SAVED),
        "accidental-deletion": (PITR, SPARE_SNAPSHOT, SAVED),
        "region-loss": (SNAPSHOT_COPY, SAVED_COPY),
    },
    "elasticache": {
        "az-loss": (REPLICA,),
        "point-in-time-restore": (SNAPSHOT,),
        "accidental-deletion": (SNAPSHOT,),
    },
    "s3": {
        "region-loss": (REPLICATION, SAVED_COPY),
        "point-in-time-restore": (VERSIONING, SAVED),
        "accidental-deletion": (VERSIONING, SAVED),
    },
    "ecs": {"az-loss": (DEAD_LETTERS,)},
}
_SHOWN_WITHOUT_TARGET: Mapping[str, tuple[Mechanism, ...]] = {
    "rds": (PITR,),
    "docdb": (PITR,),
    "elasticache": (SNAPSHOT, REPLICA),
    "s3": (REPLICATION,),
}
PROOFS: Mapping[str, tuple[EventKind, ...]] = {
    "az-loss": ("failover", "outage"),
    "point-in-time-restore": ("restore",),
    "region-loss": (),
    "accidental-deletion": ("restore",),
}
"""Which events show how long recovery took in a scenario; a drill of the scenario always does."""

DEEP_ARCHIVE = Limit(
    12 * 60,
    "S3 Glacier Deep Archive restores within 12 h (standard) or 48 h (bulk); expedited retrieval is not offered",
    "AWS documentation, Amazon S3 User Guide, Understanding archive retrieval options",
)


LEAST_POLL, USUAL_POLL, MOST_POLL = 1, 5, 15


def poll_minutes(component: Component) -> int:
    """How often its metrics are read: 20 times within its tightest RPO. AWS bills every metric that is asked for.

    A queue's dead letters are another component's RPO of zero.
    """
    if component.kind == "sqs":
        return LEAST_POLL
    tightest = min((t.rpo for t in component.recovery if t.rpo is not None), default=None)
    return USUAL_POLL if tightest is None else max(LEAST_POLL, min(tightest // 20, MOST_POLL))


def mechanisms(component: Component, scenario: str | None) -> tuple[Mechanism, ...]:
    """What a component of this kind can be recovered from in the scenario, the newest recovery point first; maybe none."""
    if scenario is None:
        return _SHOWN_WITHOUT_TARGET.get(component.kind, ())
    return _NEWEST_FIRST.get(component.kind, {}).get(scenario, ())


def fastest(component: Component) -> Limit | None:
    """The least RTO that its storage allows; None where nothing rules out an immediate one."""
    return DEEP_ARCHIVE if component.resource.get("storage_class") in {"DEEP_ARCHIVE", "GLACIER_DEEP_ARCHIVE"} else None
