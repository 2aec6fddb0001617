"""The native alarms beside the engine: where they differ, when, and by which named cause.

Of every minute T three things are known: whether the native rule burns (exact integers, as the engine decides), whether any
page rule does, and whether the composite is in ALARM. A difference is explained by the minutes at which it arose.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from slo.judge.burn import budget_of, rules_of
from slo.judge.evaluate import slices_of
from slo.judge.method import Counted
from slo.judge.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alerts.breach import Breach
    from alerts.native import NativePage, NativePlayed
    from slo.judge.series import Bools, Slices
    from slo.units import Minute

Kind = Literal[
    "engine_only", "native_only", "later", "earlier", "again", "engine_again", "ends_earlier", "ends_later", "not_told"
]
Cause = Literal[
    "rule_not_native",
    "resolves_at_once",
    "held_no_data",
    "flap_control",
    "fixed_denominator",
    "old_datapoints",
    "mean_of_percentages",
    "muted",
    "unexplained",
]
CAUSES: Mapping[Cause, str] = {
    "rule_not_native": "another page rule of the policy fires; only the fastest one is a native alarm",
    "resolves_at_once": "CloudWatch goes OK as soon as the rule does not hold; Sloop waits for its quiet minutes",
    "held_no_data": "missing data is not breaching for CloudWatch; Sloop resolves nothing while it cannot see",
    "flap_control": "Sloop's flap control holds it open",
    "fixed_denominator": "of N minutes M must be bad, also where fewer were measured; Sloop divides by the measured ones",
    "old_datapoints": "where minutes are missing, CloudWatch goes by older ones in its evaluation range",
    "mean_of_percentages": "CloudWatch averages percentages, each minute weighing the same",
    "muted": "a mute ended while the one was still in ALARM and the other was not",
    "unexplained": "none of the known causes; please report it",
}
"""What each cause means, in a few words."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`minutes` is how far apart they are; None where one side never did it."""

    kind: Kind
    at: Minute
    cause: Cause
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """What belongs together because it overlaps: pages of the engine, of the native alarms, and how they differ."""

    engine: tuple[Breach, ...]
    native: tuple[NativePage, ...]
    differences: tuple[Difference, ...]


