"""Since when rules with a hold burn without a break: kept from minute to minute, after a start told by the stored ones."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import fires
from slo.judge.seat import narrowed
from slo.judge.windows import BAD, TOTAL, Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.pipeline import Held
    from app.ports import Store
    from slo.judge.burn import Rule
    from slo.judge.seat import Seat
    from slo.judge.series import Bools, Ints
    from slo.judge.windows import Frame, Sums
    from slo.units import Minute


def patient(rules: Iterable[Rule]) -> tuple[int, ...]:
    """The rows of rules that have a hold."""
    return tuple(row for row, rule in enumerate(rules) if rule.hold)


def wait(held: Held, burning: Bools, who: Bools | None = None) -> Bools:
    """Of the rules of `who` that burn at T those that fire: what begins to burn at T0 fires from T0 + hold on."""
    at = held.sums.at
    if who is not None:
        burning &= who[held.table.objective]
    for row in _patient(held, who):
        if not burning[row]:
            held.since.pop(row, None)
        else:
            burning[row] = at - held.since.setdefault(row, at) >= held.table.rules[row].hold
    return burning


def waiting(held: Held, objective: int, at: Minute) -> frozenset[Rule]:
    """The rules of this objective that had not burned at T = `at` for as long as their hold asks."""
    table = held.table
    mine = (row for row in held.patient if table.objective[row] == objective)
    return frozenset(table.rules[r] for r in mine if at - held.since.get(r, at + 1) < table.rules[r].hold)


def recall(store: Store, held: Held, over: Mapping[Minute, Frame], who: Bools | None = None, sums: Sums | None = None) -> None:
    """`held.since` of the rules of `who` from the stored minutes before the T of `sums`, those in `over` in their place."""
    sums, rows = sums or held.sums, _patient(held, who)
    rules, at = held.table.rules, sums.at
    burning = held.table.firing(sums) if rows else ()
    found = [row for row in rows if burning[row]]
    held.since = {row: since for row, since in held.since.items() if row not in rows} | dict.fromkeys(found, at)
    if not found:
        return
    begin = at - max(rules[row].hold + rules[row].long for row in found)
    frames = {f.minute: f for f in store.frames(held.shard, begin, at)} | {m: f for m, f in over.items() if begin <= m < at}
    for row in found:
        seat = held.table.seats[int(held.table.objective[row])]
        held.since[row] = _begin(rules[row], seat, _Past(seat, frames, begin, at), at)


def _patient(held: Held, who: Bools | None) -> tuple[int, ...]:
    return held.patient if who is None else tuple(row for row in held.patient if who[held.table.objective[row]])


def _begin(rule: Rule, seat: Seat, past: _Past, at: Minute) -> Minute:
    """The first of the readings without a break at which it burns, as far back as the hold looks."""
    for moment in range(at - 1, at - rule.hold - 1, -1):
        if not fires(rule, seat.objective, past.counts(rule.long, moment), past.counts(rule.shortest, moment)):
            return moment + 1
    return at - rule.hold


class _Past:
    """Running totals of what a seat counts: int64[minute + 1, column] of total, bad and each since."""

    def __init__(self, seat: Seat, frames: Mapping[Minute, Frame], begin: Minute, end: Minute) -> None:
        self._width, self._begin = seat.width, begin
        columns: Ints = np.zeros((end - begin + 1, 2 + len(seat.since)), np.int64)
        wanted = [(TOTAL, seat.counted), (BAD, seat.counted), *((TOTAL, slot) for slot in seat.since)]
        for minute, frame in frames.items():
            for n, (what, slot) in enumerate(wanted):
                if slot < frame.slots:
                    columns[minute - begin + 1, n] = frame.counts[what, slot]
        self._totals = columns.cumsum(axis=0)

    def counts(self, window: int, at: Minute) -> Counts:
        shorter = narrowed(window, self._width)
        if not isinstance(shorter, int):
            return Counts(0, 0, 0)
        row = at - self._begin
        total, bad, *since = (int(v) for v in self._totals[row] - self._totals[row - shorter])
        return Counts(total, bad, 0, tuple(before - after for before, after in pairwise((total, *since))))
