"""The same minutes judged by each budgeting method, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

from slo.estate.spec import Budgeting, Method
from slo.judge import document
from slo.judge.evaluate import judged
from slo.units import format_minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.spec import Estate, Objective
    from slo.judge.series import Slices
    from slo.judge.verdict import Verdict
    from slo.units import Minute

METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`verdicts` in the order of METHODS; the one of the objective's own method is the one that counts."""

    objective: Objective
    verdicts: Mapping[Method, Verdict]


def compare(estate: Estate, slices: Mapping[str, Slices], at: Minute) -> list[Comparison]:
    """At T, in the order of the estate. Composites are slices of time already: they have no other method."""
    return [
        Comparison(one, {m: judged(estate, replace(one, budgeting=budgeting(one, m)), slices, at) for m in METHODS})
        for one in estate.objectives
        if one.composite is None
    ]


def budgeting(objective: Objective, method: Method) -> Budgeting:
    """As declared, else slices of its slice window against the objective's own target.

    A no-data policy of a time-slice indicator holds for every method, one of Timeslices for that one alone.
    """
    own = objective.budgeting
    if method == own.method:
        return own
    no_data = None if own.method == "Timeslices" else own.no_data
    if method == "Occurrences":
        return Budgeting(no_data=no_data)
    target = (own.slice_target or objective.target) if method == "Timeslices" else None
    return Budgeting(method, own.slice_window, target, no_data)


def as_document(at: Minute, compared: list[Comparison]) -> dict[str, Any]:
    """The JSON of `sloop evaluate --compare-methods`: of each method what a judgement says first."""
    return {
        "at": format_minute(at),
        "objectives": [
            {
                "name": one.objective.id,
                "method": one.objective.method,
                "methods": {method: _answer(verdict) for method, verdict in one.verdicts.items()},
            }
            for one in compared
        ],
    }


def _answer(verdict: Verdict) -> dict[str, Any]:
    full = document.document(verdict)
    return {
        **{key: full[key] for key in ("good", "total", "sli")},
        "remaining_ratio": full["budget"]["remaining_ratio"],
        "state": full["state"],
    }
