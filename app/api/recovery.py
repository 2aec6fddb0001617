"""`/api/v1/recovery`: a verdict per recovery target and one per component without, their hours, and breaches of recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.api.answers import JSON, Answer, Answers
from app.api.documents import delivery
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires
from app.recovery_view import detail_path, find, fired, hours_of, key_of
from slo.judge.recovery_document import document, phases
from slo.units import format_seconds, nearest_double

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.recovery_breach import RecoveryBreach
    from app.snapshot import AppState, Snapshot
    from slo.judge.exposure_hours import ExposureHour
    from slo.judge.outage import Interruption
    from slo.judge.recovery import RecoveryVerdict


class Recovery:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/recovery", tags=["recovery"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        errors: dict[int | str, dict[str, Any]] = {422: SCHEMA, 503: SCHEMA}
        router.add_api_route("/breaches", self.breaches, response_model=None, dependencies=viewer, responses=errors)
        path = "/{component}/{scenario}"
        router.add_api_route(path, self.one, response_model=None, dependencies=viewer, responses={404: SCHEMA, **errors})
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """Verdicts by component and scenario; `next` is the cursor of the next page or null. No items before the first look."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            shown, following = keyset(snapshot.recovery, _id, limit, cursor)
            return Answer(orjson.dumps({"items": [_item(v) for v in shown], "next": following}), JSON)

        return await self._answers.send(request, snapshot, ("recovery", limit, cursor), render)

    def one(self, request: Request, component: str, scenario: str) -> Response:
        """One verdict with the exposure of the last 30 days by the hour, and what interrupted it, the newest first."""
        snapshot = self._state.box.get()
        found = next((v for v in snapshot.recovery if (v.component, v.scenario) == (component, scenario)), None)
        if found is None:
            where = f"there is no recovery target {component[:100]!r} in {scenario[:100]!r}; /api/v1/recovery lists them"
            raise HTTPException(404, where)
        told = fired(snapshot, found)
        body = {
            **_item(found),
            "hours": _columns(hours_of(self._state, snapshot, found)),
            "events": [_event(group, told) for group in reversed(found.interruptions)],
        }
        return self._answers.fresh(request, snapshot, Answer(orjson.dumps(body), JSON))

    def breaches(self, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """Breaches of recovery, newest first; each alone, with its messages, is at `/api/v1/breaches/` and its id."""
        snapshot = self._state.box.get()
        found = self._state.recovered.recovery_breaches(limit=limit + 1, before=cursor)
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        body = {"items": [breach(snapshot, row) for row in page], "next": following}
        return self._answers.fresh(request, snapshot, Answer(orjson.dumps(body), JSON))


def told_breach(state: AppState, snapshot: Snapshot, breach_id: str) -> dict[str, Any] | None:
    """One breach of recovery with its deliveries, oldest first; None where there is none of this id."""
    found, deliveries = find(state.recovered, snapshot, breach_id)
    if found is None:
        return None
    return {**breach(snapshot, found), "deliveries": None if deliveries is None else [delivery(d) for d in deliveries]}


def breach(snapshot: Snapshot, row: RecoveryBreach) -> dict[str, Any]:
    return {
        "id": row.id,
        "component": row.component,
        "scenario": row.scenario,
        "kind": row.kind,
        "severity": row.severity,
        "opened_at": format_seconds(row.opened_at),
        "notified_at": None if row.notified_at is None else format_seconds(row.notified_at),
        "resolved_at": None if row.resolved_at is None else format_seconds(row.resolved_at),
        "detail": row.detail,
        "dedup_key": key_of(row, snapshot),
        "links": {
            "self": f"/api/v1/breaches/{quote(row.id)}",
            "html": f"/breaches/{quote(row.id)}",
            "recovery": f"/api/v1/recovery/{quote(row.component)}/{quote(row.scenario)}",
        },
    }


def _columns(hours: Sequence[ExposureHour]) -> dict[str, Any]:
    """Columns of equal length, a row an hour, the oldest first; null is what cannot be known."""
    return {
        "step": "1h",
        "times": [format_seconds(h.start) for h in hours],
        "least_seconds": [h.least for h in hours],
        "worst_seconds": [h.worst for h in hours],
        "within_ratio": [None if h.within is None else nearest_double(h.within) for h in hours],
        "readings": [h.known for h in hours],
        "unknown": [h.unknown for h in hours],
    }


def _event(group: Interruption, told: Sequence[int]) -> dict[str, Any]:
    return {
        "start": format_seconds(group.start),
        "end": None if group.end is None else format_seconds(group.end),
        "seconds": group.seconds,
        "kinds": sorted(group.kinds),
        "phases": phases(group.phases(told)),
        "lost_seconds": group.lost,
        "sources": sorted({e.source for e in group.events}),
    }


def _id(verdict: RecoveryVerdict) -> str:
    """No name holds a slash."""
    return f"{verdict.component}/{verdict.scenario or ''}"


def _item(verdict: RecoveryVerdict) -> dict[str, Any]:
    path = detail_path(verdict)
    own = {"self": f"/api/v1{path}"} if path else {}
    links = {**own, "html": path or "/recovery", "component": f"/api/v1/components/{quote(verdict.component)}"}
    return {**document(verdict), "links": links}
