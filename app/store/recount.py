"""One shard counted once more, straight from its stored frames, without the code that keeps the running sums."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.period import start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.period import Window
    from slo.judge.series import Ints
    from slo.judge.windows import Frame
    from slo.units import Minute


@dataclass(slots=True, eq=False)
class Recount:
    """Frames are given ascending, all before T = `at`; then `window` and `hours` are what they add up to.

    A frame is added once, to the stretch between two window starts: a window is the sum of the stretches after its start.
    """

    at: Minute
    windows: tuple[Window, ...]
    starts: list[Minute]
    stretches: Ints
    hours: dict[Minute, Ints] = field(default_factory=dict)
    frames: int = 0
    oldest: Minute | None = None

    @classmethod
    def of(cls, at: Minute, windows: Sequence[Window], slots: int) -> Recount:
        starts = sorted({start(window, at) for window in windows})
        return cls(at, tuple(windows), starts, np.zeros((len(starts) + 1, 3, slots), np.int64))

    def add(self, frame: Frame) -> None:
        self.frames += 1
        if self.oldest is None:
            self.oldest = frame.minute
        self.stretches[bisect_right(self.starts, frame.minute), :, : frame.slots] += frame.counts
        hour = frame.minute - frame.minute % 60
        if hour not in self.hours:
            self.hours[hour] = np.zeros(self.stretches.shape[1:], np.int64)
        self.hours[hour][:, : frame.slots] += frame.counts

    def window(self, window: Window) -> Ints:
        """int64[3, slot]"""
        held: Ints = self.stretches[self.starts.index(start(window, self.at)) + 1 :].sum(axis=0)
        return held

    def hour(self, begin: Minute) -> Ints | None:
        """None where nothing can be said: it is not over, or some of its minutes may be pruned."""
        if self.oldest is None or begin < self.oldest or begin + 60 > self.at:
            return None
        return self.hours.get(begin, np.zeros(self.stretches.shape[1:], np.int64))
