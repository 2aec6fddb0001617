"""CloudWatch as a source: GetMetricData, at most 500 series a call, every page, every status."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from botocore.exceptions import ParamValidationError

from app.aws.calls import error_code, pages
from app.ports import Span
from slo.errors import AccessDenied, SourceError
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

QUERIES_PER_CALL = 500
POINTS_PER_CALL = 100_800
FINE_MINUTES = 15 * 1440
"""CloudWatch keeps 1-minute data for 15 days, 5-minute data for 63 days."""
COARSE_MINUTES = 63 * 1440
_ACTION = "cloudwatch:GetMetricData"
_IMPOSSIBLE = {"ValidationError", "InvalidParameterValue", "InvalidParameterCombination"}


class CloudWatchSource:
    """Answers MetricQuery; one denied or failing series never stops the others."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        # An hour of margin, because the edge moves while we read; buckets of 5 minutes start at multiples of 5.
        oldest = _up_to_5(now - COARSE_MINUTES + 60)
        fine_from = _up_to_5(now - FINE_MINUTES + 60)
        spans = (Span(max(start - start % 5, oldest), min(end, fine_from), 5), Span(max(start, fine_from), end, 1))
        return tuple(s for s in spans if s.start < s.end)

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        groups: dict[tuple[str | None, str], list[MetricQuery]] = defaultdict(list)
        for query in dict.fromkeys(queries):
            if not isinstance(query, MetricQuery):
                raise TypeError(f"{query} is not for CloudWatch")
            groups[query.account, query.region].append(query)
        answers: dict[Query, Answer] = {}
        failures: list[SourceError] = []
        for (account, region), members in groups.items():
            try:
                client = self._session.client("cloudwatch", account, region)
            except SourceError as error:
                failures.append(error)
                answers.update(dict.fromkeys(members, Failed(str(error))))
                continue
            for part in _parts(members):
                answers.update(_fetch_apart(client, part, span, failures))
        if failures and all(isinstance(a, Failed) for a in answers.values()):
            raise failures[0]
        return answers


def _up_to_5(minute: Minute) -> Minute:
    return -(-minute // 5) * 5


def _parts(queries: Sequence[MetricQuery]) -> Iterator[Sequence[MetricQuery]]:
    for first in range(0, len(queries), QUERIES_PER_CALL):
        yield queries[first : first + QUERIES_PER_CALL]


def _fetch_apart(client: Any, queries: Sequence[MetricQuery], span: Span, failures: list[SourceError]) -> dict[Query, Answer]:
    """A call is refused whole for one impossible query: halving it finds that query and keeps the others."""
    try:
        return _fetch(client, queries, span)
    except SourceError as error:
        if len(queries) > 1 and _blames_a_query(error.__cause__):
            half = len(queries) // 2
            halves = (queries[:half], queries[half:])
            return {q: a for part in halves for q, a in _fetch_apart(client, part, span, failures).items()}
        failures.append(error)
        return dict.fromkeys(queries, Failed(str(error)))


def _blames_a_query(cause: BaseException | None) -> bool:
    return error_code(cause) in _IMPOSSIBLE or isinstance(cause, ParamValidationError)


def _fetch(client: Any, queries: Sequence[MetricQuery], span: Span) -> dict[Query, Answer]:
    request = {
        "MetricDataQueries": [_as_request(n, q, span.period) for n, q in enumerate(queries)],
        "StartTime": span.start * 60,
        "EndTime": span.end * 60,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": POINTS_PER_CALL,
    }
    results = _Results(queries)
    for page in pages(_ACTION, client.get_metric_data, request):
        for result in page.get("MetricDataResults", ()):
            results.add(result)
    return results.answers(span)


def _as_request(number: int, query: MetricQuery, period: int) -> dict[str, Any]:
    metric = {
        "Namespace": query.namespace,
        "MetricName": query.metric,
        "Dimensions": [{"Name": n, "Value": v} for n, v in query.dimensions],
    }
    return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period * 60, "Stat": query.stat}}


class _Results:
    """Results gathered over pages; a series is usable only if its last status is Complete."""

    def __init__(self, queries: Sequence[MetricQuery]) -> None:
        self._queries = queries
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self._values: dict[str, list[float]] = defaultdict(list)
        self._status: dict[str, tuple[str, str]] = {}

    def add(self, result: Any) -> None:
        name = result["Id"]
        self._seconds[name] += result["Timestamps"]
        self._values[name] += result["Values"]
        notes = "; ".join(m.get("Value", "") for m in result.get("Messages", []))
        self._status[name] = (result.get("StatusCode", "Complete"), notes)

    def answers(self, span: Span) -> dict[Query, Answer]:
        return {query: self._answer(f"q{n}", query, span) for n, query in enumerate(self._queries)}

    def _answer(self, name: str, query: MetricQuery, span: Span) -> Answer:
        status, notes = self._status.get(name, ("missing from the answer", ""))
        if status == "Forbidden":
            return Failed(str(AccessDenied(_ACTION, f"{query.namespace} {query.metric}: forbidden {notes}".strip())))
        if status != "Complete":
            return Failed(f"{query.namespace} {query.metric}: {status} {notes}".strip())
        minutes = np.array(self._seconds[name], np.float64).astype(np.int64) // 60
        values = np.array(self._values[name], np.float64)
        minutes, first = np.unique(minutes, return_index=True)  # ascending, and a repeated point once
        keep = (minutes >= span.start) & (minutes < span.end)
        return Series(minutes[keep], values[first][keep])
