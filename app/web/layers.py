"""The estate as it is built: layers of components, each a tile that says how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import numbers
from app.web.views import rows
from slo.catalog.signal import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.about import About
    from app.snapshot import Snapshot
    from app.web.badges import Badge
    from app.web.views import Row
    from slo.estate.spec import Component

OTHER = "Other"
CALM = ("ok", "insufficient_history", "warming_up")


@dataclass(frozen=True, slots=True)
class Tile:
    """One component. `badge` is the worst of its objectives'; None without any, and then `reason` says why there is none.

    `row` is the objective that the badge is of, where it is not in order (`which` names it among several), else the one
    with the least budget; `left` is the budget of it.
    """

    name: str
    title: str
    badge: Badge | None
    row: Row | None
    which: str
    left: str
    reason: str


@dataclass(frozen=True, slots=True)
class LayerRow:
    """`troubled` counts its tiles that are not in order."""

    name: str
    title: str
    tiles: tuple[Tile, ...]
    troubled: int


def layers(snapshot: Snapshot, about: Mapping[str, About]) -> tuple[LayerRow, ...]:
    """In the order of the target architecture; components stand in the estate's order, so that they keep their place."""
    found: dict[str, list[Tile]] = {name: [] for name in (*LAYERS, OTHER.lower())}
    for component in snapshot.estate.components:
        known = about.get(component.name)
        found[(known and known.layer) or OTHER.lower()].append(tile(snapshot, component))
    titles = {**{str(layer): title for layer, title in LAYERS.items()}, OTHER.lower(): OTHER}
    return tuple(
        LayerRow(name, titles[name], tuple(tiles), sum(t.badge is not None and t.badge.state not in CALM for t in tiles))
        for name, tiles in found.items()
        if tiles
    )


def tile(snapshot: Snapshot, component: Component) -> Tile:
    found = rows(snapshot, component.objectives)
    if not found:
        why = component.no_objective or "no reason is declared"
        return Tile(component.name, component.title, None, None, "", "", why)
    worst = found[0]
    calm = worst.badge.state in CALM
    known = [r for r in found if r.remaining is not None]
    shown = min(known, key=lambda r: (r.remaining, r.id), default=worst) if calm else worst
    named = len(found) > 1 and not calm
    return Tile(
        name=component.name,
        title=component.title,
        badge=worst.badge,
        row=shown,
        which=worst.id.removeprefix(f"{component.name}.") if named else "",
        left=_left(shown),
        reason="",
    )


def _left(row: Row) -> str:
    if row.remaining is None:
        return "budget unknown"
    if row.remaining < 0:
        return f"{numbers.spent(-row.remaining)} over"
    return f"{row.budget} {'last known' if row.muted else 'left'}"
