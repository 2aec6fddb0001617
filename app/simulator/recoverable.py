"""What the simulated account has that can be recovered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.simulator.xml_tree import Tree
    from slo.estate.spec import Component, Estate

REGION, ACCOUNT = "us-east-1", "111122223333"
MADE = 1_600_000_000.0
"""When the databases and the cache were made: long ago."""
DOMAIN = "c0demo1example"
"""A part of the host names of databases that is the account's own."""


class NotThere(Exception):
    def __init__(self, code: str, what: str) -> None:
        self.code = code
        super().__init__(f"{what} not found.")


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    rule: str = "replicate"
    replica: str | None = None
    filter: str | None = None
    replica_region: str | None = None

    def configuration(self) -> Tree:
        metrics: Tree = {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
        rule: Tree = {
            "ID": self.rule,
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.replica}", "Metrics": metrics},
        }
        return {"Role": f"arn:aws:iam::{ACCOUNT}:role/replication", "Rule": [rule]}


@dataclass(frozen=True, slots=True)
class Resources:
    """By name: instances with their replicas, clusters with their members, replication groups with their nodes, buckets;

    `copies` says to which region an instance's backups are copied, `services` how many tasks each service of ECS has.
    """

    instances: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clusters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, estate: Estate) -> Resources:
        """Everything that the estate declares is there, as the target architecture has it."""
        kinds = {kind: [c for c in estate.components if c.kind == kind] for kind in ("rds", "docdb", "elasticache", "s3")}
        return cls(
            {_one(c, "instance"): _many(c, "replicas") for c in kinds["rds"]},
            {_one(c, "cluster"): _many(c, "instances") for c in kinds["docdb"]},
            {_one(c, "replication_group"): _many(c, "nodes") for c in kinds["elasticache"]},
            {_one(c, "bucket"): _bucket(c) for c in kinds["s3"]},
            {_one(c, "instance"): _one(c, "backup_region") for c in kinds["rds"]},
            {_one(c, "service"): int(_one(c, "min_tasks") or "3") for c in estate.components if c.kind == "ecs"},
        )


def _one(component: Component, key: str) -> str:
    value = component.resource.get(key, "")
    return value if isinstance(value, str) else value[0]


def _many(component: Component, key: str) -> tuple[str, ...]:
    value = component.resource.get(key, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _bucket(component: Component) -> Bucket:
    rule = _one(component, "replication_rule") or "replicate"
    replica, region = (_one(component, key) or None for key in ("replica_bucket", "replica_region"))
    return Bucket(_one(component, "bucket"), rule, replica, _one(component, "filter") or None, region)
