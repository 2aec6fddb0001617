"""Where the counts of an objective stand in the running sums of a shard.

Slices of `width` minutes stand in a slot of their own, each at its last minute. The window [S, T) holds those with
S + width - 1 <= last < T: the sums of the slot over a window that is width - 1 minutes shorter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from slo.judge.burn import windows_of
from slo.judge.period import Since
from slo.judge.windows import NOTHING, Counts

if TYPE_CHECKING:
    from slo.estate.spec import Objective
    from slo.judge.period import Window
    from slo.judge.windows import Sums


@dataclass(frozen=True, slots=True)
class Seat:
    """`minutes` is the slot of what was measured, `counted` that of what the budget counts: the same where it counts events.

    `since` are slots that hold the `total` of `counted` since the end of each earlier target of the objective.
    """

    objective: Objective
    minutes: int
    counted: int
    since: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        return self.objective.budgeting.slice_window

    def counts(self, sums: Sums, window: Window) -> Counts:
        if self.counted == self.minutes and not self.since:
            return sums.window(window, self.counted)
        measured = sums.window(window, self.minutes).measured
        shorter = narrowed(window, self.width)
        if shorter is None:
            return replace(NOTHING, measured=measured)
        held = sums.window(shorter, self.counted)
        since = [held.total, *(sums.window(shorter, slot).total for slot in self.since)]
        earlier = tuple(before - after for before, after in pairwise(since))
        return Counts(held.total, held.bad, measured, earlier)


def narrowed(window: Window, width: int) -> Window | None:
    """Where slices of this width must end to lie in the window whole; None when it is too short for one."""
    if isinstance(window, Since):
        return replace(window, skip=window.skip + width - 1)
    return window - width + 1 if window >= width else None


def needed(objective: Objective) -> frozenset[Window]:
    """Every window that sums must hold for this objective."""
    own = windows_of(objective)
    shorter = (narrowed(window, objective.budgeting.slice_window) for window in own)
    return frozenset((*own, *(window for window in shorter if window is not None)))
