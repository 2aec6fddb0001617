"""The estate of slo/specs/reference.yaml, alive: daily traffic, a steady trickle of errors, and faults whose truth is known.

Everything is a function of the moment, the seed and the injected faults, so two questions about one minute agree.
demo.yaml declares a part of it under the same names.
"""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from app.simulator import flows
from app.simulator.effects import effects_on
from app.simulator.faults import Fault, during, intervals
from app.simulator.gauge import quiet
from app.simulator.gauges import GAUGES
from app.simulator.metric import Metric, gauge, per_minute, starts
from app.simulator.prometheus_stub import Counter, prometheus_routes
from app.simulator.resources import QUEUE, resources
from app.simulator.samples import Identity
from app.simulator.stream import Share, Stream
from app.simulator.traffic import Traffic
from app.simulator.xray import sample
from slo.judge.series import Slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.routing import Route

    from app.simulator.clock import Clock
    from app.simulator.resources import Resource
    from app.simulator.samples import Dimensions, MinuteSamples
    from slo.judge.series import Bools, Floats, Ints
    from slo.units import Minute

FRESH_SECONDS = 300
OUTAGES: Mapping[str, tuple[str, ...]] = {
    "database.availability": ("database-down", "rds-failover", "az-loss", "region-loss", "fis-failover"),
    "documents.availability": ("docdb-failover", "az-loss", "region-loss"),
    "cache.availability": ("cache-down",),
    "vpn-onprem.availability": (),
    "vpn-payment.availability": ("vpn-down",),
    "payment.availability": (),
    "pager.availability": (),
    "api.capacity": (),
    "web.capacity": (),
    "workers.capacity": (),
    "tools.capacity": (),
}
"""Indicators with one event a minute, and the faults during which it is bad."""

# Errors at a fifth of the budget or less: 0.02 % of a target of 99.9 %, 0.1 % of 99.5 % or 99 %. The smallest streams have
# so many requests that one error in 5 minutes of the quietest hour burns below 0.3 as well.
_STREAMS: Mapping[str, tuple[float, int, Share]] = {
    "api": (6000.0, 1, Share(2, 10_000)),
    "web": (4000.0, 2, Share(2, 10_000)),
    "orders": (600.0, 3, Share(1, 1000)),
    "cdn": (24_000.0, 4, Share(1, 10_000)),
    "tools": (300.0, 5, Share(1, 2000)),
    "media": (2500.0, 6, Share(1, 10_000)),
    "assets": (5000.0, 7, Share(1, 10_000)),
    "backups": (200.0, 8, Share(1, 2000)),
    "nat-a": (900.0, 9, Share(1, 1000)),
    "nat-b": (850.0, 10, Share(1, 1000)),
    "nat-c": (800.0, 11, Share(1, 1000)),
    "search": (1200.0, 12, Share(1, 2000)),
}


