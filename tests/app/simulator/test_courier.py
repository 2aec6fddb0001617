from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from app.simulator.courier import Courier, Post

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "http://pager.example/sns"


class Endpoint:
    """Answers with the given statuses, then always 200; None is a connection that fails."""

    def __init__(self, *statuses: int | None) -> None:
        self.statuses = list(statuses)
        self.received: queue.Queue[str] = queue.Queue()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.received.put(request.content.decode())
        status = self.statuses.pop(0) if self.statuses else 200
        if status is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(status)

    def take(self, count: int) -> list[str]:
        return [self.received.get(timeout=5) for _ in range(count)]


@contextmanager
def courier(endpoint: Endpoint, retry_seconds: float = 0.001) -> Iterator[Courier]:
    made = Courier(URL, retry_seconds=retry_seconds, transport=httpx.MockTransport(endpoint))
    yield made
    made.close()


def test_messages_arrive_in_order_with_headers_and_body() -> None:
    endpoint = Endpoint()
    with courier(endpoint) as brings:
        for number in range(20):
            brings.put(Post({"x-amz-sns-message-id": str(number)}, f"{number} ä"))
        assert endpoint.take(20) == [f"{number} ä" for number in range(20)]


@pytest.mark.parametrize("failure", [500, 503, 429, None])
def test_a_failure_is_tried_three_times_more_and_then_dropped(failure: int | None) -> None:
    endpoint = Endpoint(failure, failure, failure, failure)
    with courier(endpoint) as brings:
        brings.put(Post({}, "a"))
        brings.put(Post({}, "b"))
        assert endpoint.take(5) == ["a", "a", "a", "a", "b"]
    assert (brings.delivered, brings.dropped) == (1, 1)


def test_a_retry_holds_its_place_in_the_line() -> None:
    endpoint = Endpoint(503, 200)
    with courier(endpoint) as brings:
        brings.put(Post({}, "a"))
        brings.put(Post({}, "b"))
        assert endpoint.take(3) == ["a", "a", "b"]


def test_an_endpoint_that_refuses_is_not_asked_again() -> None:
    endpoint = Endpoint(403)
    with courier(endpoint) as brings:
        brings.put(Post({}, "a"))
        brings.put(Post({}, "b"))
        assert endpoint.take(2) == ["a", "b"]


def test_closing_does_not_wait_for_the_next_try() -> None:
    endpoint = Endpoint(503)
    with courier(endpoint, retry_seconds=3600) as brings:
        brings.put(Post({}, "a"))
        assert endpoint.take(1) == ["a"]
    assert brings.dropped == 1
