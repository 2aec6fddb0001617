"""`/api/v1/slos`: every objective with its newest verdict, by id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.api import documents
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState


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
            shown, following = keyset(snapshot.estate.objectives, lambda o: o.id, limit, cursor)
            body = {"items": [documents.objective(snapshot, o) for o in shown], "next": following}
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