def episodes(native: NativePlayed, slices: Mapping[str, Slices]) -> tuple[Episode, ...]:
    """In the order of time."""
    facts = _Facts.of(native, slices)
    pages = [b for b in native.played.breaches if b.severity == "page"]
    return tuple(
        Episode(tuple(engine), tuple(alarms), tuple(_differences(facts, engine, alarms)))
        for engine, alarms in _groups(pages, native.pages)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Facts:
    """One boolean for each T = first..last."""

    first: Minute
    last: Minute
    burning: Bools
    other: Bools
    blind: Bools
    alarm: Bools
    gaps: Bools
    approximate: bool

    @classmethod
    def of(cls, native: NativePlayed, slices: Mapping[str, Slices]) -> _Facts:
        played, rule = native.played, native.form.rule
        rules = [r for r in rules_of(played.objective) if r.severity == "page"]
        counted = Counted.of(slices_of(played.objective, slices), played.objective.budgeting, played.last)
        past = Replay.of(counted, rules, played.first, played.last)
        budget = budget_of(played.objective)
        nothing = np.zeros(played.last - played.first + 1, bool)
        other, blind = nothing.copy(), nothing.copy()
        for each in rules:
            other |= past.firing(each, budget) if each != rule else nothing
            blind |= past.blind(each)
        return cls(
            played.first,
            played.last,
            past.firing(rule, budget),
            other,
            blind,
            native.alarm,
            _gaps(counted, played.first, played.last, rule.long + 2),
            native.form.approximate,
        )

    def rule_differs(self, at: Minute) -> Cause:
        """Why the native rule burns and the composite is not in ALARM, or the other way round."""
        if self.approximate:
            return "mean_of_percentages"
        if not self.gaps[at - self.first]:
            return "unexplained"
        return "old_datapoints" if self.alarm[at - self.first] else "fixed_denominator"

    def held(self, start: Minute, end: Minute, engine: Sequence[Breach]) -> Cause:
        """Why the engine was open at start <= T < end, when the composite was not in ALARM."""
        span = slice(start - self.first, end - self.first)
        burning = np.flatnonzero(self.burning[span])
        if self.other[span].any():
            return "rule_not_native"
        if len(burning):
            return self.rule_differs(start + int(burning[0]))
        if self.blind[span].any():
            return "held_no_data"
        return "flap_control" if any(b.flapping for b in engine) else "resolves_at_once"


def _gaps(counted: Counted, first: Minute, last: Minute, window: int) -> Bools:
    """Whether a minute of the window before each T is missing."""
    at = np.arange(first, last + 1)
    measured = np.searchsorted(counted.minutes, at) - np.searchsorted(counted.minutes, at - window)
    missing: Bools = np.less(measured, window)
    return missing


def _groups(pages: Sequence[Breach], alarms: Sequence[NativePage]) -> list[tuple[list[Breach], list[NativePage]]]:
    """Chains of what overlaps, in the order of time."""
    spans = [(b.fired_at, b.resolved_at, b, None) for b in pages] + [(p.alarm_at, p.ok_at, None, p) for p in alarms]
    groups: list[tuple[list[Breach], list[NativePage]]] = []
    until: Minute | None = -1
    for start, end, breach, page in sorted(spans, key=lambda s: (s[0], s[2] is None)):
        if until is not None and start >= until:
            groups.append(([], []))
            until = end
        elif until is not None:
            until = None if end is None else max(until, end)
        groups[-1][0].extend([breach] if breach else [])
        groups[-1][1].extend([page] if page else [])
    return groups


def _differences(facts: _Facts, engine: Sequence[Breach], native: Sequence[NativePage]) -> Iterator[Difference]:
    if not native:
        yield Difference("engine_only", engine[0].fired_at, _why_alone(facts, engine[0]))
        return
    if not engine:
        yield Difference("native_only", native[0].alarm_at, facts.rule_differs(native[0].alarm_at))
        return
    yield from _start(facts, engine[0].fired_at, native[0].alarm_at)
    for before, after in pairwise(native):
        assert before.ok_at is not None, "another one follows it"
        yield Difference("again", after.alarm_at, facts.held(before.ok_at, after.alarm_at, engine))
    for resolved, opened in pairwise(engine):
        assert resolved.resolved_at is not None, "another one follows it"
        yield Difference("engine_again", opened.fired_at, facts.rule_differs(resolved.resolved_at))
    yield from _end(facts, engine, native[-1].ok_at)
    if any(b.notified_at is not None for b in engine) != any(p.told_at is not None for p in native):
        yield Difference("not_told", native[0].alarm_at, "muted")


def _why_alone(facts: _Facts, breach: Breach) -> Cause:
    end = facts.last + 1 if breach.resolved_at is None else breach.resolved_at
    burning = np.flatnonzero(facts.burning[breach.fired_at - facts.first : end - facts.first])
    return facts.rule_differs(breach.fired_at + int(burning[0])) if len(burning) else "rule_not_native"


def _start(facts: _Facts, fired_at: Minute, alarm_at: Minute) -> Iterator[Difference]:
    if alarm_at < fired_at:
        yield Difference("earlier", alarm_at, facts.rule_differs(alarm_at), fired_at - alarm_at)
    elif alarm_at > fired_at:
        burning = facts.burning[fired_at - facts.first]
        yield Difference("later", alarm_at, facts.rule_differs(fired_at) if burning else "rule_not_native", alarm_at - fired_at)


def _end(facts: _Facts, engine: Sequence[Breach], ok_at: Minute | None) -> Iterator[Difference]:
    resolved_at = engine[-1].resolved_at
    if ok_at is not None and (resolved_at is None or ok_at < resolved_at):
        cause = facts.held(ok_at, facts.last + 1 if resolved_at is None else resolved_at, engine)
        yield Difference("ends_earlier", ok_at, cause, None if resolved_at is None else resolved_at - ok_at)
    elif resolved_at is not None and (ok_at is None or ok_at > resolved_at):
        yield Difference(
            "ends_later", resolved_at, facts.rule_differs(resolved_at), None if ok_at is None else ok_at - resolved_at
        )
