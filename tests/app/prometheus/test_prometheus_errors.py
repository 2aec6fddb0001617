"""PrometheusSource against servers that misbehave: each says, byte for byte, what the test says."""

from __future__ import annotations

import json
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from app.ports import Span
from app.prometheus.source import PrometheusSource
from slo.errors import SourceError
from slo.estate.indicator import CounterQuery, GaugeQuery, MetricQuery
from slo.judge.answer import Failed
from tests.support.answering import Asked, Said, answering
from tests.support.prometheus import M0, fetched, minutes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.indicator import Query
    from slo.judge.answer import Answer


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20) as made:
        yield made


def good_answer(**data: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [], **data}}).encode()


def one_series(*values: tuple[Any, Any], **labels: Any) -> bytes:
    return good_answer(result=[{"metric": labels, "values": list(values)}])


def heard(client: httpx.Client, said: Said, url_of: str = "{}") -> Answer:
    with answering(lambda _: said) as url:
        return fetched(client, url_of.format(url), CounterQuery("x"), Span(M0, M0 + 3))


def error_of(client: httpx.Client, said: Said) -> SourceError:
    with pytest.raises(SourceError) as caught:
        heard(client, said)
    assert "\n" not in str(caught.value)
    assert "/api/v1/query_range x: " in str(caught.value)
    return caught.value


ERROR = b'{"status":"error","errorType":"bad_data","error":"the reason"}'


@pytest.mark.parametrize(
    ("said", "text", "retryable"),
    [
        (Said(200, [ERROR]), "HTTP 200: bad_data: the reason", False),
        (Said(422, [ERROR]), "HTTP 422: bad_data: the reason", False),
        (Said(503, [ERROR]), "HTTP 503: bad_data: the reason", True),
        (Said(422, [b'{"status":"error","errorType":"timeout","error":"too\\nlate"}']), "HTTP 422: timeout: too late", True),
        (Said(403, [b'{"message":"Missing Token"}']), "HTTP 403: Missing Token; it must allow this query", False),
        (Said(401, [b"who?"]), "HTTP 401 and no JSON but application/json: who?; correct SLOOP_PROMETHEUS_TOKEN", False),
        (Said(429, [b"slower"]), "HTTP 429 and no JSON", True),
        (Said(429, [ERROR]), "HTTP 429: bad_data: the reason", True),
        (Said(500, [good_answer()]), "HTTP 500: no error text", True),
        (Said(502, [b""]), "HTTP 502 and no JSON but application/json: ", True),
        (Said(200, [b"[" * 100_000]), "HTTP 200 and no JSON", True),
        (Said(302, [b"moved"]), "HTTP 302 to nowhere, which is not followed; correct SLOOP_PROMETHEUS_URL", False),
        (Said(200, [b"[]"]), "HTTP 200: not an object", False),
        (Said(200, [b'{"status":"success"}']), "not a range of values", False),
        (Said(200, [good_answer(resultType="vector")]), "not a range of values; give a plain selector", False),
        (Said(200, [good_answer(result=[{"metric": {}, "histograms": []}])]), "not a range of values", False),
        (Said(200, [one_series((M0 * 60, "many"))]), "not a range of values", False),
        (Said(200, [one_series((M0 * 60 - 60, "1"))]), "not a range of values", False),
        (Said(200, [one_series((1e300, "1"))]), "not a range of values", False),
        (Said(200, [one_series(("now", "1"))]), "not a range of values", False),
        (Said(200, [b'{"status":"success","data":{"resultType":"matrix","result":7}}']), "not a range of values", False),
        (Said(200, [good_answer()], encoding="gzip"), "incorrect header check", True),
        (Said(200, [good_answer()], encoding="br"), "packed as br, which was not asked for", False),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_answer_that_is_no_answer_is_an_error_in_one_line(
    client: httpx.Client, said: Said, text: str, retryable: bool
) -> None:
    error = error_of(client, said)
    assert text in str(error)
    assert error.retryable is retryable


@pytest.mark.parametrize("more", [{"warnings": 7}, {"warnings": None}, {"warnings": [7, ["x"]]}, {"infos": {}}])
def test_odd_company_does_not_spoil_an_answer(client: httpx.Client, more: dict[str, Any]) -> None:
    body = json.loads(one_series((M0 * 60, "1"), (M0 * 60 + 60, "4"), odd=["no", "text"])) | more
    assert minutes_of(heard(client, Said(200, [json.dumps(body).encode()]))) == {0: 3}


def test_a_server_that_does_not_answer_in_time_can_be_tried_again() -> None:
    done = Event()

    def never(_asked: Asked) -> Said:
        done.wait(5)
        return Said(200, [good_answer()])

    with httpx.Client(trust_env=False, timeout=0.1) as client, answering(never) as url:
        with pytest.raises(SourceError, match="timed out") as caught:
            fetched(client, url, CounterQuery("x"), Span(M0, M0 + 1))
        done.set()
    assert caught.value.retryable


def test_a_server_that_is_not_there_can_be_tried_again(client: httpx.Client) -> None:
    with answering(lambda _: Said(200, [])) as url:
        pass
    with pytest.raises(SourceError, match="Connection refused") as caught:
        fetched(client, url, CounterQuery("x"), Span(M0, M0 + 1))
    assert caught.value.retryable


def test_a_password_in_the_address_is_sent_and_never_shown(client: httpx.Client) -> None:
    seen: list[str] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked.headers.get("authorization", ""))
        return Said(403, [ERROR])

    with answering(answer) as url, pytest.raises(SourceError) as caught:
        fetched(client, url.replace("//", "//sloop:secret@"), CounterQuery("x"), Span(M0, M0 + 1))
    assert seen == ["Basic c2xvb3A6c2VjcmV0"]
    assert "secret" not in str(caught.value)


def test_each_selector_is_asked_for_once_whatever_it_is_needed_for(client: httpx.Client) -> None:
    bodies: list[bytes] = []

    def answer(asked: Asked) -> Said:
        bodies.append(asked.body)
        return Said(200, [good_answer()])

    queries: list[Query] = [CounterQuery("a", "up"), CounterQuery("b", "up"), GaugeQuery("up")]
    with answering(answer) as url:
        PrometheusSource(f"{url}/", client=client).fetch(queries, Span(M0, M0 + 1))
    assert sorted(bodies) == [f"query={name}&start={M0 * 60}&end={(M0 + 1) * 60}&step=60".encode() for name in ("a", "b", "up")]


def test_a_counter_fails_with_its_proof(client: httpx.Client) -> None:
    with answering(lambda asked: Said(400, [ERROR]) if b"query=up" in asked.body else Said(200, [good_answer()])) as url:
        answers = PrometheusSource(url, client=client).fetch([CounterQuery("a", "up"), CounterQuery("b")], Span(M0, M0 + 1))
    assert isinstance(answers[CounterQuery("a", "up")], Failed)
    assert minutes_of(answers[CounterQuery("b")]) == {}


def test_other_kinds_of_queries_are_a_mistake_of_ours(client: httpx.Client) -> None:
    query = MetricQuery(None, "us-east-1", "n", "m", (), "Sum")
    with pytest.raises(TypeError, match="not for Prometheus"):
        fetched(client, "http://127.0.0.1:1", query, Span(M0, M0 + 1))
