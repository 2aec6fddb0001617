from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.alarm_inventory import AlarmInventory, inventory
from slo.resource import Live
from tests.app import picture
from tests.support.wishes import desired

if TYPE_CHECKING:
    from collections.abc import Mapping

WANTED = desired()
FOUND = inventory("small", WANTED, [Live(r, "OK") for r in WANTED if r.kind == "alarm"], picture.NOW)


def answer(alarms: AlarmInventory | None, query: str = "") -> Mapping[str, Any]:
    snapshot, history = picture.shared()
    response = picture.site(replace(snapshot, alarms=alarms), history).get(f"/api/v1/alarms{query}")
    assert response.status_code == 200
    document: Mapping[str, Any] = response.json()
    return document


def test_before_the_first_read_there_is_no_time_and_a_reason() -> None:
    empty = answer(None)
    assert (empty["items"], empty["read_at"]) == ([], None)
    assert "not read yet" in empty["error"]


def test_every_item_tells_what_should_be_and_what_is() -> None:
    document = answer(FOUND)
    assert (document["read_at"], document["error"], document["next"]) == ("2026-11-22T12:03:10Z", None, None)
    items = {item["name"]: item for item in document["items"]}
    assert items["sloop/small/database/cpu-high"] == {
        "id": "main/eu-west-1/sloop/small/database/cpu-high",
        "kind": "alarm",
        "name": "sloop/small/database/cpu-high",
        "account": "main",
        "region": "eu-west-1",
        "component": "database",
        "severity": "ticket",
        "standing": "in_sync",
        "state": "OK",
        "actions_enabled": True,
        "reason": None,
    }
    assert items["sloop-small-pages"]["standing"] == "missing"


def test_pages_follow_each_other_without_a_gap() -> None:
    first = answer(FOUND, "?limit=20")
    second = answer(FOUND, f"?cursor={first['next']}")
    names = [item["id"] for page in (first, second) for item in page["items"]]
    assert names == sorted(one.id for one in FOUND.lines)
