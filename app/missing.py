"""Metrics that used to answer and stopped: renamed, or their resource was replaced. Says since when, and what is there now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from slo.errors import SourceError
from slo.estate.indicator import EventRatio, MetricQuery
from slo.units import format_minute

if TYPE_CHECKING:
    from app.clock import Clock
    from slo.estate.indicator import Indicator
    from slo.units import Minute

AGAIN_SECONDS = 3600.0
MOST_LOOKS = 2
"""Of one turn: when a whole region is silent, the next poll must not wait for a look at each of its metrics."""

log = structlog.get_logger()


class Finder(Protocol):
    def nearest(self, query: MetricQuery) -> str | None:
        """A metric that reports and is most like this one, in words; None where nothing is like it. SourceError."""
        ...


@dataclass(slots=True)
class _Gone:
    query: MetricQuery
    found: str = ""
    looked_at: float | None = None


@dataclass(slots=True, eq=False)
class MissingMetrics:
    """For one worker's thread. `reason` never asks anybody; `look` does, at most once an hour for each metric."""

    finder: Finder
    clock: Clock
    _gone: dict[MetricQuery, _Gone] = field(default_factory=dict)

    def reason(self, indicator: Indicator, since: Minute) -> str | None:
        """Why it answers nothing since then; None where CloudWatch is not asked."""
        query = _counted(indicator)
        if query is None:
            return None
        gone = self._gone.setdefault(query, _Gone(query))
        return f"metric missing since {format_minute(since)}: {named(query)}{gone.found}"

    def forget(self, indicator: Indicator) -> None:
        """It answers again."""
        query = _counted(indicator)
        if query is not None:
            self._gone.pop(query, None)

    def look(self) -> None:
        """What cannot be read is left out of the reason: it stands beside the verdict, and the verdict stands without."""
        now = self.clock.monotonic()
        due = [g for g in self._gone.values() if g.looked_at is None or now - g.looked_at >= AGAIN_SECONDS]
        for gone in due[:MOST_LOOKS]:
            gone.looked_at = now
            try:
                nearest = self.finder.nearest(gone.query)
            except SourceError as error:
                log.info("no metric suggested", metric=gone.query.metric, error=str(error))
                continue
            gone.found = "; nothing that reports is like it" if nearest is None else f"; {nearest}"


def _counted(indicator: Indicator) -> MetricQuery | None:
    """What must be there whenever anything is: a total, or the value."""
    queries = indicator.total if isinstance(indicator, EventRatio) else indicator.queries
    return next((query for query in queries if isinstance(query, MetricQuery)), None)


def named(query: MetricQuery) -> str:
    """As people look for it: `AWS/ApplicationELB RequestCount {LoadBalancer=app/demo/1}`."""
    return described(query.namespace, query.metric, dict(query.dimensions))


def described(namespace: str, metric: str, dimensions: dict[str, str]) -> str:
    return f"{namespace} {metric} {{{', '.join(f'{name}={value}' for name, value in sorted(dimensions.items()))}}}"
