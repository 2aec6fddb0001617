"""Every rule of a shard decided at once, as `burn.fires` decides each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import budget_of, fires, rules_of, screened
from slo.judge.seat import narrowed
from slo.judge.windows import BAD, MEASURED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from slo.judge.burn import Rule
    from slo.judge.period import Window
    from slo.judge.seat import Seat
    from slo.judge.series import Bools, Floats, Ints
    from slo.judge.windows import Sums


@dataclass(frozen=True, slots=True, eq=False)
class RuleTable:
    """Rules of all objectives as parallel arrays: `long`, `short` and `blinding` are rows of the sums, the others slots.

    `objective[r]` is the position of rule r's objective in the sequence the table was made from; `budgets` are theirs, in
    its order. `edited` are rules of objectives with earlier targets, which have no one threshold; `asking` those that ask
    for more than burn rates; rules that are not `possible` have a window too short for one slice.
    """

    seats: tuple[Seat, ...]
    budgets: tuple[Fraction, ...]
    rules: tuple[Rule, ...]
    exact: tuple[Fraction, ...]
    objective: Ints
    minutes: Ints
    counted: Ints
    long: Ints
    short: Ints
    blinding: Ints
    threshold: Floats
    possible: Bools
    edited: Ints
    asking: Ints

    @classmethod
    def of(cls, seats: Sequence[Seat], windows: Sequence[Window]) -> RuleTable:
        """`windows` are those of the sums that the table will read, in their order."""
        rows = [(n, seat, rule) for n, seat in enumerate(seats) for rule in rules_of(seat.objective)]
        row_of: dict[Window | None, int] = {window: row for row, window in enumerate(windows)}
        row_of[None] = 0
        budgets = tuple(budget_of(seat.objective) for seat in seats)
        exact = tuple(rule.factor * budgets[n] for n, _, rule in rows)
        return cls(
            tuple(seats),
            budgets,
            tuple(rule for _, _, rule in rows),
            exact,
            np.array([n for n, _, _ in rows], np.int64),
            np.array([seat.minutes for _, seat, _ in rows], np.int64),
            np.array([seat.counted for _, seat, _ in rows], np.int64),
            np.array([row_of[narrowed(rule.long, seat.width)] for _, seat, rule in rows], np.int64),
            np.array([row_of[narrowed(rule.shortest, seat.width)] for _, seat, rule in rows], np.int64),
            np.array([row_of[rule.shortest] for _, _, rule in rows], np.int64),
            np.array([float(e) for e in exact], np.float64),
            np.array([min(rule.windows) >= seat.width for _, seat, rule in rows], np.bool_),
            np.array([r for r, (_, seat, _) in enumerate(rows) if seat.objective.earlier], np.int64),
            np.array([r for r, (_, _, rule) in enumerate(rows) if rule.asks_more], np.int64),
        )

    def firing(self, sums: Sums) -> Bools:
        """Rule by rule; how long it has burned so is not asked. Without a short window the long one is asked twice."""
        firing = self._reaches(sums, self.long) & self._reaches(sums, self.short) & self.possible
        for row in (*self.edited, *(r for r in self.asking if firing[r])):
            firing[row] = self._fires(sums, int(row))
        return firing

    def blind(self, sums: Sums) -> Bools:
        """Rules whose short window has no measured minute."""
        unmeasured: Bools = np.equal(sums.counts[self.blinding, MEASURED, self.minutes], 0)
        return unmeasured

    def _fires(self, sums: Sums, row: int) -> bool:
        rule, seat = self.rules[row], self.seats[int(self.objective[row])]
        return fires(rule, seat.objective, seat.counts(sums, rule.long), seat.counts(sums, rule.shortest))

    def _reaches(self, sums: Sums, window: Ints) -> Bools:
        bad, total = sums.counts[window, BAD, self.counted], sums.counts[window, TOTAL, self.counted]
        return screened(bad, total, self.threshold, lambda row: (self.exact[row], self.rules[row].strict))
