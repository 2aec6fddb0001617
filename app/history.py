"""Sums for charts, read from the store: hours over the objective's window, minutes over the last six hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slo.judge.period import start, window_of
from slo.judge.windows import BAD, MEASURED, TOTAL, Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from app.ports import Shard, Store
    from slo.estate.spec import Objective
    from slo.judge.windows import Frame
    from slo.units import Minute

RECENT = 360


class Place(NamedTuple):
    """Where an objective's slices are, and what its budget counts of them (`counted`); `at` is its shard's T."""

    objective: Objective
    shard: Shard
    slot: int
    counted: int
    at: Minute


class StoredHistory:
    """Implements `app.snapshot.History`; `place` is None for an objective that has no slot (yet)."""

    def __init__(self, store: Store, place: Callable[[str], Place | None]) -> None:
        self._store = store
        self._place = place
        self._known: tuple[tuple[int, int], dict[object, tuple[Frame, ...]]] = ((0, 0), {})

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        """What the budget counts, by hours of the window at T; those at its ends are cut, so that their sum is the window's.

        Slices that begin before the window stay out.
        """
        found = self._place(objective_id)
        if found is None:
            return ()
        objective, shard, _, counted, at = found
        first = start(window_of(objective), at) + objective.budgeting.slice_window - 1
        return tuple(_rows(self._hours(shard, first, at), counted)) if first < at else ()

    def recent(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        found = self._place(objective_id)
        return () if found is None else self._minutes(found, found.counted)

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        found = self._place(objective_id)
        return () if found is None else self._minutes(found, found.slot)

    def _minutes(self, place: Place, slot: int) -> tuple[tuple[Minute, Counts], ...]:
        frames = self._once(self._store.frames, place.shard, place.at - RECENT, place.at)
        return tuple(_rows(((f.minute, f) for f in frames), slot))

    def _hours(self, shard: Shard, first: Minute, end: Minute) -> Iterator[tuple[Minute, Frame]]:
        """Minutes up to the first whole hour, whole hours, minutes from the last one; minutes carry their hour's stamp."""
        first_whole, last_whole = -(-first // 60) * 60, end // 60 * 60
        if first_whole > last_whole:
            first_whole = last_whole = end
        for frame in self._once(self._store.frames, shard, first, first_whole):
            yield frame.minute // 60 * 60, frame
        for frame in self._once(self._store.hours, shard, first_whole, last_whole):
            yield frame.minute, frame
        for frame in self._once(self._store.frames, shard, last_whole, end):
            yield frame.minute // 60 * 60, frame

    def _once(
        self, read: Callable[[Shard, Minute, Minute], Iterator[Frame]], shard: Shard, start: Minute, end: Minute
    ) -> tuple[Frame, ...]:
        """A frame holds every slot of a shard: those of the shard that was looked at last are kept until its next commit."""
        commit, span, known = (shard.id, shard.version), (read.__name__, start, end), self._known
        if known[0] != commit:
            known = self._known = (commit, {})  # swapped whole: another thread may read another shard
        frames = known[1].get(span)
        if frames is None:
            frames = known[1][span] = tuple(read(shard, start, end))
        return frames


def _rows(frames: Iterable[tuple[Minute, Frame]], slot: int) -> Iterator[tuple[Minute, Counts]]:
    """Summed by stamp; stamps at which nothing was measured or counted are left out."""
    sums: dict[Minute, list[int]] = {}
    for stamp, frame in frames:
        counts = frame.counts[:, slot].tolist() if slot < frame.slots else ()
        if any(counts):
            row = sums.setdefault(stamp, [0, 0, 0])
            for column in (TOTAL, BAD, MEASURED):
                row[column] += counts[column]
    for stamp, (total, bad, measured) in sorted(sums.items()):
        yield stamp, Counts(total, bad, measured)
