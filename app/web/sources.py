"""Where the slices come from: each shard's source, how far it is judged, how much was measured, what to do about errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.snapshot import Snapshot, SourceStatus
    from slo.judge.verdict import Verdict

ADVICE = {
    "cloudwatch": "The role needs cloudwatch:GetMetricData in this account and region. Throttled: raise SLOOP_POLL_MINUTES.",
    "logs": "The role needs logs:StartQuery, logs:GetQueryResults and logs:StopQuery on its log groups.",
    "xray": "The role needs xray:GetTimeSeriesServiceStatistics in this account and region.",
    "composite": "It reads the minutes that the shards of its parts have stored: see their lines here.",
    "opensearch": "Open SLOOP_OPENSEARCH_URL from this machine. A role for it needs es:ESHttpPost or aoss:APIAccessAll.",
    "prometheus": "Open SLOOP_PROMETHEUS_URL from this machine and try the selector of the objective there.",
}
RETRIED = "It is tried again at every poll; nothing is lost that the source still has when it answers. Open breaches stay open."


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`at` is the watermark in epoch seconds, so that the script can keep its age true.

    `coverage` is the lowest of its objectives, `least` the objective it is of (empty before the first verdict); `recent` is
    that of the last hour, of all of them; `throttled` counts tries since the start. `lane` says how many are judged each
    minute, `latency` how late the others are.
    """

    name: str
    error: str | None
    advice: str
    at: int | None
    watermark: str
    lag: str
    polled: str
    queries: int
    objectives: int
    sampled: bool
    coverage: str
    least: str
    recent: str
    throttled: int
    lane: str
    latency: str


def source_line(snapshot: Snapshot, source: SourceStatus) -> SourceLine:
    now = snapshot.made_at
    lowest = _least_covered(snapshot.verdicts[i] for i in source.objectives if i in snapshot.verdicts)
    return SourceLine(
        name=source.name,
        error=source.error,
        advice="" if source.error is None else f"{ADVICE.get(source.name.split('/')[0], '')} {RETRIED}".strip(),
        at=None if source.tick is None else source.tick * 60,
        watermark=numbers.UNKNOWN if source.tick is None else numbers.minute_of(source.tick, now),
        lag=numbers.UNKNOWN if source.tick is None else numbers.about(max(0.0, now.timestamp() - source.tick * 60)),
        polled=numbers.UNKNOWN if source.polled_at is None else numbers.time_of(source.polled_at, now),
        queries=source.queries,
        objectives=len(source.objectives),
        sampled=any(snapshot.is_sampled(i) for i in source.objectives),
        coverage=numbers.UNKNOWN if lowest is None else numbers.percent(lowest.coverage, 1),
        least="" if lowest is None else lowest.objective.id,
        recent=numbers.UNKNOWN if source.coverage is None else numbers.percent(source.coverage, 1),
        throttled=source.throttled,
        lane=_lane(source),
        latency=_latency(source),
    )


def _lane(source: SourceStatus) -> str:
    if source.poll == 1:
        return "each minute"
    return f"{source.hot} of {len(source.objectives)} each minute" if source.hot else f"every {source.poll} minutes"


def _latency(source: SourceStatus) -> str:
    """From the end of a minute to its judgement, at most: what whole polls cost those that do not burn."""
    whole, fast = (numbers.about(source.settle + poll * 60) for poll in (source.poll, 1))
    return whole if source.poll == 1 else f"{whole}, {fast} while it burns"


def source_lines(snapshot: Snapshot) -> list[SourceLine]:
    """What fails first, then by name."""
    return sorted((source_line(snapshot, s) for s in snapshot.sources), key=lambda line: (line.error is None, line.name))


def _least_covered(verdicts: Iterable[Verdict]) -> Verdict | None:
    return min(verdicts, key=lambda v: (v.coverage, v.objective.id), default=None)
