"""`/api/v1/slos`: every objective with its newest verdict, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from app.api import documents
from app.api.answers import Answer, Answers
from app.api.problems import SCHEMA
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState

JSON = "application/json"
Limit = Annotated[int, Query(ge=1, le=500, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before")]


class Slos:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/slos", tags=["slos"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        router.add_api_route(
            "/{objective_id}", self.one, response_model=None, dependencies=viewer, responses={404: SCHEMA, 422: SCHEMA}
        )
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """Objectives by id; `next` is the cursor of the next page or null."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            found = sorted((o for o in snapshot.estate.objectives if cursor is None or o.id > cursor), key=lambda o: o.id)
            page = found[:limit]
            following = page[-1].id if len(found) > limit else None
            body = {"items": [documents.objective(snapshot, o) for o in page], "next": following}
            return Answer(orjson.dumps(body), JSON)

        return await self._answers.send(request, snapshot, ("slos", limit, cursor), render)

    async def one(self, request: Request, objective_id: str) -> Response:
        """One objective; 404 where the estate declares none of this id."""
        snapshot = self._state.box.get()
        declared = snapshot.objective(objective_id)
        if declared is None:
            raise HTTPException(404, f"there is no objective {objective_id!r}; /api/v1/slos lists them")

        def render(_stale: bool) -> Answer:
            body: dict[str, Any] = documents.objective(snapshot, declared)
            return Answer(orjson.dumps(body), JSON)

        return await self._answers.send(request, snapshot, ("slo", objective_id), render)
