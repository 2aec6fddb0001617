"""`/api/v1/slos`: every objective with its newest verdict, by id; of each the hours of its window."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Depends, HTTPException, Request, Response

from app.api import documents, hours
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.problems import SCHEMA
from app.guards import Requires
from app.history import NO_COLUMNS

if TYPE_CHECKING:
    from app.snapshot import AppState, Snapshot
    from slo.estate.spec import Estate, Objective


class Slos:
    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers
        self._by_id: tuple[Estate, list[str], list[Objective]] | None = None

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/slos", tags=["slos"])
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses={422: SCHEMA})
        unknown: dict[int | str, dict[str, Any]] = {404: SCHEMA, 422: SCHEMA}
        router.add_api_route("/{objective_id}", self.one, response_model=None, dependencies=viewer, responses=unknown)
        router.add_api_route(
            "/{objective_id}/history",
            self.history,
            response_model=None,
            dependencies=viewer,
            responses={**unknown, 503: SCHEMA},
        )
        return router

    async def many(self, request: Request, limit: Limit = 500, cursor: Cursor = None) -> Response:
        """Objectives by id; `next` is the cursor of the next page or null."""
        snapshot = self._state.box.get()

        def render(_stale: bool) -> Answer:
            ids, ordered = self._ordered(snapshot.estate)
            first = 0 if cursor is None else bisect_right(ids, cursor)
            shown = ordered[first : first + limit]
            following = shown[-1].id if len(ordered) > first + limit else None
            items, end = documents.rendered(snapshot, shown), b'],"next":%b}' % orjson.dumps(following)
            text = b"".join((b'{"items":[', b",".join([i.body for i in items]), end))
            return Answer(text, JSON, parts=b"".join([i.digest for i in items]) + end)

        ready = len(snapshot.items) >= len(self._ordered(snapshot.estate)[0])
        return await self._answers.send(request, snapshot, ("slos", limit, cursor), render, quick=ready)

    async def one(self, request: Request, objective_id: str) -> Response:
        """One objective; 404 where the estate declares none of this id."""
        snapshot = self._state.box.get()
        declared = self._declared(snapshot, objective_id)

        def render(_stale: bool) -> Answer:
            (item,) = documents.rendered(snapshot, [declared])
            return Answer(item.body, JSON)

        return await self._answers.send(request, snapshot, ("slo", objective_id), render)

    async def history(self, request: Request, objective_id: str) -> Response:
        """What the budget counted in each hour of the window, and what was left of it at the hour's end."""
        snapshot = self._state.box.get()
        declared = self._declared(snapshot, objective_id)

        def render(_stale: bool) -> Answer:
            verdict = snapshot.verdicts.get(objective_id)
            columns = NO_COLUMNS if verdict is None else self._state.history.hours(objective_id)
            return Answer(hours.rendered(declared, verdict, columns), JSON)

        if self._state.history.is_at_hand(objective_id):
            return self._answers.fresh(request, snapshot, render(False))  # quicker than to change threads
        return await self._answers.send(request, snapshot, ("hours", objective_id), render)

    def _declared(self, snapshot: Snapshot, objective_id: str) -> Objective:
        ids, ordered = self._ordered(snapshot.estate)
        place = bisect_left(ids, objective_id)
        if ids[place : place + 1] != [objective_id]:
            raise HTTPException(404, f"there is no objective {objective_id!r}; /api/v1/slos lists them")
        return ordered[place]

    def _ordered(self, estate: Estate) -> tuple[list[str], list[Objective]]:
        """By id; sorted once per estate."""
        known = self._by_id
        if known is None or known[0] is not estate:
            ordered = sorted(estate.objectives, key=lambda o: o.id)
            known = self._by_id = (estate, [o.id for o in ordered], ordered)
        return known[1], known[2]
