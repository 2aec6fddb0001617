"""PrometheusSource under the faults that its specification numbers, each as a real server would show it."""

from __future__ import annotations

import gzip
import json
import math
import socketserver
import threading
import time
import tracemalloc
from contextlib import closing, contextmanager
from itertools import repeat
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.ports import Span
from app.prometheus.access import Access
from app.prometheus.api import LARGEST_ANSWER, MOST_TOLD
from app.prometheus.counters import events
from app.prometheus.deadline import Patience
from app.prometheus.source import MOST_SERIES, MOST_UNANSWERED, PrometheusSource
from slo.errors import SourceError
from slo.estate.indicator import CounterQuery, GaugeQuery
from slo.judge.answer import Failed
from tests.support.answering import Asked, Said, answering
from tests.support.certificates import Authority, loopback
from tests.support.prometheus import M0, Samples, fetched, fill, minutes_of
from tests.support.prometheus import serving as serving_prometheus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from slo.judge.answer import Answer

SHORT = Patience(connect=0.2, read=0.15, total=0.3)
PATIENT = Patience()
SPAN = Span(M0, M0 + 2)


def matrix(*series: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}, **more}).encode()


def series(*values: Any, **labels: str) -> dict[str, Any]:
    """Values at M0, M0 + 1 ..."""
    return {"metric": labels, "values": [[(M0 + n) * 60, str(value)] for n, value in enumerate(values)]}


@contextmanager
def reading(access: Access, patience: Patience = PATIENT) -> Iterator[PrometheusSource]:
    with closing(PrometheusSource(access.url, client=access.client(patience), secrets=access.secrets)) as source:
        yield source


def ask(access: Access, selector: str = "x", patience: Patience = PATIENT) -> Answer:
    query = CounterQuery(selector)
    with reading(access, patience) as source:
        return source.fetch([query], SPAN)[query]


def error_of(url: str, selector: str = "x") -> SourceError:
    with pytest.raises(SourceError) as caught:
        ask(Access(url), selector, Patience())
    assert "\n" not in str(caught.value)
    assert f"{url}/api/v1/query_range {selector}: " in str(caught.value)
    return caught.value


