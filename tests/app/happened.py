"""Maintenance windows, events and a journal as a busy estate has them, for pages and API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from alerts.events import Event
from app.memory.store import MemoryStore
from app.records import Entry
from app.snapshot import newest_first
from slo.estate.spec import Exclusion
from tests.app.picture import EVIL, NOW, T

if TYPE_CHECKING:
    from app.snapshot import Snapshot

AT = int(NOW.timestamp())
MUTE = Exclusion(T - 20, T + 58, "mute", "minor version upgrade", "lead", component="api")
LONGER = Exclusion(T + 50, T + 118, "mute", "and its second half", None, objective="api.availability")
WINDOWS = (
    MUTE,
    LONGER,
    Exclusion(T - 9000, T - 8880, "budget", f"their region was down {EVIL}", "owner", component="database"),
    Exclusion(T - 5, T + 5, "budget", "load test", "owner", objective="api.latency"),
)


def maintained(snapshot: Snapshot) -> Snapshot:
    """In maintenance: the page of the API is open and nobody is told."""
    rows = [replace(r, breach=replace(r.breach, notified_at=None)) if r.breach.open else r for r in snapshot.breaches]
    return replace(snapshot, estate=replace(snapshot.estate, exclusions=WINDOWS), breaches=newest_first(rows))


def happened(events: int = 60, entries: int = 60) -> MemoryStore:
    """Newest last: deployments and failovers of two components, tests by a person with a strange name."""
    store = MemoryStore()
    kinds = ("deployment", "failover", "test_fire")
    names = ("api", "database", None)
    store.keep_events(
        [
            Event(f"x/{n}", "sns", kinds[n % 3], AT - n * 60, AT, f"event {n} {EVIL}", names[n % 3], {"n": n, "why": EVIL})
            for n in range(events)
        ]
    )
    for n in range(entries):
        store.note(Entry(NOW - timedelta(minutes=entries - n), EVIL, "test-fire", "api", "passed", {"n": n, "text": EVIL}))
    return store
