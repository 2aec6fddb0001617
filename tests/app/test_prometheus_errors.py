"""PrometheusSource against servers that misbehave: each says, byte for byte, what the test says."""

from __future__ import annotations

import gzip
import json
from itertools import repeat
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from app.ports import Span
from app.prometheus import LARGEST_ANSWER, MOST_SERIES, PrometheusSource
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


def one_series(*values: tuple[float, Any], **labels: str) -> bytes:
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
        (Said(200, [ERROR]), "HTTP 200: the reason", False),
        (Said(422, [ERROR]), "HTTP 422: the reason", False),
        (Said(503, [ERROR]), "HTTP 503: the reason", True),
        (Said(200, [b"<html>\n<h1>Sign in</h1>"], "text/html"), r"HTTP 200 and no JSON: b'<html>\n<h1>Sign in</h1>'", True),
        (Said(502, [b""]), "HTTP 502 and no JSON: b''", True),
        (Said(200, [b"[" * 100_000]), "HTTP 200 and no JSON", True),
        (Said(302, [b"moved"]), "HTTP 302 and no JSON", True),
        (Said(200, [b"[]"]), "HTTP 200: not an object", False),
        (Said(200, [b'{"status":"success"}']), "not a range of values", False),
        (Said(200, [good_answer(resultType="vector")]), "not a range of values; give a plain selector", False),
        (Said(200, [good_answer(result=[{"metric": {}, "histograms": []}])]), "not a range of values", False),
        (Said(200, [one_series((M0 * 60, "many"))]), "not a range of values", False),
        (Said(200, [one_series((M0 * 60 - 60, "1"))]), "not a range of values", False),
        (Said(200, [good_answer()], encoding="gzip"), "incorrect header check", True),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_answer_that_is_no_answer_is_an_error_in_one_line(
    client: httpx.Client, said: Said, text: str, retryable: bool
) -> None:
    error = error_of(client, said)
    assert text in str(error)
    assert error.retryable is retryable


def test_warnings_do_not_spoil_an_answer(client: httpx.Client) -> None:
    body = json.loads(one_series((M0 * 60, "1"), (M0 * 60 + 60, "4"))) | {"warnings": ["slow"], "infos": ["so what"]}
    assert minutes_of(heard(client, Said(200, [json.dumps(body).encode()]))) == {0: 3}


def test_an_endless_answer_is_cut_off(client: httpx.Client) -> None:
    error = error_of(client, Said(200, repeat(b" " * 2**20)))
    assert f"above {LARGEST_ANSWER // 2**20} MiB" in str(error)
    assert not error.retryable


def test_an_answer_that_unpacks_to_too_much_is_cut_off(client: httpx.Client) -> None:
    bomb = gzip.compress(bytes(LARGEST_ANSWER + 1), 1)
    assert "MiB" in str(error_of(client, Said(200, [bomb], encoding="gzip")))


def test_too_many_series_are_refused_with_their_number(client: httpx.Client) -> None:
    result = [{"metric": {"n": str(n)}, "values": [[M0 * 60, "1"]]} for n in range(MOST_SERIES + 1)]
    with pytest.raises(SourceError, match=f"x: {MOST_SERIES + 1} series; narrow it"):
        heard(client, Said(200, [good_answer(result=result)]))


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


@pytest.mark.parametrize("url", ["http://[", "ftp://127.0.0.1", "prometheus:9090"])
def test_an_address_that_is_none_is_an_error_too(client: httpx.Client, url: str) -> None:
    with pytest.raises(SourceError, match="/api/v1/query_range x: "):
        fetched(client, url, CounterQuery("x"), Span(M0, M0 + 1))


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
