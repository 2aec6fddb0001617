"""Values at minute marks, and what happened in the minutes between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from slo.judge.series import Bools, Floats

Labels = tuple[tuple[str, str], ...]
Marks = Mapping[Labels, "Floats"]
"""Per series (its labels): the value at each mark, NaN where there is none. Marks are one more than the minutes between."""


def lasting(marks: Marks, minutes: int) -> Floats:
    """Per minute the smaller of a gauge's two marks, of several gauges the largest; NaN where none has both."""
    rows = [np.full(minutes, np.nan), *(np.minimum(v[:-1], v[1:]) for v in marks.values())]
    largest: Floats = np.fmax.reduce(rows)
    return largest


def events(marks: Marks, alive: Marks, minutes: int) -> Floats:
    """Events per minute over all series; NaN where no series has both ends."""
    rows = [np.full(minutes, np.nan)]
    up = _Lives(alive, minutes + 1)
    for labels, values in marks.items():
        before, after = values[:-1], values[1:]
        # A counter that went down was reset to 0 in between, so what it shows now came since.
        change = np.where(after < before, after, after - before)
        born = np.isnan(before) & ~np.isnan(after) & up.of(labels)[:-1]
        rows.append(np.where(born, after, change))
    table = np.array(rows)
    known = ~np.isnan(table).all(axis=0)
    return np.where(known, np.nansum(table, axis=0), np.nan)


class _Lives:
    """At which marks the process of a series was up: gauges that share its job and instance, where both have them."""

    def __init__(self, alive: Marks, count: int) -> None:
        self._gauges = [(dict(labels), np.greater_equal(values, 1)) for labels, values in alive.items()]
        self._count = count
        self._known: dict[tuple[str | None, ...], Bools] = {}

    def of(self, labels: Labels) -> Bools:
        own = dict(labels)
        process = (own.get("job"), own.get("instance"))
        if process not in self._known:
            up = np.zeros(self._count, bool)
            for gauge, rows in self._gauges:
                pairs = zip((gauge.get("job"), gauge.get("instance")), process, strict=True)
                if all(theirs is None or ours is None or theirs == ours for theirs, ours in pairs):
                    up |= rows
            self._known[process] = up
        return self._known[process]
