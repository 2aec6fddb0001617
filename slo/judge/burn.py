"""Burn rates and the rules on them, decided on exact integers.

burn(w) = (bad / total) / budget with budget = 1 - target. A rule with factor f fires when burn >= f in both windows:
bad / total >= f x budget. With f x budget = n / d in lowest terms that is bad x d >= total x n, whole numbers only.
A strict rule fires when burn > f; a rule without a short window goes by the long one alone.
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

    from slo.estate.spec import Objective, RuleSpec, Severity
    from slo.judge.series import Bools, Floats, Ints
    from slo.judge.windows import Counts, Sums

STANDARD_WINDOWS = (5, 30, 60, 120, 360, 1440, 4320)
"""Shown for every objective, whatever its policy: 5m 30m 1h 2h 6h 1d 3d."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires when the burn is at least `factor` (above it, where `strict`) in each of its windows (minutes).

    With a `hold` it counts as firing once it has burned so for that many minutes on end: see `replay`.
    """

    severity: Severity
    long: int
    short: int | None
    factor: Fraction
    strict: bool = False
    hold: int = 0
    label: str | None = None

    @property
    def windows(self) -> tuple[int, ...]:
        return (self.long,) if self.short is None else (self.long, self.short)

    @property
    def shortest(self) -> int:
        """The window that ends a breach, and whose missing minutes make the rule blind."""
        return self.windows[-1]


def factor(share: Decimal, window: int, long: int) -> Fraction:
    """Spending `share` of the budget of `window` within `long` is a burn of share x window / long; never below 1.

    Below 1 a rule would fire inside the budget (28 d x 10 % / 3 d = 0.93).
    """
    return max(Fraction(1), Fraction(share) * window / long)


def rules_of(objective: Objective) -> tuple[Rule, ...]:
    """In the order of the policy."""
    return tuple(_rule(spec, objective.window) for spec in objective.policy)


def _rule(spec: RuleSpec, window: int) -> Rule:
    if spec.factor is not None:
        reached = Fraction(spec.factor)
    else:
        assert spec.share is not None, "a rule has a factor, or the share that gives one"
        reached = factor(spec.share, window, spec.long)
    return Rule(spec.severity, spec.long, spec.short, reached, spec.strict, spec.hold, spec.label)


def windows_of(objective: Objective) -> tuple[int, ...]:
    """Every length (minutes) that judging this objective needs, ascending."""
    own = {w for r in objective.policy for w in r.windows}
    return tuple(sorted({*STANDARD_WINDOWS, objective.window, *own}))


def budget_of(objective: Objective) -> Fraction:
    return 1 - Fraction(objective.target)


def burn(counts: Counts, budget: Fraction) -> Fraction | None:
    """None when there were no events: 0 / 0 is unknown."""
    return Fraction(counts.bad, counts.total) / budget if counts.total else None


def reaches(bad: int, total: int, threshold: Fraction, *, strict: bool = False) -> bool:
    """Bad / total >= threshold, or > where strict; no events never reach anything."""
    ours, theirs = bad * threshold.denominator, total * threshold.numerator
    return total > 0 and (ours > theirs if strict else ours >= theirs)


def fires(rule: Rule, budget: Fraction, long: Counts, short: Counts) -> bool:
    """`short` is over `rule.shortest`; how long it has burned so is not asked."""
    threshold = rule.factor * budget
    return all(reaches(counts.bad, counts.total, threshold, strict=rule.strict) for counts in (long, short))


def reach_each(bad: Ints, total: Ints, threshold: Fraction, *, strict: bool = False) -> Bools:
    """`reaches` for each pair, against one threshold."""
    return _screened(bad, total, float(threshold), lambda _: (threshold, strict))


def _screened(bad: Ints, total: Ints, threshold: Floats | float, exact: Callable[[int], tuple[Fraction, bool]]) -> Bools:
    """Screened in doubles, decided in whole numbers; `exact` gives a row's threshold and whether it is strict.

    Rounding errors are below 1e-15 of either side, so only rows that differ by less than 1e-9 of it can be decided
    wrongly, and those are decided again exactly.
    """
    limit = total * threshold
    reached: Bools = np.greater_equal(bad, limit) & np.greater(total, 0)
    for row in np.flatnonzero((np.abs(bad - limit) <= 1e-9 * limit) & (total > 0)):
        against, strict = exact(int(row))
        reached[row] = reaches(int(bad[row]), int(total[row]), against, strict=strict)
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
        assert not any(rule.hold for _, _, _, rule in rows), "no objective with such a rule is measured: replay knows them"
        exact = tuple(rule.factor * budget_of(o) for _, _, o, rule in rows)
        row_of = {length: row for row, length in enumerate(lengths)}
        return cls(
            tuple(rule for _, _, _, rule in rows),
            exact,
            np.array([n for n, _, _, _ in rows], np.int64),
            np.array([slot for _, slot, _, _ in rows], np.int64),
            np.array([row_of[rule.long] for _, _, _, rule in rows], np.int64),
            np.array([row_of[rule.shortest] for _, _, _, rule in rows], np.int64),
            np.array([float(e) for e in exact], np.float64),
        )

    def firing(self, sums: Sums) -> Bools:
        """Rule by rule, exactly as `fires` decides. Without a short window the long one is asked twice."""
        return self._reaches(sums, self.long) & self._reaches(sums, self.short)

    def blind(self, sums: Sums) -> Bools:
        """Rules whose short window has no measured minute."""
        unmeasured: Bools = np.equal(sums.counts[self.short, MEASURED, self.slot], 0)
        return unmeasured

    def _reaches(self, sums: Sums, window: Ints) -> Bools:
        bad, total = sums.counts[window, BAD, self.slot], sums.counts[window, TOTAL, self.slot]
        return _screened(bad, total, self.threshold, lambda row: (self.exact[row], self.rules[row].strict))
