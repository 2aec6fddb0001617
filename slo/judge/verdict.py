"""The one judgement of an objective at a moment. Pages, API, alarms and reports render it; none computes it again."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from slo.judge import burn, forecast
from slo.judge.period import start, window_of
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from slo.estate.spec import Budgeting, Objective, Part, Severity
    from slo.judge.burn import Rule
    from slo.judge.composite import PartState
    from slo.judge.forecast import Forecasts
    from slo.judge.period import Window
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
    metric_missing: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`windows` holds the sums of every window that was judged, `burns` their burn rates; times are epoch seconds or minutes.

    `parts` are those of a composite, with what each was in the newest minute before T.
    """

    objective: Objective
    at: Minute
    windows: Mapping[Window, Counts]
    burns: Mapping[Window, Fraction | None]
    firing: tuple[Rule, ...]
    blind: tuple[Rule, ...]
    remaining: Fraction | None
    exhausts_at: int | None
    corrected: Counts | None
    state: State
    reasons: tuple[Reason, ...]
    first_slice: Minute | None
    data_version: int = 0
    parts: tuple[tuple[Part, PartState], ...] = ()

    @property
    def counts(self) -> Counts:
        """Over the objective's own window."""
        return self.windows[window_of(self.objective)]

    @property
    def begin(self) -> Minute:
        """Of the objective's own window."""
        return start(window_of(self.objective), self.at)

    @property
    def allowance(self) -> Fraction:
        """How many of the events of the window may be bad: the whole budget."""
        return burn.allowance(self.objective, self.counts)

    @property
    def sli(self) -> Fraction | None:
        return Fraction(self.counts.good, self.counts.total) if self.counts.total else None

    @property
    def coverage(self) -> Fraction:
        """Of the window's minutes before T, those that were measured."""
        return Fraction(self.counts.measured, self.at - self.begin)

    @property
    def forecasts(self) -> Forecasts:
        """When the budget will be gone, with intervals; `exhausts_at` is the current one."""
        return forecast.forecasts(self.objective, self.at, self.windows)

    @property
    def spent(self) -> Fraction | None:
        """Share of the budget spent: 1 - remaining."""
        return None if self.remaining is None else 1 - self.remaining


def judge(
    objective: Objective,
    at: Minute,
    windows: Mapping[Window, Counts],
    first_slice: Minute | None,
    *,
    circumstances: Circumstances | None = None,
    corrected: Counts | None = None,
    waiting: Collection[Rule] = (),
    data_version: int = 0,
    parts: tuple[tuple[Part, PartState], ...] = (),
) -> Verdict:
    """From sums alone: the same slices give the same verdict, whatever order they came in.

    `windows` must hold every length of `burn.windows_of(objective)`; `first_slice` is the first measured minute before T;
    `waiting` rules have not burned for as long as their hold asks, which sums at T alone cannot tell.
    """
    rules = burn.rules_of(objective)
    burns = {window: burn.burn(objective, counts) for window, counts in windows.items()}
    reached = (r for r in rules if burn.fires(r, objective, windows[r.long], windows[r.shortest]))
    firing = tuple(r for r in reached if r not in waiting)
    blind = tuple(r for r in rules if windows[r.shortest].measured == 0)
    own = burns[window_of(objective)]
    remaining = None if own is None else 1 - own
    exhausts_at = forecast.exhausted_at(at, objective.window, remaining, burns[forecast.HOUR])
    unforetold = None if exhausts_at is not None else forecast.unknown(remaining, burns[forecast.HOUR], "1h")
    unknown = tuple(length for length in burn.burn_windows(objective) if burns[length] is None)
    facts = _Facts(objective, at, windows[window_of(objective)], firing, blind, remaining, first_slice, unknown, unforetold)
    state = _state(facts, circumstances or Circumstances())
    reasons = _reasons(facts, circumstances or Circumstances())
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
        parts,
    )


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
    unforetold: str | None
    """Why there is no forecast."""

    def burning(self, severity: Severity, circumstances: Circumstances) -> bool:
        return severity in circumstances.open_breaches or any(r.severity == severity for r in self.firing)

    @property
    def begin(self) -> Minute:
        return start(window_of(self.objective), self.at)

    @property
    def short_history(self) -> bool:
        return self.first_slice is None or self.first_slice > self.begin

    @property
    def missing(self) -> int:
        """Minutes of the window that were not measured, since the first one that ever was."""
        return 0 if self.first_slice is None else self.at - max(self.first_slice, self.begin) - self.counts.measured


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


def _reasons(facts: _Facts, known: Circumstances) -> tuple[Reason, ...]:
    return (*_reasons_of_rules(facts, known), *_reasons_of_service(known), *_reasons_of_data(facts))


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
    if known.metric_missing is not None:
        yield Reason("metric_missing", known.metric_missing)


def _reasons_of_data(facts: _Facts) -> Iterator[Reason]:
    window = facts.objective.window_text
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
        yield Reason(
            "insufficient_history", f"the first slice is younger than {window}, which begins {format_minute(facts.begin)}"
        )
    if facts.missing and facts.objective.budgeting.no_data is not None:
        yield _reason_of_filled(facts.objective.budgeting, facts.missing)
    if facts.unknown and facts.counts.total:
        yield Reason("unknown_burn", f"no events in {', '.join(map(format_duration, facts.unknown))}: the burn is unknown")
    if facts.unforetold is not None:
        yield Reason("no_forecast", facts.unforetold)


def _reason_of_filled(budgeting: Budgeting, missing: int) -> Reason:
    """Of wider slices the minutes do not tell how many are missing."""
    told = "as the slice before them" if budgeting.no_data == "hold" else f"as {budgeting.no_data}"
    width = budgeting.slice_window
    if width == 1:
        return Reason(f"no_data_{budgeting.no_data}", f"{missing} missing slices count {told}")
    text = f"missing slices of {format_duration(width)} count {told}; {missing} minutes were not measured"
    return Reason(f"no_data_{budgeting.no_data}", text)
