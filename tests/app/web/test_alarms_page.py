from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from app.alarm_inventory import AlarmInventory, inventory
from app.heartbeat_worker import Beat
from slo.resource import Live
from tests.app import picture
from tests.support.wishes import desired

if TYPE_CHECKING:
    from slo.resource import Resource

WANTED = desired()


def page(alarms: AlarmInventory | None) -> str:
    snapshot, history = picture.shared()
    answer = picture.site(replace(snapshot, alarms=alarms), history).get("/alarms")
    assert answer.status_code == 200
    return answer.text


def found(*live: Resource) -> AlarmInventory:
    return inventory("small", WANTED, [Live(r, "ALARM") for r in live], picture.NOW)


def test_before_the_first_read_it_says_that_nothing_is_known() -> None:
    assert "not read yet" in page(None)
    assert "in sync" not in page(None)


def test_every_alarm_stands_with_its_standing_state_and_actions() -> None:
    alarm = next(r for r in WANTED if r.name.endswith("/cpu-high"))
    text = page(found(alarm))
    assert "1 in sync" in text
    assert f"{len(WANTED) - 1} missing" in text
    assert 'href="/components/database"' in text
    assert "ALARM" in text


def test_a_failed_read_stands_above_what_was_known_before() -> None:
    text = page(replace(found(), error="cloudwatch:DescribeAlarms: AccessDenied <b>"))
    assert "The last read failed" in text
    assert "AccessDenied &lt;b&gt;" in text
    assert "missing" in text


def test_what_is_not_ours_and_what_has_no_alarms_is_named() -> None:
    text = page(replace(found(), unmanaged=("sloop/small/theirs",), without=(("orders", "reads Prometheus"),)))
    assert "sloop/small/theirs" in text
    assert "reads Prometheus" in text


def test_an_estate_without_alarms_says_so() -> None:
    assert "declares no alarms" in page(AlarmInventory(picture.NOW))


def test_how_many_are_in_alarm_stands_above_the_table() -> None:
    alarms = [r for r in WANTED if r.kind == "alarm"]
    assert f"{len(alarms)} in ALARM" in page(found(*alarms))
    assert "in ALARM" not in page(found())


def test_the_last_heartbeat_stands_above_and_why_it_is_silent_now() -> None:
    snapshot, history = picture.shared()

    def shown(beat: Beat | None) -> str:
        return picture.site(replace(snapshot, heartbeat=beat), history).get("/alarms").text

    assert "heartbeat" not in shown(None)
    assert "Last heartbeat of Sloop: never; silent now: no &lt;topic&gt;" in shown(Beat(None, "no <topic>"))
    beating = shown(Beat(picture.NOW, None, 1))
    assert "Last heartbeat of Sloop: " in beating
    assert "silent" not in beating


def test_the_heartbeat_is_a_metric() -> None:
    snapshot, history = picture.shared()

    def metrics(beat: Beat | None) -> str:
        text = picture.site(replace(snapshot, heartbeat=beat), history).get("/metrics").text
        return "\n".join(line for line in text.splitlines() if line.startswith("sloop_heartbeat"))

    assert metrics(None) == ""
    assert metrics(Beat(None, "no topic")) == "sloop_heartbeat_up 0.0"
    assert metrics(Beat(picture.NOW)).startswith("sloop_heartbeat_up 1.0\nsloop_heartbeat_timestamp_seconds 1.")
