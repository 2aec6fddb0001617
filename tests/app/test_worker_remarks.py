"""What a shard's worker tells of a source that answers, and answers with something to be known."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from app.board import Board
from app.exposition import meters
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.telling import Told
from app.watch import Pace
from app.worker import ShardWorker
from tests.support.clocks import FakeClock
from tests.support.rig import API, DAY, START, WEB, traffic, watch

if TYPE_CHECKING:
    from app.ports import Shard
    from app.snapshot import SourceStatus
    from app.watch import Watch
    from slo.units import Minute


class Damaged(MemoryStore):
    """A store that has put two rows aside."""

    def quarantined(self, shard: Shard) -> list[Minute]:
        assert shard.name == "test"
        return [START - 9, START - 8]


def status(watched: Watch, store: MemoryStore) -> SourceStatus:
    clock = FakeClock(START * 60.0)
    board = Board(watched.estate, store, clock, indicators={})
    ShardWorker(store, watched, clock, board, lambda *_: Told(), Event(), meters(CollectorRegistry())).turn()
    (found,) = board.box.get().sources
    return found


def test_gaps_of_the_last_hour_are_told_by_objective_the_most_first() -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START - 7))
    traffic(source, (m for m in range(START - DAY, START) if m % 2), component="web")

    found = status(watch(source, API, WEB, pace=Pace(0)), MemoryStore())

    assert found.gaps == ((WEB.id, 30), (API.id, 7))
    assert (found.damaged, found.remarks) == ((), ())


def test_rows_put_aside_and_what_the_source_warned_of_are_told() -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START))
    told = {"up": ("remote read: replica down", "slow"), "quiet": ()}

    found = status(replace(watch(source, pace=Pace(0)), remarks=lambda: told), Damaged())

    assert found.damaged == (START - 9, START - 8)
    assert found.remarks == ("up: remote read: replica down", "up: slow")
    assert found.gaps == ()
