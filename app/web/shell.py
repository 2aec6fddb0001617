"""What every page has around it: freshness, navigation, errors with a way back, and rendering once per snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi import Response

from app.api.answers import Answer
from app.csrf import Csrf
from app.web import numbers, templating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fastapi import Request

    from app.api.answers import Answers
    from app.snapshot import AppState, Snapshot

HTML = "text/html; charset=utf-8"
PLACES = (
    ("/", "Overview"),
    ("/slos", "SLOs"),
    ("/recovery", "Recovery"),
    ("/alarms", "Alarms"),
    ("/maintenance", "Maintenance"),
    ("/reports", "Reports"),
    ("/sources", "Sources"),
    ("/audit", "Audit"),
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


class Shell:
    """Made once and shared by every router of pages. The navigation leads only to pages that there are."""

    def __init__(self, state: AppState, answers: Answers) -> None:
        self._state, self._answers = state, answers
        self.static = templating.static_files()
        self._jinja = templating.environment(self.static)
        self.csrf = Csrf()
        self._jinja.globals["csrf"] = self.csrf.token
        self._places: tuple[tuple[str, str], ...] = ()

    def lead_to(self, paths: Iterable[str]) -> None:
        """`paths` of every route that the application has."""
        known = frozenset(paths)
        self._places = tuple((path, name) for path, name in PLACES if path in known)

    async def page(
        self, request: Request, snapshot: Snapshot, template: str, context: Callable[[], Mapping[str, Any]]
    ) -> Response:
        """Rendered once per snapshot and address, and answered from the cache until the next tick."""

        def render(stale: bool) -> Answer:
            return Answer(self._render(request, snapshot, template, stale, context()), HTML)

        return await self._answers.send(request, snapshot, str(request.url), render)

    def fresh(self, request: Request, snapshot: Snapshot, template: str, context: Mapping[str, Any]) -> Response:
        """Rendered now: for what changes between two ticks."""
        stale = snapshot.is_stale(self._state.clock())
        return self._answers.fresh(request, snapshot, Answer(self._render(request, snapshot, template, stale, context), HTML))

    def unknown(self, snapshot: Snapshot, noun: str, name: str, prefix: str, known: Sequence[str]) -> Response:
        """404 with the names that are nearest; a link to one of them is `prefix` and its name."""
        near = [(f"{prefix}{quote(n)}", n) for n in get_close_matches(name, known, n=5, cutoff=0.4)]
        return self.error(404, f"There is no {noun} “{name[:200]}” in estate {snapshot.estate.name}.", near)

    def error(self, status: int, message: str, near: Sequence[tuple[str, str]] = ()) -> Response:
        """A page with a way back."""
        snapshot = self._state.box.get()
        stale = snapshot.is_stale(self._state.clock())
        context = {"status": status, "message": message, "near": near}
        return Response(self._render(None, snapshot, "error.html", stale, context), status, media_type=HTML)

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
            places=self._places,
            **context,
        )
        return text.encode()
