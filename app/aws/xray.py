"""X-Ray as a source: sampled counts per minute and service, and the map of who calls whom."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from app.aws.calls import pages
from app.ports import Span
from app.trace_map import Flow
from slo.errors import SourceError
from slo.estate.indicator import TraceQuery
from slo.judge.answer import Failed, Series

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.units import Minute

LONGEST_RANGE = 6 * 60
"""Minutes: the service refuses longer ranges."""
KEPT = 30 * 1440
_STATISTICS = "xray:GetTimeSeriesServiceStatistics"
_GRAPH = "xray:GetServiceGraph"

Subject = tuple[str | None, str, str]
"""(account, region, service): one call answers every statistic of it."""
Minutes = dict[int, dict[str, int]]
"""Counts by statistic, by minute."""


class XRaySource:
    """Answers TraceQuery; one failing service never stops the others."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        oldest = max(start, now - KEPT + 60)  # an hour of margin: the edge moves while we read
        return (Span(oldest, end),) if oldest < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        groups: dict[Subject, list[TraceQuery]] = defaultdict(list)
        for query in queries:
            if not isinstance(query, TraceQuery):
                raise TypeError(f"{query} is not for X-Ray")
            groups[query.account, query.region, query.service].append(query)
        answers: dict[Query, Answer] = {}
        failures: list[SourceError] = []
        for subject, members in groups.items():
            try:
                counted = self._count(subject, span)
                answers.update({q: _series(counted, q) for q in members})
            except SourceError as error:
                failures.append(error)
                answers.update(dict.fromkeys(members, Failed(str(error))))
        if failures and len(failures) == len(groups):
            raise failures[0]
        return answers

    def _count(self, subject: Subject, span: Span) -> Minutes:
        account, region, service = subject
        client = self._session.client("xray", account, region)
        found: Minutes = {}
        for first, last in _ranges(span.start, span.end):
            request = {
                "StartTime": first * 60,
                "EndTime": last * 60,
                "EntitySelectorExpression": f"service({_quoted(service)})",
                "Period": 60,
            }
            for page in pages(_STATISTICS, client.get_time_series_service_statistics, request):
                for entry in page["TimeSeriesServiceStatistics"]:
                    minute = int(entry["Timestamp"].timestamp()) // 60
                    if span.start <= minute < span.end and "ServiceSummaryStatistics" in entry:
                        found[minute] = _counts(entry["ServiceSummaryStatistics"])
        return found

    def edges(self, account: str | None, region: str, start: Minute, end: Minute) -> frozenset[Edge]:
        """Who called whom in start <= minute < end, by the names of the services. SourceError when it cannot be read."""
        return frozenset(Edge(flow.caller, flow.callee) for flow in self.flows(account, region, start, end))

    def flows(self, account: str | None, region: str, start: Minute, end: Minute) -> tuple[Flow, ...]:
        """As `edges`, each with the sampled calls and those that failed: see `app.trace_map.Tracer`."""
        client = self._session.client("xray", account, region)
        found: dict[Edge, tuple[int, int] | None] = {}
        for first, last in _ranges(start, end):
            services = [
                service
                for page in pages(_GRAPH, client.get_service_graph, {"StartTime": first * 60, "EndTime": last * 60})
                for service in page["Services"]
            ]
            names = {s["ReferenceId"]: s.get("Name", "") for s in services}
            for caller, edge in ((s.get("Name"), e) for s in services for e in s.get("Edges", ())):
                callee = names.get(edge["ReferenceId"])
                if caller and callee:  # nameless ones are nobody's
                    known = Edge(caller, callee)
                    found[known] = _added(found.get(known), edge.get("SummaryStatistics"))
        return tuple(Flow(e.caller, e.callee, *(found[e] or ())) for e in sorted(found))


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    caller: str
    callee: str


def _added(before: tuple[int, int] | None, statistics: Any) -> tuple[int, int] | None:
    """Calls and faults. An edge to a queue has no statistics, or empty ones."""
    if not statistics or "TotalCount" not in statistics:
        return before
    calls, faults = before or (0, 0)
    return calls + statistics["TotalCount"], faults + statistics.get("FaultStatistics", {}).get("TotalCount", 0)


def _ranges(start: Minute, end: Minute) -> Iterator[tuple[Minute, Minute]]:
    for first in range(start, end, LONGEST_RANGE):
        yield first, min(first + LONGEST_RANGE, end)


def _quoted(name: str) -> str:
    """As a filter expression wants it; X-Ray has no escape, so a quote would end the string."""
    if '"' in name or "\\" in name:
        raise SourceError(f"X-Ray service {name!r}: a name with a quote or backslash cannot be selected", retryable=False)
    return f'"{name}"'


def _counts(statistics: Any) -> dict[str, int]:
    return {
        "total": statistics["TotalCount"],
        "ok": statistics["OkCount"],
        "error": statistics["ErrorStatistics"]["TotalCount"],
        "fault": statistics["FaultStatistics"]["TotalCount"],
    }


def _series(counted: Minutes, query: TraceQuery) -> Series:
    minutes = sorted(counted)
    values = [counted[m][query.statistic] for m in minutes]
    return Series(np.array(minutes, np.int64), np.array(values, np.float64))
