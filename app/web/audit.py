"""`/audit`: who did what, and what happened beside the numbers, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.events import OfComponent  # noqa: TC001  # FastAPI reads the annotations at run time
from app.api.paging import Cursor  # noqa: TC001
from app.guards import Requires
from app.web import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.events import Event
    from app.records import Entry
    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell

ROWS = 50
KINDS = (
    "alarm",
    "apply",
    "backup",
    "configuration",
    "deployment",
    "drill",
    "edit",
    "failover",
    "maintenance",
    "other",
    "restart",
    "restore",
    "scaling",
    "subscription",
    "test_fire",
)
Before = Annotated[int | None, Query(ge=1, le=2**62)]


@dataclass(frozen=True, slots=True)
class EntryLine:
    number: int
    at: str
    actor: str
    action: str
    subject: str
    outcome: str
    document: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """`known` says that the component has a page."""

    id: str
    at: str
    kind: str
    component: str | None
    known: bool
    title: str
    source: str
    document: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; empty where it asks for everything."""

    component: str
    kind: str
    cursor: str
    journal: str

    def address(self, **other: str) -> str:
        """The same with something else."""
        asked = {name: getattr(self, name) for name in ("component", "kind", "cursor", "journal")} | other
        given = {name: value for name, value in asked.items() if value}
        return f"/audit?{urlencode(given)}" if given else "/audit"


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`older` are addresses of the pages after these, None on the last one."""

    asked: Asked
    kinds: tuple[str, ...]
    components: tuple[str, ...]
    entries: tuple[EntryLine, ...]
    older_entries: str | None
    events: tuple[EventLine, ...]
    older_events: str | None


def _entry(number: int, entry: Entry, snapshot: Snapshot) -> EntryLine:
    at = numbers.time_of(entry.at, snapshot.made_at)
    return EntryLine(number, at, entry.actor, entry.action, entry.subject, entry.outcome, _json(entry.document))


def _event(event: Event, snapshot: Snapshot, components: frozenset[str]) -> EventLine:
    at = numbers.time_of(datetime.fromtimestamp(event.at, UTC), snapshot.made_at)
    known, kind = event.component in components, event.kind.replace("_", " ")
    return EventLine(event.id, at, kind, event.component, known, event.title, event.source, _json(event.document))


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, default=str) if document else ""


class AuditPages:
    """Reads the store at every request; a refusing store is a 503."""

    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        auditor = [Depends(Requires("auditor"))]
        router.add_api_route("/audit", self.audit, methods=["GET"], dependencies=auditor, response_model=None)
        return router

    def audit(
        self,
        request: Request,
        component: OfComponent = None,
        kind: Annotated[str | None, Query(max_length=40, pattern="^[a-z_]*$")] = None,
        cursor: Cursor = None,
        journal: Before = None,
    ) -> Response:
        """A form that is sent without a choice asks for everything."""
        snapshot = self._state.box.get()
        asked = Asked(component or "", kind or "", cursor or "", "" if journal is None else str(journal))
        return self._shell.fresh(request, snapshot, "audit.html", {"page": self._page(snapshot, asked, journal)})

    def _page(self, snapshot: Snapshot, asked: Asked, journal: int | None) -> AuditPage:
        entries = self._state.happened.journal(limit=ROWS + 1, before=journal)
        events = self._state.happened.events(
            limit=ROWS + 1, before=asked.cursor or None, component=asked.component or None, kind=asked.kind or None
        )
        shown, happened = entries[:ROWS], events[:ROWS]
        components = frozenset(c.name for c in snapshot.estate.components)
        return AuditPage(
            asked,
            KINDS,
            tuple(sorted(components)),
            tuple(_entry(number, entry, snapshot) for number, entry in shown),
            asked.address(journal=str(shown[-1][0])) + "#journal" if len(entries) > ROWS else None,
            tuple(_event(event, snapshot, components) for event in happened),
            asked.address(cursor=happened[-1].id) + "#events" if len(events) > ROWS else None,
        )
