"""The small estate of slo/specs/demo.yaml, alive: daily traffic, a steady trickle of errors, and faults whose truth is known.

Everything is a function of the moment, the seed and the injected faults, so two questions about one minute agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.simulator.faults import Fault, during, elapsed, intervals
from app.simulator.prometheus_stub import Counter, prometheus_routes
from app.simulator.samples import Distribution, Identity, MinuteSums
from app.simulator.stream import FAST, SLOW, Share, Stream
from app.simulator.traffic import Traffic, noise
from slo.judge.series import Slices

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.routing import Route

    from app.simulator.clock import Clock
    from app.simulator.samples import Dimensions, MinuteSamples, Provider
    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute

LOAD_BALANCER = "app/demo/50dc6c495c0c9188"
TARGET_GROUPS = {"api": "targetgroup/demo-api/943f017f100becff", "web": "targetgroup/demo-web/73e2d6bc24d8a067"}
HOSTS = {"api": 6, "web": 4}
CLUSTER, DATABASE, QUEUE = "demo", "demo-pg", "demo-jobs"
FRESH_SECONDS = 300
JOBS_PER_SECOND = 2.0
REJECTED, UNSERVED = Share(2, 100_000), Share(1, 100_000)
"""Everyday 5xx of the load balancer itself, and those of them that are 503."""

Shape = tuple["Floats", "Floats"]
"""values[n, k] and counts[n, k]: minute n has counts[n, k] samples of values[n, k]."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`shape(minutes)` are its samples; `gap(minutes)` tells the minutes that have no datapoint at all."""

    shape: Callable[[Ints], Shape]
    gap: Callable[[Ints], Bools]

    def sums(self, start: Minute, end: Minute) -> MinuteSums:
        values, counts = self._samples(start, end)
        present = counts > 0
        return MinuteSums(
            (values * counts).sum(axis=1),
            counts.sum(axis=1),
            np.where(present, values, np.inf).min(axis=1),
            np.where(present, values, -np.inf).max(axis=1),
        )

    def distribution(self, start: Minute, end: Minute) -> Distribution:
        values, counts = self._samples(start, end)
        offset, level = np.nonzero(counts)
        return Distribution(offset.astype(np.int64), values[offset, level], counts[offset, level])

    def _samples(self, start: Minute, end: Minute) -> Shape:
        minutes = np.arange(start, end, dtype=np.int64)
        values, counts = self.shape(minutes)
        return values, np.where(self.gap(minutes)[:, None], 0.0, counts)


