"""CloudWatch Logs Insights as a source: records that a filter matches, counted per minute. No text of a record is read.

Insights is paid by the bytes that it scans, so every query is counted against a budget, and one that runs too long or over
the budget is stopped.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from app.aws.calls import call, error_code
from app.ports import Span
from slo.errors import AccessDenied, SourceError, Throttled
from slo.estate.indicator import LogsQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from app.aws.budget import ByteBudget
    from app.aws.session import AwsSession
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

MINUTES_PER_QUERY = 1440
"""A row for each: far below the 10,000 rows that a query may answer."""
ROWS = 10_000
TOGETHER = 8
"""Queries under way at once; an account has 30 in a region, which its dashboards and people share."""
PATIENCE = 60.0
"""Wall seconds until a query is stopped."""
_START, _RESULTS, _STOP = "logs:StartQuery", "logs:GetQueryResults", "logs:StopQuery"
_ENDED_BADLY = {"Failed", "Cancelled", "Timeout"}
_MINUTE, _COUNT = "bin(1m)", "n"


@dataclass(slots=True, eq=False)
class _Running:
    """One query over start <= minute < end; `paid` are the bytes of it that the budget knows of."""

    query: LogsQuery
    start: Minute
    end: Minute
    client: Any
    id: str
    paid: int = 0


class LogsSource:
    """Answers LogsQuery; one failing query never stops the others."""

    def __init__(
        self,
        session: AwsSession,
        budget: ByteBudget,
        *,
        monotonic: Callable[[], float],
        history: int = 1440,
        patience: float = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`history`: minutes; older ones are never read, because a first start would scan a month of logs."""
        self._session, self._budget, self._monotonic = session, budget, monotonic
        self._history, self._patience, self._sleep = history, patience, sleep

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        oldest = max(start, now - self._history)
        return (Span(oldest, end),) if oldest < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        """SourceError only where no query could even be started: what has cost something is not asked for again at once."""
        wanted = tuple(dict.fromkeys(_of_logs(query) for query in queries))
        found: dict[LogsQuery, dict[Minute, int]] = defaultdict(dict)
        failed: dict[LogsQuery, str] = {}
        refused: list[SourceError] = []
        for some in _waves(wanted, span):
            running = []
            for query, first, last in some:
                reason = failed.get(query) or self._budget.refusal
                if reason is not None:
                    failed[query] = reason
                    continue
                try:
                    running.append(self._start(query, first, last))
                except SourceError as error:
                    failed[query] = str(error)
                    refused.append(error)
            for one in running:
                try:
                    found[one.query] |= self._finish(one)
                except SourceError as error:
                    failed[one.query] = str(error)
        if refused and len(refused) == len(wanted) and not found:
            raise refused[0]
        return {q: Failed(failed[q]) if q in failed else _series(found[q]) for q in wanted}

    def _start(self, query: LogsQuery, start: Minute, end: Minute) -> _Running:
        client = self._session.client("logs", query.account, query.region)
        request = {
            "logGroupIdentifiers": list(query.groups),
            "queryString": _text(query),
            "startTime": start * 60,
            # The end is a whole second and included. Its own minute falls out below; a second less would lose 999 ms.
            "endTime": end * 60,
            "limit": ROWS,
        }
        try:
            answer = call(_START, client.start_query, **request)
        except SourceError as error:
            raise _named(query, error) from error
        return _Running(query, start, end, client, answer["queryId"])

    def _finish(self, one: _Running) -> dict[Minute, int]:
        """Counts by minute, of every minute where the groups hold anything at all in the range."""
        deadline, pause = self._monotonic() + self._patience, 0.1
        while True:
            try:
                page = call(_RESULTS, one.client.get_query_results, queryId=one.id)
            except SourceError as error:
                raise SourceError(f"{_name(one.query)}: {error}{self._stop(one)}", retryable=error.retryable) from error
            status, statistics = page.get("status"), page.get("statistics", {})
            self._pay(one, statistics)
            if status == "Complete":
                return _counts(one, [*page.get("results", ()), *self._more(one, page)], statistics)
            if status in _ENDED_BADLY:
                raise SourceError(f"{_name(one.query)}: {_RESULTS}: the query ended as {status}", retryable=True)
            if (reason := self._budget.refusal) is not None:
                raise SourceError(f"{reason}{self._stop(one)}", retryable=False)
            if self._monotonic() >= deadline:
                late = f"the query took longer than {self._patience:g} s; narrow its groups"
                raise SourceError(f"{_name(one.query)}: {late}{self._stop(one)}", retryable=True)
            self._sleep(pause)
            pause = min(pause * 1.5, 2.0)

    def _more(self, one: _Running, page: Mapping[str, Any]) -> Iterator[Any]:
        """Rows of the further pages. A token that comes back would page for ever."""
        seen: set[str] = set()
        while token := page.get("nextToken"):
            if token in seen:
                raise SourceError(f"{_RESULTS}: the same nextToken came twice; trying again may help", retryable=True)
            seen.add(token)
            page = call(_RESULTS, one.client.get_query_results, queryId=one.id, nextToken=token)
            yield from page.get("results", ())

    def _pay(self, one: _Running, statistics: Mapping[str, float]) -> None:
        scanned = ceil(statistics.get("bytesScanned", 0))
        self._budget.spend(max(0, scanned - one.paid))
        one.paid = max(scanned, one.paid)

    def _stop(self, one: _Running) -> str:
        """What to add to the reason: a query that goes on costs what nobody will read."""
        try:
            call(_STOP, one.client.stop_query, queryId=one.id)
        except SourceError as error:
            return f" (it could not be stopped: {error})"
        return " (it was stopped)"


