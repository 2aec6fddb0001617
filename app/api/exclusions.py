"""`/api/v1/exclusions`: the estate's maintenance windows, what they hold back, and what mirrors them in CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires
from app.maintenance import maintenance
from slo.units import format_minute

if TYPE_CHECKING:
    from app.alarm_inventory import AlarmLine
    from app.maintenance import Held, Maintenance
    from app.snapshot import AppState


class Exclusions:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/exclusions", tags=["exclusions"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """By id; `next` is the cursor of the next page or null. `mute_rules` is null where AWS was not read yet."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            shown, following = keyset(maintenance(snapshot), lambda one: one.id, limit, cursor)
            return Answer(orjson.dumps({"items": [_item(one) for one in shown], "next": following}), JSON)

        return await self._answers.send(request, snapshot, ("exclusions", limit, cursor), render)


def _item(one: Maintenance) -> dict[str, Any]:
    declared = one.exclusion
    return {
        "id": one.id,
        "kind": declared.kind,
        "status": one.status,
        "objective": declared.objective,
        "component": declared.component,
        "objectives": [o.id for o in one.objectives],
        "from": format_minute(declared.start),
        "to": format_minute(declared.end),
        "reason": declared.reason,
        "approved_by": declared.approved_by,
        "held_breaches": [_held(held) for held in one.held],
        "mute_rules": None if one.rules is None else [_rule(line) for line in one.rules],
        "links": {"html": "/maintenance"},
    }


def _held(held: Held) -> dict[str, Any]:
    told = held.row.breach
    return {
        "id": held.row.id,
        "objective": told.objective,
        "severity": told.severity,
        "told_at": format_minute(held.until),
        "links": {"self": f"/api/v1/breaches/{quote(held.row.id)}", "html": f"/breaches/{quote(held.row.id)}"},
    }


def _rule(line: AlarmLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "account": line.account,
        "region": line.region,
        "standing": line.standing,
        "state": line.state,
    }
