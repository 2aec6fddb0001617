"""`/api/v1/recovery`: the verdicts as documents, in pages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

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
        assert item["links"] == {"html": "/recovery", "component": f"/api/v1/components/{item['component']}"}


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
