"""The web application: routes over one state, errors as problems or pages, everything behind the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.api.alarms import Alarms
from app.api.answers import Answers
from app.api.breaches import Breaches
from app.api.components import Components
from app.api.drills import Drills
from app.api.events import Events
from app.api.exclusions import Exclusions
from app.api.health import Health
from app.api.problems import problem
from app.api.recovery import Recovery
from app.api.reports import Reports
from app.api.slos import Slos
from app.guards import HEADERS, Guard, paths, signed, unguarded
from app.web.alarms import AlarmPages
from app.web.audit import AuditPages
from app.web.drills import DrillPages
from app.web.maintenance import MaintenancePages
from app.web.pages import Pages
from app.web.recovery import RecoveryPages
from app.web.recovery_detail import RecoveryDetails
from app.web.reports import ReportPages
from app.web.shell import Shell
from slo.errors import Conflict, SettingsError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter
    from starlette.requests import Request
    from starlette.responses import Response

    from app.snapshot import AppState

RETRY_SECONDS = 5
"""What a client is asked to wait when the store refuses: as long as the workers do."""
MACHINES = ("/api/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/demo/", "/hooks/")
"""Paths whose errors are problem details; everything else is read by people."""


def create_app(state: AppState, more: Sequence[APIRouter] = ()) -> FastAPI:
    """`more` are routers of others (the demo's). SettingsError when one of them has a route without a role."""
    app = FastAPI(title="Sloop", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    answers = Answers(state)
    shell = Shell(state, answers)
    pages = (
        Pages(state, shell),
        RecoveryPages(state, shell),
        RecoveryDetails(state, shell),
        AlarmPages(state, shell),
        MaintenancePages(state, shell),
        ReportPages(state, shell),
        AuditPages(state, shell),
        DrillPages(state, shell),
    )
    api = (
        Slos(state, answers),
        Components(state, answers),
        Breaches(state, answers),
        Recovery(state, answers),
        Alarms(state, answers),
        Reports(state, answers),
        Exclusions(state, answers),
        Events(state, answers),
        Drills(state, answers),
    )
    for router in (*(part.router() for part in (*api, *pages)), Health(state).router(), *more):
        app.include_router(router)
    shell.lead_to(paths(app.routes))
    open_paths = unguarded(app.routes)
    if open_paths:
        raise SettingsError(f"routes without a role: {', '.join(open_paths)}; give them Depends(Requires(...))")
    _handle_errors(app, shell)
    app.add_middleware(Guard, hosts=state.hosts, signed=signed(app.routes))
    return app


def _handle_errors(app: FastAPI, shell: Shell) -> None:
    def answer(request: Request, status: int, detail: str, **extra: Any) -> Response:
        if request.url.path.startswith(MACHINES):
            return problem(status, detail, instance=request.url.path, **extra)
        return shell.error(status, detail)

    async def refused(request: Request, error: Exception) -> Response:
        known = cast("HTTPException", error)
        response = answer(request, known.status_code, str(known.detail))
        response.headers.update(known.headers or {})
        return response

    async def invalid(request: Request, error: Exception) -> Response:
        found = cast("RequestValidationError", error).errors()
        where = [{"where": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in found]
        detail = "; ".join(f"{w['where']}: {w['message']}" for w in where)
        return answer(request, 422, detail, errors=where)

    async def unmeant(request: Request, error: Exception) -> Response:
        return answer(request, 409 if isinstance(error, Conflict) else 422, str(error))

    async def unstored(request: Request, error: Exception) -> Response:
        response = answer(request, 503, f"the store refused: {error}")
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response

    async def broken(request: Request, _error: Exception) -> Response:
        # Answered outside the guard; the error goes on to the server, which logs it.
        response = answer(request, 500, "this is a bug of Sloop; its log has the traceback")
        response.headers.update(HEADERS)
        return response

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(UsageError, unmeant)
    app.add_exception_handler(Conflict, unmeant)
    app.add_exception_handler(StoreError, unstored)
    app.add_exception_handler(Exception, broken)
