"""Prometheus as a source: raw counters at minute marks, differenced per series with resets handled, then summed.

`increase()` extrapolates to the edges of its window and misses the first value of a new series, so its sums are not
counts of anything. The counter at 12:01 minus the counter at 12:00 is what happened in the minute 12:00.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np
import structlog

from app.ports import Span
from app.prometheus.access import Access
from app.prometheus.api import PrometheusApi
from app.prometheus.counters import events, lasting
from app.prometheus.groups import alone, grouped
from slo.errors import QueryRefused, SourceError
from slo.estate.indicator import CounterQuery, GaugeQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import httpx

    from app.prometheus.counters import Labels, Marks
    from app.prometheus.groups import Group
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.judge.series import Floats
    from slo.units import Minute

MINUTES_PER_CALL = 1440
"""A day: the server refuses more than 11,000 points per series, and 800 series of a day stay below LARGEST_ANSWER."""
MOST_SERIES = 2_000
"""Of one selector."""
MOST_UNANSWERED = 2
"""Requests of one fetch that may end without a word about the selector: each costs up to 20 s, and a poll has a minute."""

log = structlog.get_logger()


class PrometheusSource:
    """Answers CounterQuery with events per minute and GaugeQuery with what a gauge had at both marks of the minute.

    Of several gauges the largest counts; of its two marks the smaller one, so that proof of life covers the whole minute.
    A selector is asked for once, whatever number of queries read it, and together with those that differ in one label.
    """

    def __init__(self, url: str, *, client: httpx.Client | None = None, secrets: Collection[str] = ()) -> None:
        """A user name and password in `url` are sent, and left out of every message, as are `secrets`."""
        self._api = PrometheusApi(url, client or Access(url).client(), secrets)
        self._unanswered: dict[str, SourceError] = {}
        self.warnings: dict[str, tuple[str, ...]] = {}
        """What the server remarked about its newest answers, by the query as it was sent."""

    def close(self) -> None:
        self._api.close()

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        del now  # what Prometheus has deleted comes back as missing
        return (Span(start, end),) if start < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        needed = {query: _selectors(query) for query in queries}
        every = tuple(dict.fromkeys(selector for own in needed.values() for selector in own))
        # Those that it did not answer last time come alone and last, so that they cannot keep it from the others.
        groups = [
            *grouped([s for s in every if s not in self._unanswered]),
            *(alone(s) for s in every if s in self._unanswered),
        ]
        self._unanswered = {}
        failed: dict[str, SourceError] = {}
        parts: dict[Query, list[Floats]] = {query: [] for query in queries}
        for first in range(span.start, span.end, MINUTES_PER_CALL):
            piece = Span(first, min(first + MINUTES_PER_CALL, span.end))
            read, groups = self._read(groups, piece, failed)
            for query, own in needed.items():
                if failed.keys().isdisjoint(own):
                    parts[query].append(_values(query, read, piece.end - piece.start))
        if failed and len(failed) == len(every):
            raise next(iter(failed.values()))
        return {query: _answer(own, failed, parts[query], span) for query, own in needed.items()}

    def _read(
        self, groups: Sequence[Group], piece: Span, failed: dict[str, SourceError]
    ) -> tuple[dict[str, Marks], list[Group]]:
        """Marks by selector, and the groups to ask for next: one that was refused is asked for by its members.

        Those that have failed before are left out, and those that fail now are added to `failed`.
        """
        read: dict[str, Marks] = {}
        kept: list[Group] = []
        waiting = deque(groups)
        while waiting:
            group = waiting.popleft()
            if not failed.keys().isdisjoint(group.members.values()):
                continue
            try:
                read.update(self._ask(group, piece))
                kept.append(group)
            except SourceError as error:
                if len(group.members) > 1 and isinstance(error, QueryRefused):
                    waiting.extendleft(alone(selector) for selector in reversed([*group.members.values()]))
                else:
                    failed.update(dict.fromkeys(group.members.values(), error))
        return read, kept

    def _ask(self, group: Group, piece: Span) -> dict[str, Marks]:
        unanswered = tuple(dict.fromkeys(self._unanswered.values()))
        if len(unanswered) >= MOST_UNANSWERED:
            first = unanswered[0]
            raise SourceError(f"{group.query}: not asked for, after {first}", retryable=first.retryable)
        try:
            return self._marks(group, piece)
        except QueryRefused:
            raise
        except SourceError as error:
            self._unanswered.update(dict.fromkeys(group.members.values(), error))
            raise

    def _marks(self, group: Group, piece: Span) -> dict[str, Marks]:
        """By selector, values at the marks start..end, both ends included: the minutes lie between them."""
        found = self._api.read_range(group.query, piece.start, piece.end)
        self._remark(group.query, found.warnings)
        marks = piece.end - piece.start + 1
        # Of a group as many values as one selector may have in a day: what must be held at once stays the same.
        _refuse_more(group.query, len(found.series), MOST_SERIES * MINUTES_PER_CALL // marks if group.label else MOST_SERIES)
        series: dict[str, dict[Labels, Floats]] = {selector: {} for selector in group.members.values()}
        for labels, stamps, values in found.series:
            selector = group.member_of(labels)
            if selector is not None:
                row = series[selector].setdefault(labels, np.full(marks, np.nan))
                row[np.array(stamps, np.intp) - piece.start] = values
                row[~np.isfinite(row)] = np.nan  # infinite is no count, and no difference to it tells anything
        for selector, own in series.items():
            _refuse_more(selector, len(own), MOST_SERIES)
        return dict(series)

    def _remark(self, query: str, warnings: tuple[str, ...]) -> None:
        """Once, and again when it changes: the same poll comes every minute."""
        if warnings != self.warnings.get(query, ()):
            for warning in warnings:
                log.warning("Prometheus warns about an answer", query=query, warning=warning)
        self.warnings[query] = warnings


def _refuse_more(query: str, series: int, most: int) -> None:
    if series > most:
        raise QueryRefused(f"{query}: {series} series, above the cap of {most}; narrow it by labels")


def _selectors(query: Query) -> tuple[str, ...]:
    if not isinstance(query, CounterQuery | GaugeQuery):
        raise TypeError(f"{query} is not for Prometheus")
    alive = query.alive if isinstance(query, CounterQuery) else None
    return (query.selector, alive) if alive else (query.selector,)


def _values(query: Query, read: Mapping[str, Marks], minutes: int) -> Floats:
    if isinstance(query, CounterQuery):
        return events(read[query.selector], read[query.alive] if query.alive else {}, minutes)
    assert isinstance(query, GaugeQuery)
    return lasting(read[query.selector], minutes)


def _answer(own: Sequence[str], failed: Mapping[str, SourceError], parts: Sequence[Floats], span: Span) -> Answer:
    for selector in own:
        if selector in failed:
            return Failed(str(failed[selector]))
    values = np.concatenate([np.empty(0), *parts])
    known = ~np.isnan(values)
    return Series(np.flatnonzero(known) + span.start, values[known])
