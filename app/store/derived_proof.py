"""Derived slots against what `slo.judge.method` makes of the minutes of the slots that they were made of."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import select

from app.store import schema
from app.watch import budgeting_name, derivation_of, is_derived
from slo.estate.spec import Budgeting
from slo.judge.method import units
from slo.judge.series import Slices
from slo.judge.windows import BAD, MEASURED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import Connection

    from app.ports import Shard
    from slo.judge.series import Ints
    from slo.judge.windows import Frame
    from slo.units import Minute

Budgetings = dict[str, Budgeting]
_CELLS = 1 << 24
"""Numbers held at once: 128 MB."""


class DerivedSlot(NamedTuple):
    slot: int
    of: int
    budgeting: Budgeting
    since: Minute | None


def budgetings(connection: Connection) -> Budgetings:
    """Every one that was ever declared, by its name in slot keys."""
    documents = connection.scalars(select(schema.definition.c.document))
    found = (_budgeting(document) for document in documents)
    return {budgeting_name(budgeting): budgeting for budgeting in found}


def _budgeting(document: Mapping[str, Any]) -> Budgeting:
    declared = dict(document.get("budgeting") or {"method": document.get("method", "Occurrences")})
    if declared.get("slice_target") is not None:
        declared["slice_target"] = Decimal(declared["slice_target"])
    return Budgeting(**{name: value for name, value in declared.items() if name in {f.name for f in fields(Budgeting)}})


def derived_slots(shard: Shard, known: Budgetings) -> tuple[list[DerivedSlot], list[str]]:
    """The live ones, and the keys of those that no declaration explains."""
    found, unknown = [], []
    for key, slot in shard.slots.items():
        if is_derived(key):
            made = derivation_of(key, known)
            if made is None or made.of not in shard.slots:
                unknown.append(key)
            else:
                found.append(DerivedSlot(slot, shard.slots[made.of], made.budgeting, made.since))
    return found, unknown


def differences(
    derived: Sequence[DerivedSlot], frames: Callable[[Minute], Iterable[Frame]], begin: Minute, at: Minute
) -> Iterator[tuple[DerivedSlot, Minute, Ints, Ints]]:
    """(slot, minute, int64[total, bad, measured] expected and found) where they differ, of begin <= minute < T.

    `frames` gives those from a minute on. They are read once for as many slots as memory has room for.
    """
    at_once = max(1, _CELLS // (6 * max(1, at - begin)))
    for first in range(0, len(derived), at_once):
        some = derived[first : first + at_once]
        columns = sorted({slot for one in some for slot in (one.of, one.slot)})
        place = {slot: n for n, slot in enumerate(columns)}
        table = _table(frames(begin), columns, begin, at)
        for one in some:
            yield from _differing(one, table[:, :, place[one.of]], table[:, :, place[one.slot]], begin)


def _table(frames: Iterable[Frame], columns: Sequence[int], begin: Minute, at: Minute) -> Ints:
    """int64[minute, 3, column]"""
    table = np.zeros((at - begin, 3, len(columns)), np.int64)
    for frame in frames:
        held = sum(slot < frame.slots for slot in columns)
        table[frame.minute - begin, :, :held] = frame.counts[:, columns[:held]]
    return table


def _differing(one: DerivedSlot, minutes: Ints, found: Ints, begin: Minute) -> Iterator[tuple[DerivedSlot, Minute, Ints, Ints]]:
    """Both are int64[minute, 3] from `begin` on."""
    width = one.budgeting.slice_window
    done = (begin + len(minutes)) // width
    # The first slice may have begun before, and what a missing one counts hangs on those before it.
    whole = -(-begin // width) * width - begin
    measured = whole + np.flatnonzero(minutes[whole : max(whole, done * width - begin), MEASURED])
    if not len(measured):
        return
    first = (begin + int(measured[0])) // width
    expected = np.zeros_like(minutes)
    counts = minutes[measured]
    slices = Slices(begin + measured, counts[:, TOTAL], counts[:, BAD], np.zeros(len(measured), bool))
    made = units(slices, one.budgeting, first, done, None)
    kept = made.last >= (one.since or 0)
    rows = made.last[kept] - begin
    expected[rows, TOTAL], expected[rows, MEASURED] = made.total[kept], made.measured[kept]
    if one.since is None:
        expected[rows, BAD] = made.bad
    differ = (expected != found).any(axis=1)
    differ[: first * width - begin] = False
    for row in np.flatnonzero(differ):
        yield one, begin + int(row), expected[row], found[row]
