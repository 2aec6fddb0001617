"""Burn rates and the rules on them, decided on exact integers.

burn(w) = (bad / total) / budget with budget = 1 - target. A rule with factor f fires when burn >= f in both windows:
bad / total >= f x budget. With f x budget = n / d in lowest terms that is bad x d >= total x n, whole numbers only.
A strict rule fires when burn > f; a rule without a short window goes by the long one alone.

Where the target was edited, the budget is that of each minute's own target: with the allowance = sum of total x (1 - target
then in force), burn = bad / allowance, and a rule fires when bad >= f x allowance.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.lowtraffic import is_enough
from slo.judge.period import window_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from slo.estate.spec import Objective, RuleSpec, Severity
    from slo.judge.period import Window
    from slo.judge.series import Bools, Floats, Ints
    from slo.judge.windows import Counts

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
    min_bad: int = 0
    min_total: int = 0
    confidence: Decimal | None = None

    @property
    def asks_more(self) -> bool:
        """Than burn rates: see `lowtraffic`."""
        return bool(self.min_bad or self.min_total) or self.confidence is not None

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


@lru_cache(maxsize=1024)
def _rule(spec: RuleSpec, window: int) -> Rule:
    """Objectives share policies: each of a policy's rules is worked out once."""
    if spec.factor is not None:
        reached = Fraction(spec.factor)
    else:
        assert spec.share is not None, "a rule has a factor, or the share that gives one"
        reached = factor(spec.share, window, spec.long)
    return Rule(
        spec.severity,
        spec.long,
        spec.short,
        reached,
        spec.strict,
        spec.hold,
        spec.label,
        spec.min_bad,
        spec.min_total,
        spec.confidence,
    )


def burn_windows(objective: Objective) -> tuple[int, ...]:
    """Lengths (minutes) of the standard windows and the policy's own, ascending."""
    return tuple(sorted({*STANDARD_WINDOWS, *(w for r in objective.policy for w in r.windows)}))


def windows_of(objective: Objective) -> tuple[Window, ...]:
    """Every window that judging this objective needs: lengths ascending, a calendar last."""
    own, lengths = window_of(objective), burn_windows(objective)
    return tuple(sorted({*lengths, own})) if isinstance(own, int) else (*lengths, own)


def budget_of(objective: Objective) -> Fraction:
    return _budget(objective.target)


@lru_cache(maxsize=1024)
def _budget(target: Decimal) -> Fraction:
    """Objectives share targets, and the budget is asked for several times a verdict."""
    return 1 - Fraction(target)


def allowance(objective: Objective, counts: Counts) -> Fraction:
    """How many of these events may be bad: of each that came under an earlier target, as that one says."""
    if not counts.earlier:
        return budget_of(objective) * counts.total
    now = budget_of(objective) * (counts.total - sum(counts.earlier))
    return now + sum(n * (1 - Fraction(era.target)) for era, n in zip(objective.earlier, counts.earlier, strict=False))


def burn(objective: Objective, counts: Counts) -> Fraction | None:
    """None when there were no events: 0 / 0 is unknown."""
    return counts.bad / allowance(objective, counts) if counts.total else None


def reaches(bad: int, total: int, threshold: Fraction, *, strict: bool = False) -> bool:
    """Bad / total >= threshold, or > where strict; no events never reach anything."""
    ours, theirs = bad * threshold.denominator, total * threshold.numerator
    return total > 0 and (ours > theirs if strict else ours >= theirs)


def fires(rule: Rule, objective: Objective, long: Counts, short: Counts) -> bool:
    """`short` is over `rule.shortest`; how long it has burned so is not asked."""
    return all(_reaches(rule, objective, counts) for counts in (long, short)) and is_enough(
        rule, long, rule.factor * allowance(objective, long) / long.total
    )


def _reaches(rule: Rule, objective: Objective, counts: Counts) -> bool:
    if not counts.total:
        return False
    most = rule.factor * allowance(objective, counts)
    return counts.bad > most if rule.strict else counts.bad >= most


def reach_each(bad: Ints, total: Ints, threshold: Fraction, *, strict: bool = False) -> Bools:
    """`reaches` for each pair, against one threshold."""
    return screened(bad, total, float(threshold), lambda _: (threshold, strict))


def screened(bad: Ints, total: Ints, threshold: Floats | float, exact: Callable[[int], tuple[Fraction, bool]]) -> Bools:
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
