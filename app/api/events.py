"""`/api/v1/events`: what happened beside the numbers, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.problems import SCHEMA
from app.guards import Requires
from slo.units import format_seconds

if TYPE_CHECKING:
    from alerts.events import Event
    from app.snapshot import AppState

OfComponent = Annotated[str | None, Query(max_length=300, description="Only of this component")]
OfKind = Annotated[str | None, Query(max_length=40, pattern="^[a-z_]+$", description="Only of this kind, like deployment")]


class Events:
    """Reads the store at every request; a refusing store is a 503."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/events", tags=["events"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA, 503: SCHEMA})
        return router

    def many(
        self,
        request: Request,
        limit: Limit = 100,
        cursor: Cursor = None,
        component: OfComponent = None,
        kind: OfKind = None,
    ) -> Response:
        """Newest first; `next` is the cursor of the next page or null."""
        found = self._state.happened.events(limit=limit + 1, before=cursor, component=component, kind=kind)
        page = found[:limit]
        body = {"items": [document(event) for event in page], "next": page[-1].id if len(found) > limit else None}
        return self._answers.fresh(request, self._state.box.get(), Answer(orjson.dumps(body), JSON))


def document(event: Event) -> dict[str, Any]:
    of = event.component
    return {
        "id": event.id,
        "source": event.source,
        "kind": event.kind,
        "at": format_seconds(event.at),
        "received_at": format_seconds(event.received_at),
        "title": event.title,
        "component": of,
        "document": dict(event.document),
        "links": {"html": "/audit#events", "component": None if of is None else f"/api/v1/components/{quote(of)}"},
    }
