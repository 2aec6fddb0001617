"""`/api/v1/breaches`: breaches of objectives, newest first, and any breach with what became of its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.api import documents
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.problems import SCHEMA
from app.api.recovery import told_breach
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState


class Breaches:
    """Reads the store at every request, since deliveries change between ticks; a refusing store is a 503."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/breaches", tags=["breaches"])
        viewer = [Depends(Requires("viewer"))]
        errors: dict[int | str, dict[str, Any]] = {422: SCHEMA, 503: SCHEMA}
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses=errors)
        router.add_api_route(
            "/{breach_id}", self.one, response_model=None, dependencies=viewer, responses={404: SCHEMA, **errors}
        )
        return router

    def many(self, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """Newest first; `next` is the cursor of the next page or null."""
        snapshot = self._state.box.get()
        found = self._state.log.breaches(limit=limit + 1, before=cursor)
        page = found[:limit]
        following = page[-1].id if len(found) > limit else None
        body = {"items": [documents.breach(snapshot, row) for row in page], "next": following}
        return self._answers.fresh(request, snapshot, Answer(orjson.dumps(body), JSON))

    def one(self, request: Request, breach_id: str) -> Response:
        """One breach with its deliveries, oldest first."""
        snapshot = self._state.box.get()
        trouble = told_breach(self._state, snapshot, breach_id)
        if trouble is not None:
            return self._answers.fresh(request, snapshot, Answer(orjson.dumps(trouble), JSON))
        row = self._state.log.breach(breach_id)
        if row is None:
            raise HTTPException(404, f"there is no breach {breach_id!r}; /api/v1/breaches lists them")
        deliveries = [documents.delivery(d) for d in self._state.log.deliveries(breach_id)]
        body = {**documents.breach(snapshot, row), "deliveries": deliveries}
        return self._answers.fresh(request, snapshot, Answer(orjson.dumps(body), JSON))
