"""Composite SLOs of OpenSLO: their objectives have indicators of their own and are the parts of one objective.

The specification names the fields and gives no arithmetic. Here a minute of a part is good when its ratio reaches the part's
target, and the composite's ratio is the share of good minutes by weight. Its own target, where our annotation gives none, is
the mean of the targets by weight: what the whole reaches when every part is good exactly as often as it promises.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor, gcd, lcm
from typing import TYPE_CHECKING, cast

from slo.estate import composites, openslo_notes, shares
from slo.estate.spec import Composite, Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.openslo_goal import Goal
    from slo.estate.openslo_notes import Notes
    from slo.estate.openslo_sli import Used
    from slo.estate.places import Place
    from slo.estate.spec import CompositeMode

DIGITS = 12
"""After the point of a target that is a mean: it is cut there, for a third has no end."""
MOST_WEIGHT = 10**12
"""Of all parts as whole numbers in their ratio, so that sums over a window of 400 days stay exact."""


def read(place: Place, notes: Notes, goals: Sequence[tuple[Goal, Used]]) -> tuple[Composite, Decimal] | None:
    """The composite and its target; None after a problem. `place` is that of the objectives."""
    first = goals[0][0]
    for goal, _ in goals:
        if goal.budgeting != first.budgeting:
            message = "a composite is one series: its objectives have the same timeSliceWindow and timeSliceTarget"
            goal.where("timeSliceWindow", "timeSliceTarget").error("contradiction", f"{message}; make them equal")
            return None
    said = notes["composite"].one_of(composites.MODES) if "composite" in notes else None
    mode = cast("CompositeMode", said or "weighted")
    weights = _weights(place, [goal.weight for goal, _ in goals])
    need = _need(notes, mode, len(goals))
    if weights is None or (mode != "weighted" and need is None):
        return None
    parts = tuple(
        Part(used.key, goal.target, weight, None if used.sli is None else used.sli.measure(goal.op, goal.value))
        for (goal, used), weight in zip(goals, weights, strict=True)
        if used.key is not None
    )
    target = shares.target(notes["composite-target"]) if "composite-target" in notes else _mean(parts)
    return None if target is None else (Composite(mode, parts, need), target)


def _weights(place: Place, written: Sequence[Decimal]) -> list[Decimal] | None:
    """As written, or in their smallest whole numbers where these are too large."""
    exact = [Fraction(weight) for weight in written]
    scale = lcm(*(weight.denominator for weight in exact))
    whole = [int(weight * scale) for weight in exact]
    if sum(whole) <= MOST_WEIGHT:
        return list(written)
    common = gcd(*whole)
    if sum(whole) // common <= MOST_WEIGHT:
        return [Decimal(weight // common) for weight in whole]
    place.error("bad_weight", "these weights differ too finely to stay exact; write weights like 1, 2 and 2.5")
    return None


def _need(notes: Notes, mode: CompositeMode, parts: int) -> int | None:
    place = notes.get("composite-need")
    if place is not None and mode != "k-of-n":
        place.error("contradiction", f"only k-of-n needs a number of parts, {mode} does not; remove it")
    if mode == "k-of-n":
        if place is None:
            notes["composite"].error("missing_field", "k-of-n needs a number of parts; add sloop.dev/composite-need")
            return None
        return openslo_notes.whole(place, 1, parts)
    return {"serial": parts, "parallel": 1}.get(mode)


def _mean(parts: Sequence[Part]) -> Decimal:
    weight = sum(Fraction(part.weight) for part in parts)
    mean = sum(Fraction(part.weight) * Fraction(part.target) for part in parts) / weight
    return Decimal(floor(mean * 10**DIGITS)).scaleb(-DIGITS).normalize()
