"""`/api/v1/drills` over real HTTP: pages, a start, an end, and everything that is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.drilling import Site, drilling

if TYPE_CHECKING:
    from collections.abc import Iterator

DRILLS = "/api/v1/drills"
BODY = {"component": "database", "scenario": "az-loss", "actor": "ana"}


@pytest.fixture
def site() -> Iterator[Site]:
    with drilling() as found:
        yield found


def test_a_drill_is_begun_read_and_ended(site: Site) -> None:
    begun = site.post(DRILLS, json={**BODY, "participants": ["ben"], "note": "now"})
    assert (begun.status_code, begun.headers["location"]) == (201, f"{DRILLS}/database.az-loss.1")
    where = begun.headers["location"]
    assert site.get(where).json() == begun.json()
    site.clock.at += timedelta(seconds=90)
    sha = "0f" * 32
    end = {"outcome": "passed", "lost_seconds": 0, "artefact_sha256": sha, "artefact_name": "psql.log"}
    ended = site.post(f"{where}/finish", json=end, headers={"X-Sloop-Actor": "ben"})
    assert ended.status_code == 200
    assert ended.json() == {
        "id": "database.az-loss.1",
        "component": "database",
        "scenario": "az-loss",
        "started_at": "2026-11-22T12:03:10Z",
        "finished_at": "2026-11-22T12:04:40Z",
        "seconds": 90,
        "outcome": "passed",
        "actor": "ana",
        "participants": ["ben"],
        "lost_seconds": 0,
        "artefact_sha256": sha,
        "note": "now",
        "links": {
            "self": where,
            "html": "/recovery#drill-database.az-loss.1",
            "component": "/api/v1/components/database",
        },
    }
    assert site.get(DRILLS).json() == {"items": [ended.json()], "next": None}


def test_pages_and_filters_leave_nothing_out(site: Site) -> None:
    for component in ("database", "api", "web"):
        for scenario in ("az-loss", "region-loss"):
            site.clock.at += timedelta(seconds=1)
            assert site.post(DRILLS, json={**BODY, "component": component, "scenario": scenario}).status_code == 201
    found, cursor = [], ""
    while True:
        page = site.get(f"{DRILLS}?limit=4{cursor}").json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (len(found), found[0], found[-1]) == (6, "web.region-loss.1", "database.az-loss.1")
    assert [i["id"] for i in site.get(f"{DRILLS}?component=api&scenario=az-loss").json()["items"]] == ["api.az-loss.1"]
    assert site.get(f"{DRILLS}?cursor=nobody").json() == {"items": [], "next": None}


def test_what_does_not_fit_any_more_is_409(site: Site) -> None:
    assert [site.post(DRILLS, json=BODY).status_code for _ in range(2)] == [201, 409]
    finish = f"{DRILLS}/database.az-loss.1/finish"
    end = {"outcome": "failed", "actor": "ana"}
    assert [site.post(finish, json=end).status_code for _ in range(2)] == [200, 409]
    refused = site.post(finish, json=end)
    assert refused.headers["content-type"] == "application/problem+json"
    assert "failed already at" in refused.json()["detail"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({**BODY, "component": "databse"}, "is it database?"),
    ({**BODY, "scenario": "meteor"}, "there is no scenario"),
    ({"component": "database", "scenario": "az-loss"}, "X-Sloop-Actor"),
    ({**BODY, "actor": ""}, "body.actor"),
    ({**BODY, "participants": "ben"}, "body.participants"),
    ({**BODY, "participants": ["x" * 101]}, "body.participants.0"),
    ({**BODY, "note": "x" * 2001}, "body.note"),
    ({**BODY, "note": "a\u0000b"}, "note: at most"),
    ({**BODY, "bogus": 1}, "body.bogus"),
    ({}, "body.component"),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_a_bad_start_is_422_and_says_where(site: Site, body: dict[str, Any], words: str) -> None:
    refused = site.post(DRILLS, json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert words in refused.json()["detail"]
    assert site.get(DRILLS).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "maybe", "actor": "ana"},
        {"actor": "ana"},
        {"outcome": "passed"},
        {"outcome": "passed", "actor": "ana", "lost_seconds": -1},
        {"outcome": "passed", "actor": "ana", "lost_seconds": 1.5},
        {"outcome": "passed", "actor": "ana", "lost_seconds": 10**12},
        {"outcome": "passed", "actor": "ana", "artefact_sha256": "xyz"},
    ],
)
def test_a_bad_end_is_422_and_ends_nothing(site: Site, body: dict[str, Any]) -> None:
    site.post(DRILLS, json=BODY)
    assert site.post(f"{DRILLS}/database.az-loss.1/finish", json=body).status_code == 422
    assert site.get(f"{DRILLS}/database.az-loss.1").json()["finished_at"] is None


def test_what_is_unknown_is_404_and_what_comes_from_elsewhere_403(site: Site) -> None:
    end = {"outcome": "passed", "actor": "ana"}
    assert site.get(f"{DRILLS}/nobody").status_code == 404
    assert site.post(f"{DRILLS}/nobody/finish", json=end).status_code == 404
    assert site.post(DRILLS, json=BODY, headers={"Origin": "https://evil.example"}).status_code == 403
    assert site.post(DRILLS, json=BODY, headers={"Host": "evil.example"}).status_code == 421
    assert site.post(DRILLS, content=b'{"component":', headers={"Content-Type": "application/json"}).status_code == 422
    assert site.post(DRILLS, data=BODY).status_code == 422
    assert site.get(DRILLS).json()["items"] == []
