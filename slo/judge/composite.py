"""A journey over several indicators as one series, minute by minute.

A part's minute is good if its ratio reaches the part's target, idle where nothing happened, missing where nothing was
measured. Idle parts do not vote: `need` of n parts is min(need, those that are not idle).
- good when enough parts are good, bad when too few can be, missing while the missing ones decide
- weighted: each part counts its weight, and a minute is missing if a part is missing and none is bad
- idle when every part is idle
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from slo.judge.burn import reach_each
from slo.judge.series import Slices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.spec import Composite, Part
    from slo.judge.series import Bools, Ints
    from slo.units import Minute

PartState = Literal["good", "bad", "idle", "missing"]


class _Votes(NamedTuple):
    """One part on the minutes of all parts."""

    good: Bools
    bad: Bools
    missing: Bools


def combine(composite: Composite, slices: Mapping[str, Slices]) -> Slices:
    """The composite's minutes from those of its parts, by indicator id; parts without slices are missing throughout."""
    nothing = Slices.of(())
    series = [slices.get(part.indicator, nothing) for part in composite.parts]
    minutes = np.unique(np.concatenate([s.minutes for s in series]))
    votes = [_votes(part, one, minutes) for part, one in zip(composite.parts, series, strict=True)]
    total, bad, known = _weighted(composite, votes) if composite.need is None else _needed(composite.need, votes)
    return Slices(minutes[known], total[known], bad[known], np.zeros(int(known.sum()), bool))


def states(composite: Composite, slices: Mapping[str, Slices], minute: Minute) -> tuple[tuple[Part, PartState], ...]:
    """What each part was in this minute."""
    nothing = Slices.of(())
    return tuple((part, _state(part, slices.get(part.indicator, nothing), minute)) for part in composite.parts)


def _state(part: Part, slices: Slices, minute: Minute) -> PartState:
    votes = _votes(part, slices, np.array([minute], np.int64))
    if votes.missing[0]:
        return "missing"
    return "good" if votes.good[0] else "bad" if votes.bad[0] else "idle"


def _votes(part: Part, slices: Slices, minutes: Ints) -> _Votes:
    place = np.minimum(np.searchsorted(slices.minutes, minutes), max(0, len(slices) - 1))
    measured = slices.minutes[place] == minutes if len(slices) else np.zeros(len(minutes), bool)
    total, bad = (
        np.where(measured, v[place], 0) if len(slices) else np.zeros_like(minutes) for v in (slices.total, slices.bad)
    )
    # good >= target x total is the same as not bad > (1 - target) x total.
    missed = reach_each(bad, total, 1 - Fraction(part.target), strict=True)
    return _Votes((total > 0) & ~missed, missed, ~measured)


def _needed(need: int, votes: Sequence[_Votes]) -> tuple[Ints, Ints, Bools]:
    good, bad, missing = (np.add.reduce([v[n] for v in votes], dtype=np.int64) for n in range(3))
    voting = good + bad + missing
    wanted = np.minimum(need, voting)
    idle = voting == 0
    met, lost = (good >= wanted) & ~idle, good + missing < wanted
    return (~idle).astype(np.int64), lost.astype(np.int64), met | lost | idle


def _weighted(composite: Composite, votes: Sequence[_Votes]) -> tuple[Ints, Ints, Bools]:
    """Weights as whole numbers in their ratio, so that sums stay exact."""
    exact = [Fraction(part.weight) for part in composite.parts]
    scale = lcm(*(w.denominator for w in exact))
    weights = [int(w * scale) for w in exact]
    good, bad = (np.add.reduce([w * v[n] for w, v in zip(weights, votes, strict=True)], dtype=np.int64) for n in range(2))
    missing = np.any([v.missing for v in votes], axis=0)
    return good + bad, bad, ~missing | (bad > 0)
