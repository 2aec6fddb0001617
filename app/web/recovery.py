"""`/recovery`: every target beside what would be lost now, what recovery took, and what proves it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response

from app.guards import Requires
from app.recovery_view import detail_path
from app.web import numbers
from app.web.badges import Badge
from app.web.drills import drill_section
from app.web.troubles import age, trouble_line, when
from slo.estate.recovery_targets import SCENARIOS
from slo.judge.recovery_part import STATES
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell
    from app.web.troubles import TroubleLine
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_part import Part, State

BADGES: dict[State, Badge] = {
    "breached": Badge("burning_fast", "breached", "flame"),
    "impossible": Badge("exhausted", "impossible", "empty"),
    "proof_too_old": Badge("warning", "proof too old", "clock"),
    "not_measured": Badge("insufficient_history", "not measured", "hourglass"),
    "met": Badge("ok", "met", "check"),
    "no_target": Badge("no_data", "no target set", "circle"),
}
_SAID: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("breached", ("breached",)),
    ("impossible", ("impossible",)),
    ("not proven", ("proof_too_old", "not_measured")),
)
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Half:
    """RPO or RTO: `why` are its reasons as sentences."""

    badge: Badge
    target: str
    achieved: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """`exposure` is an age or, where `known` is false, the reason why there is none. `href` is empty without a target."""

    badge: Badge
    href: str
    component: str
    title: str
    scenario: str
    rpo: Half
    rto: Half
    exposure: str
    known: bool
    worst: tuple[tuple[str, str], ...]
    within: str
    read: str
    mechanism: str
    proof: str
    method: str
    source: str
    expires: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A component with a target; `cells` in the order of the scenarios, None where none is set."""

    component: str
    title: str
    cells: tuple[RecoveryLine | None, ...]


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """`targets` the most urgent first; `others` have no target but something that is read, `bare` neither."""

    looked: bool
    sentence: str
    badge: Badge | None
    troubles: tuple[TroubleLine, ...]
    matrix: tuple[MatrixRow, ...]
    counts: tuple[tuple[Badge, int], ...]
    targets: tuple[RecoveryLine, ...]
    others: tuple[RecoveryLine, ...]
    bare: tuple[tuple[str, str], ...]


def recovery_page(snapshot: Snapshot) -> RecoveryPage:
    found = snapshot.recovery
    urgent = sorted((v for v in found if v.target is not None), key=lambda v: STATES.index(v.state))
    without = [v for v in found if v.target is None]
    states = Counter(v.state for v in urgent)
    lines = tuple(recovery_line(v, snapshot) for v in urgent)
    return RecoveryPage(
        looked=bool(found),
        sentence=sentence(urgent, snapshot),
        badge=BADGES[urgent[0].state] if urgent else None,
        troubles=tuple(trouble_line(b, snapshot) for b in snapshot.recovery_breaches),
        matrix=_matrix(lines),
        counts=tuple((BADGES[s], states[s]) for s in STATES if states[s]),
        targets=lines,
        others=tuple(recovery_line(v, snapshot) for v in without if v.mechanism is not None),
        bare=tuple((v.component, _title(snapshot, v.component)) for v in without if v.mechanism is None),
    )


def _matrix(lines: Sequence[RecoveryLine]) -> tuple[MatrixRow, ...]:
    """The component with the most urgent target first."""
    found: dict[str, dict[str, RecoveryLine]] = {}
    for line in lines:
        found.setdefault(line.component, {})[line.scenario] = line
    return tuple(
        MatrixRow(name, next(iter(own.values())).title, tuple(own.get(s) for s in SCENARIOS)) for name, own in found.items()
    )


def sentence(urgent: Sequence[RecoveryVerdict], snapshot: Snapshot) -> str:
    """What is breached and what nobody has proven, by name; the most urgent first."""
    counted = f"of {numbers.plural(len(urgent), 'target')}"
    told = []
    for words, states in _SAID:
        named = [f"{_title(snapshot, v.component)} in {v.scenario}" for v in urgent if v.state in states]
        if named:
            more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
            told.append(
                f"{len(named)} {counted} {'is' if len(named) == 1 else 'are'} {words}: {', '.join(named[:_NAMED])}{more}"
            )
    return "; ".join(told) if told else f"All {len(urgent)} targets are met and proven"


def recovery_line(verdict: RecoveryVerdict, snapshot: Snapshot) -> RecoveryLine:
    known = not isinstance(verdict.exposure, Unknown)
    exposure = verdict.exposure.text if isinstance(verdict.exposure, Unknown) else age(verdict.exposure)
    proof = verdict.proof
    return RecoveryLine(
        badge=BADGES[verdict.state],
        href=detail_path(verdict),
        component=verdict.component,
        title=_title(snapshot, verdict.component),
        scenario=verdict.scenario or "",
        rpo=_half(verdict.rpo),
        rto=_half(verdict.rto),
        exposure=exposure,
        known=known,
        worst=tuple((f"{days} d", numbers.UNKNOWN if w is None else age(w)) for days, w in verdict.worst.items()),
        within=numbers.UNKNOWN if verdict.within is None else numbers.percent(verdict.within, 1),
        read=numbers.percent(verdict.coverage, 1),
        mechanism=(verdict.mechanism or "none").replace("-", " "),
        proof="none" if proof is None else when(proof.at, snapshot),
        method="" if proof is None else proof.text,
        source="" if proof is None else proof.source,
        expires="" if proof is None or proof.expires_at is None else when(proof.expires_at, snapshot),
    )


def _title(snapshot: Snapshot, component: str) -> str:
    return next((c.title for c in snapshot.estate.components if c.name == component), component)


def _half(part: Part) -> Half:
    return Half(
        BADGES[part.state],
        "no target set" if part.target is None else numbers.window(part.target),
        numbers.UNKNOWN if part.achieved is None else age(part.achieved),
        tuple(r.text for r in part.reasons),
    )


class RecoveryPages:
    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("/recovery", self.recovery, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    def recovery(self, request: Request) -> Response:
        """Drills change between two looks: they are read at every request."""
        snapshot = self._state.box.get()
        context = {
            "page": recovery_page(snapshot),
            "scenarios": SCENARIOS,
            "drills": drill_section(self._state.drills, snapshot),
        }
        return self._shell.fresh(request, snapshot, "recovery.html", context)
