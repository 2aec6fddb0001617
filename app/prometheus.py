"""Prometheus as a source: raw counters at minute marks, differenced per series with resets handled, then summed.

`increase()` extrapolates to the edges of its window and misses the first value of a new series, so its sums are not
counts of anything. The counter at 12:01 minus the counter at 12:00 is what happened in the minute 12:00.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from app.ports import Span
from slo.errors import SourceError
from slo.estate.indicator import CounterQuery, GaugeQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.judge.series import Bools, Floats
    from slo.units import Minute

POINTS_PER_CALL = 10_000
"""The server refuses more than 11,000 points per series."""
LARGEST_ANSWER = 32 * 2**20
MOST_SERIES = 2_000
_TIMEOUT = httpx.Timeout(20, connect=3)

Marks = Mapping[tuple[tuple[str, str], ...], "Floats"]
"""Per series (its labels): the value at each mark, NaN where there is none."""


class PrometheusSource:
    """Answers CounterQuery with events per minute and GaugeQuery with the largest value at the minute's end."""

    def __init__(self, url: str, *, client: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/")
        self._client = client or httpx.Client(timeout=_TIMEOUT, follow_redirects=False)

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        del now  # what Prometheus has deleted comes back as missing
        return (Span(start, end),) if start < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        read: dict[str, Marks | Failed] = {s: self._try_marks(s, span) for s in _selectors(queries)}
        failed = [a for a in read.values() if isinstance(a, Failed)]
        if failed and len(failed) == len(read):
            raise SourceError(failed[0].message, retryable=True)
        return {q: _answer(q, read, span) for q in queries}

    def _try_marks(self, selector: str, span: Span) -> Marks | Failed:
        try:
            return self._marks(selector, span)
        except SourceError as error:
            return Failed(str(error))

    def _marks(self, selector: str, span: Span) -> Marks:
        """Values at the marks start..end, both ends included: the minutes lie between them."""
        count = span.end - span.start + 1
        series: dict[tuple[tuple[str, str], ...], Floats] = {}
        for first in range(span.start, span.end + 1, POINTS_PER_CALL):
            last = min(first + POINTS_PER_CALL - 1, span.end)
            for labels, samples in self._query_range(selector, first, last):
                row = series.setdefault(labels, np.full(count, np.nan))
                for when, value in samples:
                    row[round(when / 60) - span.start] = float(value)
        if len(series) > MOST_SERIES:
            raise SourceError(f"{selector}: {len(series)} series; narrow it or aggregate below {MOST_SERIES}", retryable=False)
        return series

    def _query_range(self, selector: str, first: Minute, last: Minute) -> Iterator[tuple[tuple[tuple[str, str], ...], Any]]:
        form = {"query": selector, "start": str(first * 60), "end": str(last * 60), "step": "60"}
        body = self._post("/api/v1/query_range", form)
        for result in body["data"]["result"]:
            yield tuple(sorted(result["metric"].items())), result["values"]

    def _post(self, path: str, form: dict[str, str]) -> Any:
        where = f"Prometheus {self._url}{path} {form['query']}"
        try:
            with self._client.stream("POST", f"{self._url}{path}", data=form) as response:
                content = _capped(response, where)
        except httpx.HTTPError as error:
            raise SourceError(f"{where}: {error or type(error).__name__}", retryable=True) from error
        try:
            body = json.loads(content)
        except ValueError:
            raise SourceError(f"{where}: HTTP {response.status_code} and no JSON: {content[:200]!r}", retryable=True) from None
        if not isinstance(body, dict) or body.get("status") != "success":
            detail = body.get("error", "no error text") if isinstance(body, dict) else "not an object"
            raise SourceError(f"{where}: HTTP {response.status_code}: {detail}", retryable=response.status_code >= 500)
        if body.get("data", {}).get("resultType") != "matrix":
            raise SourceError(f"{where}: not a range of values; give a plain selector", retryable=False)
        return body


def _capped(response: httpx.Response, where: str) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > LARGEST_ANSWER:
            raise SourceError(
                f"{where}: the answer is above {LARGEST_ANSWER // 2**20} MiB; narrow the selector", retryable=False
            )
    return bytes(content)


def _selectors(queries: Sequence[Query]) -> tuple[str, ...]:
    """Each distinct selector once, whatever it is asked for."""
    found: dict[str, None] = {}
    for query in queries:
        if not isinstance(query, CounterQuery | GaugeQuery):
            raise TypeError(f"{query} is not for Prometheus")
        found[query.selector] = None
        if isinstance(query, CounterQuery) and query.alive:
            found[query.alive] = None
    return tuple(found)


def _answer(query: Query, read: Mapping[str, Marks | Failed], span: Span) -> Answer:
    assert isinstance(query, CounterQuery | GaugeQuery)
    marks = read[query.selector]
    if isinstance(marks, Failed):
        return marks
    if isinstance(query, GaugeQuery):
        return _present(_largest(marks, span)[1:], span)
    alive = read[query.alive] if query.alive else {}
    return alive if isinstance(alive, Failed) else _present(_events(marks, alive, span), span)


def _largest(marks: Marks, span: Span) -> Floats:
    rows = [np.full(span.end - span.start + 1, np.nan), *marks.values()]
    largest: Floats = np.fmax.reduce(rows)
    return largest


def _events(marks: Marks, alive: Marks, span: Span) -> Floats:
    """Events per minute over all series; NaN where no series has both ends."""
    rows = [np.full(span.end - span.start, np.nan)]
    for labels, values in marks.items():
        before, after = values[:-1], values[1:]
        # A counter that went down was reset to 0 in between, so what it shows now came since.
        change = np.where(after >= before, after - before, after)
        born = np.isnan(before) & ~np.isnan(after) & _was_alive(dict(labels), alive, len(values))[:-1]
        rows.append(np.where(born, after, change))
    table = np.array(rows)
    known = ~np.isnan(table).all(axis=0)
    return np.where(known, np.nansum(table, axis=0), np.nan)


def _was_alive(labels: Mapping[str, str], alive: Marks, count: int) -> Bools:
    """At which marks the process of this series was up: gauges that share its job and instance, where both have them."""
    up = np.zeros(count, bool)
    for gauge, values in alive.items():
        own = dict(gauge)
        if all(own[n] == labels[n] for n in ("job", "instance") if n in own and n in labels):
            up |= np.greater_equal(values, 1)
    return up


def _present(values: Floats, span: Span) -> Series:
    known = ~np.isnan(values)
    return Series(np.flatnonzero(known) + span.start, values[known])
