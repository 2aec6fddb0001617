"""`/metrics`: gauges read off the newest snapshot when scraped, counters kept by whoever causes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from app.alarm_inventory import STANDINGS
from slo.judge import burn
from slo.units import format_duration, nearest_double

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from prometheus_client.metrics_core import Metric

    from app.alarm_inventory import AlarmInventory
    from app.snapshot import Snapshot, SnapshotBox, SourceStatus

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


TICKS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True, slots=True)
class Meters:
    """Counters for the service to raise: `notifications` by severity and outcome (sent, failed);

    `source_errors` by source and kind (throttled, denied, failed, store); `queries` by shard and lane (history, whole,
    fast), which is what GetMetricData is paid by; `throttles` by source, whatever became of the next try; `clock_jumps` by
    shard; `hook_messages` by outcome (see `app.hooks.sns.SnsHook`).
    """

    source_errors: Counter
    notifications: Counter
    ticks: Counter
    tick_seconds: Histogram
    queries: Counter
    throttles: Counter
    clock_jumps: Counter
    hook_messages: Counter


def meters(registry: CollectorRegistry) -> Meters:
    return Meters(
        Counter("sloop_source_errors", "Polls that a source did not answer usefully", ["source", "kind"], registry=registry),
        Counter("sloop_notifications", "Messages handed to the topic", ["severity", "outcome"], registry=registry),
        Counter("sloop_ticks", "Committed ticks", ["shard"], registry=registry),
        Histogram("sloop_tick_seconds", "From the first call to the commit", ["shard"], buckets=TICKS, registry=registry),
        Counter("sloop_queries", "Series asked for, as sources count and charge them", ["shard", "lane"], registry=registry),
        Counter("sloop_source_throttles", "Tries that were refused for their rate", ["source"], registry=registry),
        Counter("sloop_clock_jumps", "Times that the clock jumped by more than 2 s", ["shard"], registry=registry),
        Counter("sloop_hook_messages", "Messages that came to /hooks/sns", ["outcome"], registry=registry),
    )


def exposition(registry: CollectorRegistry) -> bytes:
    return generate_latest(registry)


class SnapshotCollector(Collector):
    """What is unknown has no sample: a gap in the graph, never a zero."""

    def __init__(
        self, box: SnapshotBox, clock: Callable[[], datetime], written: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        """`written` says how many bytes of frames each shard has written."""
        self._box, self._clock, self._written = box, clock, written

    def collect(self) -> Iterable[Metric]:
        snapshot, now = self._box.get(), self._clock()
        yield from _verdicts(snapshot)
        yield from _states(snapshot)
        yield from _freshness(snapshot, now)
        yield from _sources(snapshot.sources)
        yield from _heartbeat(snapshot)
        yield from _recovery(snapshot)
        yield _alarm_drift(snapshot.alarms)
        yield GaugeMetricFamily("sloop_clock_skew_seconds", "This machine's clock ahead of AWS's", value=snapshot.skew)
        frames = CounterMetricFamily("sloop_frame_bytes", "Bytes of minutes written, by shard", labels=["shard"])
        for shard, count in sorted(self._written().items()):
            frames.add_metric([shard], count)
        yield frames

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not read a snapshot."""
        return ()


def _verdicts(snapshot: Snapshot) -> Iterable[GaugeMetricFamily]:
    left = GaugeMetricFamily("sloop_error_budget_remaining_ratio", "Budget left, negative when overspent", labels=["slo"])
    rates = GaugeMetricFamily("sloop_burn_rate", "Burn rate over a window, 1 is on budget", labels=["slo", "window"])
    covered = GaugeMetricFamily("sloop_coverage_ratio", "Measured share of the objective's window", labels=["slo"])
    for objective_id, verdict in snapshot.verdicts.items():
        covered.add_metric([objective_id], nearest_double(verdict.coverage))
        if verdict.remaining is not None:
            left.add_metric([objective_id], nearest_double(verdict.remaining))
        for length in burn.STANDARD_WINDOWS:
            rate = verdict.burns.get(length)
            if rate is not None:
                rates.add_metric([objective_id, format_duration(length)], nearest_double(rate))
    return left, rates, covered


