"""The targets that an objective had before: what came under one is judged by it, whatever the target is now."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from slo.estate.spec import Era
from slo.judge.burn import burn_windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.spec import Objective
    from slo.units import Minute


def eras(objective: Objective, declared: Sequence[tuple[Minute, Mapping[str, Any]]], at: Minute) -> tuple[Era, ...]:
    """From its declarations, oldest first: each target but the last, where a window at T still holds minutes of it.

    What was measured before the first declaration came under the first target.
    """
    oldest = at - max(objective.reach, *burn_windows(objective))
    targets = [(valid_from, Decimal(document["target"])) for valid_from, document in declared]
    targets.append((at, objective.target))
    found: list[Era] = []
    for (_, before), (valid_from, after) in pairwise(targets):
        if before != after and valid_from > oldest:
            found.append(Era(before, valid_from))
    return tuple(found)
