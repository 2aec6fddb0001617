"""Which rules fire at every T of a range: the sums of all its windows at once, decided as `burn` decides one.

From running totals C, where C[m] counts what lies before minute m, the sum over T - w <= minute < T is C[T] - C[T - w].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import reach_each

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from slo.judge.burn import Rule
    from slo.judge.series import Bools, Ints, Slices
    from slo.units import Minute


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """T = first..last; the running totals at each minute from `origin` to `last`, far enough back for every rule."""

    first: Minute
    last: Minute
    origin: Minute
    bad: Ints
    total: Ints
    measured: Ints

    @classmethod
    def of(cls, slices: Slices, rules: Sequence[Rule], first: Minute, last: Minute) -> Replay:
        origin = first - max((rule.hold + max(rule.windows) for rule in rules), default=0)
        before = np.searchsorted(slices.minutes, np.arange(origin, last + 1))
        bad, total = (np.concatenate(([0], np.cumsum(v)))[before] for v in (slices.bad, slices.total))
        return cls(first, last, origin, bad, total, before)

    def firing(self, rule: Rule, budget: Fraction) -> Bools:
        """At each T, only where the rule has burned for the whole of its hold."""
        begin = self.first - rule.hold
        burning = np.ones(self.last - begin + 1, bool)
        for window in rule.windows:
            bad, total = self._sums(self.bad, window, begin), self._sums(self.total, window, begin)
            burning &= reach_each(bad, total, rule.factor * budget, strict=rule.strict)
            if not burning.any():
                break
        return held(burning, rule.hold) if rule.hold else burning

    def blind(self, rule: Rule) -> Bools:
        """At each T, whether the shortest window of the rule has no measured minute."""
        unmeasured: Bools = np.equal(self._sums(self.measured, rule.shortest, self.first), 0)
        return unmeasured

    def _sums(self, totals: Ints, window: int, begin: Minute) -> Ints:
        """Over [T - window, T) for each T in begin..last."""
        start = begin - self.origin
        return totals[start:] - totals[start - window : len(totals) - window]


def held(burning: Bools, hold: int) -> Bools:
    """For each but the first `hold` minutes, whether it burns and so did the `hold` minutes before it.

    What begins to burn at T0 has burned for `hold` minutes at T0 + hold: hold + 1 readings on end, none of them calm.
    """
    calm = np.concatenate(([0], np.cumsum(~burning)))
    unbroken: Bools = np.equal(calm[hold + 1 :], calm[: -hold - 1])
    return unbroken
