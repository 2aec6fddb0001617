"""A thing in a cloud account as declared or as found: one normal form for both, so that equal means the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["queue", "topic", "subscription", "alarm", "composite", "mute", "dashboard", "grafana"]
ORDER: tuple[Kind, ...] = ("queue", "topic", "subscription", "alarm", "composite", "mute", "dashboard", "grafana")
"""Made in this order and deleted in the reverse: what others point at exists before them and outlives them."""

MANAGED_BY, ESTATE, COMPONENT = "sloop:managed-by", "sloop:estate", "sloop:component"
SPEC_SHA, OWNER = "sloop:spec-sha", "sloop:owner"
APPLIED, PAGER, PAGER_SHA = "sloop:applied", "sloop:pager", "sloop:pager-sha"
PRUNE_AFTER, KEPT = "sloop:prune-after", "no"
"""When `sloop prune` may delete it; `KEPT` once it was declared again."""
MANAGER = "sloop"

Identity = tuple[Kind, str, str, str]
"""(kind, account's name, region, name)."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One account in one region; `account` is its name in the estate and `id` what AWS calls it."""

    account: str
    region: str
    id: str
    role_arn: str | None = None

    def arn(self, service: str, name: str) -> str:
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.id}:{name}"


@dataclass(frozen=True, slots=True)
class Resource:
    """`spec` holds JSON values in normal form (`normal`); `account` is the account's name, "" where there is none."""

    kind: Kind
    account: str
    region: str
    name: str
    spec: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        return (self.kind, self.account, self.region, self.name)

    @property
    def spec_sha(self) -> str:
        """16 hex digits of what the resource is, without its tags: fits a tag's value."""
        return sha256(self.spec)[:16]

    def belongs_to(self, estate: str) -> bool:
        """Only what carries both tags is ours to change."""
        return self.tags.get(MANAGED_BY) == MANAGER and self.tags.get(ESTATE) == estate


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as found; `status` is what it does and not what it is: an alarm's state, a subscription's confirmation."""

    resource: Resource
    status: str | None = None


def partition(region: str) -> str:
    """Of an ARN: China and GovCloud are worlds of their own."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")


def normal(value: Any) -> Any:
    """JSON values with one spelling each: 5.0 is 5, keys sorted, sequences as lists."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {key: normal(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [normal(item) for item in value]
    return value


def canonical(document: Any) -> str:
    """The same text for the same document on every machine."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(document: Any) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()
