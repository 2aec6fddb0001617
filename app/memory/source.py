"""The twin of CloudWatch and Prometheus: answers what it was given, fails, is late and forgets when it is told to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from app.ports import Span
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.errors import SourceError
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

BUCKET = 5


@dataclass(slots=True, eq=False)
class MemorySource:
    """`failures` are raised one per fetch; `failing` queries answer Failed; `lost` minutes have no value.

    What is older than `fine_minutes` is answered as sums of 5 minutes. `fetched` is every fetch that was answered.
    """

    failures: list[SourceError] = field(default_factory=list)
    failing: dict[Query, str] = field(default_factory=dict)
    lost: set[Minute] = field(default_factory=set)
    fine_minutes: int | None = None
    fetched: list[tuple[tuple[Query, ...], Span]] = field(default_factory=list)
    _reports: dict[Query, dict[Minute, list[tuple[Minute, float]]]] = field(default_factory=dict)
    _now: Minute = 0

    def report(self, query: Query, minute: Minute, value: float, *, seen_from: Minute = 0) -> None:
        """A minute's value, as it reads from `seen_from` on: a later report corrects an earlier one."""
        self._reports.setdefault(query, {}).setdefault(minute, []).append((seen_from, value))

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        self._now = now
        if self.fine_minutes is None:
            return (Span(start, end),) if start < end else ()
        edge = _whole(now - self.fine_minutes)
        spans = (Span(_whole(start), min(end, edge), BUCKET), Span(max(start, edge), end))
        return tuple(s for s in spans if s.start < s.end)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        if self.failures:
            raise self.failures.pop(0)
        self.fetched.append((tuple(queries), span))
        return {q: Failed(self.failing[q]) if q in self.failing else self._series(q, span) for q in queries}

    def _series(self, query: Query, span: Span) -> Series:
        sums: dict[Minute, float] = defaultdict(float)
        for minute, reports in self._reports.get(query, {}).items():
            seen = [value for seen_from, value in reports if seen_from <= self._now]
            if seen and minute not in self.lost and span.start <= minute < span.end:
                sums[minute - minute % BUCKET if span.period == BUCKET else minute] += seen[-1]
        minutes = np.array(sorted(sums), np.int64)
        return Series(minutes, np.array([sums[int(m)] for m in minutes], np.float64))


def _whole(minute: Minute) -> Minute:
    return minute - minute % BUCKET
