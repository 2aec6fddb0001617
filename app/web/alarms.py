"""`/alarms`: what should exist in CloudWatch and SNS beside what does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from app.alarm_inventory import STANDINGS, AlarmInventory, AlarmLine
from app.guards import Requires
from app.web import numbers
from app.web.badges import Badge

if TYPE_CHECKING:
    from app.alarm_inventory import Standing
    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell

BADGES: dict[Standing, Badge] = {
    "in_sync": Badge("ok", "in sync", "check"),
    "differs": Badge("warning", "differs", "triangle"),
    "missing": Badge("source_error", "missing", "empty"),
    "orphan": Badge("exhausted", "orphan", "circle"),
}
STATES: dict[str | None, Badge] = {
    "OK": Badge("ok", "OK", "check"),
    "ALARM": Badge("burning_fast", "ALARM", "flame"),
    "INSUFFICIENT_DATA": Badge("no_data", "insufficient data", "circle"),
    "confirmed": Badge("ok", "confirmed", "check"),
    "pending": Badge("warning", "not confirmed", "hourglass"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """`state` is None where nothing lives or what lives has no state, as a topic."""

    line: AlarmLine
    badge: Badge
    state: Badge | None
    actions: str
    severity: str


@dataclass(frozen=True, slots=True)
class AlarmsPage:
    """`read` is None before the first read; then `rows` is empty because nothing is known, not because nothing is there."""

    read: str | None
    rows: tuple[Row, ...]
    counts: tuple[tuple[Badge, int], ...]
    firing: int
    heartbeat: str | None
    inventory: AlarmInventory


def alarms_page(snapshot: Snapshot) -> AlarmsPage:
    found = snapshot.alarms or AlarmInventory()
    return AlarmsPage(
        None if found.read_at is None else numbers.time_of(found.read_at, snapshot.made_at),
        tuple(map(_row, found.lines)),
        tuple((BADGES[s], found.count(s)) for s in STANDINGS if found.count(s)),
        sum(line.state == "ALARM" for line in found.lines),
        _heartbeat(snapshot),
        found,
    )


def _heartbeat(snapshot: Snapshot) -> str | None:
    """When it beat last, and why it is silent now; None before its first turn."""
    beat = snapshot.heartbeat
    if beat is None:
        return None
    last = "never" if beat.last is None else numbers.time_of(beat.last, snapshot.made_at)
    return f"{last}; silent now: {beat.silent}" if beat.silent else last


def _row(line: AlarmLine) -> Row:
    enabled = {True: "enabled", False: "disabled", None: "none"}[line.actions_enabled]
    return Row(line, BADGES[line.standing], STATES.get(line.state), enabled, line.severity or "none")


class AlarmPages:
    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("/alarms", self.alarms, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    async def alarms(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            return {"page": alarms_page(snapshot)}

        return await self._shell.page(request, snapshot, "alarms.html", context)