class DemoModel:
    """Implements Provider. `inject` changes what happens from then on; nothing else here has a state."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faults: tuple[Fault, ...] = ()
        self._metrics: Mapping[Identity, Metric] = dict(self._catalogue())

    def inject(self, name: str, start: float) -> Fault:
        """From `start` (epoch seconds of estate time) for as long as FAULTS says. ValueError for an unknown name."""
        fault = Fault.of(name, start)
        self.faults = (*self.faults, fault)
        return fault

    def provider(self) -> Provider:
        return self

    def series(self, namespace: str, metric: str, dimensions: Dimensions) -> MinuteSamples | None:
        return self._metrics.get(Identity(namespace, metric, dimensions))

    def identities(self) -> Sequence[Identity]:
        return tuple(self._metrics)

    def routes(self, clock: Clock) -> list[Route]:
        return prometheus_routes(self.counters, clock)

    # The streams are made anew on each question: they are small, and so they always hold the faults of now.

    def stream(self, name: str) -> Stream:
        """`api`, `web` or `orders`."""
        outage = tuple(intervals(self.faults, f"{name}-5xx"))
        sluggish = tuple(intervals(self.faults, f"{name}-slow"))
        # Errors at a fifth of the budget: 0.02 % of a target of 99.9 %, 0.1 % of 99.5 %.
        rate, salt, error = {
            "api": (6000.0, 1, Share(2, 10_000)),
            "web": (4000.0, 2, Share(2, 10_000)),
            "orders": (600.0, 3, Share(1, 1000)),
        }[name]
        return Stream(Traffic(rate, self.seed, salt), error, outage=outage, sluggish=sluggish)

    def counters(self, seconds: Floats) -> list[Counter]:
        """orders_requests_total per code at each moment; NaN while nothing is measured. `up` is 1 when something is."""
        orders = self.stream("orders")
        requests, errors = orders.requests(seconds), orders.errors(seconds)
        silent = during(seconds, intervals(self.faults, "metrics-gap"))
        base = {"job": "orders", "instance": "demo"}
        named = {"__name__": "orders_requests_total", **base}
        return [
            Counter({**named, "code": "200"}, np.where(silent, np.nan, requests - errors)),
            Counter({**named, "code": "500"}, np.where(silent, np.nan, errors)),
            Counter({"__name__": "up", **base}, np.where(silent, np.nan, 1.0)),
        ]

    def truth(self, indicator: str, start: Minute, end: Minute) -> Slices:
        """What really happened to `component.indicator` in start <= minute < end; minutes that a gap hides are absent."""
        minutes = np.arange(start, end, dtype=np.int64)
        total, bad = self._truth(indicator, minutes)
        gone = self._gap(minutes)
        if indicator.startswith("orders."):
            gone = gone | self._gap(minutes + 1)  # a counter's minute needs both of its marks
        kept = ~gone
        return Slices(minutes[kept], total[kept], bad[kept], np.zeros(int(kept.sum()), bool))

    def _truth(self, indicator: str, minutes: Ints) -> tuple[Ints, Ints]:
        component, _, name = indicator.partition(".")
        if component == "edge":
            rejected = self._rejected(minutes, UNSERVED)
            return self._balancer_requests(minutes) + rejected, self._balancer_errors(minutes) + self._rejected(minutes)
        if component in {"database", "jobs"}:
            value = (self._connections if component == "database" else self._age)(minutes)
            return np.ones_like(minutes), (value < 1 if component == "database" else value > FRESH_SECONDS).astype(np.int64)
        stream = self.stream(component)
        return _per_minute(stream.requests, minutes), _per_minute(stream.late if name == "latency" else stream.errors, minutes)

    def _catalogue(self) -> list[tuple[Identity, Metric]]:
        balancer = {"LoadBalancer": LOAD_BALANCER}
        elb = "AWS/ApplicationELB"
        found = [
            self._metric(elb, "RequestCount", balancer, _events(self._balancer_requests)),
            self._metric(elb, "HTTPCode_Target_5XX_Count", balancer, _events(self._balancer_errors)),
            self._metric(elb, "HTTPCode_ELB_5XX_Count", balancer, _events(self._rejected)),
            self._metric(elb, "HTTPCode_ELB_503_Count", balancer, _events(partial(self._rejected, share=UNSERVED))),
            self._metric("AWS/RDS", "DatabaseConnections", {"DBInstanceIdentifier": DATABASE}, _gauge(self._connections)),
            self._metric("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": DATABASE}, _gauge(partial(self._busy, 20))),
            self._metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": QUEUE}, _gauge(self._age)),
            self._metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": QUEUE}, _gauge(self._waiting)),
        ]
        for salt, name in enumerate(TARGET_GROUPS):
            group = {**balancer, "TargetGroup": TARGET_GROUPS[name]}
            service = {"ClusterName": CLUSTER, "ServiceName": name}
            found += [
                self._metric(elb, "RequestCount", group, _events(partial(self._count, name, "requests"))),
                self._metric(elb, "HTTPCode_Target_5XX_Count", group, _events(partial(self._count, name, "errors"))),
                self._metric(elb, "TargetResponseTime", group, partial(self._response_times, name)),
                self._metric(elb, "HealthyHostCount", group, _gauge(partial(_constant, HOSTS[name]))),
                self._metric(elb, "UnHealthyHostCount", group, _gauge(partial(_constant, 0))),
                self._metric("AWS/ECS", "CPUUtilization", service, _gauge(partial(self._busy, 21 + salt))),
                self._metric("AWS/ECS", "MemoryUtilization", service, _gauge(partial(self._busy, 31 + salt))),
            ]
        return found

    def _metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], shape: Callable[[Ints], Shape]
    ) -> tuple[Identity, Metric]:
        return Identity(namespace, name, frozenset(dimensions.items())), Metric(shape, self._gap)

    def _gap(self, minutes: Ints) -> Bools:
        return during(_starts(minutes), intervals(self.faults, "metrics-gap"))

    def _count(self, service: str, what: str, minutes: Ints) -> Ints:
        stream = self.stream(service)
        return _per_minute({"requests": stream.requests, "errors": stream.errors}[what], minutes)

    def _balancer_requests(self, minutes: Ints) -> Ints:
        return self._count("api", "requests", minutes) + self._count("web", "requests", minutes)

    def _balancer_errors(self, minutes: Ints) -> Ints:
        return self._count("api", "errors", minutes) + self._count("web", "errors", minutes)

    def _rejected(self, minutes: Ints, share: Share = REJECTED) -> Ints:
        """5xx of the load balancer itself, half of them 503 (no target chosen, so not in RequestCount)."""
        api, web = self.stream("api"), self.stream("web")
        return _per_minute(lambda seconds: share.of(api.requests(seconds) + web.requests(seconds)), minutes)

    def _response_times(self, service: str, minutes: Ints) -> Shape:
        edges = _edges(minutes)
        counts = np.stack([level[1:] - level[:-1] for level in self.stream(service).levels(edges)], axis=1)
        seconds = np.array([value for value, _ in (*FAST, *SLOW)])
        return np.broadcast_to(seconds, counts.shape), counts.astype(np.float64)

    def _connections(self, minutes: Ints) -> Floats:
        down = during(_starts(minutes), intervals(self.faults, "database-down"))
        return np.where(down, 0.0, np.round(60 + 8 * noise(self.seed, 11, minutes)))

    def _age(self, minutes: Ints) -> Floats:
        """Seconds: a queue that nobody serves ages by a minute a minute."""
        stuck = elapsed(_starts(minutes) + 60, intervals(self.faults, "queue-stuck"))
        return np.round(12 + 6 * noise(self.seed, 12, minutes) + stuck)

    def _waiting(self, minutes: Ints) -> Floats:
        stuck = elapsed(_starts(minutes) + 60, intervals(self.faults, "queue-stuck"))
        return np.round(25 + 10 * noise(self.seed, 13, minutes) + JOBS_PER_SECOND * stuck)

    def _busy(self, salt: int, minutes: Ints) -> Floats:
        """A utilisation in per cent that follows the API's traffic."""
        load = self._count("api", "requests", minutes) / 6000
        return 20 + 25 * load + 3 * noise(self.seed, salt, minutes)


def _constant(value: float, minutes: Ints) -> Floats:
    return np.full(len(minutes), float(value))


def _per_minute(running: Callable[[Floats], Ints], minutes: Ints) -> Ints:
    """`minutes` are consecutive."""
    totals = running(_edges(minutes))
    return totals[1:] - totals[:-1]


def _starts(minutes: Ints) -> Floats:
    """Epoch seconds."""
    return (minutes * 60).astype(np.float64)


def _edges(minutes: Ints) -> Floats:
    """Epoch seconds of every start and of the last end: one more than there are minutes."""
    return _starts(np.append(minutes, minutes[-1:] + 1))


def _events(count: Callable[[Ints], Ints]) -> Callable[[Ints], Shape]:
    """As the load balancer counts: one sample of 1 per event, so that none at all leaves no datapoint."""

    def shape(minutes: Ints) -> Shape:
        counts = count(minutes).astype(np.float64)[:, None]
        return np.ones_like(counts), counts

    return shape


def _gauge(value: Callable[[Ints], Floats]) -> Callable[[Ints], Shape]:
    """One sample a minute."""

    def shape(minutes: Ints) -> Shape:
        values = value(minutes)[:, None]
        return values, np.ones_like(values)

    return shape
