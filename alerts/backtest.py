"""What the policy would have sent: the very step that the service runs, replayed over a file of slices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from alerts.breach import QUIET_MINUTES, Reading, Standing, step
from alerts.document import document
from slo.errors import UsageError
from slo.judge import burn
from slo.judge.evaluate import slices_of
from slo.judge.method import Counted
from slo.judge.period import window_of
from slo.judge.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alerts.breach import Breach
    from slo.estate.spec import Estate, Objective, RuleSpec, Severity
    from slo.judge.burn import Rule
    from slo.judge.series import Bools, Ints, Slices
    from slo.units import Minute

LONGEST_SPAN = 20 * 366 * 1440
"""Minutes; a file whose minutes lie further apart has a wrong year in it."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is replayed: T = start..end inclusive (None: one minute after the first slice, and after the last), and how.

    `policy` stands instead of every objective's own; without `asking` no rule asks for more than burn rates.
    """

    start: Minute | None = None
    end: Minute | None = None
    quiet_minutes: int = QUIET_MINUTES
    flap_transitions: int = 0
    policy: tuple[RuleSpec, ...] | None = None
    asking: bool = True


@dataclass(frozen=True, slots=True)
class Played:
    """One objective, as it was replayed, at T = first..last, and its breaches by fired_at, then severity."""

    objective: Objective
    first: Minute
    last: Minute
    breaches: tuple[Breach, ...]


def backtest(
    estate: Estate, slices: Mapping[str, Slices], start: Minute | None = None, end: Minute | None = None
) -> list[Breach]:
    """Breaches at T = start..end inclusive, ordered by fired_at, objective, severity. UsageError for an absurdly long range."""
    return in_order(play(estate, slices, Terms(start, end)))


def in_order(played: Iterable[Played]) -> list[Breach]:
    return sorted((b for one in played for b in one.breaches), key=lambda b: (b.fired_at, b.objective, b.severity))


def play(estate: Estate, slices: Mapping[str, Slices], terms: Terms) -> list[Played]:
    """In the order of the estate: every objective that has rules and a minute to judge."""
    found = (_played(estate, _on(objective, terms), slices_of(objective, slices), terms) for objective in estate.objectives)
    return [one for one in found if one is not None]


def as_document(breaches: list[Breach]) -> dict[str, Any]:
    return {"pages": [document(b) for b in breaches]}


def _on(objective: Objective, terms: Terms) -> Objective:
    policy = objective.policy if terms.policy is None else terms.policy
    if not terms.asking:
        policy = tuple(replace(rule, min_bad=0, min_total=0, confidence=None) for rule in policy)
    return replace(objective, policy=policy)


def _played(estate: Estate, objective: Objective, slices: Slices, terms: Terms) -> Played | None:
    first = terms.start if terms.start is not None else int(slices.minutes[0]) + 1 if len(slices) else None
    last = terms.end if terms.end is not None else int(slices.minutes[-1]) + 1 if len(slices) else None
    if not objective.policy or first is None or last is None or first > last:
        return None
    if last - first > LONGEST_SPAN:
        raise UsageError(f"{objective.id}: the minutes span more than 20 years; check the years, or give --from and --to")
    return Played(objective, first, last, _replay(_History.of(estate, objective, slices, first, last), terms))


def _replay(history: _History, terms: Terms) -> tuple[Breach, ...]:
    """As they are after the last T. From a step that changed nothing it leaps to the next minute that reads differently."""
    edges, width = history.edges(), history.firing.shape[1]
    standing, column = Standing(), 0
    newest: dict[tuple[Minute, Severity], Breach] = {}
    while column < width:
        before = standing
        standing, changes = step(
            history.objective.id,
            before,
            history.reading(column),
            quiet_minutes=terms.quiet_minutes,
            flap_transitions=terms.flap_transitions,
        )
        newest |= {(c.breach.fired_at, c.breach.severity): c.breach for c in changes}
        if changes or standing != before:
            column += 1
        else:
            ahead = int(np.searchsorted(edges, column, side="right"))
            column = int(edges[ahead]) if ahead < len(edges) else width
    # Of what is still open the count of quiet minutes may have moved since its last transition, and the mark of flapping.
    newest |= {(b.fired_at, b.severity): b for b in standing.open}
    return tuple(newest[key] for key in sorted(newest))


@dataclass(frozen=True, slots=True, eq=False)
class _History:
    """Which rules fire and which are blind at every T in first..last, as one row of booleans per rule."""

    estate: Estate
    objective: Objective
    counted: Counted
    first: Minute
    rules: tuple[Rule, ...]
    firing: Bools
    blind: Bools

    @classmethod
    def of(cls, estate: Estate, objective: Objective, slices: Slices, first: Minute, last: Minute) -> _History:
        rules, budget = burn.rules_of(objective), burn.budget_of(objective)
        counted = Counted.of(slices, objective.budgeting, last)
        past = Replay.of(counted, rules, first, last)
        firing = [past.firing(r, budget) for r in rules]
        blind = [past.blind(r) for r in rules]
        return cls(estate, objective, counted, first, rules, np.array(firing), np.array(blind))

    def reading(self, column: int) -> Reading:
        at = self.first + column
        firing = tuple(r for r, on in zip(self.rules, self.firing[:, column], strict=True) if on)
        blind = tuple(r for r, on in zip(self.rules, self.blind[:, column], strict=True) if on)
        # Asked for only where a breach may open: the sums of the window cost more than all the rest of a step.
        spent = burn.burn(self.objective, self.counted.count(window_of(self.objective), at)) if firing else None
        return Reading(at, firing, blind, spent, self.estate.muted(self.objective, at))

    def edges(self) -> Ints:
        """Columns, ascending, that read otherwise than the one before: other rules fire or are blind, a mute begins or ends."""
        read = np.concatenate((self.firing, self.blind))
        turns = np.flatnonzero((read[:, 1:] != read[:, :-1]).any(axis=0)) + 1
        mutes = [edge - self.first for e in self.estate.exclusions_of(self.objective, "mute") for edge in (e.start, e.end)]
        return np.unique(np.concatenate((turns, np.array(mutes, np.int64))))
