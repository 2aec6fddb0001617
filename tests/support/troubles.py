"""Hours of traffic in which much goes wrong, by seed: single objectives, a whole region, slow burns, a mute, a long night."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from app.ports import Span
from app.watch import Pace, Watch, slot_key
from slo.estate.indicator import EventRatio, MetricQuery
from slo.estate.spec import Component, Estate, Exclusion, RuleSpec
from slo.judge.answer import Series
from tests.support.objectives import objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import Query
    from slo.estate.spec import Objective
    from slo.judge.answer import Answer

START = 29_000_040
HISTORY = 60
TOTAL = 1000
SLOW = 13
"""1.3 %: above what a ticket takes, below what a page takes."""
RESOLVED_AFTER = 60
"""Minutes: the longest short window, and the quiet ones."""
POLICY = (RuleSpec("page", Decimal("0.02"), 60, 5), RuleSpec("ticket", Decimal("0.10"), 360, 30))
OBJECTIVES = tuple(
    replace(objective(component, f"i{n}", target="0.99", window=4320), policy=POLICY)
    for component in ("database", "api", "web")
    for n in range(9)
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """These objectives, by number, have so many bad requests of `TOTAL` in each minute of start <= minute < end."""

    objectives: tuple[int, ...]
    start: int
    end: int
    bad: int


@dataclass(slots=True, eq=False)
class Troubled:
    """A Source that counts what it was told to."""

    troubles: Sequence[Trouble]
    known: Mapping[Query, tuple[int, bool]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {
            query(o, name): (n, name == "Errors") for n, o in enumerate(OBJECTIVES) for name in ("Requests", "Errors")
        }

    def spans(self, start: int, end: int, now: int) -> Sequence[Span]:
        begin, end = max(start, START - HISTORY), min(end, now)
        return (Span(begin, end),) if begin < end else ()

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        return {q: self._series(q, span) for q in queries}

    def _series(self, q: Query, span: Span) -> Series:
        n, errors = self.known[q]
        minutes = np.arange(span.start, span.end)
        values = np.full(len(minutes), 0.0 if errors else TOTAL)
        for trouble in self.troubles if errors else ():
            if n in trouble.objectives:
                held = (minutes >= trouble.start) & (minutes < trouble.end)
                values[held] = np.maximum(values[held], trouble.bad)
        return Series(minutes, values)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    estate: Estate
    troubles: tuple[Trouble, ...]

    @classmethod
    def of(cls, seed: int) -> World:
        dice = Random(seed)
        return cls(_estate(dice), tuple(_troubles(dice)))

    @property
    def end(self) -> int:
        """By then everything is over."""
        return max(trouble.end for trouble in self.troubles) + RESOLVED_AFTER

    def watch(self) -> Watch:
        found = {o.id: EventRatio(total=(query(o, "Requests"),), bad=(query(o, "Errors"),)) for o in OBJECTIVES}
        keys = {o.id: slot_key(o.indicator_id, found[o.id]) for o in OBJECTIVES}
        pairs = tuple((o, keys[o.id]) for o in OBJECTIVES)
        indicators = {keys[o]: indicator for o, indicator in found.items()}
        return Watch("troubled", self.estate, Troubled(self.troubles), Pace(0, reread=5), indicators, pairs)


def query(of: Objective, metric: str) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Test", metric, (("Objective", of.id),), "Sum")


def _estate(dice: Random) -> Estate:
    """Everything stands on the database; now and then somebody works on the web."""
    below = {"database": (), "api": ("database",), "web": ("api",)}
    components = tuple(
        Component(name, "ecs", depends_on=stands_on, objectives=tuple(o for o in OBJECTIVES if o.component == name))
        for name, stands_on in below.items()
    )
    start = START + dice.randint(0, 60)
    mute = Exclusion(start, start + dice.randint(5, 60), "mute", "works", None, component="web")
    return Estate("troubled", components=components, exclusions=(mute,) if dice.random() < 0.4 else ())


def _troubles(dice: Random) -> list[Trouble]:
    """At least one that pages, so that there is always something to lose."""
    made = [_trouble(dice, dice.randint(1, 3), 1000, 5, 30)]
    made += [_trouble(dice, dice.choice([1, 1, 2, 4]), dice.choice([500, 1000]), 3, 40) for _ in range(dice.randint(2, 5))]
    if dice.random() < 0.5:
        made.append(_trouble(dice, dice.randint(21, len(OBJECTIVES)), 1000, 3, 20))
    if dice.random() < 0.5:
        made.append(_trouble(dice, dice.randint(1, 4), SLOW, 60, 120))
    if dice.random() < 0.15:
        made.append(_trouble(dice, 1, 1000, 250, 300))
    return made


def _trouble(dice: Random, many: int, bad: int, shortest: int, longest: int) -> Trouble:
    start = START + dice.randint(1, 100)
    return Trouble(tuple(dice.sample(range(len(OBJECTIVES)), many)), start, start + dice.randint(shortest, longest), bad)