def _states(snapshot: Snapshot) -> Iterable[GaugeMetricFamily]:
    state = GaugeMetricFamily("sloop_objective_state", "1 for the state an objective is in", labels=["slo", "state"])
    for objective_id, verdict in snapshot.verdicts.items():
        state.add_metric([objective_id, verdict.state], 1)
    breaches = GaugeMetricFamily("sloop_breach_open", "1 for every open breach", labels=["slo", "severity"])
    for row in snapshot.open_breaches:
        breaches.add_metric([row.breach.objective, row.breach.severity], 1)
    unjudged = GaugeMetricFamily(
        "sloop_objectives_unjudged", "Objectives without a first verdict", value=len(snapshot.unjudged)
    )
    return state, breaches, unjudged


def _freshness(snapshot: Snapshot, now: datetime) -> Iterable[GaugeMetricFamily]:
    lag = GaugeMetricFamily("sloop_evaluation_lag_seconds", "Age of the newest judged minute", labels=["source"])
    for source in snapshot.sources:
        if source.tick is not None:
            lag.add_metric([source.name], now.timestamp() - source.tick * 60)
    oldest = snapshot.outbox_oldest
    waits = 0.0 if oldest is None else (now - oldest).total_seconds()
    yield lag
    yield GaugeMetricFamily("sloop_outbox_oldest_seconds", "Age of the oldest unsent message, 0 when all is sent", value=waits)
    yield GaugeMetricFamily(
        "sloop_snapshot_age_seconds", "Since pages were last given verdicts", value=(now - snapshot.made_at).total_seconds()
    )


def _heartbeat(snapshot: Snapshot) -> Iterable[GaugeMetricFamily]:
    beat = snapshot.heartbeat
    up = GaugeMetricFamily("sloop_heartbeat_up", "1 while Sloop vouches for itself", labels=[])
    last = GaugeMetricFamily("sloop_heartbeat_timestamp_seconds", "When Sloop vouched for itself last", labels=[])
    if beat is not None:
        up.add_metric([], float(beat.silent is None))
    if beat is not None and beat.last is not None:
        last.add_metric([], beat.last.timestamp())
    return up, last


def _recovery(snapshot: Snapshot) -> Iterable[GaugeMetricFamily]:
    """Of targets, and of exposures that are shown without one (scenario empty)."""
    lost = GaugeMetricFamily(
        "sloop_recovery_exposure_seconds", "Data that would be lost now, by age", labels=["component", "scenario"]
    )
    state = GaugeMetricFamily(
        "sloop_recovery_state", "1 for the state a recovery target is in", labels=["component", "scenario", "state"]
    )
    for verdict in snapshot.recovery:
        if isinstance(verdict.exposure, int):
            lost.add_metric([verdict.component, verdict.scenario or ""], verdict.exposure)
        if verdict.scenario is not None:
            state.add_metric([verdict.component, verdict.scenario, verdict.state], 1)
    return lost, state


def _alarm_drift(inventory: AlarmInventory | None) -> GaugeMetricFamily:
    """Nothing before the first read; afterwards the last one that worked."""
    drift = GaugeMetricFamily("sloop_alarm_drift", "Resources in AWS that are not as declared", labels=["standing"])
    if inventory is not None and inventory.read_at is not None:
        for standing in STANDINGS:
            if standing != "in_sync":
                drift.add_metric([standing], inventory.count(standing))
    return drift


def _sources(sources: Iterable[SourceStatus]) -> Iterable[GaugeMetricFamily]:
    """Of each shard, as its last poll left it."""
    judged = GaugeMetricFamily("sloop_watermark_timestamp_seconds", "Minutes before it are judged", labels=["source"])
    covered = GaugeMetricFamily("sloop_recent_coverage_ratio", "Measured share of the last hour", labels=["source"])
    failing = GaugeMetricFamily("sloop_indicators_failing", "Indicators without an answer", labels=["source"])
    impossible = GaugeMetricFamily("sloop_quarantined_minutes", "Impossible minutes in the last whole poll", labels=["source"])
    hot = GaugeMetricFamily("sloop_objectives_hot", "Objectives that are judged each minute", labels=["source"])
    for source in sources:
        if source.tick is None:
            continue
        judged.add_metric([source.name], source.tick * 60)
        failing.add_metric([source.name], source.failing)
        impossible.add_metric([source.name], source.quarantined)
        hot.add_metric([source.name], source.hot)
        if source.coverage is not None:
            covered.add_metric([source.name], nearest_double(source.coverage))
    return judged, covered, failing, impossible, hot
