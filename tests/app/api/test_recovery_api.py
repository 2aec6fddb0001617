"""`/api/v1/recovery`: the verdicts as documents, in pages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from alerts.recovery_breach import RecoveryBreach
from app.memory.store import MemoryStore
from slo.judge.recovery_document import document
from tests.app import picture
from tests.support import recovered

NOW = int(picture.NOW.timestamp())


@pytest.fixture
def filled() -> picture.Site:
    snapshot, history = picture.shared()
    return picture.site(replace(snapshot, estate=recovered.ESTATE, recovery=recovered.verdicts(NOW)), history)


def test_an_item_is_the_document_of_the_verdict_with_links(filled: picture.Site) -> None:
    items = filled.get("/api/v1/recovery").json()["items"]
    by_id = {(v.component, v.scenario): json.loads(json.dumps(document(v))) for v in recovered.verdicts(NOW)}
    assert len(items) == len(by_id) == 6
    for item in items:
        expected = by_id[item["component"], item["scenario"]]
        assert {key: item[key] for key in expected} == expected
        path = f"/recovery/{item['component']}/{item['scenario']}"
        own = {"self": f"/api/v1{path}", "html": path} if item["scenario"] else {"html": "/recovery"}
        assert item["links"] == {**own, "component": f"/api/v1/components/{item['component']}"}


def test_what_is_unknown_is_null_with_a_reason(filled: picture.Site) -> None:
    items = {(i["component"], i["scenario"]): i for i in filled.get("/api/v1/recovery").json()["items"]}
    archive = items["archive", "region-loss"]
    assert (archive["exposure_seconds"], archive["exposure_unknown"]) == (None, "no_metrics: metrics are not enabled")
    assert archive["rto"]["state"] == "impossible"


def test_pages_follow_each_other_without_gap_or_repeat(filled: picture.Site) -> None:
    found, cursor = [], ""
    while True:
        body = filled.get(f"/api/v1/recovery?limit=2{cursor}").json()
        found += [(i["component"], i["scenario"]) for i in body["items"]]
        if body["next"] is None:
            break
        cursor = f"&cursor={body['next']}"
    assert found == sorted(found, key=lambda pair: (pair[0], pair[1] or ""))
    assert len(found) == len(set(found)) == 6


def test_before_the_first_look_there_are_no_items(site: picture.Site) -> None:
    assert site.get("/api/v1/recovery").json() == {"items": [], "next": None}


def test_one_target_has_its_hours_as_columns_and_what_interrupted_it(filled: picture.Site) -> None:
    body = filled.get("/api/v1/recovery/database/az-loss").json()
    item = next(i for i in filled.get("/api/v1/recovery").json()["items"] if i["scenario"] == "az-loss")
    assert {key: body[key] for key in item} == item
    hours = body["hours"]
    assert {len(column) for name, column in hours.items() if name != "step"} == {720}
    assert hours["step"] == "1h"
    event = body["events"][0]
    assert (event["seconds"], event["kinds"]) == (72, ["failover"])
    assert event["phases"] == {"detection_seconds": None, "failover_seconds": 72, "recovery_seconds": None}


def test_a_target_that_is_not_there_is_a_problem(filled: picture.Site) -> None:
    answer = filled.get("/api/v1/recovery/database/region-loss")
    assert answer.status_code == 404
    assert "/api/v1/recovery lists them" in answer.json()["detail"]


def test_breaches_of_recovery_are_listed_apart_and_read_by_their_id() -> None:
    snapshot, history = picture.shared()
    kept = MemoryStore()
    rows = [
        RecoveryBreach("database", "az-loss", "exposure_over", "page", NOW - n * 60, f"{n} min", NOW - n * 60)
        for n in (1, 2, 3)
    ]
    kept.commit_recovery(rows, [], picture.NOW)
    site = picture.site(snapshot, history, recovered=kept)
    first = site.get("/api/v1/recovery/breaches?limit=2").json()
    second = site.get(f"/api/v1/recovery/breaches?limit=2&cursor={first['next']}").json()
    assert [b["detail"] for b in (*first["items"], *second["items"])] == ["1 min", "2 min", "3 min"]
    assert second["next"] is None
    one = site.get(first["items"][0]["links"]["self"]).json()
    assert (one["id"], one["deliveries"]) == (rows[0].id, [])
    assert rows[0].id not in site.get("/api/v1/breaches").text
