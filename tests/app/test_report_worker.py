from __future__ import annotations

from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

import pytest

from app.memory.store import MemoryStore
from app.ports import Commit
from app.report_worker import LOOK_SECONDS, ReportWorker
from app.reports.shelf import FolderShelf
from slo.errors import StoreError
from tests.support import week
from tests.support.minutes import frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from app.ports import ReportEntry, Shard, Store


class Hand:
    """A clock that is moved by hand."""

    speed = 1.0

    def __init__(self, text: str) -> None:
        self.at = datetime.fromisoformat(text)

    def now(self) -> datetime:
        return self.at.astimezone(UTC)

    wall = now

    def monotonic(self) -> float:
        return self.at.timestamp()


class Office:
    """The worker, and what lies on its shelf."""

    def __init__(self, folder: Path, store: Store, at: str) -> None:
        self.clock, self.shelf, self.ready = Hand(at), FolderShelf(folder, "golden"), True
        self._parts = (store, week.estate(), week.catalog(), self.shelf, self.clock, lambda: self.ready, "spec")
        self.restart()

    def restart(self) -> None:
        self.worker = ReportWorker(*self._parts)

    def turn(self, at: str | None = None) -> Sequence[ReportEntry]:
        if at is not None:
            self.clock.at = datetime.fromisoformat(at)
        assert self.worker.turn() == LOOK_SECONDS
        return self.shelf.entries()


def judged_to(upto: int) -> MemoryStore:
    store = MemoryStore()
    week.fill(store, upto=upto)
    return store


def later(store: MemoryStore, tick: int) -> Shard:
    return store.commit(Commit(store.shards()[0], tick, frames=[frame(tick - 1, (100, 0), (10, 0), (1, 0))]))


@pytest.fixture
def store() -> MemoryStore:
    return judged_to(week.AFTER)


def test_the_report_of_last_week_is_written_once_its_cut_off_is_judged(tmp_path: Path, store: MemoryStore) -> None:
    entries = Office(tmp_path, store, "2026-11-16T06:10:00Z").turn()
    assert [(e.week, e.revision, e.partial, e.generated_at) for e in entries] == [
        ("2026-W46", 1, False, "2026-11-16T06:10:00Z")
    ]


def test_it_waits_for_the_cut_off(tmp_path: Path) -> None:
    store = judged_to(week.WEEK.end + 359)
    office = Office(tmp_path, store, "2026-11-16T06:00:30Z")
    assert office.turn() == []
    later(store, week.WEEK.end + 360)
    assert len(office.turn("2026-11-16T06:01:00Z")) == 1


def test_nothing_is_written_before_the_service_has_judged_everything(tmp_path: Path, store: MemoryStore) -> None:
    office = Office(tmp_path, store, "2026-11-18T00:00:00Z")
    office.ready = False
    assert office.turn() == []
    office.ready = True
    assert len(office.turn()) == 1


def test_a_restart_leaves_the_report_alone(tmp_path: Path, store: MemoryStore) -> None:
    office = Office(tmp_path, store, "2026-11-16T06:10:00Z")
    first = office.turn()
    office.restart()
    assert office.turn("2026-11-19T00:00:00Z") == first


def test_f16_late_data_makes_a_second_revision_after_a_restart(tmp_path: Path, store: MemoryStore) -> None:
    office = Office(tmp_path, store, "2026-11-16T06:10:00Z")
    first = office.turn()
    at = week.DARK[0]
    before = next(store.frames(store.shards()[0], at, at + 1))
    store.commit(Commit(store.shards()[0], week.AFTER, patches=[(before, frame(at, (100, 0), (10, 0), None))]))
    office.restart()
    again = office.turn()
    assert [e.revision for e in again] == [2, 1]
    assert again[0].supersedes == first[0].body_sha256


def test_a_source_that_hangs_gets_a_partial_report_at_eight_and_a_whole_one_when_it_is_back(tmp_path: Path) -> None:
    store = judged_to(week.WEEK.end - 600)
    office = Office(tmp_path, store, "2026-11-16T07:59:00Z")
    assert office.turn() == []
    assert [e.partial for e in office.turn("2026-11-16T08:00:00Z")] == [True]
    assert len(office.turn("2026-11-16T09:00:00Z")) == 1
    later(store, week.AFTER)
    assert [(e.revision, e.partial) for e in office.turn("2026-11-16T10:00:00Z")] == [(2, False), (1, True)]


def test_the_next_week_gets_its_own(tmp_path: Path, store: MemoryStore) -> None:
    office = Office(tmp_path, store, "2026-11-16T06:10:00Z")
    office.turn()
    later(store, week.WEEK.end + 10_080 + 400)
    assert [e.week for e in office.turn("2026-11-23T06:10:00Z")] == ["2026-W47", "2026-W46"]


def test_a_store_that_refuses_or_holds_nothing_does_not_stop_the_service(tmp_path: Path) -> None:
    class Refusing(MemoryStore):
        def shards(self) -> list[Shard]:
            raise StoreError("disk is gone")

    assert Office(tmp_path, Refusing(), "2026-11-18T00:00:00Z").turn() == []
    assert Office(tmp_path, MemoryStore(), "2026-11-18T00:00:00Z").turn() == []


def test_it_ends_when_it_is_told_to(tmp_path: Path, store: MemoryStore) -> None:
    stop = Event()
    stop.set()
    office = Office(tmp_path, store, "2026-11-16T06:10:00Z")
    office.worker.run(stop)
    assert len(office.shelf.entries()) == 1