class DemoModel:
    """Implements Provider. `inject` changes what happens from then on; nothing else here has a state.

    `faults` are those so far, in the order of injection.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faults: tuple[Fault, ...] = ()
        self._resources = {(r.namespace, frozenset(r.dimensions.items())): r for r in resources()}

    def inject(self, name: str, start: float) -> Fault:
        """From `start` (epoch seconds of estate time) for as long as FAULTS says. ValueError for an unknown name."""
        fault = Fault.of(name, start)
        self.faults = (*self.faults, fault)
        return fault

    def series(self, namespace: str, metric: str, dimensions: Dimensions) -> MinuteSamples | None:
        """A resource answers any name of its namespace: what AWS is not known to have reads as something harmless."""
        resource = self._resources.get((namespace, dimensions))
        if resource is None:
            return None
        # Made anew on each question, so that the streams within hold the faults of now.
        counted = flows.flows(self, resource).get(metric)
        return Metric(counted or gauge(partial(self._level, resource, metric)), self._gap)

    def identities(self) -> Sequence[Identity]:
        return tuple(
            Identity(namespace, metric, dimensions)
            for (namespace, dimensions), resource in self._resources.items()
            for metric in {**flows.flows(self, resource), **GAUGES.get(resource.family, {}), **resource.gauges}
        )

    def routes(self, clock: Clock) -> list[Route]:
        return prometheus_routes(self.counters, clock)

    def stream(self, name: str) -> Stream:
        """Of a component whose requests are counted; KeyError for another."""
        rate, salt, error = _STREAMS[name]
        ports = tuple(intervals(self.faults, "nat-exhausted")) if name == "nat-a" else ()
        outage = tuple(intervals(self.faults, f"{name}-5xx")) or ports
        sluggish = tuple(intervals(self.faults, f"{name}-slow"))
        failing = Share(4, 5) if ports else Share(1, 1)
        return Stream(Traffic(rate, self.seed, salt), error, outage=outage, sluggish=sluggish, failing=failing)

    def outages(self, component: str) -> tuple[tuple[float, float], ...]:
        """From when to when it did not answer, in epoch seconds; of components that count no requests."""
        faults = OUTAGES.get(f"{component}.availability", ())
        return tuple(span for fault in faults for span in intervals(self.faults, fault))

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
        """What really happened to `component.indicator` in start <= minute < end; minutes that a gap hides are absent.

        Of traces: what is true of the sample, which a gap of metrics does not hide. KeyError for what is not modelled.
        """
        minutes = np.arange(start, end, dtype=np.int64)
        total, bad = self._truth(indicator, minutes)
        gone = np.zeros(len(minutes), bool) if indicator.startswith("traces.") else self._gap(minutes)
        if indicator.startswith("orders."):
            gone = gone | self._gap(minutes + 1)  # a counter's minute needs both of its marks
        kept = ~gone
        return Slices(minutes[kept], total[kept], bad[kept], np.zeros(int(kept.sum()), bool))

    def _truth(self, indicator: str, minutes: Ints) -> tuple[Ints, Ints]:
        component, _, name = indicator.partition(".")
        if indicator in OUTAGES:
            spans = [span for fault in OUTAGES[indicator] for span in intervals(self.faults, fault)]
            return np.ones_like(minutes), during(starts(minutes), spans).astype(np.int64)
        if name == "freshness":
            return np.ones_like(minutes), (self._age(minutes) > FRESH_SECONDS).astype(np.int64)
        if component == "traces":
            sampled = sample(self.stream("api"), int(minutes[0]), int(minutes[-1]) + 1)
            return sampled.total, sampled.fault
        if component in {"cdn", "edge"}:
            counted = (flows.cdn_total, flows.cdn_bad) if component == "cdn" else (flows.edge_total, flows.edge_bad)
            total, bad = (per_minute(partial(count, self), minutes) for count in counted)
            return total, bad
        stream = self.stream(component)
        return per_minute(stream.requests, minutes), per_minute(stream.late if name == "latency" else stream.errors, minutes)

    def _age(self, minutes: Ints) -> Floats:
        """Seconds that the oldest job has waited."""
        queue = next(r for r in self._resources.values() if r.name == QUEUE)
        return self._level(queue, "ApproximateAgeOfOldestMessage", minutes)

    def _level(self, resource: Resource, metric: str, minutes: Ints) -> Floats:
        """One value a minute, with what the faults do to it."""
        usual = resource.gauges.get(metric) or GAUGES.get(resource.family, {}).get(metric) or quiet(metric)
        # Two metrics of one resource move apart, and so do two resources.
        salt = zlib.crc32(f"{resource.family} {resource.name} {metric}".encode())
        values = usual.values(self.seed, salt, minutes)
        for effect in effects_on(resource.name, metric):
            values = effect.apply(values, minutes, self.faults)
        return np.round(values) if usual.whole else values

    def _gap(self, minutes: Ints) -> Bools:
        return during(starts(minutes), intervals(self.faults, "metrics-gap"))
