"""The part of Prometheus' HTTP API that Sloop reads, and the page that a real Prometheus scrapes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import numpy as np
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from app.simulator.clock import Clock
    from slo.judge.series import Floats

MAX_POINTS = 11_000
STEP_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SELECTOR = re.compile(r"\s*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(?P<matchers>.*)\})?\s*", re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """Labels, `__name__` among them, and the value at each moment asked for; NaN = no sample."""

    labels: Mapping[str, str]
    values: Floats


class BadDataError(ValueError):
    """Answered as Prometheus does: status 400, errorType bad_data."""


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    op: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """An absent label reads as empty; regular expressions are anchored at both ends."""
        have = labels.get(self.label, "")
        same = have == self.value if self.op in {"=", "!="} else re.fullmatch(self.value, have) is not None
        return same != self.op.startswith("!")


def parse_selector(text: str) -> tuple[Matcher, ...]:
    """`name{label op "value", ...}`; BadDataError for anything else: functions and arithmetic are not played here."""
    found = _SELECTOR.fullmatch(text)
    if found is None or not (found["name"] or found["matchers"]):
        raise BadDataError(f'invalid parameter "query": this stub reads plain selectors only, not {text!r}')
    name = (Matcher("__name__", "=", found["name"]),) if found["name"] else ()
    return name + tuple(_matchers(found["matchers"] or ""))


def _matchers(text: str) -> list[Matcher]:
    found, at = [], 0
    while text[at:].strip():
        match = _MATCHER.match(text, at)
        if match is None:
            raise BadDataError(f'invalid parameter "query": parse error at {text[at:]!r}')
        value = re.sub(r"\\(.)", r"\1", match[3])
        try:
            re.compile(value)
        except re.error as error:
            raise BadDataError(f'invalid parameter "query": {error} in {value!r}') from None
        found.append(Matcher(match[1], match[2], value))
        at = match.end()
    return found


def prometheus_routes(counters: Callable[[Floats], list[Counter]], clock: Clock) -> list[Route]:
    """The scrape page and the two query routes. Moments after `clock.now()` have no samples yet."""

    async def page(_request: Request) -> Response:
        return _page(counters(np.array([clock.now()])))

    async def query(request: Request) -> Response:
        return await _answer(request, lambda form: _instant(counters, form, clock.now()))

    async def query_range(request: Request) -> Response:
        return await _answer(request, lambda form: _range(counters, form, clock.now()))

    both = ["GET", "POST"]
    return [
        Route("/model/metrics", page),
        Route("/prometheus/api/v1/query", query, methods=both),
        Route("/prometheus/api/v1/query_range", query_range, methods=both),
    ]


def _page(counters: list[Counter]) -> Response:
    """Only the application's own counters: job, instance and up are what Prometheus adds."""
    orders = [c for c in counters if c.labels["__name__"] == "orders_requests_total"]
    if any(math.isnan(c.values[0]) for c in orders):
        return PlainTextResponse("a metrics-gap fault holds\n", status_code=503)
    lines = ["# HELP orders_requests_total Orders answered, by status code.", "# TYPE orders_requests_total counter"]
    lines += [f'orders_requests_total{{code="{c.labels["code"]}"}} {int(c.values[0])}' for c in orders]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


async def _answer(request: Request, result: Callable[[Mapping[str, str]], dict[str, Any]]) -> Response:
    form = dict(request.query_params) | dict(parse_qsl((await request.body()).decode()))
    try:
        return JSONResponse({"status": "success", "data": result(form)})
    except BadDataError as error:
        return JSONResponse({"status": "error", "errorType": "bad_data", "error": str(error)}, status_code=400)


def _instant(counters: Callable[[Floats], list[Counter]], form: Mapping[str, str], now: float) -> dict[str, Any]:
    matchers = parse_selector(_parameter(form, "query"))
    moment = _time(form, "time") if "time" in form else now
    found = _matching(counters(np.array([moment])), matchers) if moment <= now else []
    return {
        "resultType": "vector",
        "result": [
            {"metric": dict(c.labels), "value": [moment, _number(c.values[0])]} for c in found if not math.isnan(c.values[0])
        ],
    }


def _range(counters: Callable[[Floats], list[Counter]], form: Mapping[str, str], now: float) -> dict[str, Any]:
    matchers = parse_selector(_parameter(form, "query"))
    marks = _marks(_time(form, "start"), _time(form, "end"), _step(form))
    marks = marks[marks <= now]
    series = [(c.labels, ~np.isnan(c.values), c.values) for c in _matching(counters(marks), matchers)]
    return {
        "resultType": "matrix",
        "result": [
            {
                "metric": dict(labels),
                "values": [[t, _number(v)] for t, v in zip(marks[seen].tolist(), values[seen], strict=True)],
            }
            for labels, seen, values in series
            if seen.any()
        ],
    }


def _marks(start: float, end: float, step: float) -> Floats:
    if end < start:
        raise BadDataError('invalid parameter "end": end timestamp must not be before start time')
    if step <= 0:
        raise BadDataError(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'
        )
    if (end - start) / step > MAX_POINTS:
        raise BadDataError(
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        )
    return np.float64(start) + step * np.arange(int((end - start) / step) + 1, dtype=np.float64)


def _matching(counters: list[Counter], matchers: tuple[Matcher, ...]) -> list[Counter]:
    return [c for c in counters if all(m.matches(c.labels) for m in matchers)]


def _number(value: float) -> str:
    """As Go prints a whole float: no exponent, no `.0`."""
    return str(int(value))


def _parameter(form: Mapping[str, str], name: str) -> str:
    if not form.get(name):
        raise BadDataError(f'invalid parameter "{name}": missing')
    return form[name]


def _time(form: Mapping[str, str], name: str) -> float:
    """Epoch seconds or RFC 3339."""
    text = _parameter(form, name)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise BadDataError(f'invalid parameter "{name}": cannot parse {text!r} to a valid timestamp') from None


def _step(form: Mapping[str, str]) -> float:
    """Seconds, or one duration like 60s or 1m."""
    text = _parameter(form, "step")
    found = re.fullmatch(r"([0-9.]+)(ms|[smhd]?)", text)
    if found is None:
        raise BadDataError(f'invalid parameter "step": cannot parse {text!r} to a valid duration')
    return float(found[1]) * STEP_UNITS[found[2] or "s"]
