"""Our own annotations, `sloop.dev/...`: what OpenSLO has no field for. All of it may be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.places import Place

Notes = dict[str, "Place"]
"""By the key without the prefix."""

PREFIX = "sloop.dev/"
KNOWN = {
    "AlertCondition": ("short-window", "budget", "min-bad", "min-total", "confidence"),
    "SLO": ("no-data", "composite", "composite-need", "composite-target"),
}
CARRIED = {
    "DataSource": ("account", "order"),
    "Service": (
        *("estate", "order", "kind", "account", "tier", "owner", "runbook", "description", "depends-on", "resource"),
        *("recovery", "alarms", "no-objective"),
    ),
    "SLI": ("service", "indicator", "declared", "measure"),
    "AlertPolicy": ("policy", "order"),
    "SLO": ("order", "policy", "objective", "target-source", "lane", "survives-sloop", "burn-metric"),
}
"""Of an exported estate: nothing is judged by them, and `import_openslo` makes the same estate of them again."""


def read(annotations: Mapping[str, Place], kind: str) -> Notes:
    """Those of ours; one that this kind does not have is a problem, for a misspelt rule would silently be another one."""
    known = (*KNOWN.get(kind, ()), *CARRIED.get(kind, ()))
    found: Notes = {}
    for key, place in annotations.items():
        name = key.removeprefix(PREFIX)
        if name in known and key != name:
            found[name] = place
        elif key.startswith(PREFIX):
            there = place.hint(name, known) if known else "; only AlertCondition and SLO have some"
            place.error("unknown_annotation", f"{shown(key)} is not read on {kind}{there}")
    return found


def whole(place: Place, low: int, high: int) -> int | None:
    """Annotations are text, numbers too."""
    written = place.text()
    if written is None:
        return None
    if written.isascii() and written.isdigit() and len(written) < 10 and low <= int(written) <= high:
        return int(written)
    place.error("wrong_type", f"a whole number from {low} to {high} is wanted here, not {shown(written)}")
    return None
