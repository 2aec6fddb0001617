"""`/api/v1/recovery`: a verdict per recovery target, and one per component without a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires
from slo.judge.recovery_document import document

if TYPE_CHECKING:
    from app.snapshot import AppState
    from slo.judge.recovery import RecoveryVerdict


class Recovery:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/recovery", tags=["recovery"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """Verdicts by component and scenario; `next` is the cursor of the next page or null. No items before the first look."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            shown, following = keyset(snapshot.recovery, _id, limit, cursor)
            return Answer(orjson.dumps({"items": [_item(v) for v in shown], "next": following}), JSON)

        return await self._answers.send(request, snapshot, ("recovery", limit, cursor), render)


def _id(verdict: RecoveryVerdict) -> str:
    """No name holds a slash."""
    return f"{verdict.component}/{verdict.scenario or ''}"


def _item(verdict: RecoveryVerdict) -> dict[str, Any]:
    links = {"html": "/recovery", "component": f"/api/v1/components/{quote(verdict.component)}"}
    return {**document(verdict), "links": links}
