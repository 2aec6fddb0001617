"""What the service knows of its own health, as far as a heartbeat may go by it: read off the board and the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.heartbeat import SPARE_SECONDS, Pulse, Signs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.clock import Clock
    from app.ports import Store
    from app.snapshot import Snapshot

_LEAST_WALL = 15.0
"""Wall seconds that a tick may be late, however fast the estate's time runs."""


def pulses(snapshot: Snapshot, shards: Sequence[str]) -> tuple[Pulse, ...]:
    """Of every shard that this process runs, whether or not it has told anything yet."""
    known = {source.name: source for source in snapshot.sources}
    return tuple(
        Pulse(name, known[name].tick, known[name].settle, known[name].poll) if name in known else Pulse(name, None)
        for name in shards
    )


def spare(clock: Clock) -> float:
    return max(SPARE_SECONDS, _LEAST_WALL * clock.speed)


def signs(
    snapshot: Callable[[], Snapshot], store: Store, clock: Clock, shards: Sequence[str], *, publishes: bool
) -> Callable[[], Signs]:
    """Asked anew at every beat: a board that nobody hangs anything on any more has old ticks. StoreError."""

    def look() -> Signs:
        now, oldest = clock.now(), store.outbox_oldest()
        waited = None if oldest is None else (now - oldest).total_seconds() / clock.speed
        return Signs(now.timestamp(), pulses(snapshot(), shards), waited, publishes, spare(clock))

    return look
