"""Verdicts in words and rows: what the templates print. Everything here is read off a verdict, nothing is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import methods, numbers, spans
from app.web.badges import Badge, badge_of, rank, severity_badge
from app.web.maintenance import flag
from slo.judge.method import RATIO_UNIT
from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from fractions import Fraction

    from app.ports import BreachRow
    from app.snapshot import Snapshot
    from slo.estate.spec import Objective
    from slo.judge.verdict import Verdict

NOW, HOUR = 5, 60
UNTRUSTED = ("config_error", "source_error", "stale", "no_data")
_SPOKEN = {"config_error": "Configuration error", "source_error": "Source error", "stale": "Stale", "no_data": "No data"}


def sentence(verdict: Verdict | None, breaches: Sequence[BreachRow], now: datetime) -> str:
    """What is the matter, first thing on the page: state; open breach; budget left; forecast, as far as each is known."""
    if verdict is None:
        return "Not judged yet: the history of its window is still being read"
    parts = [_lead(verdict), *_open(breaches, now), *_budget(verdict), *_forecast(verdict, now)]
    head, *rest = parts
    return (head + ("; " if ":" in head else ": ") + "; ".join(rest)) if rest else head


def _lead(verdict: Verdict) -> str:
    hourly = verdict.burns[HOUR]
    burning = f"urning {numbers.burn(hourly)} (1h)" if hourly is not None else "urn rate unknown: no events in 1h"
    if _has_subsided(verdict):
        burning = f"urning {numbers.burn(verdict.burns[NOW])} (5m) after {numbers.burn(hourly)} (1h)"
    if verdict.state in _SPOKEN:
        return f"{_SPOKEN[verdict.state]}: {_why(verdict)}"
    if verdict.state == "exhausted":
        return f"Budget exhausted, b{burning}"
    if verdict.state in ("ok", "insufficient_history") and (hourly is None or hourly < 1 or _has_subsided(verdict)):
        return f"In order, b{burning}"
    return f"B{burning}"


def _has_subsided(verdict: Verdict) -> bool:
    """No rule fires and the last minutes are calm: an hour's burn and its forecast would still speak of what is over."""
    recent, hourly = verdict.burns[NOW], verdict.burns[HOUR]
    return not verdict.firing and recent is not None and hourly is not None and recent < 1 <= hourly


def _why(verdict: Verdict) -> str:
    return next((r.text for r in verdict.reasons if r.code == verdict.state), "the reason was not recorded")


def _open(breaches: Sequence[BreachRow], now: datetime) -> list[str]:
    """Every open breach, and that it holds on where it has been quiet for some minutes."""
    told = []
    for row in breaches:
        if row.breach.open:
            quiet = f" (quiet for {row.breach.quiet} min)" if row.breach.quiet else ""
            told.append(f"{row.breach.severity} open since {numbers.minute_of(row.breach.fired_at, now)}{quiet}")
    return told


def _budget(verdict: Verdict) -> list[str]:
    window = spans.name(verdict)
    if verdict.remaining is None:
        return [] if verdict.state == "no_data" else [f"budget unknown, no events in {window}"]
    if verdict.remaining < 0:
        return [f"{numbers.spent(-verdict.remaining)} more than the {window} budget spent"]
    left = f"{numbers.budget(verdict.remaining)} of the {window} budget left"
    if verdict.state == "insufficient_history":
        return [left, f"judged on the {numbers.percent(verdict.coverage, 1)} of the window that was measured"]
    return [left]


def _forecast(verdict: Verdict, now: datetime) -> list[str]:
    """Only where it burns faster than it may: below 1 the window gives back more than is spent."""
    hourly = verdict.burns[HOUR]
    if verdict.exhausts_at is None or hourly is None or hourly < 1 or _has_subsided(verdict):
        return []
    if _outlasts(verdict):
        return [f"at this rate it lasts to the end of {spans.name(verdict)}"]
    ahead = max(0.0, verdict.exhausts_at - now.timestamp())
    return [f"gone in {numbers.about(ahead)} at this rate"]


def _outlasts(verdict: Verdict) -> bool:
    """The budget is whole again before it would be gone."""
    found = spans.span(verdict)
    return found is not None and verdict.exhausts_at is not None and verdict.exhausts_at >= found.end * 60


