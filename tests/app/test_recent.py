from __future__ import annotations

import pytest

from alerts.events import Event
from app.memory.store import MemoryStore
from app.recent import changes_before, recent_changes
from slo.errors import StoreError
from slo.estate.spec import Component, Estate

T = 29_000_040
API = Component("api", "ecs", depends_on=("database",))
ESTATE = Estate("prod", components=(API, Component("database", "rds"), Component("web", "ecs", depends_on=("api",))))


def event(ago: int, kind: str = "deployment", component: str | None = "api", **document: object) -> Event:
    at = (T - ago) * 60
    return Event(f"{ago}/{kind}/{component}", "sns", kind, at, at, "x", component, document)


def names(found: tuple[Event, ...]) -> list[str]:
    return [e.id for e in found]


def test_changes_here_and_below_in_the_hour_before_come_nearest_first() -> None:
    store = MemoryStore()
    seen = [event(5), event(30, "failover", "database"), event(20, "configuration", None)]
    unseen = [event(5, "alarm"), event(7, "deployment", "web"), event(61), event(-1)]
    store.keep_events([*seen, *unseen])
    found = changes_before(store, ESTATE, API, T)
    assert names(found) == ["5/deployment/api", "20/configuration/None", "30/failover/database"]
    assert recent_changes(store, ESTATE)(API, T) == found


def test_of_one_deployment_the_newest_word_stands() -> None:
    store = MemoryStore()
    store.keep_events([event(9, deployment="ecs-svc/1"), event(4, deployment="ecs-svc/1"), event(6, deployment="ecs-svc/2")])
    assert names(changes_before(store, ESTATE, API, T)) == ["4/deployment/api", "6/deployment/api"]


def test_a_store_that_refuses_holds_up_no_message_and_is_told_to_a_page() -> None:
    class Refusing(MemoryStore):
        def events_between(self, start: int, end: int) -> list[Event]:
            raise StoreError(f"no answer for {start} to {end}")

    assert recent_changes(Refusing(), ESTATE)(API, T) == ()
    with pytest.raises(StoreError):
        changes_before(Refusing(), ESTATE, API, T)
