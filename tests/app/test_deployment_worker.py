from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alerts.events import Event
from app.deployment_worker import NEW_SECONDS, Deployment, DeploymentWorker
from app.memory.store import MemoryStore
from slo.errors import SourceError
from slo.estate.spec import Component, Estate
from tests.support.clocks import FakeClock

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_795_000_000
API = Component("api", "ecs", resource={"cluster": "demo", "service": "api"})
ESTATE = Estate("prod", components=(API, Component("batch", "ecs"), Component("database", "rds")))


class Ecs:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.found = [Deployment("api", "ecs-svc/1", NOW - 60, "api:42")]
        self.error: SourceError | None = None

    def newest(self, components: Sequence[Component]) -> Sequence[Deployment]:
        self.asked += [c.name for c in components]
        if self.error:
            raise self.error
        return self.found


@pytest.fixture
def ecs() -> Ecs:
    return Ecs()


def worker(store: MemoryStore, ecs: Ecs) -> DeploymentWorker:
    return DeploymentWorker(store, ESTATE, ecs, FakeClock(NOW))


def test_a_deployment_is_told_once(ecs: Ecs) -> None:
    store = MemoryStore()
    for _ in range(3):
        worker(store, ecs).turn()
    assert ecs.asked == ["api"] * 3
    (event,) = store.events(limit=9)
    assert (event.id, event.kind, event.component, event.at) == ("ecs/ecs-svc/1", "deployment", "api", NOW - 60)
    assert event.title == "deployment of api:42"


def test_what_eventbridge_told_is_not_told_again(ecs: Ecs) -> None:
    store = MemoryStore()
    store.keep_events([Event("sns/1", "sns", "deployment", NOW, NOW, "x", "api", {"deployment": "ecs-svc/1"})])
    worker(store, ecs).turn()
    assert [e.id for e in store.events(limit=9)] == ["sns/1"]


def test_what_was_deployed_long_ago_is_no_news(ecs: Ecs) -> None:
    store = MemoryStore()
    ecs.found = [Deployment("api", "ecs-svc/1", NOW - NEW_SECONDS, "api:42")]
    worker(store, ecs).turn()
    assert store.events(limit=9) == []


def test_a_refusal_is_tried_again(ecs: Ecs) -> None:
    store = MemoryStore()
    ecs.error = SourceError("denied", retryable=False)
    worker(store, ecs).turn()
    ecs.error = None
    worker(store, ecs).turn()
    assert len(store.events(limit=9)) == 1
