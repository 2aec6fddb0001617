"""The running service: a thread per shard, for the outbox and for each other loop, and the web server in the main thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Protocol

from app.clock import WallClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from app.board import Board
    from app.exposition import Meters
    from app.ports import Store
    from app.watch import Watch
    from app.worker import OutboxWorker, ShardWorker


class Loop(Protocol):
    def run(self, stop: Event) -> None:
        """Until `stop` is set."""
        ...


DRAIN_SECONDS = 25.0
"""Of all threads together: ECS sends SIGKILL 30 s after SIGTERM."""


@dataclass(slots=True, eq=False)
class Service:
    """Started and stopped once. Stopping lets a running tick or publish finish; what does not is safe to kill.

    `requests` is the same database through connections of its own, for whoever asks from outside.
    """

    store: Store
    requests: Store
    board: Board
    shards: Sequence[ShardWorker]
    outbox: OutboxWorker | None
    committed: Event
    registry: CollectorRegistry
    counters: Meters
    others: Sequence[Loop] = ()
    watches: Sequence[Watch] = ()
    _stop: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        loops = [w.run for w in (*self.shards, *self.others)] + ([self.outbox.run] if self.outbox else [])
        self._threads = [Thread(target=loop, args=(self._stop,), daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.committed.set()
        monotonic = WallClock().monotonic
        deadline = monotonic() + DRAIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - monotonic()))
        self.store.close()
        self.requests.close()
