"""`/api/v1/reports`: the weekly reports that were written, as their manifests tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.answers import Answer, Answers
from app.api.problems import SCHEMA
from app.api.slos import JSON
from app.guards import Requires
from app.reports.manifest import MANIFEST

if TYPE_CHECKING:
    from app.ports import ReportEntry
    from app.snapshot import AppState

Limit = Annotated[int, Query(ge=1, le=200, description="Reports on a page")]
Before = Annotated[str | None, Query(max_length=40, description="Id of the last report of the page before")]


class Reports:
    """Read from the shelf at every request."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers, self._shelf = state, answers, state.reports

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/reports", tags=["reports"], dependencies=[Depends(Requires("viewer"))])
        router.add_api_route("", self.many, response_model=None, responses={422: SCHEMA})
        return router

    def many(self, request: Request, limit: Limit = 100, before: Before = None) -> Response:
        """Newest week first, of one week the newest revision first; `next` is the `before` of the next page or null."""
        items = [document(entry) for entry in self._shelf.entries()]
        ids = [item["id"] for item in items]
        start = 0 if before is None else ids.index(before) + 1 if before in ids else len(ids)
        page = items[start : start + limit]
        body = {"items": page, "next": page[-1]["id"] if len(items) > start + limit else None}
        return self._answers.fresh(request, self._state.box.get(), Answer(orjson.dumps(body), JSON))


def document(entry: ReportEntry) -> dict[str, Any]:
    base = f"/reports/{quote(entry.week)}/r{entry.revision}"
    return {
        "id": f"{entry.week}-r{entry.revision}",
        "week": entry.week,
        "revision": entry.revision,
        "from": entry.start,
        "to": entry.end,
        "partial": entry.partial,
        "generated_at": entry.generated_at,
        "body_sha256": entry.body_sha256,
        "supersedes": entry.supersedes,
        "links": {name: f"{base}/{quote(name)}" for name in (*entry.files, MANIFEST)},
    }
