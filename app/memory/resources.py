"""The twin of queues, topics, alarms and mute rules: keeps what it is given, refuses what AWS refuses, fails when told to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from alerts.composite import CompositeAlarm
from alerts.dead_letters import queue_name
from alerts.naming import alarm_name
from alerts.topics import SUBSCRIPTION_ATTRIBUTES, TOPICS, endpoint_digest, subscription, topic_name
from slo.errors import QuotaReached, SourceError
from slo.resource import Identity, Kind, Live, Resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alerts.topics import Pager
    from slo.plan import Change, Op

_STATES: dict[Kind, str] = {
    "queue": "empty",
    "alarm": "INSUFFICIENT_DATA",
    "composite": "INSUFFICIENT_DATA",
    "mute": "SCHEDULED",
}


@dataclass(slots=True, eq=False)
class Endpoint:
    """One subscribed address, and what was asked for it."""

    protocol: str
    url: str
    attributes: Mapping[str, Any]
    status: str = "confirmed"


@dataclass(slots=True, eq=False)
class MemoryResources:
    """`failures` are raised one per write before anything is taken again; `writes` counts those that were taken.

    `endpoints` are the subscribed addresses by topic: a topic's tags say which of them is ours. `quotas` is the most of a
    kind that is taken, `confirms` whether who is subscribed confirms it.
    """

    pager: Pager | None = None
    failures: list[SourceError] = field(default_factory=list)
    writes: Counter[Op] = field(default_factory=Counter)
    kept: dict[Identity, Resource] = field(default_factory=dict)
    endpoints: dict[Identity, list[Endpoint]] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset({"queue", "topic", "subscription", "alarm", "composite", "mute"})
    second: Pager | None = None
    quotas: dict[Kind, int] = field(default_factory=dict)
    confirms: bool = True

    def read(self, estate: str) -> Sequence[Live]:
        names = {queue_name(estate), *(topic_name(estate, channel) for channel in TOPICS)}
        ours = [r for r in self.kept.values() if r.name in names or r.name.startswith(alarm_name(estate, ""))]
        return [live for r in ours for live in (Live(r, _STATES.get(r.kind)), *self._subscribed(r))]

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

    def _subscribed(self, topic: Resource) -> Iterator[Live]:
        for one in self.endpoints.get(topic.identity, ()):
            yield Live(subscription(topic, one.protocol, one.url, one.attributes), one.status)

    def _put(self, change: Change) -> None:
        resource = change.resource
        known = self.kept.get(resource.identity)
        unknown = _children(resource) - {r.name for r in self.kept.values()}
        if unknown:
            raise SourceError(f"ValidationError: AlarmRule names alarms that do not exist: {min(unknown)}", retryable=False)
        if known is None and change.op != "create":
            raise SourceError(f"ResourceNotFound: there is no {resource.kind} {resource.name}", retryable=False)
        most = self.quotas.get(resource.kind)
        if known is None and most is not None and sum(r.kind == resource.kind for r in self.kept.values()) >= most:
            raise QuotaReached(f"LimitExceeded: at most {most} of kind {resource.kind}")
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
        known = self.endpoints.setdefault(topic, [])
        same = [one for one in known if endpoint_digest(one.url) == digest]
        if change.op == "delete":
            self.endpoints[topic] = [one for one in known if one not in same]
        elif change.op != "create":
            for one in same:
                one.attributes = _attributes(resource)
        elif topic not in self.kept:
            raise SourceError(f"NotFound: there is no topic {resource.spec['Topic']}", retryable=False)
        else:
            known.append(self._endpoint(resource))

    def _endpoint(self, resource: Resource) -> Endpoint:
        for heard in (self.pager, self.second):
            if heard is not None and heard.digest == resource.spec["EndpointSha256"]:
                status = "confirmed" if self.confirms else "pending"
                return Endpoint(heard.protocol, heard.url, _attributes(resource), status)
        raise SourceError(
            "SLOOP_PAGER_ENDPOINT or SLOOP_SECOND_ENDPOINT is not the address this was planned with; set it or plan again",
            retryable=False,
        )


def _attributes(resource: Resource) -> dict[str, Any]:
    return {name: resource.spec[name] for name in SUBSCRIPTION_ATTRIBUTES if name in resource.spec}


def _children(resource: Resource) -> set[str]:
    if resource.kind != "composite":
        return set()
    rule = CompositeAlarm.of(resource.name, resource.spec["AlarmRule"])
    return set(rule.children)
