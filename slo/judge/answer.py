"""What a source answers to one query: a series with its gaps, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slo.judge.series import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values at minutes, ascending and none twice; a minute without a value is an absent row.

    In buckets of several minutes a value stands at the bucket's first minute.
    """

    minutes: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Failed:
    """This query got no usable answer, though others did. Never read as no traffic."""

    message: str


Answer = Series | Failed
