"""Which rules fire at every T of a range: the sums of all its windows at once, decided as `burn` decides one.

From running totals C, where C[m] counts what ends before minute m, the sum over [T - w, T) is C[T] - C[T - w]; of slices that
are wider than a minute those that begin before T - w stay out: C[T] - C[T - w + width - 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import reach_each
from slo.judge.lowtraffic import is_enough
from slo.judge.windows import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from slo.judge.burn import Rule
    from slo.judge.method import Counted
    from slo.judge.series import Bools, Ints
    from slo.units import Minute


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """T = first..last; the running totals at each minute from `origin` to `last`, far enough back for every rule."""

    first: Minute
    last: Minute
    origin: Minute
    width: int
    bad: Ints
    total: Ints
    measured: Ints

    @classmethod
    def of(cls, counted: Counted, rules: Sequence[Rule], first: Minute, last: Minute) -> Replay:
        origin = first - max((rule.hold + max(rule.windows) for rule in rules), default=0)
        every = np.arange(origin, last + 1)
        before = np.searchsorted(counted.last, every)
        bad, total = (np.concatenate(([0], np.cumsum(v)))[before] for v in (counted.bad, counted.total))
        return cls(first, last, origin, counted.width, bad, total, np.searchsorted(counted.minutes, every))

    def firing(self, rule: Rule, budget: Fraction) -> Bools:
        """At each T, only where the rule has burned for the whole of its hold."""
        begin = self.first - rule.hold
        threshold = rule.factor * budget
        burning = np.ones(self.last - begin + 1, bool)
        for window in rule.windows:
            bad, total = (self._sums(totals, window, begin, self.width) for totals in (self.bad, self.total))
            burning &= reach_each(bad, total, threshold, strict=rule.strict)
            if not burning.any():
                break
        if rule.asks_more:
            self._ask(rule, threshold, burning, begin)
        return held(burning, rule.hold) if rule.hold else burning

    def sums(self, window: int) -> tuple[Ints, Ints]:
        """Bad and total over the window, which one of the rules has, at each T."""
        bad, total = (self._sums(totals, window, self.first, self.width) for totals in (self.bad, self.total))
        return bad, total

    def _ask(self, rule: Rule, threshold: Fraction, burning: Bools, begin: Minute) -> None:
        """Where the burn rates say so, whether there is enough to go by."""
        bad, total = (self._sums(totals, rule.long, begin, self.width) for totals in (self.bad, self.total))
        for place in np.flatnonzero(burning):
            burning[place] = is_enough(rule, Counts(int(total[place]), int(bad[place]), 0), threshold)

    def blind(self, rule: Rule) -> Bools:
        """At each T, whether the shortest window of the rule has no measured minute."""
        unmeasured: Bools = np.equal(self._sums(self.measured, rule.shortest, self.first, 1), 0)
        return unmeasured

    def _sums(self, totals: Ints, window: int, begin: Minute, width: int) -> Ints:
        """Of what lies wholly in [T - window, T) for each T in begin..last."""
        start, shorter = begin - self.origin, max(0, window - width + 1)
        return totals[start:] - totals[start - shorter : len(totals) - shorter]


def held(burning: Bools, hold: int) -> Bools:
    """For each but the first `hold` minutes, whether it burns and so did the `hold` minutes before it.

    What begins to burn at T0 has burned for `hold` minutes at T0 + hold: hold + 1 readings on end, none of them calm.
    """
    calm = np.concatenate(([0], np.cumsum(~burning)))
    unbroken: Bools = np.equal(calm[hold + 1 :], calm[: -hold - 1])
    return unbroken
