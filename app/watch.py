"""What the process watches: the estate's objectives grouped into shards, each bound to a source."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.judge.burn import windows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports import Source
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Estate, Objective
    from slo.units import Minute


@dataclass(frozen=True, slots=True)
class Pace:
    """`settle`: seconds from a minute's end to its judgement; `poll`: minutes between polls; `reread`: minutes read again."""

    settle: int
    poll: int = 1
    reread: int = 60

    def watermark(self, now_seconds: float) -> Minute:
        """The T that is due: minutes before it have settled, and it moves in whole polls."""
        settled = int((now_seconds - self.settle) // 60)
        return settled - settled % self.poll


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """One shard's share of the estate. `indicators` is by slot key, `objectives` pairs each objective with its slot key."""

    name: str
    estate: Estate
    source: Source
    pace: Pace
    indicators: Mapping[str, Indicator]
    objectives: tuple[tuple[Objective, str], ...]
    retention: int = 90 * 1440
    quiet_minutes: int = 15

    @property
    def lengths(self) -> tuple[int, ...]:
        """Every window that any objective needs, ascending."""
        return tuple(sorted({w for o, _ in self.objectives for w in windows_of(o)}))

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


def indicator_of(key: str) -> str:
    return key.rsplit("@", 1)[0]
