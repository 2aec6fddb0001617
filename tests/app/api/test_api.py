from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from slo.errors import StoreError
from slo.judge.document import document
from tests.app import picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import BreachRow

BREACH = picture.breach_rows()[0].id


def test_an_item_is_the_verdict_as_evaluate_prints_it_with_at_breach_and_links(site: picture.Site) -> None:
    body = site.get("/api/v1/slos").json()
    snapshot, _ = picture.shared()
    item = next(i for i in body["items"] if i["name"] == "api.availability")
    expected = json.loads(json.dumps(document(snapshot.verdicts["api.availability"])))
    assert {k: item[k] for k in expected} == expected
    assert set(item) - set(expected) == {"at", "breach", "links", "sampled"}
    assert item["at"] == "2026-11-22T12:02:00Z"
    assert item["breach"]["id"] == BREACH
    assert body["next"] is None


def test_an_objective_before_its_first_verdict_has_nulls_and_a_reason(site: picture.Site) -> None:
    item = site.get("/api/v1/slos/batch.runs").json()
    assert (item["state"], item["sli"], item["at"], item["budget"]["remaining_ratio"]) == (None, None, None, None)
    assert item["reasons"][0].startswith("warming_up:")
    assert item["burn"] == dict.fromkeys(("5m", "30m", "1h", "2h", "6h", "1d", "3d"))


def test_pages_of_items_follow_each_other_without_gap_or_repeat(site: picture.Site) -> None:
    names, path = [], "/api/v1/slos?limit=4"
    while path:
        body = site.get(path).json()
        names += [i["name"] for i in body["items"]]
        path = f"/api/v1/slos?limit=4&cursor={body['next']}" if body["next"] else ""
    assert names == sorted(o.id for o in picture.ESTATE.objectives)


def test_breaches_come_newest_first_and_page_by_the_last_id(site: picture.Site) -> None:
    first = site.get("/api/v1/breaches?limit=2").json()
    rest = site.get(f"/api/v1/breaches?limit=2&cursor={first['next']}").json()
    assert [b["id"] for b in (*first["items"], *rest["items"])] == [row.id for row in picture.breach_rows()]
    assert rest["next"] is None


def test_a_breach_carries_its_rule_and_its_deliveries(site: picture.Site) -> None:
    body = site.get(f"/api/v1/breaches/{BREACH}").json()
    assert body["rule"] == {"long": "1h", "short": "5m", "factor": 14.4}
    assert body["dedup_key"] == "sloop/demo/api.availability/page"
    assert [d["state"] for d in body["deliveries"]] == ["ALARM", "OK"]
    assert datetime.fromisoformat(body["deliveries"][0]["sent_at"]).tzinfo is not None


def test_components_show_the_state_of_their_objectives(site: picture.Site) -> None:
    body = site.get("/api/v1/components").json()
    web = next(c for c in body["items"] if c["name"] == "web")
    assert web["display_name"] == picture.EVIL
    assert [o["state"] for o in web["objectives"]] == ["warning", "insufficient_history"]
    assert site.get("/api/v1/components/web").json() == web


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/slos/none", 404),
        ("/api/v1/components/none", 404),
        ("/api/v1/breaches/none", 404),
        ("/api/v1/none", 404),
        ("/api/v1/slos?limit=0", 422),
        ("/api/v1/slos?limit=x", 422),
        ("/api/v1/breaches?limit=1000", 422),
    ],
)
def test_errors_are_problem_details(site: picture.Site, path: str, status: int) -> None:
    answer = site.get(path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["title"]
    assert body["instance"] == path.partition("?")[0]


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(site: picture.Site) -> None:
    answer = site.request("DELETE", "/api/v1/slos")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"


class Broken(picture.Log):
    def breaches(self, *, limit: int, before: str | None = None) -> Sequence[BreachRow]:
        raise StoreError(f"locked reading {limit} before {before}")


def test_a_store_that_refuses_is_a_503_problem() -> None:
    answer = picture.site(*picture.shared(), Broken()).get("/api/v1/breaches")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")


def test_an_unchanged_answer_is_not_sent_twice(site: picture.Site) -> None:
    for path in ("/api/v1/slos", "/api/v1/slos/api.latency", "/api/v1/components", "/api/v1/breaches"):
        tag = site.get(path).headers["etag"]
        assert site.get(path, if_none_match=f'"other", W/{tag}').status_code == 304


def test_ready_only_when_every_objective_has_a_first_verdict(site: picture.Site) -> None:
    waiting = site.get("/readyz")
    assert (waiting.status_code, waiting.json()["waiting_for"]) == (503, ["batch.runs"])
    snapshot, history = picture.shared()
    batch = picture.Case(picture.objective("batch", "runs"), length=60)
    judged = replace(snapshot, verdicts={**snapshot.verdicts, "batch.runs": picture.verdict(batch)})
    assert picture.site(judged, history).get("/readyz").status_code == 200
    assert site.get("/healthz").json() == {"status": "ok"}


def test_the_description_of_the_api_names_every_path(site: picture.Site) -> None:
    paths = site.get("/openapi.json").json()["paths"]
    assert {"/api/v1/slos", "/api/v1/slos/{objective_id}", "/api/v1/components", "/api/v1/breaches", "/readyz"} <= set(paths)


def test_every_described_error_is_a_problem(site: picture.Site) -> None:
    described = site.get("/openapi.json").json()["paths"]
    answers = [
        a
        for path, methods in described.items()
        if path.startswith("/api/")
        for method in methods.values()
        for a in method["responses"].items()
    ]
    assert {status for status, _ in answers} == {"200", "201", "404", "409", "422", "503"}
    assert all(list(a["content"]) == ["application/problem+json"] for status, a in answers if status > "201")


def test_metrics_are_those_of_the_snapshot(site: picture.Site) -> None:
    text = site.get("/metrics").text
    assert 'sloop_source_errors_total{kind="failed",source="prometheus"} 1.0' in text
    assert 'sloop_evaluation_lag_seconds{source="prometheus"} 2470.0' in text
    assert "sloop_outbox_oldest_seconds 40.0" in text
    assert 'sloop_burn_rate{slo="api.availability",window="1h"}' in text
    assert 'sloop_breach_open{severity="page",slo="api.availability"} 1.0' in text


def test_what_is_unknown_has_no_sample(site: picture.Site) -> None:
    text = site.get("/metrics").text
    assert 'sloop_error_budget_remaining_ratio{slo="jobs.freshness"}' not in text
    assert 'sloop_coverage_ratio{slo="jobs.freshness"} 0.0' in text
