"""`/maintenance`: what is left out or kept quiet, when and why, what it holds back now, and how to declare more of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from app.guards import Requires
from app.maintenance import STATUSES, active, maintenance
from app.web import numbers
from app.web.badges import Badge, severity_badge
from slo.units import format_minute, to_minute

if TYPE_CHECKING:
    from app.maintenance import Held, Maintenance, Status
    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell
    from slo.estate.spec import Objective

BADGES: dict[Status, Badge] = {
    "active": Badge("insufficient_history", "active", "wrench"),
    "upcoming": Badge("warning", "upcoming", "clock"),
    "past": Badge("resolved", "past", "check"),
}
EFFECTS = {"mute": "keeps pages quiet", "budget": "leaves these minutes out of the corrected budget"}
NAMED = 6
"""Objectives that a row names."""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """An open breach that will be told at `told`, if it still holds then."""

    id: str
    objective: str
    badge: Badge
    told: str


@dataclass(frozen=True, slots=True)
class Line:
    """`more` objectives are not named; `mirror` says what CloudWatch has of it, `unmirrored` that it should have more."""

    badge: Badge
    kind: str
    effect: str
    component: str | None
    objectives: tuple[str, ...]
    more: int
    start: str
    end: str
    lasts: str
    reason: str
    approved_by: str | None
    mirror: str
    unmirrored: bool
    held: tuple[HeldLine, ...]


@dataclass(frozen=True, slots=True)
class MaintenancePage:
    """`example` is YAML for a window that begins soon."""

    counts: tuple[tuple[Badge, int], ...]
    lines: tuple[Line, ...]
    held: tuple[HeldLine, ...]
    example: str


def maintenance_page(snapshot: Snapshot) -> MaintenancePage:
    found = maintenance(snapshot)
    states = Counter(one.status for one in found)
    lines = tuple(_line(one, snapshot) for one in found)
    return MaintenancePage(
        tuple((BADGES[s], states[s]) for s in STATUSES if states[s]),
        lines,
        tuple({held.id: held for line in lines for held in line.held}.values()),
        _example(snapshot),
    )


def flag(snapshot: Snapshot, objective: Objective) -> str:
    """What stands beside the state: `muted until 14:00Z`; nothing outside of maintenance."""
    words = {"mute": "muted", "budget": "not counted in the corrected budget"}
    found = active(snapshot.estate, objective, to_minute(snapshot.made_at))
    return "; ".join(f"{words[e.kind]} until {numbers.minute_of(e.end, snapshot.made_at)}: {e.reason}" for e in found)


def _line(one: Maintenance, snapshot: Snapshot) -> Line:
    declared, now = one.exclusion, snapshot.made_at
    named = tuple(o.id for o in one.objectives[:NAMED])
    mirror, unmirrored = _mirror(one)
    return Line(
        BADGES[one.status],
        declared.kind,
        EFFECTS[declared.kind],
        declared.component,
        named,
        len(one.objectives) - len(named),
        numbers.minute_of(declared.start, now),
        numbers.minute_of(declared.end, now),
        numbers.clock((declared.end - declared.start) * 60),
        declared.reason,
        declared.approved_by,
        mirror,
        unmirrored,
        tuple(_held(held, snapshot) for held in one.held),
    )


def _held(held: Held, snapshot: Snapshot) -> HeldLine:
    told = held.row.breach
    return HeldLine(
        held.row.id,
        told.objective,
        severity_badge(told.severity, is_open=True),
        numbers.minute_of(held.until, snapshot.made_at),
    )


def _mirror(one: Maintenance) -> tuple[str, bool]:
    if one.exclusion.kind == "budget":
        return "mutes nothing", False
    if one.rules is None:
        return "not known: the alarms were not read yet", False
    if one.status == "past":
        return "over", False
    if not one.rules:
        return "none: it covers no alarm of CloudWatch", False
    lacking = [line for line in one.rules if line.standing != "in_sync"]
    if lacking:
        return f"{len(lacking)} of {numbers.plural(len(one.rules), 'mute rule')} {lacking[0].standing}: sloop apply", True
    return f"{numbers.plural(len(one.rules), 'mute rule')} in place", False


def _example(snapshot: Snapshot) -> str:
    """From the next whole hour but one, for two hours; of a component that has objectives."""
    start = (to_minute(snapshot.made_at) // 60 + 2) * 60
    name = next((c.name for c in snapshot.estate.components if c.objectives), "database")
    times = f"from: {format_minute(start)}, to: {format_minute(start + 120)}"
    return (
        f"exclusions:\n  - {{component: {name}, {times},\n     kind: mute, reason: minor version upgrade, approved_by: you}}\n"
    )


class MaintenancePages:
    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("/maintenance", self.maintenance, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    async def maintenance(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            return {"page": maintenance_page(snapshot)}

        return await self._shell.page(request, snapshot, "maintenance.html", context)
