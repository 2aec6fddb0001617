"""X-Ray's answers over the model: every second one trace, and one in twenty of the rest, as its default rule samples."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.simulator.faults import during

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from app.simulator.clock import Clock
    from app.simulator.stream import Stream
    from slo.judge.series import Ints
    from slo.units import Minute

LONGEST_RANGE = 6 * 3600
PAGE = 360
CALLS: Mapping[str, tuple[str, ...]] = {
    "client": ("edge",),
    "edge": ("api", "web"),
    "web": ("api",),
    "api": ("database", "cache", "jobs"),
    "database": (),
    "cache": (),
    "jobs": (),
}
"""The service map of the reference estate."""
TRACED = frozenset({"api", "web"})
"""The services that run the tracing daemon."""
SHARES: Mapping[tuple[str, str], tuple[int, int]] = {("edge", "api"): (3, 4), ("web", "api"): (1, 4), ("edge", "web"): (1, 1)}
"""Of the traces of the callee those that this caller began."""


class RefusedError(Exception):
    """Answered as InvalidRequestException, 400."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Traces of a service, per minute."""

    total: Ints
    fault: Ints


def sample(stream: Stream, start: Minute, end: Minute) -> Sampled:
    """Of n requests 60 + (n - 60) / 20 are traced; a failing request is traced as often as any other."""
    marks = np.arange(start, end + 1, dtype=np.float64) * 60
    requests = np.diff(stream.requests(marks))
    total = np.minimum(requests, 60 + np.maximum(requests - 60, 0) // 20)
    failures = stream.failures(marks)
    # Everyday errors are too few for a share of each minute: their running total is sampled, so that none is lost to rounding.
    usual: Ints = (stream.errors(marks) - failures) * 6 // 100
    everyday = np.diff(usual)
    outage = np.diff(failures) * total // np.maximum(requests, 1)
    return Sampled(total, np.minimum(total, everyday + outage))


class XRay:
    """GetTimeSeriesServiceStatistics and GetServiceGraph over REST, as an unmodified boto3 asks. `streams` by service name."""

    def __init__(
        self,
        streams: Callable[[str], Stream],
        clock: Clock,
        outages: Callable[[str], Sequence[tuple[float, float]]] = lambda _: (),
    ) -> None:
        """`outages` says from when to when nothing of that name answered its callers, in epoch seconds."""
        self._streams, self._clock, self._outages = streams, clock, outages

    def routes(self) -> list[Route]:
        return [
            Route("/TimeSeriesServiceStatistics", self._answered(self._statistics), methods=["POST"]),
            Route("/ServiceGraph", self._answered(self._graph), methods=["POST"]),
        ]

    def _answered(self, operation: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return JSONResponse(operation(json.loads(await request.body() or b"{}")))
            except RefusedError as error:
                headers = {"x-amzn-errortype": "InvalidRequestException"}
                return JSONResponse({"Message": str(error)}, 400, headers)

        return answer

    def _statistics(self, request: dict[str, Any]) -> dict[str, Any]:
        start, end = self._range(request)
        name = request.get("EntitySelectorExpression", "").removeprefix('service("').removesuffix('")')
        if request.get("Period", 60) != 60:
            raise RefusedError("The simulator counts in periods of 60 seconds")
        first = int(request.get("NextToken", start))
        last = min(first + PAGE, end)
        entries = list(self._entries(name, first, last))
        more = {"NextToken": str(last)} if last < end else {}
        return {"TimeSeriesServiceStatistics": entries, "ContainsOldGroupVersions": False, **more}

    def _entries(self, name: str, first: Minute, last: Minute) -> Iterator[dict[str, Any]]:
        """A service that is not traced, like a minute without traces, has none."""
        if name not in TRACED or last <= first:
            return
        sampled = sample(self._streams(name), first, last)
        for row in np.flatnonzero(sampled.total):
            yield _entry(first + int(row), sampled, int(row))

    def _graph(self, request: dict[str, Any]) -> dict[str, Any]:
        start, end = self._range(request)
        numbers = {name: n for n, name in enumerate(CALLS)}
        services = [
            {
                "ReferenceId": numbers[name],
                "Name": name,
                "Names": [name],
                "Root": name == "client",
                "Edges": [
                    {"ReferenceId": numbers[called], "StartTime": start * 60, "EndTime": end * 60}
                    | self._edge(name, called, start, end)
                    for called in calls
                ],
            }
            for name, calls in CALLS.items()
        ]
        return {"StartTime": start * 60, "EndTime": end * 60, "Services": services, "ContainsOldGroupVersions": False}

    def _edge(self, caller: str, called: str, start: Minute, end: Minute) -> dict[str, Any]:
        """Nothing is counted of a call that neither end traces."""
        if end <= start or ((caller, called) not in SHARES and caller not in TRACED):
            return {}
        if (caller, called) in SHARES:
            over, under = SHARES[caller, called]
            sampled = sample(self._streams(called), start, end)
            return _statistics(int(sampled.total.sum()) * over // under, int(sampled.fault.sum()) * over // under)
        total = sample(self._streams(caller), start, end).total
        down = during(np.arange(start, end, dtype=np.float64) * 60 + 30, self._outages(called))
        return _statistics(int(total.sum()), int(total[down].sum()))

    def _range(self, request: Mapping[str, Any]) -> tuple[Minute, Minute]:
        """Whole minutes that have ended."""
        start, end = float(request["StartTime"]), float(request["EndTime"])
        if end - start > LONGEST_RANGE:
            raise RefusedError("Time range cannot be longer than 6 hours")
        if end < start:
            raise RefusedError("StartTime must be before EndTime")
        return int(start // 60), int(min(end, self._clock.now()) // 60)


def _entry(minute: Minute, sampled: Sampled, row: int) -> dict[str, Any]:
    statistics = _statistics(int(sampled.total[row]), int(sampled.fault[row]))["SummaryStatistics"]
    return {"Timestamp": minute * 60, "ServiceSummaryStatistics": statistics}


def _statistics(total: int, fault: int) -> dict[str, Any]:
    counts = {
        "OkCount": total - fault,
        "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": fault, "TotalCount": fault},
        "TotalCount": total,
        "TotalResponseTime": round(total * 0.09, 3),
    }
    return {"SummaryStatistics": counts}
