"""What the process watches: the estate's objectives grouped into shards, each bound to a source."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.estate.spec import OCCURRENCES
from slo.judge.method import is_plain
from slo.judge.seat import Seat, needed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.ports import Source
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Budgeting, Estate, Objective
    from slo.judge.period import Window
    from slo.units import Minute


DERIVED = "~"
"""Between the key of a slot and what was made of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`settle`: seconds from a minute's end to its judgement; `poll`: minutes between polls; `reread`: minutes read again."""

    settle: int
    poll: int = 1
    reread: int = 60

    def watermark(self, now_seconds: float) -> Minute:
        """The T that is due: minutes before it have settled, and it moves in whole polls."""
        settled = self.settled(now_seconds)
        return settled - settled % self.poll

    def settled(self, now_seconds: float) -> Minute:
        """The newest T before which every minute has settled."""
        return int((now_seconds - self.settle) // 60)


@dataclass(frozen=True, slots=True)
class Derivation:
    """A slot that is made from another one's minutes and never fetched: its slices, from the minute `since` on if given."""

    of: str
    budgeting: Budgeting
    since: Minute | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One shard's share of the estate. `indicators` is by slot key, `objectives` pairs each objective with its slot key.

    `indicators` are what the source is asked for; what a budget counts otherwise stands in slots `derived` from theirs.
    """

    name: str
    estate: Estate
    source: Source
    pace: Pace
    indicators: Mapping[str, Indicator]
    objectives: tuple[tuple[Objective, str], ...]
    retention: int = 90 * 1440
    quiet_minutes: int = 15
    flap_transitions: int = 0
    composites: tuple[Objective, ...] = ()
    """Those that read what it stores: their windows must be full of it too."""
    hours_kept: int = 1096 * 1440
    """Minutes that hour rows are kept."""
    always: frozenset[str] = frozenset()
    """Slot keys that are asked for each minute, whatever their own objectives are: see `app.lanes`."""
    remarks: Callable[[], Mapping[str, Sequence[str]]] = dict
    """What the source warned of beside its newest answers, by what it was asked."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window that any objective needs, or any composite over it: lengths ascending, then calendars."""
        every = (*(o for o, _ in self.objectives), *self.composites)
        wanted = {w for objective in every for w in needed(objective)}
        calendars = sorted((w for w in wanted if not isinstance(w, int)), key=repr)
        return (*sorted(w for w in wanted if isinstance(w, int)), *calendars)

    @property
    def derived(self) -> dict[str, Derivation]:
        """By slot key."""
        found: dict[str, Derivation] = {}
        for objective, key in self.objectives:
            if not is_plain(objective.budgeting):
                found[counted_key(objective, key)] = Derivation(key, objective.budgeting)
            for era, name in zip(objective.earlier, since_keys(objective, key), strict=True):
                found[name] = Derivation(key, objective.budgeting, era.until)
        return found

    @property
    def slot_keys(self) -> tuple[str, ...]:
        """Every slot that the shard must have."""
        return (*self.indicators, *self.derived)

    def seats(self, slots: Mapping[str, int]) -> tuple[Seat, ...]:
        """In the order of the objectives."""
        return tuple(
            Seat(o, slots[key], slots[counted_key(o, key)], tuple(slots[name] for name in since_keys(o, key)))
            for o, key in self.objectives
        )

    @property
    def queries(self) -> tuple[Query, ...]:
        """Each query once, whatever number of indicators read it."""
        return tuple(dict.fromkeys(q for i in self.indicators.values() for q in i.queries))


def slot_key(indicator_id: str, indicator: Indicator) -> str:
    """`component.indicator@fingerprint`: a changed query or threshold is a new indicator with a history of its own."""
    text = json.dumps(_canonical(indicator), sort_keys=True)
    return f"{indicator_id}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _canonical(value: object) -> object:
    """What counts, as JSON. A field at its default is left out, so that a release may add one and lose no history."""
    if is_dataclass(value):
        own = {f.name: getattr(value, f.name) for f in fields(value) if getattr(value, f.name) != f.default}
        return [type(value).__name__, {name: _canonical(part) for name, part in own.items()}]
    if isinstance(value, tuple):
        return [_canonical(part) for part in value]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def counted_key(objective: Objective, key: str) -> str:
    """The slot of what its budget counts: that of the indicator itself where each event counts."""
    if is_plain(objective.budgeting):
        return key
    return f"{key}{DERIVED}{budgeting_name(objective.budgeting)}"


def budgeting_name(budgeting: Budgeting) -> str:
    text = json.dumps(_canonical(budgeting), sort_keys=True)
    return f"{budgeting.method.lower()}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def derivation_of(key: str, budgetings: Mapping[str, Budgeting]) -> Derivation | None:
    """What a derived slot of this key was made of, `budgetings` being by name; None where its own is not among them."""
    indicator, marks = key.rsplit("@", 1)
    fingerprint, *made = marks.split(DERIVED)
    since = int(made.pop().removeprefix("since-")) if made and made[-1].startswith("since-") else None
    budgeting = budgetings.get(made[0]) if made else OCCURRENCES
    return None if budgeting is None else Derivation(f"{indicator}@{fingerprint}", budgeting, since)


def since_keys(objective: Objective, key: str) -> tuple[str, ...]:
    """The slots of what it counted since each earlier target ended, oldest first."""
    return tuple(f"{counted_key(objective, key)}{DERIVED}since-{era.until}" for era in objective.earlier)


def indicator_of(key: str) -> str:
    return key.rsplit("@", 1)[0]


def measured_slots(slots: Mapping[str, int]) -> dict[str, int]:
    """Indicator id -> slot of its minutes; derived slots are nobody's business."""
    return {indicator_of(key): slot for key, slot in slots.items() if not is_derived(key)}


def is_derived(key: str) -> bool:
    return DERIVED in key.rsplit("@", 1)[-1]
