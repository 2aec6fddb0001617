"""The HTML routes. Each page is rendered from one snapshot, once, and answered from the cache until the next tick."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from app.api.answers import Answer, Answers
from app.guards import Requires
from app.web import breach, component, numbers, objective, templating, views
from app.web.badges import ORDER, badge
from slo.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.ports import BreachRow, Delivery
    from app.snapshot import AppState, Snapshot, SourceStatus
    from app.web.badges import Badge

HTML = "text/html; charset=utf-8"
WORST = 10


@dataclass(frozen=True, slots=True)
class SourceLine:
    """`at` is the watermark in epoch seconds, so that the script can keep its age true."""

    name: str
    error: str | None
    at: int | None
    watermark: str
    lag: str
    polled: str
    queries: int


def source_line(snapshot: Snapshot, source: SourceStatus) -> SourceLine:
    now = snapshot.made_at
    lag = numbers.UNKNOWN if source.tick is None else numbers.about(max(0.0, now.timestamp() - source.tick * 60))
    return SourceLine(
        name=source.name,
        error=source.error,
        at=None if source.tick is None else source.tick * 60,
        watermark=numbers.UNKNOWN if source.tick is None else numbers.minute_of(source.tick, now),
        lag=lag,
        polled=numbers.UNKNOWN if source.polled_at is None else numbers.time_of(source.polled_at, now),
        queries=source.queries,
    )


@dataclass(frozen=True, slots=True)
class Freshness:
    """The bar on every page."""

    as_of: str
    at: int | None
    age: str
    sources: int
    failing: tuple[str, ...]
    outbox: str
    unjudged: int


def freshness(snapshot: Snapshot) -> Freshness:
    now, as_of, oldest = snapshot.made_at, snapshot.as_of, snapshot.outbox_oldest
    waiting = "empty" if oldest is None else f"oldest waits {numbers.about(max(0.0, (now - oldest).total_seconds()))}"
    return Freshness(
        as_of="no data yet" if as_of is None else numbers.time_of(as_of, now),
        at=None if as_of is None else int(as_of.timestamp()),
        age="" if as_of is None else numbers.about(max(0.0, (now - as_of).total_seconds())),
        sources=len(snapshot.sources),
        failing=tuple(s.name for s in snapshot.sources if s.error is not None),
        outbox=waiting,
        unjudged=len(snapshot.unjudged),
    )


def counters(rows: Sequence[views.Row]) -> list[tuple[Badge, int]]:
    """States that occur, in order of precedence."""
    found = Counter(row.badge.state for row in rows)
    return [(badge(state), found[state]) for state in ORDER if found[state]]


class Pages:
    """Endpoints as methods over the one state; `router` declares them."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers
        self._static = templating.static_files()
        self._jinja = templating.environment(self._static)

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
                "components": [component.component_line(snapshot, c) for c in snapshot.estate.components],
                "sources": [source_line(snapshot, s) for s in snapshot.sources],
            }

        return await self._page(request, snapshot, "overview.html", context)

    async def slos(self, request: Request, q: str = "", state: str = "") -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            rows = views.rows(snapshot, snapshot.estate.objectives)
            found = views.matching(rows, q, state)
            return {"rows": found, "all": len(rows), "counters": counters(rows), "q": q, "state": state}

        return await self._page(request, snapshot, "slos.html", context)

    async def slo(self, request: Request, objective_id: str) -> Response:
        snapshot = self._state.box.get()
        found = snapshot.objective(objective_id)
        if found is None:
            return self._unknown(snapshot, "objective", objective_id, "/slos/", [o.id for o in snapshot.estate.objectives])

        def context() -> dict[str, Any]:
            return {"page": objective.objective_page(snapshot, self._state.history, found)}

        return await self._page(request, snapshot, "slo.html", context)

    async def component(self, request: Request, name: str) -> Response:
        snapshot = self._state.box.get()
        found = next((c for c in snapshot.estate.components if c.name == name), None)
        if found is None:
            return self._unknown(snapshot, "component", name, "/components/", [c.name for c in snapshot.estate.components])

        def context() -> dict[str, Any]:
            return {"page": component.component_page(snapshot, found)}

        return await self._page(request, snapshot, "component.html", context)

    def breach(self, request: Request, breach_id: str) -> Response:
        """Read from the store at every request: deliveries change between two ticks. Without it, from the snapshot."""
        snapshot = self._state.box.get()
        row, deliveries = self._stored(snapshot, breach_id)
        of = None if row is None else snapshot.objective(row.breach.objective)
        if row is None or of is None:
            return self._unknown(snapshot, "breach", breach_id, "/breaches/", [b.id for b in snapshot.breaches])
        stale = snapshot.is_stale(self._state.clock())
        page = breach.breach_page(snapshot, of, row, deliveries)
        answer = Answer(self._render(request, snapshot, "breach.html", stale, {"page": page}), HTML)
        return self._answers.fresh(request, snapshot, answer)

    def _stored(self, snapshot: Snapshot, breach_id: str) -> tuple[BreachRow | None, Sequence[Delivery] | None]:
        try:
            return self._state.log.breach(breach_id), self._state.log.deliveries(breach_id)
        except StoreError:
            return next((b for b in snapshot.breaches if b.id == breach_id), None), None

    async def sources(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            return {"sources": [source_line(snapshot, s) for s in snapshot.sources]}

        return await self._page(request, snapshot, "sources.html", context)

    async def static(self, name: str) -> Response:
        file = next((f for f in self._static.values() if f.name == name), None)
        if file is None:
            return Response("no such file\n", 404, media_type="text/plain")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(file.body, media_type=file.media_type, headers=headers)

    def error(self, status: int, message: str) -> Response:
        """Any other error of a page, with a way back."""
        return self._error(self._state.box.get(), status, message, [])

    async def _page(
        self, request: Request, snapshot: Snapshot, template: str, context: Callable[[], Mapping[str, Any]]
    ) -> Response:
        def render(stale: bool) -> Answer:
            return Answer(self._render(request, snapshot, template, stale, context()), HTML)

        return await self._answers.send(request, snapshot, str(request.url), render)

    def _render(
        self, request: Request | None, snapshot: Snapshot, template: str, stale: bool, context: Mapping[str, Any]
    ) -> bytes:
        text = self._jinja.get_template(template).render(
            estate=snapshot.estate,
            snapshot=snapshot,
            fresh=freshness(snapshot),
            stale=stale,
            made=int(snapshot.made_at.timestamp()),
            stale_after=int(snapshot.stale_after.total_seconds()),
            path="" if request is None else request.url.path,
            **context,
        )
        return text.encode()

    def _unknown(self, snapshot: Snapshot, noun: str, name: str, prefix: str, known: Sequence[str]) -> Response:
        near = [(f"{prefix}{quote(n)}", n) for n in get_close_matches(name, known, n=5, cutoff=0.4)]
        return self._error(snapshot, 404, f"There is no {noun} “{name[:200]}” in estate {snapshot.estate.name}.", near)

    def _error(self, snapshot: Snapshot, status: int, message: str, near: list[tuple[str, str]]) -> Response:
        stale = snapshot.is_stale(self._state.clock())
        context = {"status": status, "message": message, "near": near}
        return Response(self._render(None, snapshot, "error.html", stale, context), status, media_type=HTML)
