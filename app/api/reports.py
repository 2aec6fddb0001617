"""`/api/v1/reports`: the weekly reports that were written, as their manifests tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.problems import SCHEMA
from app.guards import Requires
from app.reports.manifest import MANIFEST

if TYPE_CHECKING:
    from app.ports import ReportEntry
    from app.snapshot import AppState


class Reports:
    """Read from the shelf at every request."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers, self._shelf = state, answers, state.reports

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/reports", tags=["reports"], dependencies=[Depends(Requires("viewer"))])
        router.add_api_route("", self.many, response_model=None, responses={422: SCHEMA})
        return router

    def many(self, request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
        """Newest week first, of one week the newest revision first; `next` is the cursor of the next page or null."""
        items = [document(entry) for entry in self._shelf.entries()]
        ids = [item["id"] for item in items]
        start = 0 if cursor is None else ids.index(cursor) + 1 if cursor in ids else len(ids)
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
