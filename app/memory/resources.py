"""The twin of alarms and topics: keeps what it is given, refuses what AWS refuses, and fails when it is told to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alerts.composite import CompositeAlarm
from alerts.naming import alarm_name
from alerts.topics import TOPICS, endpoint_digest, subscription, topic_name
from slo.errors import SourceError
from slo.resource import Identity, Kind, Live, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.topics import Pager
    from slo.plan import Change, Op


@dataclass(slots=True, eq=False)
class MemoryResources:
    """`failures` are raised one per write before anything is taken again; `writes` counts those that were taken.

    `endpoints` are the subscribed addresses by topic: a topic's tags say which of them is ours.
    """

    pager: Pager | None = None
    failures: list[SourceError] = field(default_factory=list)
    writes: Counter[Op] = field(default_factory=Counter)
    kept: dict[Identity, Resource] = field(default_factory=dict)
    endpoints: dict[Identity, list[tuple[str, str]]] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset({"topic", "subscription", "alarm", "composite"})

    def read(self, estate: str) -> Sequence[Live]:
        names = {topic_name(estate, severity) for severity in TOPICS}
        topics = [r for r in self.kept.values() if r.kind == "topic" and r.name in names]
        alarms = [r for r in self.kept.values() if r.name.startswith(alarm_name(estate, ""))]
        subscribed = [subscription(t, *endpoint) for t in topics for endpoint in self.endpoints.get(t.identity, ())]
        return [
            *(Live(topic) for topic in topics),
            *(Live(one, "confirmed") for one in subscribed),
            *(Live(alarm, "INSUFFICIENT_DATA") for alarm in alarms),
        ]

    def write(self, change: Change) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if change.resource.kind == "subscription":
            self._subscribe(change)
        elif change.op == "delete":
            self._delete(change.resource)
        else:
            self._put(change)
        self.writes[change.op] += 1

    def _put(self, change: Change) -> None:
        resource = change.resource
        known = self.kept.get(resource.identity)
        unknown = _children(resource) - {r.name for r in self.kept.values()}
        if unknown:
            raise SourceError(f"ValidationError: AlarmRule names alarms that do not exist: {min(unknown)}", retryable=False)
        if known is None and change.op != "create":
            raise SourceError(f"ResourceNotFound: there is no {resource.kind} {resource.name}", retryable=False)
        tags = {} if known is None else dict(known.tags)
        self.kept[resource.identity] = replace(resource, tags=tags | dict(resource.tags))

    def _delete(self, resource: Resource) -> None:
        above = [r.name for r in self.kept.values() if resource.name in _children(r)]
        if above:
            raise SourceError(f"ValidationError: {above[0]} depends on {resource.name}", retryable=False)
        self.kept.pop(resource.identity, None)
        self.endpoints.pop(resource.identity, None)

    def _subscribe(self, change: Change) -> None:
        resource = change.resource
        topic: Identity = ("topic", resource.account, resource.region, str(resource.spec["Topic"]))
        digest = resource.spec["EndpointSha256"]
        if change.op == "delete":
            self.endpoints[topic] = [(p, e) for p, e in self.endpoints.get(topic, []) if endpoint_digest(e) != digest]
        elif topic not in self.kept:
            raise SourceError(f"NotFound: there is no topic {resource.spec['Topic']}", retryable=False)
        elif self.pager is None or self.pager.digest != digest:
            raise SourceError(
                "SLOOP_PAGER_ENDPOINT is not the address this was planned with; set it or plan again", retryable=False
            )
        else:
            self.endpoints.setdefault(topic, []).append((self.pager.protocol, self.pager.url))


def _children(resource: Resource) -> set[str]:
    if resource.kind != "composite":
        return set()
    return set(CompositeAlarm.of(resource.name, resource.spec["AlarmRule"]).children)
