"""Sums for charts: hours over the objective's window, minutes over the last six hours; read from the store once, then kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from app.strip import Strip, Touched
from slo.judge.period import start, window_of
from slo.judge.windows import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ports import Shard, Store
    from slo.estate.spec import Objective
    from slo.judge.series import Ints
    from slo.units import Minute

RECENT = 360
MOST_BYTES = 192_000_000
"""Of all shards together: 1,000 objectives over 30 days take about 30 MB. Those asked for longest ago go first."""
_HEADS = 8


class Place(NamedTuple):
    """Where an objective's slices are, and what its budget counts of them (`counted`); `at` is its shard's T.

    `touched` says what of the shard changed when; without it everything is read again.
    """

    objective: Objective
    shard: Shard
    slot: int
    counted: int
    at: Minute
    touched: Touched = Touched()


class Columns(NamedTuple):
    """Int64[3, stamps] of total, bad and measured by consecutive stamps from `start` on, each `step` minutes."""

    start: Minute
    step: int
    counts: Ints

    def rows(self) -> tuple[tuple[Minute, Counts], ...]:
        """Stamps at which nothing was measured or counted are left out."""
        known = np.flatnonzero(self.counts.any(axis=0))
        stamps, sums = (self.start + known * self.step).tolist(), self.counts[:, known].T.tolist()
        return tuple((stamp, Counts(*row)) for stamp, row in zip(stamps, sums, strict=True))


NO_COLUMNS = Columns(0, 60, np.zeros((3, 0), np.int64))


@dataclass(slots=True, eq=False)
class _Kept:
    """Of one shard: whole hours, the last minutes, and the minutes of hours in which windows begin.

    `windows` are those that were asked for at `version`: they need not be read again.
    """

    hours: Strip = field(default_factory=lambda: Strip(60))
    recent: Strip = field(default_factory=lambda: Strip(1))
    heads: dict[Minute, Strip] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)
    version: int = -1
    windows: set[tuple[Minute, Minute]] = field(default_factory=set)

    @property
    def nbytes(self) -> int:
        return self.hours.nbytes + self.recent.nbytes + sum(head.nbytes for head in self.heads.values())


class StoredHistory:
    """Implements `app.snapshot.History`; `place` is None for an objective that has no slot (yet). Thread-safe."""

    def __init__(self, store: Store, place: Callable[[str], Place | None]) -> None:
        self._store = store
        self._place = place
        self._kept: dict[int, _Kept] = {}
        self._lock = Lock()

    def hours(self, objective_id: str) -> Columns:
        """What the budget counts, by hours of the window at T; those at its ends are cut, so that their sum is the window's.

        Slices that begin before the window stay out.
        """
        place = self._place(objective_id)
        if place is None or (first := _first(place)) >= place.at:
            return NO_COLUMNS
        kept, version = self._of(place.shard.id), place.shard.version
        with kept.lock:
            found = self._hours(kept, place, first)
            if kept.version == version and (first, place.at) in kept.windows:
                return found
            if kept.version != version:
                kept.version, kept.windows = version, set()
            kept.windows.add((first, place.at))
        self._bound(place.shard.id)
        return found

    def is_at_hand(self, objective_id: str) -> bool:
        place = self._place(objective_id)
        if place is None:
            return True
        kept = self._of(place.shard.id)
        return kept.version == place.shard.version and (_first(place), place.at) in kept.windows and not kept.lock.locked()

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        return self.hours(objective_id).rows()

    def recent(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        place = self._place(objective_id)
        return () if place is None else self._last(place, place.counted)

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        place = self._place(objective_id)
        return () if place is None else self._last(place, place.slot)

    def _last(self, place: Place, slot: int) -> tuple[tuple[Minute, Counts], ...]:
        kept, begin = self._of(place.shard.id), place.at - RECENT
        with kept.lock:
            found = Columns(begin, 1, self._minutes(kept, place, slot, begin, place.at)).rows()
        self._bound(place.shard.id)
        return found

    def _hours(self, kept: _Kept, place: Place, first: Minute) -> Columns:
        """Minutes up to the first whole hour, whole hours, minutes from the last one, each added to its hour."""
        _, shard, _, slot, at, touched = place
        begin, first_whole, last_whole = first // 60 * 60, -(-first // 60) * 60, at // 60 * 60
        sums = np.zeros((3, -(-at // 60) - begin // 60), np.int64)
        if first_whole < last_whole:
            kept.hours.cover(self._store.hours, shard, touched, first_whole, last_whole)
            offset = (first_whole - begin) // 60
            hours = kept.hours.slot(slot, first_whole, last_whole)
            sums[:, offset : offset + hours.shape[1]] = hours
            spans = [(first, first_whole), (last_whole, at)]
        else:
            spans = [(max(first, hour), min(at, hour + 60)) for hour in range(begin, at, 60)]
        for since, until in spans:
            if since < until:
                sums[:, (since - begin) // 60] += self._minutes(kept, place, slot, since, until).sum(axis=1)
        return Columns(begin, 60, sums)

    def _minutes(self, kept: _Kept, place: Place, slot: int, since: Minute, until: Minute) -> Ints:
        """Of the last hours, or within an hour before."""
        _, shard, _, _, at, touched = place
        oldest = (at - RECENT) // 60 * 60
        if since >= oldest:
            kept.recent.cover(self._store.frames, shard, touched, oldest, at)
            return kept.recent.slot(slot, since, until)
        hour = since // 60 * 60
        while len(kept.heads) >= _HEADS and hour not in kept.heads:
            del kept.heads[min(kept.heads)]
        head = kept.heads.setdefault(hour, Strip(1))
        head.cover(self._store.frames, shard, touched, hour, hour + 60)
        return head.slot(slot, since, until)

    def _of(self, shard_id: int) -> _Kept:
        with self._lock:
            return self._kept.setdefault(shard_id, _Kept())

    def _bound(self, asked: int) -> None:
        """The shard that was asked for stays, and is the last to go from now on."""
        with self._lock:
            self._kept[asked] = self._kept.pop(asked, _Kept())
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > MOST_BYTES:
                del self._kept[next(iter(self._kept))]


def _first(place: Place) -> Minute:
    """The last minute of the first slice that begins in the window."""
    return start(window_of(place.objective), place.at) + place.objective.budgeting.slice_window - 1
