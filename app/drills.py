"""The book of drills: who began which rehearsal and how it ended, each step with its event and its line in the journal."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol
from unicodedata import category
from urllib.parse import quote

from alerts.events import Event
from app.records import Entry
from slo.errors import Conflict, StoreError, UsageError
from slo.estate.recovery_targets import SCENARIOS
from slo.judge.drill import Drill
from slo.units import MINUTES, format_seconds, from_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from slo.estate.spec import Estate
    from slo.judge.drill import Outcome

KIND = "drill"
MOST_READ = 1000
MOST_NAME, MOST_NOTE, MOST_PARTICIPANTS = 100, 2000, 50
MOST_LOST = 10 * 366 * 86_400
"""Seconds: nobody loses more than ten years."""
_SECONDS = {"s": 1, **{unit: minutes * 60 for unit, minutes in MINUTES.items()}}
_LOST = re.compile(r"([0-9]{1,9})([smhdw])")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class DrillRecords(Protocol):
    """The part of `app.records.Records` that keeps drills; the store itself fits."""

    def commit_drill(self, drill: Drill, event: Event, entry: Entry) -> bool: ...

    def drill(self, drill_id: str) -> Drill | None: ...

    def drills(
        self, *, limit: int, before: str | None = None, component: str | None = None, scenario: str | None = None
    ) -> Sequence[Drill]: ...


class NoDrills:
    """Keeps nothing, and says so when it is asked to."""

    def commit_drill(self, drill: Drill, event: Event, entry: Entry) -> bool:  # noqa: ARG002  # nothing is kept
        raise StoreError("no drills are kept here")

    def drill(self, drill_id: str) -> Drill | None:  # noqa: ARG002  # there is none, whatever is asked
        return None

    def drills(
        self,
        *,
        limit: int,  # noqa: ARG002  # there are none, whatever is asked
        before: str | None = None,  # noqa: ARG002
        component: str | None = None,  # noqa: ARG002
        scenario: str | None = None,  # noqa: ARG002
    ) -> Sequence[Drill]:
        return ()


@dataclass(frozen=True, slots=True)
class Start:
    component: str
    scenario: str
    actor: str
    participants: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """`artefact` is the SHA-256 of the evidence and `artefact_name` what its file was called; the file stays where it is."""

    outcome: Outcome
    actor: str
    lost_seconds: int | None = None
    artefact: str | None = None
    artefact_name: str | None = None
    note: str | None = None


class DrillBook:
    """UsageError for what cannot be meant, Conflict for what no longer fits. `now` is in the estate's time."""

    def __init__(self, records: DrillRecords, now: Callable[[], datetime]) -> None:
        self._records, self._now = records, now

    def get(self, drill_id: str) -> Drill | None:
        return self._records.drill(drill_id)

    def latest(
        self, *, limit: int, before: str | None = None, component: str | None = None, scenario: str | None = None
    ) -> Sequence[Drill]:
        """Newest first; `before` is the id of the last one of the page before."""
        return self._records.drills(limit=limit, before=before, component=component, scenario=scenario)

    def start(self, estate: Estate, wish: Start) -> Drill:
        """Of two that begin the same drill at once one gets a Conflict."""
        component = known("component", wish.component, [c.name for c in estate.components], f" in estate {estate.name}")
        scenario = known("scenario", wish.scenario, SCENARIOS)
        earlier = self._records.drills(limit=MOST_READ, component=component, scenario=scenario)
        running = next((drill for drill in earlier if drill.finished_at is None), None)
        if running is not None:
            raise Conflict(f"drill {running.id} of {component} is running since {_began(running)}; finish it first")
        drill = Drill(
            f"{component}.{scenario}.{1 + max(map(_number, earlier), default=0)}",
            component,
            scenario,
            int(self._now().timestamp()),
            _name("actor", wish.actor),
            _names(wish.participants),
            note=_note(wish.note),
        )
        self._keep(drill, drill.actor, "started", {})
        return drill

    def finish(self, drill_id: str, wish: Finish) -> Drill:
        """UsageError where there is no such drill, Conflict where it is over. A note is added to that of the start."""
        drill, now = self._records.drill(drill_id), int(self._now().timestamp())
        if drill is None:
            raise UsageError(f"there is no drill {drill_id!r}; `sloop drill list` and /api/v1/drills name them all")
        if drill.finished_at is not None:
            raise Conflict(f"drill {drill.id} {drill.outcome} already at {format_seconds(drill.finished_at)}")
        if now < drill.started_at:
            raise Conflict(
                f"drill {drill.id} began at {_began(drill)}, and this clock says {format_seconds(now)}; set it right"
            )
        notes = [text for text in (drill.note, _note(wish.note)) if text]
        finished = replace(
            drill,
            finished_at=now,
            outcome=wish.outcome,
            lost_seconds=_lost(wish.lost_seconds),
            artefact=_hash(wish.artefact),
            note="\n".join(notes) or None,
        )
        name = None if not wish.artefact_name else _name("artefact name", wish.artefact_name)
        self._keep(finished, _name("actor", wish.actor), wish.outcome, {"artefact_name": name})
        return finished

    def _keep(self, drill: Drill, actor: str, step: str, more: dict[str, Any]) -> None:
        at = drill.started_at if drill.finished_at is None else drill.finished_at
        said = {key: value for key, value in document(drill).items() if key != "links"} | more
        # A step's event has one id, whoever takes the step: that lets only one of two through.
        event_id = f"drill/{drill.id}/{'started' if drill.finished_at is None else 'finished'}"
        title = f"Drill of {drill.scenario} {step} by {actor}"
        event = Event(event_id, "sloop", KIND, at, at, title, drill.component, said)
        action = "drill-start" if drill.finished_at is None else "drill-finish"
        entry = Entry(self._now(), actor, action, f"{drill.component}/{drill.scenario}", step, said)
        if not self._records.commit_drill(drill, event, entry):
            raise Conflict(f"somebody else did the same to drill {drill.id} at this moment; look at it first")


