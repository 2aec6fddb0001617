"""`/api/v1/components`: what the estate declares, with the state of every objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.api import documents
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit, keyset
from app.api.problems import SCHEMA
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState


class Components:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/components", tags=["components"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        router.add_api_route(
            "/{name}", self.one, response_model=None, dependencies=viewer, responses={404: SCHEMA, 422: SCHEMA}
        )
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """Components by name; `next` is the cursor of the next page or null."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            shown, following = keyset(snapshot.estate.components, lambda c: c.name, limit, cursor)
            body = {"items": [documents.component(snapshot, c) for c in shown], "next": following}
            return Answer(orjson.dumps(body), JSON)

        return await self._answers.send(request, snapshot, ("components", limit, cursor), render)

    async def one(self, request: Request, name: str) -> Response:
        """One component; 404 where the estate declares none of this name."""
        snapshot = self._state.box.get()
        declared = next((c for c in snapshot.estate.components if c.name == name), None)
        if declared is None:
            raise HTTPException(404, f"there is no component {name!r}; /api/v1/components lists them")

        def render(_stale: bool) -> Answer:
            return Answer(orjson.dumps(documents.component(snapshot, declared)), JSON)

        return await self._answers.send(request, snapshot, ("component", name), render)
