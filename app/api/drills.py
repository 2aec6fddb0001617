"""`/api/v1/drills`: recovery rehearsals, newest first; starts one, and finishes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.actors import ActorHeader, actor_of
from app.api.answers import JSON, Answer, Answers
from app.api.paging import Cursor, Limit  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.problems import SCHEMA
from app.drills import MOST_LOST, MOST_NAME, MOST_NOTE, MOST_PARTICIPANTS, Finish, Start, document
from app.guards import Requires

if TYPE_CHECKING:
    from app.snapshot import AppState
    from slo.judge.drill import Drill

Name = Annotated[str, Field(min_length=1, max_length=300)]
Person = Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
Note = Annotated[str | None, Field(max_length=MOST_NOTE)]
OfComponent = Annotated[str | None, Query(max_length=300, description="Only of this component")]
OfScenario = Annotated[str | None, Query(max_length=300, description="Only of this scenario, like az-loss")]


class StartBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    component: Name
    scenario: Name
    actor: Person | None = None
    participants: Annotated[list[Person], Field(max_length=MOST_PARTICIPANTS)] = []
    note: Note = None


class FinishBody(BaseModel):
    """The evidence stays with whoever has it: only its hash and its name are told."""

    model_config = ConfigDict(extra="forbid")
    outcome: Literal["passed", "failed"]
    actor: Person | None = None
    lost_seconds: Annotated[int | None, Field(ge=0, le=MOST_LOST, strict=True)] = None
    artefact_sha256: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$")] = None
    artefact_name: Person | None = None
    note: Note = None


class Drills:
    """Reads the store at every request; a refusing store is a 503."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/api/v1/drills", tags=["drills"])
        viewer, operator = [Depends(Requires("viewer"))], [Depends(Requires("operator"))]
        bad: dict[int | str, dict[str, Any]] = {422: SCHEMA, 503: SCHEMA}
        unknown = {404: SCHEMA, **bad}
        taken = {409: SCHEMA, **bad}
        router.add_api_route("", self.many, response_model=None, dependencies=viewer, responses=bad)
        router.add_api_route("/{drill_id}", self.one, response_model=None, dependencies=viewer, responses=unknown)
        router.add_api_route(
            "", self.start, methods=["POST"], status_code=201, response_model=None, dependencies=operator, responses=taken
        )
        router.add_api_route(
            "/{drill_id}/finish",
            self.finish,
            methods=["POST"],
            response_model=None,
            dependencies=operator,
            responses={**unknown, **taken},
        )
        return router

    def many(
        self,
        request: Request,
        limit: Limit = 100,
        cursor: Cursor = None,
        component: OfComponent = None,
        scenario: OfScenario = None,
    ) -> Response:
        """Newest first; `next` is the cursor of the next page or null."""
        found = self._state.drills.latest(limit=limit + 1, before=cursor, component=component, scenario=scenario)
        page = found[:limit]
        body = {"items": [document(drill) for drill in page], "next": page[-1].id if len(found) > limit else None}
        return self._answers.fresh(request, self._state.box.get(), Answer(orjson.dumps(body), JSON))

    def one(self, request: Request, drill_id: str) -> Response:
        """One drill; 404 where there is none of this id."""
        body = orjson.dumps(document(self._known(drill_id)))
        return self._answers.fresh(request, self._state.box.get(), Answer(body, JSON))

    def start(self, body: StartBody, header: ActorHeader = None) -> Response:
        """Begin one; 409 while another one of the same component and scenario runs."""
        actor = actor_of(body.actor, header)
        wish = Start(body.component, body.scenario, actor, tuple(body.participants), body.note)
        told = document(self._state.drills.start(self._state.box.get().estate, wish))
        return Response(orjson.dumps(told), 201, {"Location": told["links"]["self"]}, JSON)

    def finish(self, drill_id: str, body: FinishBody, header: ActorHeader = None) -> Response:
        """End one; 409 when it has ended."""
        self._known(drill_id)
        actor = actor_of(body.actor, header)
        wish = Finish(body.outcome, actor, body.lost_seconds, body.artefact_sha256, body.artefact_name, body.note)
        return Response(orjson.dumps(document(self._state.drills.finish(drill_id, wish))), media_type=JSON)

    def _known(self, drill_id: str) -> Drill:
        drill = self._state.drills.get(drill_id)
        if drill is None:
            raise HTTPException(404, f"there is no drill {drill_id[:200]!r}; /api/v1/drills lists them")
        return drill