def _of_logs(query: Query) -> LogsQuery:
    if not isinstance(query, LogsQuery):
        raise TypeError(f"{query} is not for CloudWatch Logs")
    return query


def _waves(queries: Sequence[LogsQuery], span: Span) -> Iterator[list[tuple[LogsQuery, Minute, Minute]]]:
    jobs = [
        (query, first, min(first + MINUTES_PER_QUERY, span.end))
        for first in range(span.start, span.end, MINUTES_PER_QUERY)
        for query in queries
    ]
    for first in range(0, len(jobs), TOGETHER):
        yield jobs[first : first + TOGETHER]


def _text(query: LogsQuery) -> str:
    """On lines of their own, so that a comment in a filter ends with it."""
    condition = f"filter {query.filter}\n| " if query.filter else ""
    return f"{condition}stats count(*) as {_COUNT} by {_MINUTE}"


def _name(query: LogsQuery) -> str:
    return f"logs of {', '.join(query.groups)}{f' with {query.filter}' if query.filter else ''}"


def _named(query: LogsQuery, error: SourceError) -> SourceError:
    """Still denied or throttled, if it was."""
    if isinstance(error, AccessDenied):
        return error
    if error_code(error.__cause__) == "LimitExceededException":
        return Throttled(f"{error}; CloudWatch Logs runs 30 queries at a time in an account and region")
    message = f"{_name(query)}: {error}"
    return Throttled(message) if isinstance(error, Throttled) else SourceError(message, retryable=error.retryable)


def _counts(one: _Running, rows: Sequence[Sequence[Mapping[str, str]]], statistics: Mapping[str, float]) -> dict[Minute, int]:
    """By minute. Nothing where the groups hold no record in the range: that tells no idle hour from a broken agent."""
    # With a field index what cannot match is not even scanned, but it is there.
    records = statistics.get("recordsScanned", 0) + statistics.get("estimatedRecordsSkipped", 0)
    found = dict.fromkeys(range(one.start, one.end), 0) if records > 0 else {}
    for row in rows:
        minute, count = _count(one, row)
        if one.start <= minute < one.end:
            found[minute] = count
    return found


def _count(one: _Running, row: Sequence[Mapping[str, str]]) -> tuple[Minute, int]:
    fields = {cell.get("field"): cell.get("value", "") for cell in row}
    try:
        when = datetime.fromisoformat(fields[_MINUTE]).replace(tzinfo=UTC)
        return int(when.timestamp()) // 60, int(fields[_COUNT])
    except (KeyError, ValueError):
        raise SourceError(
            f"{_name(one.query)}: {_RESULTS}: no counts per minute: {fields}; check the filter", retryable=False
        ) from None


def _series(counts: Mapping[Minute, int]) -> Series:
    minutes = sorted(counts)
    return Series(np.array(minutes, np.int64), np.array([counts[m] for m in minutes], np.float64))
