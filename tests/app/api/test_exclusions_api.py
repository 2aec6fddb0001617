"""`/api/v1/exclusions`."""

from __future__ import annotations

from dataclasses import replace

from app.alarm_inventory import AlarmInventory
from tests.app import picture
from tests.app.happened import maintained


def windows() -> picture.Site:
    snapshot, history = picture.shared()
    return picture.site(replace(maintained(snapshot), alarms=AlarmInventory(picture.NOW)), history)


def test_a_window_says_what_it_covers_and_what_it_holds_back() -> None:
    items = {item["id"]: item for item in windows().get("/api/v1/exclusions").json()["items"]}
    mute = next(item for item in items.values() if item["reason"] == "minor version upgrade")
    assert (mute["kind"], mute["status"], mute["component"], mute["objective"]) == ("mute", "active", "api", None)
    assert mute["objectives"] == ["api.availability", "api.latency"]
    assert (mute["from"], mute["to"]) == ("2026-11-22T11:42:00Z", "2026-11-22T13:00:00Z")
    assert (mute["approved_by"], mute["mute_rules"]) == ("lead", [])
    told = {held["objective"]: held["told_at"] for held in mute["held_breaches"]}
    assert told == {"api.availability": "2026-11-22T14:00:00Z", "api.latency": "2026-11-22T13:00:00Z"}
    assert mute["held_breaches"][0]["links"]["html"].startswith("/breaches/api.")
    upcoming = next(item for item in items.values() if item["status"] == "upcoming")
    assert (upcoming["approved_by"], upcoming["held_breaches"]) == (None, [])


def test_before_aws_was_read_the_rules_are_null() -> None:
    snapshot, history = picture.shared()
    items = picture.site(maintained(snapshot), history).get("/api/v1/exclusions").json()["items"]
    assert {item["kind"]: item["mute_rules"] for item in items} == {"mute": None, "budget": []}


def test_pages_follow_each_other_by_id_and_carry_an_etag() -> None:
    shown, ids, path = windows(), [], "/api/v1/exclusions?limit=3"
    while path:
        answer = shown.get(path)
        ids += [item["id"] for item in answer.json()["items"]]
        path = f"/api/v1/exclusions?limit=3&cursor={answer.json()['next']}" if answer.json()["next"] else ""
    assert (len(ids), ids) == (4, sorted(ids))
    whole = shown.get("/api/v1/exclusions")
    assert shown.get("/api/v1/exclusions", If_None_Match=whole.headers["ETag"]).status_code == 304


def test_an_estate_without_windows_has_an_empty_list_and_a_wrong_limit_is_a_problem(site: picture.Site) -> None:
    assert site.get("/api/v1/exclusions").json() == {"items": [], "next": None}
    wrong = site.get("/api/v1/exclusions?limit=0")
    assert (wrong.status_code, wrong.headers["Content-Type"]) == (422, "application/problem+json")
