from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.simulator.clock import ManualClock
from app.simulator.model import DemoModel

NOW = 1_794_000_030.0
MARK = 1_794_000_000


@dataclass(frozen=True)
class Client:
    """Asks the application without a server."""

    app: Starlette

    def get(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", path, how))

    def post(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, how))

    async def _ask(self, method: str, path: str, how: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://simulator") as client:
            return await client.request(method, path, **how)


@pytest.fixture
def demo() -> DemoModel:
    return DemoModel(5)


@pytest.fixture
def client(demo: DemoModel) -> Client:
    return Client(Starlette(routes=list(demo.routes(ManualClock(NOW)))))


def series(client: Client, query: str, **extra: str) -> list[dict[str, object]]:
    form = {"query": query, "start": str(MARK - 600), "end": str(MARK), "step": "60", **extra}
    answer = client.post("/prometheus/api/v1/query_range", data=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["resultType"] == "matrix"
    result: list[dict[str, object]] = answer.json()["data"]["result"]
    return result


def codes(found: list[dict[str, object]]) -> list[str]:
    return [s["metric"]["code"] for s in found]  # type: ignore[index]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ('orders_requests_total{job="orders"}', ["200", "500"]),
        ('orders_requests_total{job="orders",code=~"5.."}', ["500"]),
        ('orders_requests_total{code!~"5..", job="orders",}', ["200"]),
        ('orders_requests_total{code!="200"}', ["500"]),
        ('orders_requests_total{code=~"5"}', []),
        ('{__name__="orders_requests_total", absent=""}', ["200", "500"]),
        ("orders_requests_total", ["200", "500"]),
        ('orders_requests_total{job="other"}', []),
    ],
)
def test_matchers_choose_series_as_prometheus_does(client: Client, selector: str, expected: list[str]) -> None:
    assert codes(series(client, selector)) == expected


def test_values_are_raw_counters_at_the_marks_as_text(client: Client, demo: DemoModel) -> None:
    (found,) = series(client, 'orders_requests_total{code="500"}')
    values: list[list[object]] = found["values"]  # type: ignore[assignment]
    assert [t for t, _ in values] == list(range(MARK - 600, MARK + 1, 60))
    truth = demo.truth("orders.availability", MARK // 60 - 10, MARK // 60)
    raw = [int(str(v)) for _, v in values]
    assert [b - a for a, b in pairwise(raw)] == truth.bad.tolist()


def test_nothing_is_known_of_the_future(client: Client) -> None:
    (found,) = series(client, "up", start=str(MARK - 60), end=str(MARK + 600))
    assert found["values"] == [[MARK - 60, "1"], [MARK, "1"]]


def test_a_gap_leaves_out_its_marks_and_up(client: Client, demo: DemoModel) -> None:
    demo.inject("metrics-gap", MARK - 300)
    for query in ('orders_requests_total{code="200"}', 'up{job="orders"}'):
        (found,) = series(client, query)
        assert len(found["values"]) == 5  # type: ignore[arg-type]
    assert client.get("/model/metrics").status_code == 503


def test_times_may_be_rfc_3339_and_steps_durations(client: Client) -> None:
    start, end = (datetime.fromtimestamp(MARK + d, UTC).isoformat().replace("+00:00", "Z") for d in (-120, 0))
    (found,) = series(client, "up", start=start, end=end, step="1m")
    assert len(found["values"]) == 3  # type: ignore[arg-type]


def test_more_than_11000_points_are_refused_in_prometheus_own_words(client: Client) -> None:
    params = {"query": "up", "start": "0", "end": str(11_001 * 60), "step": "60"}
    answer = client.get("/prometheus/api/v1/query_range", params=params)
    assert answer.status_code == 400
    assert answer.json()["errorType"] == "bad_data"
    assert "exceeded maximum resolution of 11,000 points per timeseries" in answer.json()["error"]
    assert client.get("/prometheus/api/v1/query_range", params={**params, "end": str(11_000 * 60)}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"query": "sum(rate(up[5m]))"},
        {"query": 'up{job=~"("}'},
        {"query": "up{job=orders}"},
        {"query": ""},
        {"start": "yesterday"},
        {"end": "0"},
        {"step": "0"},
        {"step": "often"},
    ],
)
def test_a_bad_request_is_bad_data(client: Client, change: dict[str, str]) -> None:
    params = {"query": "up", "start": "60", "end": "120", "step": "60"} | change
    answer = client.get("/prometheus/api/v1/query_range", params=params)
    assert answer.status_code == 400
    assert answer.json()["status"] == "error"


def test_an_instant_query_answers_a_vector_of_now(client: Client) -> None:
    answer = client.get("/prometheus/api/v1/query", params={"query": 'up{job="orders"}'}).json()
    assert answer["data"]["resultType"] == "vector"
    assert answer["data"]["result"] == [
        {"metric": {"__name__": "up", "job": "orders", "instance": "demo"}, "value": [NOW, "1"]}
    ]


def test_the_scrape_page_shows_the_counters_of_this_second(client: Client, demo: DemoModel) -> None:
    lines = client.get("/model/metrics").text.splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert set(samples) == {'orders_requests_total{code="200"}', 'orders_requests_total{code="500"}'}
    answer = client.get("/prometheus/api/v1/query", params={"query": 'orders_requests_total{code="200"}'}).json()
    assert samples['orders_requests_total{code="200"}'] == answer["data"]["result"][0]["value"][1]
    assert int(samples['orders_requests_total{code="200"}']) > 10**9
    assert demo.faults == ()
