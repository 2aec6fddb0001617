"""For machines that watch the service: alive, ready, metrics, and the description of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from app.exposition import MEDIA_TYPE
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState


class Health:
    def __init__(self, state: AppState) -> None:
        self._state = state

    def router(self) -> APIRouter:
        router = APIRouter(tags=["health"])
        viewer = [Depends(Requires("viewer"))]
        waiting: dict[int | str, dict[str, Any]] = {503: {"description": "Some objectives wait for their first verdict"}}
        router.add_api_route("/healthz", self.healthz, response_model=None, dependencies=viewer)
        router.add_api_route("/readyz", self.readyz, response_model=None, dependencies=viewer, responses=waiting)
        router.add_api_route(
            "/metrics", self.metrics, response_model=None, dependencies=viewer, response_class=PlainTextResponse
        )
        router.add_api_route("/openapi.json", openapi, response_model=None, dependencies=viewer, include_in_schema=False)
        return router

    async def healthz(self) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self) -> Response:
        """200 once every objective has a first verdict, else 503 with the ids that wait for theirs."""
        waiting = self._state.box.get().unjudged
        status = "ready" if not waiting else "waiting"
        return JSONResponse({"status": status, "waiting_for": list(waiting)}, 503 if waiting else 200)

    def metrics(self) -> Response:
        """Prometheus text format."""
        return Response(self._state.metrics(), media_type=MEDIA_TYPE)


async def openapi(request: Request) -> Response:
    app = request.app
    assert isinstance(app, FastAPI)
    return JSONResponse(app.openapi())
