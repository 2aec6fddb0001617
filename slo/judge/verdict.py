"""The one judgement of an objective at a moment. Pages, API, alarms and reports render it; none computes it again."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from slo.judge import burn
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from slo.estate.spec import Objective, Severity
    from slo.judge.burn import Rule
    from slo.judge.windows import Counts
    from slo.units import Minute

State = Literal[
    "config_error",
    "burning_fast",
    "exhausted",
    "source_error",
    "stale",
    "burning_slow",
    "no_data",
    "warning",
    "insufficient_history",
    "ok",
]
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]  # in order of precedence
LOW_BUDGET = Fraction(1, 4)
FURTHEST_FORECAST = 10 * 365 * 86400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a state holds or a number is unknown: a stable code and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the service knows beside the slices; `evaluate` knows none of it."""

    open_breaches: frozenset[Severity] = frozenset()
    config_error: str | None = None
    source_error: str | None = None
    stale_since: Minute | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`windows` holds the sums of every window that was judged, by length in minutes; times are epoch seconds or minutes."""

    objective: Objective
    at: Minute
    windows: Mapping[int, Counts]
    burns: Mapping[int, Fraction | None]
    firing: tuple[Rule, ...]
    blind: tuple[Rule, ...]
    remaining: Fraction | None
    exhausts_at: int | None
    corrected: Counts | None
    state: State
    reasons: tuple[Reason, ...]
    first_slice: Minute | None
    data_version: int = 0

    @property
    def counts(self) -> Counts:
        """Over the objective's own window."""
        return self.windows[self.objective.window]

    @property
    def budget(self) -> Fraction:
        return burn.budget_of(self.objective)

    @property
    def sli(self) -> Fraction | None:
        return Fraction(self.counts.good, self.counts.total) if self.counts.total else None

    @property
    def coverage(self) -> Fraction:
        return Fraction(self.counts.measured, self.objective.window)

    @property
    def spent(self) -> Fraction | None:
        """Share of the budget spent: 1 - remaining."""
        return None if self.remaining is None else 1 - self.remaining


def judge(
    objective: Objective,
    at: Minute,
    windows: Mapping[int, Counts],
    first_slice: Minute | None,
    *,
    circumstances: Circumstances | None = None,
    corrected: Counts | None = None,
    waiting: Collection[Rule] = (),
    data_version: int = 0,
) -> Verdict:
    """From sums alone: the same slices give the same verdict, whatever order they came in.

    `windows` must hold every length of `burn.windows_of(objective)`; `first_slice` is the first measured minute before T;
    `waiting` rules have not burned for as long as their hold asks, which sums at T alone cannot tell.
    """
    budget = burn.budget_of(objective)
    rules = burn.rules_of(objective)
    burns = {length: burn.burn(counts, budget) for length, counts in windows.items()}
    reached = (r for r in rules if burn.fires(r, budget, windows[r.long], windows[r.shortest]))
    firing = tuple(r for r in reached if r not in waiting)
    blind = tuple(r for r in rules if windows[r.shortest].measured == 0)
    own = burns[objective.window]
    remaining = None if own is None else 1 - own
    exhausts_at = _exhausts_at(at, objective.window, remaining, burns[60])
    unknown = tuple(sorted(length for length, rate in burns.items() if rate is None))
    facts = _Facts(objective, at, windows[objective.window], firing, blind, remaining, first_slice, unknown)
    state = _state(facts, circumstances or Circumstances())
    reasons = _reasons(facts, circumstances or Circumstances(), exhausts_at)
    return Verdict(
        objective,
        at,
        windows,
        burns,
        firing,
        blind,
        remaining,
        exhausts_at,
        corrected,
        state,
        reasons,
        first_slice,
        data_version,
    )