@dataclass(frozen=True, slots=True)
class Row:
    """One objective in a list. `bar` is the budget left, 0..100; `overspent` fills the bar, `muted` greys it.

    `maintenance` says what an exclusion does now and why, and is empty without one.
    """

    id: str
    component: str
    component_title: str
    badge: Badge
    target: str
    window: str
    sli: str
    budget: str
    absolute: str
    bar: int
    overspent: bool
    muted: bool
    burns: tuple[str, ...]
    exhausts: str
    last_data: str
    few: bool
    sampled: bool
    remaining: Fraction | None
    maintenance: str


def row_of(snapshot: Snapshot, objective: Objective) -> Row:
    verdict = snapshot.verdicts.get(objective.id)
    remaining = verdict.remaining if verdict else None
    newest = snapshot.newest.get(objective.id)
    return Row(
        id=objective.id,
        component=objective.component,
        component_title=snapshot.estate.component(objective.component).title,
        badge=badge_of(verdict),
        target=numbers.share(objective.target),
        window=spans.length(objective),
        sli=numbers.sli(verdict.sli if verdict else None, objective.target),
        budget=numbers.budget(remaining),
        absolute=absolute(snapshot, verdict),
        bar=0 if remaining is None else max(0, min(100, int(remaining * 100))),
        overspent=remaining is not None and remaining < 0,
        muted=verdict is not None and verdict.state in UNTRUSTED,
        burns=tuple(numbers.burn(verdict.burns[w]) if verdict else numbers.UNKNOWN for w in (5, 60, 360)),
        exhausts=_exhausts(verdict, snapshot.made_at),
        last_data=numbers.UNKNOWN if newest is None else numbers.minute_of(newest, snapshot.made_at),
        few=verdict is not None and 0 < verdict.allowance < (RATIO_UNIT if objective.method == "RatioTimeslices" else 1),
        sampled=snapshot.is_sampled(objective.id),
        remaining=remaining,
        maintenance=flag(snapshot, objective),
    )


def absolute(snapshot: Snapshot, verdict: Verdict | None) -> str:
    return "" if verdict is None else methods.allowance(verdict, methods.unit(snapshot, verdict.objective))


def _exhausts(verdict: Verdict | None, now: datetime) -> str:
    if verdict is None or verdict.exhausts_at is None:
        return numbers.UNKNOWN
    if _outlasts(verdict):
        return "not before it ends"
    return numbers.about(max(0.0, verdict.exhausts_at - now.timestamp()))


def rows(snapshot: Snapshot, objectives: Iterable[Objective]) -> list[Row]:
    """What needs a person first, then what has least budget left; unknown budgets after known ones."""
    return sorted((row_of(snapshot, o) for o in objectives), key=_urgency)


def _urgency(row: Row) -> tuple[int, bool, Fraction | int, str]:
    return rank(row.badge.state), row.remaining is None, row.remaining if row.remaining is not None else 0, row.id


def matching(found: list[Row], query: str, state: str) -> list[Row]:
    """Every word of the query occurs in id or component title; the state is exactly the one named, or any."""
    words = query.casefold().split()
    return [
        row
        for row in found
        if state in ("", row.badge.state) and all(w in f"{row.id} {row.component_title}".casefold() for w in words)
    ]


@dataclass(frozen=True, slots=True)
class BreachLine:
    """One breach in a list."""

    id: str
    objective: str
    badge: Badge
    open: bool
    since: str
    until: str
    told: str
    lasted: str
    spent: str
    rule: str
    burning: str
    sampled: bool


def breach_line(snapshot: Snapshot, row: BreachRow) -> BreachLine:
    breach, now = row.breach, snapshot.made_at
    end = now if breach.resolved_at is None else from_minute(breach.resolved_at)
    verdict = snapshot.verdicts.get(breach.objective)
    return BreachLine(
        id=row.id,
        objective=breach.objective,
        badge=severity_badge(breach.severity, is_open=breach.open),
        open=breach.open,
        since=numbers.minute_of(breach.fired_at, now),
        until="open" if breach.resolved_at is None else numbers.minute_of(breach.resolved_at, now),
        told="not told" if breach.notified_at is None else numbers.minute_of(breach.notified_at, now),
        lasted=numbers.about(max(0.0, (end - from_minute(breach.fired_at)).total_seconds())),
        spent=numbers.spent(breach.spent),
        rule=f"{numbers.windows(breach.rule)} at {numbers.burn(breach.rule.factor)}",
        burning=sentence(verdict, (), now),
        sampled=snapshot.is_sampled(breach.objective),
    )
