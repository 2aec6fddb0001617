from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

from app.alarm_inventory import AlarmInventory, AlarmLine, inventory
from app.alarm_worker import AlarmWorker
from app.memory.resources import MemoryResources
from app.provision import Provisioner, Provisioning
from slo.errors import ProvisionError, SourceError
from slo.resource import Live
from tests.support.wishes import PAGER, desired, plan_of, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WANTED = desired()


class Still:
    speed = 1000.0

    def now(self) -> datetime:
        return NOW

    def wall(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def line(found: AlarmInventory, name: str) -> AlarmLine:
    return next(one for one in found.lines if one.name.endswith(name))


def compared(live: Sequence[Live]) -> AlarmInventory:
    return inventory("small", WANTED, live, NOW)


def test_what_is_not_there_is_missing() -> None:
    found = compared([])
    assert {one.standing for one in found.lines} == {"missing"}
    assert line(found, "/cpu-high").state is None


def test_what_is_as_declared_is_in_sync_and_shows_what_it_does() -> None:
    found = compared([Live(r, "ALARM" if r.kind == "alarm" else None) for r in WANTED])
    assert found.count("in_sync") == len(WANTED)
    cpu = line(found, "database/cpu-high")
    assert (cpu.state, cpu.actions_enabled, cpu.severity, cpu.component) == ("ALARM", True, "ticket", "database")
    page = line(found, "shop.availability/page")
    assert (page.kind, page.actions_enabled, page.severity) == ("composite", True, "page")
    assert line(found, "burn-1h").actions_enabled is None


def test_what_is_in_alarm_comes_first_among_what_is_in_sync() -> None:
    found = compared([Live(r, "ALARM" if r.name.endswith("database/cpu-high") else "OK") for r in WANTED])
    assert found.lines[0].name.endswith("database/cpu-high")
    assert "ALARM" not in {one.state for one in found.lines[1:]}


def test_a_change_by_hand_is_told_from_an_edited_estate() -> None:
    alarm = next(r for r in WANTED if r.name.endswith("/cpu-high"))
    silenced = replace(alarm, spec={**alarm.spec, "ActionsEnabled": False})
    older = replace(silenced, tags={**alarm.tags, "sloop:spec-sha": "0" * 16})
    by_hand, edited = (line(compared([Live(r, "OK")]), "/cpu-high") for r in (silenced, older))
    assert (by_hand.standing, by_hand.actions_enabled) == ("differs", False)
    assert by_hand.why == "changed by hand: ActionsEnabled False → True"
    assert edited.why.startswith("the estate changed since it was applied: ")


def test_what_somebody_else_made_under_the_same_name_is_not_taken_for_ours() -> None:
    topic = next(r for r in WANTED if r.kind == "topic")
    found = line(compared([Live(replace(topic, tags={}))]), topic.name)
    assert (found.standing, "somebody else's" in found.why) == ("differs", True)


def test_an_orphan_is_ours_and_what_is_not_ours_is_only_named() -> None:
    copy = replace(next(r for r in WANTED if r.kind == "alarm"), name="sloop/small/copy")
    found = compared([Live(copy, "OK"), Live(replace(copy, name="sloop/small/theirs", tags={}), "OK")])
    assert line(found, "/copy").standing == "orphan"
    assert found.unmanaged == ("sloop/small/theirs",)
    assert [one.standing for one in found.lines][:2] == ["missing", "missing"]


def test_a_subscription_is_no_orphan_where_the_address_of_the_pager_is_not_known() -> None:
    found = inventory("small", desired(pager=None), [Live(r, "pending") for r in WANTED if r.kind == "subscription"], NOW)
    subscriptions = [one for one in found.lines if one.kind == "subscription"]
    assert {(one.standing, one.state) for one in subscriptions} == {("in_sync", "pending")}


def test_f47_a_pager_that_has_not_confirmed_is_shown_as_reaching_nobody() -> None:
    found = compared([Live(r, "pending" if r.kind == "subscription" else None) for r in WANTED])
    waiting = [one for one in found.lines if one.standing == "differs"]
    assert {(one.kind, one.state) for one in waiting} == {("subscription", "pending")}
    assert waiting[0].why == "not confirmed by its endpoint: what is sent reaches nobody"


def test_the_worker_shows_what_it_read_and_keeps_it_beside_a_later_error() -> None:
    shown: list[AlarmInventory] = []
    resources = Breaking(PAGER)
    world = Provisioning(WANTED, wanted().places, (("orders", "reads Prometheus"),), Provisioner([resources]))
    Provisioner([resources]).apply(plan_of())
    worker = AlarmWorker("small", lambda: world, Still(), shown.append)
    worker.turn()
    resources.broken = True
    worker.turn()
    first, second = shown
    assert (first.read_at, first.error, first.without) == (NOW, None, (("orders", "reads Prometheus"),))
    assert second == replace(first, error="cloudwatch:DescribeAlarms: denied")


class Breaking(MemoryResources):
    broken = False

    def read(self, estate: str) -> Sequence[Live]:
        if self.broken:
            raise SourceError("cloudwatch:DescribeAlarms: denied", retryable=False)
        return MemoryResources.read(self, estate)


def test_an_estate_that_cannot_be_provisioned_is_told_and_stops_nothing() -> None:
    shown: list[AlarmInventory] = []

    def wish() -> Provisioning:
        raise ProvisionError("two alarms would be called x")

    stop = Event()

    def show(found: AlarmInventory) -> None:
        shown.append(found)
        stop.set()

    AlarmWorker("small", wish, Still(), show).run(stop)
    assert shown == [AlarmInventory(error="two alarms would be called x")]
