"""Policies tried on the same slices, side by side, and what their demands for enough traffic change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from alerts.backtest import Terms, play
from alerts.score import score, told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction

    from alerts.backtest import Played
    from alerts.breach import Breach
    from alerts.incidents import Incident
    from alerts.score import Score
    from slo.estate.spec import Estate, RuleSpec
    from slo.judge.series import Slices

DECLARED = "as declared"
"""The trial of every objective on its own policy; no policy can have this name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`pages` and `tickets` are those that were told; `score` is None where nobody said what really happened."""

    name: str
    terms: Terms
    played: tuple[Played, ...]
    pages: tuple[Breach, ...]
    tickets: tuple[Breach, ...]
    score: Score | None

    @property
    def asks_more(self) -> bool:
        """Than burn rates, in any rule."""
        return any(
            rule.min_bad or rule.min_total or rule.confidence is not None
            for one in self.played
            for rule in one.objective.policy
        )

    @property
    def spent_first(self) -> Fraction | None:
        """The share of its objective's budget that was spent when the first page fired; None without a page."""
        return self.pages[0].spent if self.pages else None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a policy's demands for enough traffic change: the same trial `without` them.

    `avoided` are pages of that one during which no page of the same objective was open with them; `lost` are incidents that
    only that one detected, None where nobody said what really happened.
    """

    trial: Trial
    without: Trial
    avoided: tuple[Breach, ...]
    lost: tuple[Incident, ...] | None


def attempt(
    name: str, estate: Estate, slices: Mapping[str, Slices], terms: Terms, incidents: Sequence[Incident] | None = None
) -> Trial:
    played = tuple(play(estate, slices, terms))
    held = None if incidents is None else score(played, incidents)
    return Trial(name, terms, played, told(played, "page"), told(played, "ticket"), held)


def compare(
    estate: Estate,
    slices: Mapping[str, Slices],
    terms: Terms,
    policies: Mapping[str, tuple[RuleSpec, ...]],
    incidents: Sequence[Incident] | None = None,
) -> list[Trial]:
    """Each policy instead of the own ones of all objectives, in the order given."""
    return [attempt(name, estate, slices, replace(terms, policy=policy), incidents) for name, policy in policies.items()]


def effect(
    trial: Trial, estate: Estate, slices: Mapping[str, Slices], incidents: Sequence[Incident] | None = None
) -> Effect | None:
    """None where no rule asks for more than burn rates."""
    if not trial.asks_more:
        return None
    without = attempt(trial.name, estate, slices, replace(trial.terms, asking=False), incidents)
    avoided = tuple(page for page in without.pages if not any(_meet(page, other) for other in trial.pages))
    return Effect(trial, without, avoided, _lost(trial, without))


def _meet(one: Breach, other: Breach) -> bool:
    """Both were open at once."""
    ends = [(a, b) for a, b in ((one, other), (other, one)) if a.resolved_at is not None and b.fired_at >= a.resolved_at]
    return one.objective == other.objective and not ends


def _lost(trial: Trial, without: Trial) -> tuple[Incident, ...] | None:
    if trial.score is None or without.score is None:
        return None
    pairs = zip(trial.score.findings, without.score.findings, strict=True)
    return tuple(kept.incident for kept, bare in pairs if bare.outcome == "detected" and kept.outcome == "missed")
