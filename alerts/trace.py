"""How the page rules of an objective burned over time: what is drawn, so rounded and thinned, and nothing is decided on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from slo.judge.burn import budget_of, rules_of
from slo.judge.evaluate import slices_of
from slo.judge.method import Counted
from slo.judge.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.backtest import Played
    from slo.judge.burn import Rule
    from slo.judge.series import Floats, Slices
    from slo.units import Minute


@dataclass(frozen=True, slots=True)
class Trace:
    """`burns[n]` is the highest burn at the T from first + n x step on, below first + (n + 1) x step; None where it is unknown.

    The burn of a rule is the lowest of its windows': it fires where that reaches the factor.
    """

    rule: Rule
    first: Minute
    step: int
    burns: tuple[float | None, ...]

    @property
    def highest(self) -> float:
        return max((burn for burn in self.burns if burn is not None), default=0.0)


def traces(played: Played, slices: Mapping[str, Slices], most: int) -> list[Trace]:
    """Of each page rule, in the order of the policy; at most `most` points each."""
    rules = [rule for rule in rules_of(played.objective) if rule.severity == "page"]
    counted = Counted.of(slices_of(played.objective, slices), played.objective.budgeting, played.last)
    past = Replay.of(counted, rules, played.first, played.last)
    step = -(-(played.last - played.first + 1) // most)
    budget = float(budget_of(played.objective))
    return [Trace(rule, played.first, step, _thinned(_lowest(past, rule) / budget, step)) for rule in rules]


def _lowest(past: Replay, rule: Rule) -> Floats:
    """The lowest error ratio of the rule's windows at each T; NaN where one of them had no events."""
    ratios = []
    for window in rule.windows:
        bad, total = past.sums(window)
        ratios.append(np.divide(bad, total, out=np.full(len(bad), np.nan), where=total > 0))
    lowest: Floats = np.minimum.reduce(ratios)
    return lowest


def _thinned(burns: Floats, step: int) -> tuple[float | None, ...]:
    padded = np.concatenate((burns, np.full(-len(burns) % step, np.nan))).reshape(-1, step)
    return tuple(None if np.isnan(burn) else float(burn) for burn in np.fmax.reduce(padded, axis=1))