def _exhausts_at(at: Minute, window: int, remaining: Fraction | None, hourly: Fraction | None) -> int | None:
    """A full budget at burn b lasts window / b; what remains lasts remaining x window / b. In epoch seconds."""
    if remaining is None or remaining <= 0 or not hourly:
        return None
    ahead = remaining * window * 60 / hourly
    return at * 60 + int(ahead) if ahead <= FURTHEST_FORECAST else None


@dataclass(frozen=True, slots=True)
class _Facts:
    objective: Objective
    at: Minute
    counts: Counts
    firing: tuple[Rule, ...]
    blind: tuple[Rule, ...]
    remaining: Fraction | None
    first_slice: Minute | None
    unknown: tuple[int, ...]
    """Windows without a burn, in minutes."""

    def burning(self, severity: Severity, circumstances: Circumstances) -> bool:
        return severity in circumstances.open_breaches or any(r.severity == severity for r in self.firing)

    @property
    def short_history(self) -> bool:
        return self.first_slice is None or self.first_slice > self.at - self.objective.window


def _state(facts: _Facts, known: Circumstances) -> State:
    holds: dict[State, bool] = {
        "config_error": known.config_error is not None,
        "burning_fast": facts.burning("page", known),
        "exhausted": facts.remaining is not None and facts.remaining <= 0,
        "source_error": known.source_error is not None,
        "stale": known.stale_since is not None,
        "burning_slow": facts.burning("ticket", known),
        "no_data": facts.counts.measured == 0,
        "warning": facts.remaining is not None and 0 < facts.remaining < LOW_BUDGET,
        "insufficient_history": facts.short_history,
        "ok": True,
    }
    return next(state for state in STATES if holds[state])


def _reasons(facts: _Facts, known: Circumstances, exhausts_at: int | None) -> tuple[Reason, ...]:
    return (*_reasons_of_rules(facts, known), *_reasons_of_service(known), *_reasons_of_data(facts, exhausts_at))


def _reasons_of_rules(facts: _Facts, known: Circumstances) -> Iterator[Reason]:
    for r in facts.firing:
        pair = "/".join(map(format_duration, r.windows))
        label = f" ({r.label})" if r.label else ""
        yield Reason("rule_fires", f"{r.severity}{label} rule {pair} fires at factor {float(r.factor):g}")
    for severity in sorted(known.open_breaches):
        if not any(r.severity == severity for r in facts.firing):
            yield Reason("breach_open", f"a {severity} breach is open and not yet quiet long enough to resolve")
    if any(r.severity in known.open_breaches for r in facts.blind):
        yield Reason("held_no_data", "an open breach cannot resolve while nothing is measured")


def _reasons_of_service(known: Circumstances) -> Iterator[Reason]:
    if known.config_error is not None:
        yield Reason("config_error", known.config_error)
    if known.source_error is not None:
        yield Reason("source_error", known.source_error)
    if known.stale_since is not None:
        yield Reason("stale", f"nothing was measured since {format_minute(known.stale_since)}")


def _reasons_of_data(facts: _Facts, exhausts_at: int | None) -> Iterator[Reason]:
    window = format_duration(facts.objective.window)
    if facts.counts.measured == 0:
        yield Reason("no_data", f"nothing was measured in {window}")
    elif facts.counts.total == 0:
        yield Reason("idle", f"measured, but no events in {window}: the ratio is unknown")
    if facts.remaining is not None and facts.remaining < LOW_BUDGET:
        spent = facts.remaining <= 0
        yield Reason(
            "exhausted" if spent else "warning",
            f"the budget of {window} is spent" if spent else "less than a quarter of the budget is left",
        )
    if facts.counts.measured and facts.short_history:
        yield Reason("insufficient_history", f"the first slice is younger than {window}")
    if facts.unknown and facts.counts.total:
        yield Reason("unknown_burn", f"no events in {', '.join(map(format_duration, facts.unknown))}: the burn is unknown")
    if exhausts_at is None:
        yield Reason("no_forecast", "nothing burned in 1h, nothing remains, or it would last over 10 years")
