"""The HTML routes of overview, objectives, components, breaches and sources, each read off one snapshot."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from app.guards import Requires
from app.recovery_view import find
from app.web import breach, component, objective, recovery_breach, views
from app.web.alarms import alarms_page
from app.web.badges import ORDER, badge
from app.web.changes import changes
from app.web.layers import layers
from app.web.recovery import recovery_page
from app.web.source_costs import cost_page
from app.web.source_remarks import remarks
from app.web.sources import source_lines
from app.web.traces import of_estate
from app.web.troubles import trouble_line
from slo.errors import StoreError
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import BreachRow, Delivery
    from app.snapshot import AppState, Snapshot
    from app.web.badges import Badge
    from app.web.shell import Shell

WORST = 10


def counters(rows: Sequence[views.Row]) -> list[tuple[Badge, int]]:
    """States that occur, in order of precedence."""
    found = Counter(row.badge.state for row in rows)
    return [(badge(state), found[state]) for state in ORDER if found[state]]


class Pages:
    """Endpoints as methods over the one state; `router` declares them."""

    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        for path, endpoint in (
            ("/", self.overview),
            ("/slos", self.slos),
            ("/slos/{objective_id}", self.slo),
            ("/components/{name}", self.component),
            ("/breaches/{breach_id}", self.breach),
            ("/sources", self.sources),
            ("/static/{name}", self.static),
        ):
            router.add_api_route(path, endpoint, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    async def overview(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            rows = views.rows(snapshot, snapshot.estate.objectives)
            known = sorted((r for r in rows if r.remaining is not None), key=lambda r: (r.remaining, r.id))
            lines = [views.breach_line(snapshot, b) for b in snapshot.breaches]
            return {
                "open": [views.breach_line(snapshot, b) for b in snapshot.open_breaches],
                "recent": [line for line in lines if not line.open][:WORST],
                "counters": counters(rows),
                "worst": known[:WORST],
                "layers": layers(snapshot, self._state.about),
                "recovery": recovery_page(snapshot).targets,
                "troubles": [trouble_line(b, snapshot) for b in snapshot.recovery_breaches],
                "alarms": None if snapshot.alarms is None else alarms_page(snapshot),
                "sources": source_lines(snapshot),
            }

        return await self._shell.page(request, snapshot, "overview.html", context)

    async def slos(self, request: Request, q: str = "", state: str = "") -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            rows = views.rows(snapshot, snapshot.estate.objectives)
            found = views.matching(rows, q, state)
            return {"rows": found, "all": len(rows), "counters": counters(rows), "q": q, "state": state}

        return await self._shell.page(request, snapshot, "slos.html", context)

    async def slo(self, request: Request, objective_id: str) -> Response:
        snapshot = self._state.box.get()
        found = snapshot.objective(objective_id)
        if found is None:
            return self._shell.unknown(
                snapshot, "objective", objective_id, "/slos/", [o.id for o in snapshot.estate.objectives]
            )

        def context() -> dict[str, Any]:
            page = objective.objective_page(snapshot, self._state.history, found)
            opened = snapshot.open_breach(found.id)
            at = to_minute(snapshot.made_at) if opened is None else opened.breach.fired_at
            return {"page": page, "changed": changes(snapshot, self._state.happened, page.component, at)}

        return await self._shell.page(request, snapshot, "slo.html", context)

    async def component(self, request: Request, name: str) -> Response:
        snapshot = self._state.box.get()
        found = next((c for c in snapshot.estate.components if c.name == name), None)
        if found is None:
            return self._shell.unknown(
                snapshot, "component", name, "/components/", [c.name for c in snapshot.estate.components]
            )

        def context() -> dict[str, Any]:
            return {"page": component.component_page(snapshot, found, self._state.about.get(name))}

        return await self._shell.page(request, snapshot, "component.html", context)

    def breach(self, request: Request, breach_id: str) -> Response:
        """Read from the store at every request: deliveries change between two ticks. Without it, from the snapshot."""
        snapshot = self._state.box.get()
        trouble, told = find(self._state.recovered, snapshot, breach_id)
        shown = None if trouble is None else recovery_breach.context(snapshot, trouble, told)
        if shown is not None:
            return self._shell.fresh(request, snapshot, "recovery_breach.html", shown)
        row, deliveries = self._stored(snapshot, breach_id)
        of = None if row is None else snapshot.objective(row.breach.objective)
        if row is None or of is None:
            return self._shell.unknown(snapshot, "breach", breach_id, "/breaches/", [b.id for b in snapshot.breaches])
        page = breach.breach_page(snapshot, of, row, deliveries)
        changed = changes(snapshot, self._state.happened, page.component, row.breach.fired_at)
        return self._shell.fresh(request, snapshot, "breach.html", {"page": page, "changed": changed})

    def _stored(self, snapshot: Snapshot, breach_id: str) -> tuple[BreachRow | None, Sequence[Delivery] | None]:
        try:
            return self._state.log.breach(breach_id), self._state.log.deliveries(breach_id)
        except StoreError:
            return next((b for b in snapshot.breaches if b.id == breach_id), None), None

    async def sources(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            reading = self._state.reading
            return {
                "sources": source_lines(snapshot),
                "remarks": remarks(snapshot),
                "traced": of_estate(snapshot),
                "cost": None if reading is None else cost_page(reading),
            }

        return await self._shell.page(request, snapshot, "sources.html", context)

    async def static(self, name: str) -> Response:
        file = next((f for f in self._shell.static.values() if f.name == name), None)
        if file is None:
            return Response("no such file\n", 404, media_type="text/plain")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(file.body, media_type=file.media_type, headers=headers)
