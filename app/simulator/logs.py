"""CloudWatch Logs over the model: one record per request of a service, with its status, and queries that count them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from app.simulator.disturbance import undisturbed
from app.simulator.wire import Refused, answer, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.responses import Response

    from app.simulator.clock import Clock
    from app.simulator.disturbance import Disturb
    from app.simulator.stream import Stream
    from slo.judge.series import Ints
    from slo.units import Minute

TARGET = "Logs_20140328"
GROUPS: Mapping[str, str] = {"/aws/ecs/api": "api", "/aws/ecs/web": "web"}
"""Log group -> the service that writes it."""
BYTES = 200
"""Of a record."""
AT_ONCE = 30
LONGEST_TEXT = 10_000

_QUERY = re.compile(r"(?:filter (?P<filter>.+?)\n\| )?stats count\(\*\) as n by bin\(1m\)", re.DOTALL)
_STATUS = re.compile(r"status (?P<op>>=|<) 500")


@dataclass(slots=True)
class _Query:
    """Counts by minute; `looks` are the answers until it is complete."""

    counts: Mapping[Minute, int]
    scanned: int
    matched: int
    looks: int
    status: str = "Running"


@dataclass(slots=True)
class Logs:
    """StartQuery, GetQueryResults and StopQuery, as an unmodified boto3 asks. `streams` by service name.

    A query ends, as `ends`, at the answer after `looks` others; `page` are the rows of an answer. `disturb` may spoil a call.
    """

    streams: Callable[[str], Stream]
    clock: Clock
    looks: int = 1
    ends: str = "Complete"
    page: int = 10_000
    disturb: Disturb = undisturbed
    _queries: dict[str, _Query] = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def targets(self) -> dict[str, Callable[[str, bytes], Response]]:
        """For `server.create_app`."""
        return {TARGET: self._answered}

    def _answered(self, operation: str, body: bytes) -> Response:
        calls = {"StartQuery": self._start, "GetQueryResults": self._results, "StopQuery": self._stop}
        request = orjson.loads(body or b"{}")
        try:
            disturbance = self.disturb(operation, request)
            if disturbance is not None:
                disturbance.raise_for_kind(operation)
            return answer(calls.get(operation, _unknown)(request))
        except Refused as refused:
            return refuse(refused)

    def _start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if sum(query.status == "Running" for query in self._queries.values()) >= AT_ONCE:
            raise Refused("LimitExceededException", "Account maximum query concurrency limit of [30] reached.")
        text = _QUERY.fullmatch(request["queryString"])
        if text is None or len(request["queryString"]) > LONGEST_TEXT:
            raise Refused("MalformedQueryException", "unexpected symbol found")
        if request["endTime"] < request["startTime"]:
            raise Refused("InvalidParameterException", "End time must be after start time")
        span = (request["startTime"] // 60, min(request["endTime"], int(self.clock.now())) // 60)
        records = np.sum([self._records(name, *span) for name in request["logGroupIdentifiers"]], axis=0)
        matching = _matching(text["filter"], records)
        counts = {span[0] + n: int(found) for n, found in enumerate(matching) if found}
        name = f"query-{next(self._ids)}"
        self._queries[name] = _Query(counts, int(records[0].sum()), int(matching.sum()), self.looks)
        return {"queryId": name}

    def _records(self, group: str, start: Minute, end: Minute) -> Ints:
        """int64[all and bad, minute]: what a group holds."""
        if group not in GROUPS:
            raise Refused("ResourceNotFoundException", f"Log group '{group}' does not exist for account ID '111122223333'")
        stream = self.streams(GROUPS[group])
        marks = np.arange(start, max(start, end) + 1, dtype=np.float64) * 60
        return np.array([np.diff(stream.requests(marks)), np.diff(stream.errors(marks))], np.int64)

    def _results(self, request: Mapping[str, Any]) -> dict[str, Any]:
        query = self._known(request)
        if query.status == "Running" and not query.looks:
            query.status = self.ends
        query.looks = max(0, query.looks - 1)
        done = query.status == "Complete"
        rows = [_row(minute, found) for minute, found in query.counts.items()] if done else []
        first = int(request.get("nextToken", 0))
        more = {"nextToken": str(first + self.page)} if first + self.page < len(rows) else {}
        share = 1 if done else 2
        statistics = {
            "recordsMatched": query.matched // share,
            "recordsScanned": query.scanned // share,
            "bytesScanned": query.scanned * BYTES // share,
        }
        shown = rows[first : first + self.page]
        return {"queryLanguage": "CWLI", "results": shown, "statistics": statistics, "status": query.status, **more}

    def _stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        query = self._known(request)
        if query.status != "Running":
            raise Refused("InvalidParameterException", "Query is not currently running.")
        query.status = "Cancelled"
        return {"success": True}

    def _known(self, request: Mapping[str, Any]) -> _Query:
        if request["queryId"] not in self._queries:
            raise Refused("ResourceNotFoundException", f"Query {request['queryId']} not found.")
        return self._queries[request["queryId"]]


def _unknown(_request: Mapping[str, Any]) -> dict[str, Any]:
    raise Refused("UnknownOperationException", "The simulator has three operations of CloudWatch Logs.")


def _matching(condition: str | None, records: Ints) -> Ints:
    """It knows `status >= 500` and `status < 500`."""
    every: Ints = records[0]
    bad: Ints = records[1]
    if condition is None:
        return every
    known = _STATUS.fullmatch(condition.strip())
    if known is None:
        raise Refused("MalformedQueryException", "unexpected symbol found")
    return bad if known["op"] == ">=" else every - bad


def _row(minute: Minute, found: int) -> list[dict[str, str]]:
    when = datetime.fromtimestamp(minute * 60, UTC).strftime("%Y-%m-%d %H:%M:%S.000")
    return [{"field": "bin(1m)", "value": when}, {"field": "n", "value": str(found)}]
