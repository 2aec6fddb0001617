"""`/api/v1/events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from app.memory.store import MemoryStore
from slo.errors import StoreError
from tests.app import picture
from tests.app.happened import happened

if TYPE_CHECKING:
    from collections.abc import Sequence


class Refusing(MemoryStore):
    def events(self, *_: Any, **__: Any) -> NoReturn:
        raise StoreError("disk full")


@pytest.fixture
def busy() -> picture.Site:
    return picture.site(*picture.shared(), happened=happened(9))


def ids(items: Sequence[dict[str, object]]) -> list[object]:
    return [item["id"] for item in items]


def test_an_item_is_the_event_as_it_was_stored(busy: picture.Site) -> None:
    item = busy.get("/api/v1/events").json()["items"][0]
    assert item == {
        "id": "x/0",
        "source": "sns",
        "kind": "deployment",
        "at": "2026-11-22T12:03:10Z",
        "received_at": "2026-11-22T12:03:10Z",
        "title": f"event 0 {picture.EVIL}",
        "component": "api",
        "document": {"n": 0, "why": picture.EVIL},
        "links": {"html": "/audit#events", "component": "/api/v1/components/api"},
    }


def test_events_come_newest_first_and_page_by_page(busy: picture.Site) -> None:
    found, path = [], "/api/v1/events?limit=4"
    while path:
        body = busy.get(path).json()
        found += ids(body["items"])
        path = f"/api/v1/events?limit=4&cursor={body['next']}" if body["next"] else ""
    assert found == [f"x/{n}" for n in range(9)]


def test_events_are_filtered_by_component_and_kind(busy: picture.Site) -> None:
    assert ids(busy.get("/api/v1/events?component=api").json()["items"]) == ["x/0", "x/3", "x/6"]
    assert ids(busy.get("/api/v1/events?kind=failover&limit=2").json()["items"]) == ["x/1", "x/4"]
    assert busy.get("/api/v1/events?kind=failover&component=api").json() == {"items": [], "next": None}
    assert busy.get("/api/v1/events?cursor=nobody").json()["items"] == []
    assert busy.get("/api/v1/events?kind=test_fire").json()["items"][0]["links"]["component"] is None


def test_what_is_there_already_is_not_sent_again(busy: picture.Site) -> None:
    tag = busy.get("/api/v1/events").headers["ETag"]
    assert busy.get("/api/v1/events", If_None_Match=tag).status_code == 304


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "kind=Not+A+Kind", "limit=x"])
def test_a_wrong_parameter_is_a_problem_that_names_it(busy: picture.Site, query: str) -> None:
    answer = busy.get(f"/api/v1/events?{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert query.partition("=")[0] in answer.json()["detail"]


def test_a_store_that_refuses_is_a_problem_to_come_back_from() -> None:
    answer = picture.site(*picture.shared(), happened=Refusing()).get("/api/v1/events")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"


def test_without_a_log_there_are_no_events(site: picture.Site) -> None:
    assert site.get("/api/v1/events").json() == {"items": [], "next": None}
