"""What changed before a breach stands on its page and on the objective's."""

from __future__ import annotations

import re

import pytest

from alerts.events import Event
from app.memory.store import MemoryStore
from app.web.changes import MOST
from slo.errors import StoreError
from tests.app import picture

FIRED = (picture.T - 4) * 60
PAGES = ("/slos/api.availability", f"/breaches/api.availability.page.{picture.T - 4}")


def event(name: str, before: int, kind: str = "deployment", component: str | None = "api") -> Event:
    return Event(name, "sns", kind, FIRED - before, FIRED - before, f"{name} happened", component)


def section(store: MemoryStore, path: str) -> str:
    text = picture.site(*picture.shared(), happened=store).get(path).text
    found = re.search(r'<section aria-labelledby="changed">.*?</section>', text, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("path", PAGES)
def test_changes_of_the_hour_before_it_fired_stand_nearest_first(path: str) -> None:
    store = MemoryStore()
    store.keep_events(
        [event("old", 3000), event("new", 300), event("below", 900, "failover", "database"), event("far", 300, component="web")]
    )
    told = section(store, path)
    assert [told.index(f"{name} happened") for name in ("new", "below", "old")] == sorted(
        told.index(f"{name} happened") for name in ("new", "below", "old")
    )
    assert "new happened, 5 min before" in told
    assert '<a href="/components/database">database</a>' in told
    assert "far happened" not in told


@pytest.mark.parametrize("path", PAGES)
def test_that_nothing_is_known_to_have_changed_is_said(path: str) -> None:
    assert "Nothing that Sloop was told of" in section(MemoryStore(), path)


def test_a_title_of_somebody_else_is_escaped_and_a_long_list_is_cut() -> None:
    store = MemoryStore()
    store.keep_events([event(f"{picture.EVIL}{n}", 60 + n) for n in range(MOST + 3)])
    told = section(store, PAGES[1])
    assert "<script>" not in told
    assert told.count("<li>") == MOST
    assert "And 3 more" in told


def test_a_store_that_refuses_is_told_and_the_page_opens() -> None:
    class Refusing(MemoryStore):
        def events_between(self, start: int, end: int) -> list[Event]:
            raise StoreError(f"no answer for {start} to {end}")

    assert "What changed is not known: no answer" in section(Refusing(), PAGES[0])
