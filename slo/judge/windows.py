"""Running sums of many indicators over many windows: a tick adds one frame and subtracts those that leave.

A window at T holds the minutes start(T) <= m < T. Going from T to T + 1, minute T enters every window and minute T - w leaves
the rolling window of length w; everything else stays, so a tick costs the same for an hour and for 30 days. A calendar
window loses nothing until its boundary, and then everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.period import start
from slo.judge.series import Slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.judge.period import Window
    from slo.judge.series import Bools, Ints
    from slo.units import Minute

TOTAL, BAD, MEASURED = 0, 1, 2
_UNSEEN = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over one window: events, bad events, measured minutes (idle ones too).

    `earlier` are the events of `total` that came while each earlier target of the objective was in force, oldest first.
    """

    total: int
    bad: int
    measured: int
    earlier: tuple[int, ...] = ()

    @property
    def good(self) -> int:
        return self.total - self.bad


NOTHING = Counts(0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One minute of every slot of a shard: `counts` is int64[3, slots] of total, bad, measured (0 or 1)."""

    minute: Minute
    counts: Ints
    coarse: Bools

    @classmethod
    def empty(cls, minute: Minute, slots: int) -> Frame:
        return cls(minute, np.zeros((3, slots), np.int64), np.zeros(slots, bool))

    @property
    def slots(self) -> int:
        return int(self.counts.shape[1])


@dataclass(slots=True, eq=False)
class Sums:
    """Window sums of a shard at T = `at`: `counts` is int64[window, 3, slot], in the order of `windows`.

    `first` and `newest` are the first and last measured minute per slot. Changed in place: after a failed commit
    the owner drops it and loads again.
    """

    at: Minute
    windows: tuple[Window, ...]
    counts: Ints
    first: Ints
    newest: Ints

    @classmethod
    def empty(cls, at: Minute, windows: Sequence[Window], slots: int) -> Sums:
        return cls(
            at,
            tuple(windows),
            np.zeros((len(windows), 3, slots), np.int64),
            np.full(slots, _UNSEEN),
            np.full(slots, -_UNSEEN),
        )

    @property
    def slots(self) -> int:
        return int(self.counts.shape[2])

    def window(self, window: Window, slot: int) -> Counts:
        total, bad, measured = (int(v) for v in self.counts[self.windows.index(window), :, slot])
        return Counts(total, bad, measured)

    def first_measured(self, slot: int) -> Minute | None:
        """None while nothing was ever measured."""
        return None if self.first[slot] == _UNSEEN else int(self.first[slot])

    def newest_measured(self, slot: int) -> Minute | None:
        """None while nothing was ever measured."""
        return None if self.newest[slot] == -_UNSEEN else int(self.newest[slot])

    def copy(self) -> Sums:
        return Sums(self.at, self.windows, self.counts.copy(), self.first.copy(), self.newest.copy())


def grow(sums: Sums, slots: int) -> None:
    """Room for new slots, which hold nothing yet."""
    more = slots - sums.slots
    if more > 0:
        wider = Sums.empty(sums.at, sums.windows, more)
        sums.counts = np.concatenate((sums.counts, wider.counts), axis=2)
        sums.first = np.concatenate((sums.first, wider.first))
        sums.newest = np.concatenate((sums.newest, wider.newest))


def advance(sums: Sums, entering: Frame | None, leaving: Mapping[Minute, Frame]) -> None:
    """From T to T + 1. `entering` is minute T (None: wholly missing); `leaving` by minute, absent ones hold nothing."""
    if entering is not None:
        if entering.minute != sums.at:
            raise ValueError(f"frame of minute {entering.minute} cannot enter at {sums.at}")
        _add(sums, slice(None), entering.counts, sign=1)
        _note_measured(sums, entering)
    for row, window in enumerate(sums.windows):
        if not isinstance(window, int):
            _turn(sums, row, window, entering)
        elif (frame := leaving.get(sums.at - window)) is not None:
            _add(sums, row, frame.counts, sign=-1)
    sums.at += 1


def _turn(sums: Sums, row: int, window: Window, entering: Frame | None) -> None:
    """A calendar window begins anew at its boundary; a minute between the boundary and the window's start stays out."""
    begin = start(window, sums.at + 1)
    if begin != start(window, sums.at):
        sums.counts[row] = 0
        if entering is not None:
            _add(sums, row, entering.counts, sign=1)
    if entering is not None and sums.at < begin:
        _add(sums, row, entering.counts, sign=-1)


def patch(sums: Sums, before: Frame | None, after: Frame) -> None:
    """A late or repeated minute: correct every window that holds it. Minutes at or after T are not in any window yet."""
    if after.minute >= sums.at:
        raise ValueError(f"minute {after.minute} has not entered at {sums.at}")
    holding = np.array([after.minute >= start(window, sums.at) for window in sums.windows])
    if holding.any():
        _add(sums, holding, after.counts, sign=1)
        if before is not None:
            _add(sums, holding, before.counts, sign=-1)
    _note_measured(sums, after)


def fill(sums: Sums, first: Minute, counts: Ints) -> None:
    """History before T, straight into every window that holds it: counts int64[minute, 3, slot] of first, first + 1, ..."""
    for row, window in enumerate(sums.windows):
        sums.counts[row] += counts[max(0, start(window, sums.at) - first) :].sum(axis=0)
    seen = counts[:, MEASURED] > 0
    slots = np.flatnonzero(seen.any(axis=0))
    oldest, last = seen.argmax(axis=0)[slots], len(seen) - 1 - seen[::-1].argmax(axis=0)[slots]
    sums.first[slots] = np.minimum(sums.first[slots], first + oldest)
    sums.newest[slots] = np.maximum(sums.newest[slots], first + last)


def sums_of(history: Mapping[int, Slices], at: Minute, windows: Sequence[Window], slots: int) -> Sums:
    """The same sums straight from arrays: slot -> its slices. Slices at or after T are not counted."""
    sums = Sums.empty(at, windows, slots)
    for slot, slices in history.items():
        past = slices.before(at)
        if len(past):
            sums.first[slot], sums.newest[slot] = past.minutes[0], past.minutes[-1]
        for row, window in enumerate(windows):
            held = past.between(start(window, at), at)
            sums.counts[row, :, slot] = (held.total.sum(), held.bad.sum(), len(held))
    return sums


def slices_of(frames: Sequence[Frame], slot: int) -> Slices:
    """One slot of frames that ascend; older frames may not have the slot yet."""
    held = [f for f in frames if slot < f.slots and f.counts[MEASURED, slot]]
    counts = np.array([f.counts[:, slot] for f in held], np.int64).reshape(-1, 3)
    minutes = np.array([f.minute for f in held], np.int64)
    return Slices(minutes, counts[:, TOTAL], counts[:, BAD], np.array([f.coarse[slot] for f in held], bool))


def count(slices: Slices, first: Minute, end: Minute) -> Counts:
    """Sums over first <= minute < end of one indicator."""
    held = slices.between(first, end)
    return Counts(int(held.total.sum()), int(held.bad.sum()), len(held))


def _add(sums: Sums, rows: slice | int | Bools, counts: Ints, *, sign: int) -> None:
    """An older frame has fewer slots: slots are only ever appended, so it holds the first ones."""
    sums.counts[rows, :, : counts.shape[1]] += sign * counts


def _note_measured(sums: Sums, frame: Frame) -> None:
    seen = np.flatnonzero(frame.counts[MEASURED])
    sums.first[seen] = np.minimum(sums.first[seen], frame.minute)
    sums.newest[seen] = np.maximum(sums.newest[seen], frame.minute)
