from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from app.apply_journal import ApplyJournal
from app.memory.store import MemoryStore
from app.provision import Failure, Outcome
from app.recent import CHANGES
from slo.errors import StoreError
from tests.support.wishes import plan_of

if TYPE_CHECKING:
    from app.records import Entry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Refusing(MemoryStore):
    """A database that has gone."""

    def note(self, entry: Entry) -> None:
        raise StoreError(f"no room for {entry.subject}")


def kept(store: MemoryStore, warnings: list[str]) -> ApplyJournal:
    return ApplyJournal(store, plan_of(), "apply", "ops", lambda: NOON, warnings.append)


def test_every_change_is_noted_when_it_is_written_and_every_failure_at_the_end() -> None:
    store, warnings = MemoryStore(), list[str]()
    journal = kept(store, warnings)
    first, second, third = plan_of().changes[:3]
    for change in (first, second):
        journal.wrote(change)
    journal.ended(Outcome((first,), (Failure(second, "reads back different"), Failure(third, "refused"))))
    entries = [entry for _, entry in reversed(store.journal(limit=9))]
    assert [(e.subject, e.outcome) for e in entries] == [
        (first.resource.name, "written"),
        (second.resource.name, "written"),
        (second.resource.name, "failed: reads back different"),
        (third.resource.name, "failed: refused"),
    ]
    assert {(e.actor, e.action, e.at) for e in entries} == {("ops", "apply", NOON)}
    assert entries[0].document["op"] == "create"
    assert warnings == []


def test_a_run_is_one_event_among_what_changed_before_a_page() -> None:
    store = MemoryStore()
    changes = plan_of().changes[:3]
    kept(store, []).ended(Outcome(changes[:2], (Failure(changes[2], "refused"),)))
    (event,) = store.events(limit=9)
    assert (event.kind in CHANGES, event.source, event.component) == (True, "sloop", None)
    assert event.title.endswith("by ops: 2 created, 1 failed")


def test_a_run_that_wrote_nothing_is_no_event() -> None:
    store = MemoryStore()
    kept(store, []).ended(Outcome())
    assert store.events(limit=9) == []


def test_a_database_that_refuses_is_told_once_and_stops_nothing() -> None:
    store, warnings = Refusing(), list[str]()
    journal = kept(store, warnings)
    for change in plan_of().changes[:3]:
        journal.wrote(change)
    journal.ended(Outcome(plan_of().changes[:3]))
    assert warnings == [f"the journal is not kept: no room for {plan_of().changes[0].resource.name}"]
    assert store.events(limit=9) == []
