"""Burn rates and the rules on them, decided on exact integers.

burn(w) = (bad / total) / budget with budget = 1 - target. A rule with factor f fires when burn >= f in both windows:
bad / total >= f x budget. With f x budget = n / d in lowest terms that is bad x d >= total x n, whole numbers only.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.windows import BAD, MEASURED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from slo.estate.spec import Objective, Severity
    from slo.judge.series import Bools, Floats, Ints
    from slo.judge.windows import Counts, Sums

STANDARD_WINDOWS = (5, 30, 60, 120, 360, 1440, 4320)
"""Shown for every objective, whatever its policy: 5m 30m 1h 2h 6h 1d 3d."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when the burn is at least `factor` over `long` and over `short` (minutes)."""

    severity: Severity
    long: int
    short: int
    factor: Fraction


def factor(share: Decimal, window: int, long: int) -> Fraction:
    """Spending `share` of the budget of `window` within `long` is a burn of share x window / long; never below 1.

    Below 1 a rule would fire inside the budget (28 d x 10 % / 3 d = 0.93).
    """
    return max(Fraction(1), Fraction(share) * window / long)


def rules_of(objective: Objective) -> tuple[Rule, ...]:
    """In the order of the policy."""
    return tuple(Rule(r.severity, r.long, r.short, factor(r.share, objective.window, r.long)) for r in objective.policy)


def windows_of(objective: Objective) -> tuple[int, ...]:
    """Every length (minutes) that judging this objective needs, ascending."""
    own = {w for r in objective.policy for w in (r.long, r.short)}
    return tuple(sorted({*STANDARD_WINDOWS, objective.window, *own}))


def budget_of(objective: Objective) -> Fraction:
    return 1 - Fraction(objective.target)


def burn(counts: Counts, budget: Fraction) -> Fraction | None:
    """None when there were no events: 0 / 0 is unknown."""
    return Fraction(counts.bad, counts.total) / budget if counts.total else None


def reaches(bad: int, total: int, threshold: Fraction) -> bool:
    """Bad / total >= threshold; no events never reach anything."""
    return total > 0 and bad * threshold.denominator >= total * threshold.numerator


def fires(rule: Rule, budget: Fraction, long: Counts, short: Counts) -> bool:
    threshold = rule.factor * budget
    return reaches(long.bad, long.total, threshold) and reaches(short.bad, short.total, threshold)


def reach_each(bad: Ints, total: Ints, threshold: Fraction) -> Bools:
    """`reaches` for each pair, against one threshold."""
    return _screened(bad, total, float(threshold), lambda _: threshold)


def _screened(bad: Ints, total: Ints, threshold: Floats | float, exact: Callable[[int], Fraction]) -> Bools:
    """Screened in doubles, decided in whole numbers.

    Rounding errors are below 1e-15 of either side, so only rows that differ by less than 1e-9 of it can be decided
    wrongly, and those are decided again exactly.
    """
    limit = total * threshold
    reached: Bools = np.greater_equal(bad, limit) & np.greater(total, 0)
    for row in np.flatnonzero((np.abs(bad - limit) <= 1e-9 * limit) & (total > 0)):
        reached[row] = reaches(int(bad[row]), int(total[row]), exact(int(row)))
    return reached


@dataclass(frozen=True, slots=True, eq=False)
class RuleTable:
    """Every rule of every objective of a shard as parallel arrays, so that a tick decides all at once.

    `objective[r]` is the position of rule r's objective in the sequence the table was made from.
    """

    rules: tuple[Rule, ...]
    exact: tuple[Fraction, ...]
    objective: Ints
    slot: Ints
    long: Ints
    short: Ints
    threshold: Floats

    @classmethod
    def of(cls, objectives: Sequence[tuple[Objective, int]], lengths: Sequence[int]) -> RuleTable:
        """From (objective, its slot); `lengths` are the windows of the sums the table will read."""
        rows = [(n, slot, o, rule) for n, (o, slot) in enumerate(objectives) for rule in rules_of(o)]
        exact = tuple(rule.factor * budget_of(o) for _, _, o, rule in rows)
        row_of = {length: row for row, length in enumerate(lengths)}
        return cls(
            tuple(rule for _, _, _, rule in rows),
            exact,
            np.array([n for n, _, _, _ in rows], np.int64),
            np.array([slot for _, slot, _, _ in rows], np.int64),
            np.array([row_of[rule.long] for _, _, _, rule in rows], np.int64),
            np.array([row_of[rule.short] for _, _, _, rule in rows], np.int64),
            np.array([float(e) for e in exact], np.float64),
        )

    def firing(self, sums: Sums) -> Bools:
        """Rule by rule, exactly as `fires` decides."""
        return self._reaches(sums, self.long) & self._reaches(sums, self.short)

    def blind(self, sums: Sums) -> Bools:
        """Rules whose short window has no measured minute."""
        unmeasured: Bools = np.equal(sums.counts[self.short, MEASURED, self.slot], 0)
        return unmeasured

    def _reaches(self, sums: Sums, window: Ints) -> Bools:
        bad, total = sums.counts[window, BAD, self.slot], sums.counts[window, TOTAL, self.slot]
        return _screened(bad, total, self.threshold, lambda row: self.exact[row])
