"""What holds for every store, this one and the one in memory: a declaration as data, a sound commit."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slo.estate.spec import Budgeting

if TYPE_CHECKING:
    from alerts.breach import Breach
    from app.ports import Commit
    from slo.estate.spec import Objective
    from slo.units import Minute


_SILENT: dict[str, object] = {
    "slices_key": None,
    "factor": None,
    "strict": False,
    "hold": 0,
    "label": None,
    "calendar": None,
    "composite": None,
    "measure": None,
    "min_bad": 0,
    "min_total": 0,
    "confidence": None,
    "survives_sloop": None,
    "burn_metric": False,
}
"""Fields that rows of older releases lack: left out where they say nothing, so that such a row is no edit."""


def declaration(objective: Objective) -> dict[str, Any]:
    """As JSON values; decimals as their exact text."""
    document: dict[str, Any] = json.loads(json.dumps(asdict(objective, dict_factory=_saying), default=str))
    # Once there was the method alone. Earlier targets are told by the rows before this one.
    document["method"] = objective.method
    if objective.budgeting == Budgeting(objective.method):
        del document["budgeting"]
    document.pop("earlier")
    return document


def _saying(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if name not in _SILENT or value != _SILENT[name]}


PRUNED_AT_ONCE = 1440
"""Rows of a table that one commit deletes: after a shorter retention was set the tick must not stall on all of the rest."""


def pruned_until(oldest: Minute | None, before: Minute | None, step: int = 1) -> Minute | None:
    """Before which minute rows, `step` minutes apart, are deleted now; None when none are."""
    if oldest is None or before is None or oldest >= before:
        return None
    return min(before, oldest + PRUNED_AT_ONCE * step)


def check(commit: Commit) -> None:
    """ValueError for a commit that contradicts itself: a bug of the caller, which no retry heals."""
    old, new = commit.shard.tick, commit.tick
    if old is not None and new < old:
        raise ValueError(f"the watermark cannot go back from {old} to {new}")
    if any(f.minute >= new or (old is not None and f.minute < old) for f in commit.frames):
        raise ValueError(f"a frame is not of a minute in {old} <= minute < {new}; a judged minute is patched")
    if any(old is None or after.minute >= old for _, after in commit.patches):
        raise ValueError(f"a patch is of a minute that was not judged before {old}")
    if commit.checkpoint is not None and commit.checkpoint.at != new:
        raise ValueError(f"the checkpoint is of {commit.checkpoint.at}, the commit of {new}")


def changed_breaches(commit: Commit) -> list[Breach]:
    """Everything the commit says of breaches; of several of one breach the last is how it is at the new watermark.

    A standing is newer than a transition of an earlier minute of the same tick, but what has resolved stays so.
    """
    return sorted((*(t.breach for t in commit.transitions), *commit.standings), key=lambda breach: not breach.open)
