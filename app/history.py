"""Sums for charts, read from the store: hours over the objective's window, minutes over the last six hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slo.judge.windows import BAD, MEASURED, TOTAL, Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.ports import Shard, Store
    from slo.estate.spec import Objective
    from slo.judge.windows import Frame
    from slo.units import Minute

RECENT = 360


class Place(NamedTuple):
    """Where an objective's slices are; `at` is its shard's T."""

    objective: Objective
    shard: Shard
    slot: int
    at: Minute


class StoredHistory:
    """Implements `app.snapshot.History`; `place` is None for an objective that has no slot (yet)."""

    def __init__(self, store: Store, place: Callable[[str], Place | None]) -> None:
        self._store = store
        self._place = place

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        """The hours of [T - window, T); the two hours at its ends are cut exactly, so that their sum is the window's."""
        found = self._place(objective_id)
        if found is None:
            return ()
        objective, shard, slot, at = found
        return tuple(_rows(self._hours(shard, at - objective.window, at), slot))

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        found = self._place(objective_id)
        if found is None:
            return ()
        _, shard, slot, at = found
        return tuple(_rows(((f.minute, f) for f in self._store.frames(shard, at - RECENT, at)), slot))

    def _hours(self, shard: Shard, start: Minute, end: Minute) -> Iterator[tuple[Minute, Frame]]:
        """Minutes up to the first whole hour, whole hours, minutes from the last one; minutes carry their hour's stamp."""
        first_whole, last_whole = -(-start // 60) * 60, end // 60 * 60
        if first_whole > last_whole:
            first_whole = last_whole = end
        for frame in self._store.frames(shard, start, first_whole):
            yield frame.minute // 60 * 60, frame
        for frame in self._store.hours(shard, first_whole, last_whole):
            yield frame.minute, frame
        for frame in self._store.frames(shard, last_whole, end):
            yield frame.minute // 60 * 60, frame


def _rows(frames: Iterable[tuple[Minute, Frame]], slot: int) -> Iterator[tuple[Minute, Counts]]:
    """Summed by stamp; stamps at which nothing was measured are left out."""
    sums: dict[Minute, list[int]] = {}
    for stamp, frame in frames:
        if slot < frame.slots and frame.counts[MEASURED, slot]:
            row = sums.setdefault(stamp, [0, 0, 0])
            for column in (TOTAL, BAD, MEASURED):
                row[column] += int(frame.counts[column, slot])
    for stamp, (total, bad, measured) in sorted(sums.items()):
        yield stamp, Counts(total, bad, measured)
