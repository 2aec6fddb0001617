"""What a check of the stored numbers against a recount found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from slo.units import Minute

Kind = Literal["sum", "hour", "derived"]


@dataclass(frozen=True, slots=True)
class Difference:
    """`window` is its length, its calendar, or the time of the hour or slice."""

    shard: str
    slot: str
    kind: Kind
    window: str
    count: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row that cannot be read; `kind` is frame, hour or checkpoint."""

    shard: str
    kind: str
    minute: Minute


@dataclass(slots=True)
class Proof:
    """`quarantined` are rows that were damaged and put aside before; `unknown` are derived slots that nothing explains."""

    shards: int = 0
    frames: int = 0
    hours: int = 0
    differences: list[Difference] = field(default_factory=list)
    damaged: list[Row] = field(default_factory=list)
    quarantined: list[Row] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.differences and not self.damaged
