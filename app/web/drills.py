"""The drills on `/recovery`: what is rehearsed now, what was, and the forms that begin and end one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from fastapi.responses import RedirectResponse

from app.csrf import Token  # noqa: TC001  # FastAPI reads the annotations at run time
from app.drills import MOST_NAME, MOST_NOTE, Finish, Start, parse_lost
from app.guards import Requires
from app.web import numbers
from app.web.badges import Badge
from slo.errors import StoreError
from slo.estate.recovery_targets import SCENARIOS

if TYPE_CHECKING:
    from app.drills import DrillBook
    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell
    from slo.judge.drill import Drill

SHOWN = 20
PIECE = 1 << 16
START = "/recovery/drills"
BADGES = {
    None: Badge("warning", "running", "hourglass"),
    "passed": Badge("ok", "passed", "check"),
    "failed": Badge("burning_fast", "failed", "empty"),
}
Name = Annotated[str, Form(min_length=1, max_length=300)]
Text = Annotated[str, Form(max_length=MOST_NOTE)]


@dataclass(frozen=True, slots=True)
class DrillLine:
    """`finish` is where the form that ends it goes to; `evidence` is the SHA-256 of the artefact."""

    drill: Drill
    badge: Badge
    began: str
    ended: str
    took: str
    lost: str
    people: str
    evidence: str
    finish: str


@dataclass(frozen=True, slots=True)
class DrillSection:
    """`known` is False when the store could not be read: the page still opens and says so."""

    known: bool
    running: tuple[DrillLine, ...]
    done: tuple[DrillLine, ...]
    more: bool
    components: tuple[tuple[str, str], ...]
    scenarios: tuple[str, ...] = SCENARIOS
    start: str = START


def drill_section(book: DrillBook, snapshot: Snapshot) -> DrillSection:
    components = tuple((c.name, c.title) for c in snapshot.estate.components)
    try:
        found = book.latest(limit=SHOWN + 1)
    except StoreError:
        return DrillSection(False, (), (), False, components)
    lines = tuple(drill_line(drill, snapshot) for drill in found[:SHOWN])
    return DrillSection(
        True,
        tuple(line for line in lines if line.drill.finished_at is None),
        tuple(line for line in lines if line.drill.finished_at is not None),
        len(found) > SHOWN,
        components,
    )


def drill_line(drill: Drill, snapshot: Snapshot) -> DrillLine:
    now, end = int(snapshot.made_at.timestamp()), drill.finished_at
    return DrillLine(
        drill,
        BADGES[drill.outcome],
        _when(drill.started_at, snapshot),
        "" if end is None else _when(end, snapshot),
        numbers.age(max(0, (now if end is None else end) - drill.started_at)),
        "not looked at" if drill.lost_seconds is None else numbers.age(drill.lost_seconds),
        ", ".join(dict.fromkeys((drill.actor, *drill.participants))),
        drill.artefact or "",
        f"{START}/{quote(drill.id)}/finish",
    )


def _when(seconds: int, snapshot: Snapshot) -> str:
    return numbers.time_of(datetime.fromtimestamp(seconds, UTC), snapshot.made_at)


class DrillPages:
    """Every form leads back to the section on `/recovery`."""

    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        operator = [Depends(Requires("operator"))]
        router.add_api_route(START, self.start, methods=["POST"], dependencies=operator, response_model=None)
        finish = f"{START}/{{drill_id}}/finish"
        router.add_api_route(finish, self.finish, methods=["POST"], dependencies=operator, response_model=None)
        return router

    def start(
        self, csrf: Token, component: Name, scenario: Name, actor: Name, participants: Text = "", note: Text = ""
    ) -> Response:
        """`participants` are separated by commas."""
        self._shell.csrf.check(START, csrf)
        people = tuple(name.strip() for name in participants.split(",") if name.strip())
        wish = Start(component, scenario, actor, people, note or None)
        return _back(self._state.drills.start(self._state.box.get().estate, wish))

    def finish(
        self,
        drill_id: str,
        csrf: Token,
        outcome: Annotated[Literal["passed", "failed"], Form()],
        actor: Name,
        lost: Annotated[str, Form(max_length=20)] = "",
        note: Text = "",
        artefact: Annotated[UploadFile | None, File()] = None,
    ) -> Response:
        """The artefact is read for its hash and then forgotten."""
        self._shell.csrf.check(f"{START}/{quote(drill_id)}/finish", csrf)
        seconds = parse_lost(lost) if lost.strip() else None
        digest, name = (None, None) if artefact is None or not artefact.filename else _hashed(artefact)
        wish = Finish(outcome, actor, seconds, digest, name, note or None)
        return _back(self._state.drills.finish(drill_id, wish))


def _hashed(artefact: UploadFile) -> tuple[str, str]:
    digest = sha256()
    while piece := artefact.file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest(), (artefact.filename or "")[-MOST_NAME:]


def _back(drill: Drill) -> Response:
    return RedirectResponse(f"/recovery#drill-{quote(drill.id)}", 303)
