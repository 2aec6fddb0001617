"""The running service: a thread per shard, one for the outbox, and the web server in the main thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client import CollectorRegistry

    from app.board import Board
    from app.ports import Store
    from app.worker import OutboxWorker, ShardWorker

DRAIN_SECONDS = 25.0
"""ECS sends SIGKILL 30 s after SIGTERM."""


@dataclass(slots=True, eq=False)
class Service:
    """Started and stopped once. Stopping lets a running tick or publish finish; what does not is safe to kill."""

    store: Store
    board: Board
    shards: Sequence[ShardWorker]
    outbox: OutboxWorker | None
    committed: Event
    registry: CollectorRegistry
    _stop: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def start(self) -> None:
        loops = [w.run for w in self.shards] + ([self.outbox.run] if self.outbox else [])
        self._threads = [Thread(target=loop, args=(self._stop,), daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.committed.set()
        for thread in self._threads:
            thread.join(DRAIN_SECONDS)
        self.store.close()