def no_book() -> DrillBook:
    """Holds no drills and takes none."""
    return DrillBook(NoDrills(), lambda: from_minute(0))


def document(drill: Drill) -> dict[str, Any]:
    """The item of `/api/v1/drills`; docs/recovery.md describes it."""
    end = drill.finished_at
    return {
        "id": drill.id,
        "component": drill.component,
        "scenario": drill.scenario,
        "started_at": format_seconds(drill.started_at),
        "finished_at": None if end is None else format_seconds(end),
        "seconds": None if end is None else end - drill.started_at,
        "outcome": drill.outcome,
        "actor": drill.actor,
        "participants": list(drill.participants),
        "lost_seconds": drill.lost_seconds,
        "artefact_sha256": drill.artefact,
        "note": drill.note,
        "links": {
            "self": f"/api/v1/drills/{quote(drill.id)}",
            "html": f"/recovery#drill-{quote(drill.id)}",
            "component": f"/api/v1/components/{quote(drill.component)}",
        },
    }


def parse_lost(text: str) -> int:
    """`0s`, `42s`, `5m`, `1h` -> seconds. UsageError otherwise."""
    match = _LOST.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"lost: {text[:50]!r} is not a duration; write a whole number and s, m, h, d or w, like 90s")
    return _lost(int(match[1]) * _SECONDS[match[2]]) or 0


def known(noun: str, name: str, names: Sequence[str], where: str = "") -> str:
    """The name itself. UsageError with the nearest ones when there is none like it."""
    if name in names:
        return name
    near = get_close_matches(name, names, n=2, cutoff=0.5)
    hint = f"is it {' or '.join(near)}?" if near else f"there are {', '.join(names[:10]) or 'none'}"
    raise UsageError(f"there is no {noun} {name[:100]!r}{where}; {hint}")


def _number(drill: Drill) -> int:
    tail = drill.id.rpartition(".")[2]
    return int(tail) if tail.isdecimal() else 0


def _began(drill: Drill) -> str:
    return format_seconds(drill.started_at)


def _name(what: str, text: str) -> str:
    name = text.strip()
    if not name or len(name) > MOST_NAME or _has_control(name):
        raise UsageError(f"{what}: 1 to {MOST_NAME} characters on one line, not {text[:50]!r}")
    return name


def _names(texts: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order they were given."""
    names = tuple(dict.fromkeys(_name("participant", text) for text in texts))
    if len(names) > MOST_PARTICIPANTS:
        raise UsageError(f"participants: {len(names)} are more than {MOST_PARTICIPANTS}; name the teams instead")
    return names


def _note(text: str | None) -> str | None:
    note = (text or "").replace("\r\n", "\n").strip()
    if len(note) > MOST_NOTE or _has_control(note.replace("\n", " ").replace("\t", " ")):
        raise UsageError(f"note: at most {MOST_NOTE} characters of text; keep the rest in the artefact")
    return note or None


def _has_control(text: str) -> bool:
    """Control characters and halves of surrogate pairs, which no database takes."""
    return any(category(char) in ("Cc", "Cs") for char in text)


def _lost(seconds: int | None) -> int | None:
    if seconds is not None and not 0 <= seconds <= MOST_LOST:
        raise UsageError(f"lost: {seconds} s is not between 0 and ten years")
    return seconds


def _hash(text: str | None) -> str | None:
    if text is not None and not _SHA256.fullmatch(text):
        raise UsageError("artefact: its SHA-256 is 64 hexadecimal digits, in small letters")
    return text
