"""`/api/v1/alarms`: every alarm, topic and subscription that should exist or does, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.alarm_inventory import AlarmInventory, AlarmLine
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires
from slo.units import format_time

if TYPE_CHECKING:
    from app.snapshot import AppState

NOT_READ = "the alarms were not read yet"


class Alarms:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/alarms", tags=["alarms"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """`next` is the cursor of the next page or null. Before the first read `read_at` is null and `error` says why."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            known = snapshot.alarms or AlarmInventory()
            shown, following = keyset(known.lines, lambda line: line.id, limit, cursor)
            body = {
                "items": [_item(line) for line in shown],
                "next": following,
                "read_at": None if known.read_at is None else format_time(known.read_at),
                "error": known.error or (NOT_READ if known.read_at is None else None),
                "unmanaged": list(known.unmanaged),
                "without": [{"component": component, "reason": why} for component, why in known.without],
            }
            return Answer(orjson.dumps(body), JSON)

        return await self._answers.send(request, snapshot, ("alarms", limit, cursor), render)


def _item(line: AlarmLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "name": line.name,
        "account": line.account,
        "region": line.region,
        "component": line.component,
        "severity": line.severity,
        "standing": line.standing,
        "state": line.state,
        "actions_enabled": line.actions_enabled,
        "reason": line.why or None,
    }
