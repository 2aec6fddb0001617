"""Slots that are made from the minutes of others: derived again wherever those change, in the same commit.

A slice stands at its last minute. Every slice that a changed minute touches is derived again from all of its minutes, and
under a no-data policy so are the missing ones after it, up to the next that was measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from app.sheet import Sheet
from slo.judge.method import units
from slo.judge.series import Slices
from slo.judge.windows import BAD, MEASURED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.ports import Shard, Store
    from app.sheet import Changes
    from app.watch import Derivation
    from slo.estate.spec import Budgeting
    from slo.judge.series import Ints
    from slo.judge.windows import Sums
    from slo.units import Minute

APART = 240
"""Minutes between changes that are derived on their own; closer ones together, with what lies between."""


class DerivedSlot(NamedTuple):
    """As `app.watch.Derivation`, by slot."""

    slot: int
    of: int
    budgeting: Budgeting
    since: Minute | None

    @property
    def width(self) -> int:
        return self.budgeting.slice_window


def derived_slots(derived: Mapping[str, Derivation], slots: Mapping[str, int]) -> tuple[DerivedSlot, ...]:
    return tuple(DerivedSlot(slots[key], slots[d.of], d.budgeting, d.since) for key, d in derived.items())


def derive(
    store: Store,
    shard: Shard,
    slots: Sequence[DerivedSlot],
    known: Sums,
    changes: Changes,
    stretch: tuple[Minute, Minute],
    upto: Minute,
) -> Changes:
    """The changes with what they derive: of the minutes in `stretch` and of every patch, up to T = `upto`.

    `known` says what was measured first and last in each slot, without these changes.
    """
    if not slots:
        return changes
    sheet = Sheet(store, shard, changes)
    for start, end in _together([*sheet.patched, *stretch], stretch):
        ranges = [(one, *_range(sheet, known, one, start, end, upto)) for one in slots]
        near = [last * one.width <= end + one.width for one, _, last in ranges]
        some = [r for r, together in zip(ranges, near, strict=True) if together and r[1] < r[2]]
        # One that reaches far on is derived alone: the minutes of all slots over all of it would be many.
        alone = [[r] for r, together in zip(ranges, near, strict=True) if not together and r[1] < r[2]]
        for group in (some, *alone):
            _derive(sheet, known, group)
    return sheet.changes()


def _together(minutes: Iterable[Minute], stretch: tuple[Minute, Minute]) -> Iterator[tuple[Minute, Minute]]:
    """(start, end) of runs of these minutes; `stretch` is in one of them whole."""
    runs: list[list[Minute]] = []
    for minute in sorted(minutes):
        inside = runs and (minute - runs[-1][1] <= APART or stretch[0] < minute <= stretch[1])
        if inside:
            runs[-1][1] = minute + 1
        else:
            runs.append([minute, minute + 1])
    return ((start, end) for start, end in runs)


def _range(sheet: Sheet, known: Sums, one: DerivedSlot, start: Minute, end: Minute, upto: Minute) -> tuple[int, int]:
    """(first, end) of the numbers of the slices to derive; only those that are over by `upto`."""
    done = upto // one.width
    first, last = start // one.width, min(-(-end // one.width), done)
    if one.since is not None:
        first = max(first, one.since // one.width)
    if one.budgeting.no_data is not None and last < done and _reaches_on(sheet, known, one):
        last = _next_measured(sheet, one, last, done)
    return first, last


def _reaches_on(sheet: Sheet, known: Sums, one: DerivedSlot) -> bool:
    """Whether these changes can alter slices that they do not touch: what is held, and where filling begins."""
    first = known.first_measured(one.of)
    return one.budgeting.no_data == "hold" or any(first is None or m < first for m in sheet.measured(one.of))


def _next_measured(sheet: Sheet, one: DerivedSlot, number: int, done: int) -> int:
    start, step = number * one.width, APART
    while start < done * one.width:
        end = min(start + step, done * one.width)
        seen = np.flatnonzero(sheet.table(start, end, [one.of])[:, MEASURED, 0])
        if len(seen):
            return (start + int(seen[0])) // one.width
        start, step = end, step * 4
    return done


def _derive(sheet: Sheet, known: Sums, ranges: Sequence[tuple[DerivedSlot, int, int]]) -> None:
    if not ranges:
        return
    start, end = min(first * one.width for one, first, _ in ranges), max(last * one.width for one, _, last in ranges)
    columns = sorted({slot for one, _, _ in ranges for slot in (one.of, one.slot)})
    place = {slot: n for n, slot in enumerate(columns)}
    was = sheet.table(start, end, columns)
    now = was.copy()
    for one, first, last in ranges:
        low, high = first * one.width - start, last * one.width - start
        found = units(
            _slices(was[low:high, :, place[one.of]], first * one.width),
            one.budgeting,
            first,
            last,
            _before(sheet, known, one, first),
        )
        column = now[:, :, place[one.slot]]
        column[low:high] = 0
        kept = found.last >= (one.since or 0)
        rows = found.last[kept] - start
        column[rows, TOTAL], column[rows, MEASURED] = found.total[kept], found.measured[kept]
        if one.since is None:
            column[rows, BAD] = found.bad
    mine = [one.slot for one, _, _ in ranges]
    sheet.write(start, was, now, mine, [place[slot] for slot in mine])


def _before(sheet: Sheet, known: Sums, one: DerivedSlot, number: int) -> tuple[int, int] | None:
    """What the last measured slice before this number counts; None where there is none. Only a hold asks how much."""
    if one.budgeting.no_data is None:
        return None
    minute, changed, first = number * one.width, sheet.measured(one.of), known.first_measured(one.of)
    if not any(m < minute for m in (*changed, *(() if first is None else (first,)))):
        return None
    if one.budgeting.no_data != "hold":
        return 0, 0
    last = _last_measured(sheet, known, one, minute)
    if last is None:
        return None
    number = last // one.width
    start = number * one.width
    found = units(
        _slices(sheet.table(start, start + one.width, [one.of])[:, :, 0], start), one.budgeting, number, number + 1, None
    )
    return int(found.total[0]), int(found.bad[0])


def _last_measured(sheet: Sheet, known: Sums, one: DerivedSlot, before: Minute) -> Minute | None:
    oldest, newest = known.first_measured(one.of), known.newest_measured(one.of)
    changed = [m for m in sheet.measured(one.of) if m < before]
    if newest is None or newest < before:
        return max([*changed, *(() if newest is None else (newest,))], default=None)
    end, step = before, one.width
    oldest = min([*changed, *(() if oldest is None else (oldest,))], default=before)
    while end > oldest:
        start = max(end - step, oldest)
        seen = np.flatnonzero(sheet.table(start, end, [one.of])[:, MEASURED, 0])
        if len(seen):
            return start + int(seen[-1])
        end, step = start, step * 4
    return None


def _slices(column: Ints, start: Minute) -> Slices:
    """Of int64[minute, 3]."""
    rows = np.flatnonzero(column[:, MEASURED])
    return Slices(rows + start, column[rows, TOTAL], column[rows, BAD], np.zeros(len(rows), bool))
