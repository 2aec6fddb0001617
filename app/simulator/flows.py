"""Metrics that count: requests, errors, connections, messages. Every one is a part of some component's stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.simulator.metric import edges, events, flags, gauge, per_minute
from app.simulator.resources import LOAD_BALANCER, TASKS
from app.simulator.stream import FAST, SLOW, Share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.simulator.metric import Shape
    from app.simulator.resources import Resource
    from app.simulator.stream import Stream
    from slo.judge.series import Floats, Ints

    Samples = Callable[[Ints], Shape]
    Running = Callable[[Floats], Ints]

REJECTED, UNSERVED = Share(2, 100_000), Share(1, 100_000)
"""Everyday 5xx of the load balancer itself, and those of them that are 503."""
BLOCKED = Share(1, 150)
NOT_FOUND, MOVED = Share(1, 60), Share(1, 40)
"""Everyday 4xx of all that did not fail, and 3xx of the rest."""


class Streams(Protocol):
    def stream(self, name: str) -> Stream: ...


def flows(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    """The counting metrics of one resource, by name; none for most."""
    part = _PARTS.get(resource.family)
    return {} if part is None else part(streams, resource)


def balancer_requests(streams: Streams, seconds: Floats) -> Ints:
    return streams.stream("api").requests(seconds) + streams.stream("web").requests(seconds)


def balancer_failed(streams: Streams, seconds: Floats) -> Ints:
    return streams.stream("api").errors(seconds) + streams.stream("web").errors(seconds)


def rejected(streams: Streams, share: Share, seconds: Floats) -> Ints:
    """5xx of the load balancer itself, half of them 503 (no target chosen, so not in RequestCount)."""
    return share.of(balancer_requests(streams, seconds))


def edge_total(streams: Streams, seconds: Floats) -> Ints:
    return balancer_requests(streams, seconds) + rejected(streams, UNSERVED, seconds)


def edge_bad(streams: Streams, seconds: Floats) -> Ints:
    return balancer_failed(streams, seconds) + rejected(streams, REJECTED, seconds)


def cdn_total(streams: Streams, seconds: Floats) -> Ints:
    """What the caches answer, and what they ask the load balancer for."""
    return streams.stream("cdn").requests(seconds) + edge_total(streams, seconds)


def cdn_bad(streams: Streams, seconds: Floats) -> Ints:
    return streams.stream("cdn").errors(seconds) + edge_bad(streams, seconds)


def _counted(running: Running) -> Samples:
    return events(partial(per_minute, running))


def _cdn(streams: Streams, _resource: Resource) -> Mapping[str, Samples]:
    total, bad = partial(cdn_total, streams), partial(cdn_bad, streams)
    rate = flags(partial(per_minute, total), partial(per_minute, bad), 100.0)
    return {"Requests": _counted(total), "5xxErrorRate": rate}


def _firewall(streams: Streams, _resource: Resource) -> Mapping[str, Samples]:
    allowed = partial(cdn_total, streams)
    return {"AllowedRequests": _counted(allowed), "BlockedRequests": _counted(lambda seconds: BLOCKED.of(allowed(seconds)))}


def _balancer(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    if resource.dimensions["LoadBalancer"] != LOAD_BALANCER:
        return _answers(streams, ("tools",))
    return {
        **_answers(streams, ("api", "web")),
        "HTTPCode_ELB_5XX_Count": _counted(partial(rejected, streams, REJECTED)),
        "HTTPCode_ELB_503_Count": _counted(partial(rejected, streams, UNSERVED)),
    }


def _target_group(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    stream, tasks = streams.stream(resource.component), TASKS[resource.component]
    each = gauge(lambda minutes: per_minute(stream.requests, minutes) / tasks.values(0, 0, minutes))
    return {**_answers(streams, (resource.component,)), "RequestCountPerTarget": each}


def _answers(streams: Streams, services: Sequence[str]) -> Mapping[str, Samples]:
    """What targets answer, by status and by time."""
    made = [streams.stream(name) for name in services]
    return {
        "RequestCount": _counted(lambda seconds: _sum([s.requests(seconds) for s in made])),
        "HTTPCode_Target_5XX_Count": _counted(lambda seconds: _sum([s.errors(seconds) for s in made])),
        **{f"HTTPCode_Target_{code}XX_Count": _counted(partial(_with_status, made, code)) for code in (2, 3, 4)},
        "TargetResponseTime": lambda minutes: _times(made, minutes),
    }


def _with_status(streams: Sequence[Stream], code: int, seconds: Floats) -> Ints:
    return _sum([_by_status(s, seconds)[code] for s in streams])


def _by_status(stream: Stream, seconds: Floats) -> Mapping[int, Ints]:
    """Every part of a running total that never falls never falls either, because each is cut from what is left."""
    errors = stream.errors(seconds)
    left = stream.requests(seconds) - errors
    lost = NOT_FOUND.of(left)
    moved = MOVED.of(left - lost)
    return {2: left - lost - moved, 3: moved, 4: lost, 5: errors}


def _times(streams: Sequence[Stream], minutes: Ints) -> Shape:
    """Seconds."""
    marks = edges(minutes)
    levels = [_sum(level) for level in zip(*(s.levels(marks) for s in streams), strict=True)]
    counts = np.stack([level[1:] - level[:-1] for level in levels], axis=1)
    seconds = np.array([value for value, _ in (*FAST, *SLOW)])
    return np.broadcast_to(seconds, counts.shape), counts.astype(np.float64)


def _bucket(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    stream = streams.stream(resource.component)
    total, bad = partial(per_minute, stream.requests), partial(per_minute, stream.errors)
    lost = partial(per_minute, partial(_with_status, [stream], 4))
    return {"AllRequests": _counted(stream.requests), "5xxErrors": flags(total, bad, 1.0), "4xxErrors": flags(total, lost, 1.0)}


def _gateway(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    """A connection that gets no port is not attempted; other bad ones are attempted and not established."""
    stream = streams.stream(resource.component)
    return {
        "ErrorPortAllocation": _counted(stream.failures),
        "ConnectionAttemptCount": _counted(lambda seconds: stream.requests(seconds) - stream.failures(seconds)),
        "ConnectionEstablishedCount": _counted(lambda seconds: stream.requests(seconds) - stream.errors(seconds)),
    }


def _search(streams: Streams, resource: Resource) -> Mapping[str, Samples]:
    stream = streams.stream(resource.component)
    parts = {f"{code}xx": _counted(partial(_with_status, [stream], code)) for code in (2, 3, 4, 5)}
    return {**parts, "OpenSearchRequests": _counted(stream.requests)}


def _topic(_streams: Streams, _resource: Resource) -> Mapping[str, Samples]:
    """One heartbeat a minute keeps the paging path measured; no other message is modelled."""
    beat, none = events(np.ones_like), events(np.zeros_like)
    return {
        "NumberOfMessagesPublished": beat,
        "NumberOfNotificationsDelivered": beat,
        "NumberOfNotificationsFailed": none,
    }


def _sum(parts: Sequence[Ints]) -> Ints:
    return parts[0] if len(parts) == 1 else np.sum(parts, axis=0)


_PARTS: Mapping[str, Callable[[Streams, Resource], Mapping[str, Samples]]] = {
    "AWS/CloudFront DistributionId Region": _cdn,
    "AWS/WAFV2 Rule WebACL": _firewall,
    "AWS/ApplicationELB LoadBalancer": _balancer,
    "AWS/ApplicationELB LoadBalancer TargetGroup": _target_group,
    "AWS/S3 BucketName FilterId": _bucket,
    "AWS/NATGateway NatGatewayId": _gateway,
    "AWS/ES ClientId DomainName": _search,
    "AWS/SNS TopicName": _topic,
}
