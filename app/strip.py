"""Stored sums of a whole shard over consecutive hours or minutes, kept in memory and read again only where they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.ports import Shard
    from slo.judge.series import Ints
    from slo.judge.windows import Frame
    from slo.units import Minute

NONE: Minute = 2**62
"""Later than every minute."""
_REMEMBERED = 240
"""Commits: who has not looked for longer reads everything again."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What the commits of this process changed since it loaded the shard: pairs of version and oldest minute.

    Whatever else wrote to the shard makes the process load it again, so `base`, the version it loaded, says all of that.
    """

    base: int | None = None
    commits: tuple[tuple[int, Minute], ...] = ()

    def after(self, version: int, oldest: Minute) -> Touched:
        """With the commit that led to `version` and changed nothing before `oldest`."""
        commits = (*self.commits, (version, oldest))
        if len(commits) <= _REMEMBERED:
            return Touched(self.base, commits)
        return Touched(commits[0][0], commits[1:])

    def since(self, version: int) -> Minute | None:
        """The oldest minute that may have changed after `version`, `NONE` if none has; None when nobody knows."""
        if self.base is None or version < self.base:
            return None
        return min((oldest for v, oldest in self.commits if version < v), default=NONE)


class Strip:
    """Counts of every slot by stamps of `step` minutes, `start` <= stamp < `end`. Not thread-safe: its owner locks.

    A slot's stamps lie side by side, since one slot is what is asked for; behind them is room for an eighth more.
    """

    def __init__(self, step: int) -> None:
        self._step = step
        self.start = self.end = 0
        self._version = -1
        self._block: Ints = np.zeros((3, 0, 0), np.int64)

    @property
    def nbytes(self) -> int:
        return self._block.nbytes

    def cover(
        self,
        read: Callable[[Shard, Minute, Minute], Iterator[Frame]],
        shard: Shard,
        touched: Touched,
        start: Minute,
        end: Minute,
    ) -> None:
        """Afterwards it holds at least `start` <= stamp < `end`, as the shard's version has them."""
        if self._version == shard.version and self.start <= start and end <= self.end:
            return
        wide, sound = self._block.shape[1] == shard.width, touched.since(self._version)
        if sound is None or not wide or not self.start <= start <= self.end:
            self.start = self.end = start
            self._block = np.zeros((3, shard.width, 0), np.int64)
            sound = start
        last = max(end, self.end)
        self.end = max(min(self.end, sound - sound % self._step), self.start)
        self._make_room(max(start, self.start), last)
        for frame in read(shard, self.end, last):
            self._block[:, : frame.slots, self._column(frame.minute)] = frame.counts
        self.end, self._version = max(last, self.end), max(self._version, shard.version)

    def slot(self, slot: int, start: Minute, end: Minute) -> Ints:
        """Int64[3, stamps] of what is covered; zeros where nothing is stored."""
        return self._block[:, slot, self._column(start) : self._column(end)]

    def _make_room(self, first: Minute, last: Minute) -> None:
        """Stamps from `end` to `last` are zeros; what lies before `first` goes when there is no room left."""
        if self._column(last) > self._block.shape[2]:
            keep, stamps = self._block[:, :, self._column(first) : self._column(self.end)], (last - first) // self._step
            block = np.zeros((3, self._block.shape[1], stamps + stamps // 8 + 1), np.int64)
            block[:, :, : keep.shape[2]] = keep
            self._block, self.start = block, first
            self.end = max(self.end, first)
        self._block[:, :, self._column(self.end) : self._column(last)] = 0

    def _column(self, stamp: Minute) -> int:
        return (stamp - self.start) // self._step
