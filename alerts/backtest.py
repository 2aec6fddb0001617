"""What the policy would have sent: the very step that the service runs, replayed over a file of slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from alerts.breach import Reading, Standing, step
from alerts.document import document
from slo.errors import UsageError
from slo.judge import burn
from slo.judge.evaluate import NOTHING
from slo.judge.replay import Replay
from slo.judge.windows import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from alerts.breach import Breach, Transition
    from slo.estate.spec import Estate, Objective
    from slo.judge.burn import Rule
    from slo.judge.series import Bools, Slices
    from slo.units import Minute

LONGEST_SPAN = 20 * 366 * 1440
"""Minutes; a file whose minutes lie further apart has a wrong year in it."""


def backtest(
    estate: Estate, slices: Mapping[str, Slices], start: Minute | None = None, end: Minute | None = None
) -> list[Breach]:
    """Breaches at T = start..end inclusive (default: one minute after the first slice to one after the last).

    Ordered by fired_at, objective, severity. UsageError when the range is empty or absurdly long.
    """
    found = [
        breach
        for objective in estate.objectives
        for breach in _breaches(estate, objective, slices.get(objective.indicator_id, NOTHING), start, end)
    ]
    return sorted(found, key=lambda b: (b.fired_at, b.objective, b.severity))


def as_document(breaches: list[Breach]) -> dict[str, Any]:
    return {"pages": [document(b) for b in breaches]}


def _breaches(
    estate: Estate, objective: Objective, slices: Slices, start: Minute | None, end: Minute | None
) -> Iterator[Breach]:
    if not objective.policy:
        return
    first = start if start is not None else int(slices.minutes[0]) + 1 if len(slices) else None
    last = end if end is not None else int(slices.minutes[-1]) + 1 if len(slices) else None
    if first is None or last is None or first > last:
        return
    if last - first > LONGEST_SPAN:
        raise UsageError(f"{objective.id}: the minutes span more than 20 years; check the years, or give --from and --to")
    newest: dict[tuple[str, Minute], Breach] = {}
    for change in _replay(_History.of(estate, objective, slices, first, last)):
        newest[change.breach.severity, change.breach.fired_at] = change.breach
    yield from newest.values()


def _replay(history: _History) -> Iterator[Transition]:
    """Every transition in order; minutes at which nothing is open and nothing fires are leapt over."""
    fires = np.flatnonzero(history.firing.any(axis=0))
    standing, column = Standing(), 0
    while column < history.firing.shape[1]:
        if standing.quiet:
            ahead = int(np.searchsorted(fires, column))
            if ahead == len(fires):
                return
            column = int(fires[ahead])
        standing, changes = step(history.objective.id, standing, history.reading(column))
        yield from changes
        column += 1


@dataclass(frozen=True, slots=True, eq=False)
class _History:
    """Which rules fire and which are blind at every T in first..last, as one row of booleans per rule."""

    estate: Estate
    objective: Objective
    slices: Slices
    first: Minute
    rules: tuple[Rule, ...]
    firing: Bools
    blind: Bools

    @classmethod
    def of(cls, estate: Estate, objective: Objective, slices: Slices, first: Minute, last: Minute) -> _History:
        rules, budget = burn.rules_of(objective), burn.budget_of(objective)
        past = Replay.of(slices, rules, first, last)
        firing = [past.firing(r, budget) for r in rules]
        blind = [past.blind(r) for r in rules]
        return cls(estate, objective, slices, first, rules, np.array(firing), np.array(blind))

    def reading(self, column: int) -> Reading:
        at = self.first + column
        firing = tuple(r for r, on in zip(self.rules, self.firing[:, column], strict=True) if on)
        blind = tuple(r for r, on in zip(self.rules, self.blind[:, column], strict=True) if on)
        window = count(self.slices, at - self.objective.window, at)
        spent = burn.burn(window, burn.budget_of(self.objective))
        return Reading(at, firing, blind, spent, self.estate.muted(self.objective, at))