@contextmanager
def saying(pieces: Callable[[], Iterable[bytes]], *, listens: bool = True) -> Iterator[str]:
    """The address of a server that sends these bytes to whoever connects, as long as somebody listens."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if listens:
                self.request.recv(65_536)
            try:
                for piece in pieces():
                    self.request.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def dripping(*first: bytes) -> Callable[[], Iterator[bytes]]:
    """What comes first at once, then a byte often enough that no read ever waits for long."""

    def drip() -> Iterator[bytes]:
        yield from first
        for _ in range(500):
            time.sleep(0.02)
            yield b" "

    return drip


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n"


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nx-slow: ", HEAD, HEAD + b'{"status":'])
def test_f08_an_answer_that_drips_ends_at_the_total_deadline(first: bytes) -> None:
    began = time.monotonic()
    with saying(dripping(first)) as url, pytest.raises(SourceError) as caught:
        ask(Access(url), patience=SHORT)
    assert SHORT.total <= time.monotonic() - began < SHORT.total + 3  # it would drip for 10 s
    assert caught.value.retryable


@pytest.mark.parametrize("first", [HEAD, HEAD + b'{"status":'])
def test_f08_the_message_says_that_the_whole_answer_took_too_long(first: bytes) -> None:
    with saying(dripping(first)) as url, pytest.raises(SourceError, match=r"x: no whole answer within 0\.3 s$"):
        ask(Access(url), patience=SHORT)


def test_f08_a_server_that_takes_the_connection_and_says_nothing_ends_at_the_read_timeout() -> None:
    done = Event()

    def silent() -> Iterator[bytes]:
        done.wait(8)
        yield b""

    with saying(silent) as url:
        began = time.monotonic()
        with pytest.raises(SourceError, match="timed out") as caught:
            ask(Access(url), patience=SHORT)
        done.set()
    assert SHORT.read <= time.monotonic() - began < 4
    assert caught.value.retryable


def test_f08_a_handshake_that_never_ends_is_a_connection_that_took_too_long() -> None:
    done = Event()

    def silent() -> Iterator[bytes]:
        done.wait(8)
        yield b""

    with saying(silent, listens=False) as url:
        with pytest.raises(SourceError, match="timed out"):
            ask(Access(url.replace("http:", "https:")), patience=SHORT)
        done.set()


def test_f08_a_kept_connection_has_the_whole_time_again() -> None:
    with answering(lambda _: Said(200, [matrix(series(1, 2, 3))])) as url, reading(Access(url)) as slow:
        for _ in range(3):
            assert minutes_of(slow.fetch([CounterQuery("x")], SPAN)[CounterQuery("x")]) == {0: 1, 1: 1}
            time.sleep(0.12)


def test_f08_the_time_limits_are_3_10_and_20_seconds() -> None:
    client = Access("http://127.0.0.1:1").client()
    assert (client.timeout.connect, client.timeout.read, Patience().total) == (3, 10, 20)


def test_f08_a_server_that_is_late_again_and_again_is_not_asked_for_the_rest() -> None:
    bodies: list[bytes] = []

    def answer(asked: Asked) -> Said:
        bodies.append(asked.body)
        slow = b"query=slow" in asked.body
        return Said(503, [b'{"status":"error","errorType":"timeout","error":"too late"}']) if slow else Said(200, [matrix()])

    queries = [CounterQuery("first"), *(CounterQuery(f"slow{n}") for n in range(4)), CounterQuery("last")]
    with answering(answer) as url, reading(Access(url)) as late:
        answers = late.fetch(queries, SPAN)
        assert len(bodies) == 1 + MOST_UNANSWERED
        assert [type(answers[query]) for query in queries] == [type(answers[queries[0]]), *[Failed] * 5]
        told = answers[queries[-1]]
        assert isinstance(told, Failed)
        assert told.message.startswith("last: not asked for, after Prometheus http://")
        bodies.clear()
        assert not isinstance(late.fetch(queries[:3] + queries[5:], SPAN)[queries[-1]], Failed)


def test_f08_those_that_were_late_come_last_the_next_time_and_hold_up_nobody() -> None:
    slow = [CounterQuery(f"slow{n}") for n in range(MOST_UNANSWERED)]
    healthy = CounterQuery("healthy")

    def answer(asked: Asked) -> Said:
        return Said(503, [b"no"]) if b"query=slow" in asked.body else Said(200, [matrix(series(1, 4, 9))])

    with answering(answer) as url, reading(Access(url)) as late:
        with pytest.raises(SourceError, match="HTTP 503"):
            late.fetch([*slow, healthy], SPAN)
        assert minutes_of(late.fetch([*slow, healthy], SPAN)[healthy]) == {0: 3, 1: 5}


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_server_that_refuses_us_is_not_asked_once_for_every_selector(status: int) -> None:
    asked: list[Asked] = []

    def answer(one: Asked) -> Said:
        asked.append(one)
        return Said(status, [b"no"])

    queries = [CounterQuery(f'x{{path="p{n}"}}') for n in range(9)] + [CounterQuery(f"y{n}") for n in range(9)]
    with answering(answer) as url, reading(Access(url)) as refused:
        for _ in range(2):
            asked.clear()
            with pytest.raises(SourceError, match=f"HTTP {status}") as caught:
                refused.fetch(queries, SPAN)
            assert len(asked) == MOST_UNANSWERED
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (200, "execution", False),
        (400, "bad_data", False),
        (422, "execution", False),
        (422, "canceled", True),
        (503, "timeout", True),
        (500, "internal", True),
    ],
)
def test_f09_an_error_is_told_with_its_type_its_text_and_the_query(status: int, kind: str, retryable: bool) -> None:
    body = json.dumps({"status": "error", "errorType": kind, "error": "query\nprocessing failed"}).encode()
    with answering(lambda _: Said(status, [body])) as url:
        error = error_of(url, 'http_requests_total{job="shop"}')
    assert str(error).endswith(f'http_requests_total{{job="shop"}}: HTTP {status}: {kind}: query processing failed')
    assert error.retryable is retryable


@pytest.mark.needs("prometheus")
def test_f09_a_real_prometheus_that_gives_up_on_a_query_says_so_and_is_not_read_as_empty(tmp_path: Path) -> None:
    samples = Samples()
    samples.add("x", {}, {(M0 + n) * 60: n for n in range(30)})
    fill(tmp_path, samples)
    with serving_prometheus(tmp_path, "--query.max-samples=2") as url:
        error = error_of(url)
        bad = error_of(url, "x{")
    assert ": HTTP 422: execution: query processing would load too many samples" in str(error)
    assert ": HTTP 400: bad_data: " in str(bad)
    assert not error.retryable


def test_f09_warnings_are_passed_on_with_the_query_once_and_the_answer_counts() -> None:
    said = [["remote read: replica down"], ["remote read: replica down"], []]
    with (
        answering(lambda _: Said(200, [matrix(series(1, 4, 9), warnings=said.pop(0), infos=["so what"])])) as url,
        reading(Access(url)) as warned,
        capture_logs() as logs,
    ):
        found = [warned.fetch([CounterQuery("x")], SPAN) for _ in range(2)]
        assert warned.warnings == {"x": ("remote read: replica down",)}
        warned.fetch([CounterQuery("x")], SPAN)
    assert [minutes_of(answers[CounterQuery("x")]) for answers in found] == [{0: 3, 1: 5}] * 2
    assert [(line["log_level"], line["query"], line["warning"]) for line in logs] == [
        ("warning", "x", "remote read: replica down")
    ]
    assert warned.warnings == {"x": ()}


def test_f10_an_endless_answer_is_cut_off() -> None:
    with answering(lambda _: Said(200, repeat(b" " * 2**20))) as url:
        error = error_of(url)
    assert f"the answer is above {LARGEST_ANSWER // 2**20} MiB; narrow the selector" in str(error)
    assert not error.retryable


def test_f10_an_answer_just_below_the_cap_is_read() -> None:
    body = matrix(series(1, 4, 9))
    packed = gzip.compress(body + b" " * (LARGEST_ANSWER - len(body)), 1)
    with answering(lambda _: Said(200, [packed], encoding="gzip")) as url:
        assert minutes_of(ask(Access(url), patience=Patience())) == {0: 3, 1: 5}


def test_f10_a_gzip_bomb_is_cut_off_by_what_it_unpacks_to_and_never_held() -> None:
    bomb = gzip.compress(bytes(8 * LARGEST_ANSWER), 9)
    assert len(bomb) < LARGEST_ANSWER / 40
    with answering(lambda _: Said(200, [bomb], encoding="gzip")) as url:
        tracemalloc.start()
        error = error_of(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert "MiB; narrow the selector" in str(error)
    assert peak < 2.5 * LARGEST_ANSWER


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate", "zstd"])
def test_f10_only_what_was_asked_for_is_unpacked(encoding: str) -> None:
    twice = gzip.compress(gzip.compress(matrix()))
    with answering(lambda _: Said(200, [twice], encoding=encoding)) as url:
        assert f"packed as {encoding}, which was not asked for" in str(error_of(url))


def test_f10_too_many_series_are_refused_with_the_selector_and_the_cap() -> None:
    body = matrix(*(series(1, n=str(n)) for n in range(MOST_SERIES + 1)))
    with answering(lambda _: Said(200, [body])) as url, pytest.raises(SourceError) as caught:
        ask(Access(url))
    assert str(caught.value) == f"x: {MOST_SERIES + 1} series, above the cap of {MOST_SERIES}; narrow it by labels"
    assert not caught.value.retryable


LOGIN = """<html>
<title>Sign in</title> <form action="/login?session_id=s3cr3t-session">
<input type="hidden" name="csrf_token" value="s3cr3t-form"> <a data-api-key='s3cr3t-key'>password: s3cr3t-word</a>
"""


def test_f11_a_login_page_is_an_error_that_shows_its_first_200_characters_without_secrets() -> None:
    page = (LOGIN + "x" * 5000).encode()
    with answering(lambda _: Said(200, [page], "text/html; charset=utf-8")) as url:
        error = error_of(url)
    said = str(error).split(" and no JSON but text/html: ")[1]
    assert "HTTP 200 and no JSON" in str(error)
    assert said.startswith("<html> <title>Sign in</title> <form action=")
    assert "s3cr3t" not in said
    assert len(said) == MOST_TOLD
    assert error.retryable


@pytest.mark.parametrize("before", range(190, 201))
def test_f11_no_secret_of_ours_is_cut_in_half_and_shown(before: int) -> None:
    page = ("x" * before + "hunter2hunter2").encode()
    with answering(lambda _: Said(200, [page], "text/html")) as url:
        access = Access(url, token="hunter2hunter2")
        with pytest.raises(SourceError) as caught:
            ask(access)
    assert "hun" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b'{"status":"success","data":', b"\xff\xfe", b"NaN"])
def test_f11_malformed_json_is_an_error(body: bytes) -> None:
    with answering(lambda _: Said(200, [body])) as url:
        assert "HTTP 200 and no JSON" in str(error_of(url))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_f12_a_certificate_of_the_given_authority_is_trusted(authority: Authority) -> None:
    context = authority.context(authority.issue("good"))
    with answering(lambda _: Said(200, [matrix(series(1, 4, 9))]), context) as url:
        assert minutes_of(ask(Access(url, ca_file=str(authority.file)))) == {0: 3, 1: 5}


@pytest.mark.parametrize(
    ("name", "days", "known", "why"),
    [
        ("expired", -1, True, "certificate has expired"),
        ("elsewhere", 1, True, "IP address mismatch"),
        ("stranger", 1, False, "self-signed certificate in certificate chain"),
    ],
)
def test_f12_a_bad_certificate_is_a_hard_error_and_no_request_is_sent(
    authority: Authority, name: str, days: int, known: bool, why: str
) -> None:
    seen: list[Asked] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked)
        return Said(200, [matrix()])

    holder = loopback("127.0.0.9" if name == "elsewhere" else "127.0.0.1")
    context = authority.context(authority.issue(name, holder, days=days))
    with answering(answer, context) as url, pytest.raises(SourceError) as caught:
        ask(Access(url, token="t", ca_file=str(authority.file) if known else ""))
    assert f"/api/v1/query_range x: its certificate is refused: {why}" in str(caught.value)
    assert not caught.value.retryable
    assert seen == []


def test_f12_a_server_that_speaks_no_tls_is_an_error(authority: Authority) -> None:
    with answering(lambda _: Said(200, [matrix()])) as url, pytest.raises(SourceError, match="/api/v1/query_range x: "):
        ask(Access(url.replace("http:", "https:"), ca_file=str(authority.file)))


@pytest.mark.parametrize("odd", ["NaN", "+Inf", "-Inf"])
def test_f19_a_value_that_is_no_number_is_missing_on_both_sides(odd: str) -> None:
    with answering(lambda _: Said(200, [matrix(series(1, 4, odd, 9, 11))])) as url, httpx.Client(trust_env=False) as client:
        counted = fetched(client, url, CounterQuery("x"), Span(M0, M0 + 4))
        measured = fetched(client, url, GaugeQuery("x"), Span(M0, M0 + 4))
    assert minutes_of(counted) == {0: 3, 3: 2}
    assert minutes_of(measured) == {0: 1, 3: 9}


def test_f19_null_is_no_value() -> None:
    body = matrix({"metric": {}, "values": [[M0 * 60, None]]})
    with answering(lambda _: Said(200, [body])) as url:
        assert "not a range of values" in str(error_of(url))


LABELS = (("instance", "a"), ("job", "shop"))


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60))
def test_f21_resets_never_make_a_minute_negative_or_more_than_what_came(steps: list[tuple[int, bool]]) -> None:
    value, counter, came = 1000, [1000.0], []
    for more, restarts in steps:
        value = more if restarts else value + more
        counter.append(float(value))
        came.append(more)
    found = events({LABELS: np.array(counter)}, {}, len(steps))
    assert found.min() >= 0
    # A restart after which it counted past its old value at once cannot be told from a counter that went on.
    assert all(seen == true or counter[n + 1] >= counter[n] for n, (seen, true) in enumerate(zip(found, came, strict=True)))
    assert all(seen <= true for seen, true in zip(found, came, strict=True))


@settings(deadline=None)
@given(values=st.lists(st.sampled_from([0.0, 1.0, 5.0, 100.0, math.nan]), min_size=2, max_size=40))
def test_f21_a_counter_with_gaps_counts_nothing_that_stands_beside_a_gap(values: list[float]) -> None:
    found = events({LABELS: np.array(values)}, {}, len(values) - 1)
    for n, seen in enumerate(found):
        assert math.isnan(seen) == (math.isnan(values[n]) or math.isnan(values[n + 1]))
