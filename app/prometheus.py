"""Prometheus as a source: raw counters at minute marks, differenced per series with resets handled, then summed.

`increase()` extrapolates to the edges of its window and misses the first value of a new series, so its sums are not
counts of anything. The counter at 12:01 minus the counter at 12:00 is what happened in the minute 12:00.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
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

POINTS_PER_CALL = 1440
"""A day: the server refuses more than 11,000 points per series, and 800 series of a day stay below LARGEST_ANSWER."""
LARGEST_ANSWER = 32 * 2**20
MOST_SERIES = 2_000
_TIMEOUT = httpx.Timeout(20, connect=3)

_Labels = tuple[tuple[str, str], ...]
_Row = tuple[_Labels, list[int], list[float]]
"""Labels, minute marks and the values at them."""
Marks = Mapping[_Labels, "Floats"]
"""Per series (its labels): the value at each mark, NaN where there is none."""


class PrometheusSource:
    """Answers CounterQuery with events per minute and GaugeQuery with what a gauge had at both marks of the minute.

    Of several gauges the largest counts; of its two marks the smaller one, so that proof of life covers the whole minute.
    """

    def __init__(self, url: str, *, client: httpx.Client | None = None) -> None:
        """A user name and password in `url` are sent, and left out of every message."""
        self._url = url.rstrip("/")
        self._shown = re.sub("//[^/@]*@", "//", self._url)
        self._client = client or httpx.Client(timeout=_TIMEOUT, follow_redirects=False)

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        del now  # what Prometheus has deleted comes back as missing
        return (Span(start, end),) if start < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        read: dict[str, Marks | Failed] = {}
        failures: list[SourceError] = []
        for selector in _selectors(queries):
            try:
                read[selector] = self._marks(selector, span)
            except SourceError as error:
                failures.append(error)
                read[selector] = Failed(str(error))
        if failures and len(failures) == len(read):
            raise failures[0]
        return {q: _answer(q, read, span) for q in queries}

    def _marks(self, selector: str, span: Span) -> Marks:
        """Values at the marks start..end, both ends included: the minutes lie between them."""
        count = span.end - span.start + 1
        series: dict[_Labels, Floats] = {}
        for first in range(span.start, span.end + 1, POINTS_PER_CALL):
            last = min(first + POINTS_PER_CALL - 1, span.end)
            for labels, stamps, values in self._query_range(selector, first, last):
                row = series.setdefault(labels, np.full(count, np.nan))
                row[np.array(stamps, np.intp) - span.start] = values
        if len(series) > MOST_SERIES:
            raise SourceError(f"{selector}: {len(series)} series; narrow it or aggregate below {MOST_SERIES}", retryable=False)
        return series

    def _query_range(self, selector: str, first: Minute, last: Minute) -> list[_Row]:
        form = {"query": selector, "start": str(first * 60), "end": str(last * 60), "step": "60"}
        where = f"Prometheus {self._shown}/api/v1/query_range {selector}"
        data = self._post("/api/v1/query_range", form, where)
        try:
            return _rows(data, first, last)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(f"{where}: not a range of values; give a plain selector", retryable=False) from None

    def _post(self, path: str, form: dict[str, str], where: str) -> Any:
        """The `data` of an answer that says success."""
        try:
            with self._client.stream("POST", f"{self._url}{path}", data=form) as response:
                content = _capped(response, where)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{where}: {error or type(error).__name__}", retryable=True) from error
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise SourceError(f"{where}: HTTP {response.status_code} and no JSON: {content[:200]!r}", retryable=True) from None
        if not isinstance(body, dict) or body.get("status") != "success":
            detail = body.get("error", "no error text") if isinstance(body, dict) else "not an object"
            raise SourceError(f"{where}: HTTP {response.status_code}: {detail}", retryable=response.status_code >= 500)
        return body.get("data")


def _rows(data: Any, first: Minute, last: Minute) -> list[_Row]:
    """ValueError and its like for anything but a matrix whose stamps are marks of first..last."""
    if data["resultType"] != "matrix":
        raise ValueError(data["resultType"])
    found: list[_Row] = []
    for result in data["result"]:
        stamps = [round(when / 60) for when, _ in result["values"]]
        if not all(first <= stamp <= last for stamp in stamps):
            raise ValueError("a stamp outside the range")
        found.append((tuple(sorted(result["metric"].items())), stamps, [float(value) for _, value in result["values"]]))
    return found


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
        return _present(_lasting(marks, span), span)
    alive = read[query.alive] if query.alive else {}
    return alive if isinstance(alive, Failed) else _present(_events(marks, alive, span), span)


def _lasting(marks: Marks, span: Span) -> Floats:
    """Per minute the smaller of a gauge's two marks, of several gauges the largest; NaN where none has both."""
    rows = [np.full(span.end - span.start, np.nan), *(np.minimum(v[:-1], v[1:]) for v in marks.values())]
    largest: Floats = np.fmax.reduce(rows)
    return largest


def _events(marks: Marks, alive: Marks, span: Span) -> Floats:
    """Events per minute over all series; NaN where no series has both ends."""
    rows = [np.full(span.end - span.start, np.nan)]
    for labels, values in marks.items():
        before, after = values[:-1], values[1:]
        # A counter that went down was reset to 0 in between, so what it shows now came since.
        with np.errstate(invalid="ignore"):  # Inf - Inf
            change = np.where(after < before, after, after - before)
        born = np.isnan(before) & ~np.isnan(after) & _was_alive(dict(labels), alive, len(values))[:-1]
        rows.append(np.where(born, after, change))
    table = np.array(rows)
    known = ~np.isnan(table).all(axis=0)
    with np.errstate(invalid="ignore"):
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
