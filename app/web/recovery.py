"""`/recovery`: every target beside what would be lost now, what recovery took, and what proves it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response

from app.guards import Requires
from app.web import numbers
from app.web.badges import Badge
from slo.judge.recovery_part import STATES
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from app.snapshot import AppState, Snapshot
    from app.web.shell import Shell
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_part import Part, Proof, State

BADGES: dict[State, Badge] = {
    "breached": Badge("burning_fast", "breached", "flame"),
    "impossible": Badge("exhausted", "impossible", "empty"),
    "not_measured": Badge("insufficient_history", "not measured", "hourglass"),
    "met": Badge("ok", "met", "check"),
    "no_target": Badge("no_data", "no target set", "circle"),
}


@dataclass(frozen=True, slots=True)
class Half:
    """RPO or RTO: `why` are its reasons as sentences."""

    badge: Badge
    target: str
    achieved: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """`exposure` is an age or, where `known` is false, the reason why there is none."""

    badge: Badge
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


@dataclass(frozen=True, slots=True)
class RecoveryPage:
    """`targets` the most urgent first; `others` have no target but something that is read, `bare` neither."""

    looked: bool
    counts: tuple[tuple[Badge, int], ...]
    targets: tuple[RecoveryLine, ...]
    others: tuple[RecoveryLine, ...]
    bare: tuple[tuple[str, str], ...]


def recovery_page(snapshot: Snapshot) -> RecoveryPage:
    found = snapshot.recovery
    urgent = sorted((v for v in found if v.target is not None), key=lambda v: STATES.index(v.state))
    without = [v for v in found if v.target is None]
    states = Counter(v.state for v in urgent)
    return RecoveryPage(
        looked=bool(found),
        counts=tuple((BADGES[s], states[s]) for s in STATES if states[s]),
        targets=tuple(recovery_line(v, snapshot) for v in urgent),
        others=tuple(recovery_line(v, snapshot) for v in without if v.mechanism is not None),
        bare=tuple((v.component, _title(snapshot, v.component)) for v in without if v.mechanism is None),
    )


def recovery_line(verdict: RecoveryVerdict, snapshot: Snapshot) -> RecoveryLine:
    known = not isinstance(verdict.exposure, Unknown)
    exposure = verdict.exposure.text if isinstance(verdict.exposure, Unknown) else age(verdict.exposure)
    proof = verdict.proof
    return RecoveryLine(
        badge=BADGES[verdict.state],
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
        proof="none in 30 d" if proof is None else _when(proof, snapshot),
        method="" if proof is None else proof.text,
        source="" if proof is None else proof.source,
    )


def _title(snapshot: Snapshot, component: str) -> str:
    return next((c.title for c in snapshot.estate.components if c.name == component), component)


def age(seconds: int) -> str:
    """As `numbers.clock`, but what its second unit cuts off is rounded up: an exposure must not look smaller than it is."""
    unit = 1 if seconds < 3600 else 60 if seconds < 86400 else 3600
    return numbers.clock(-(-seconds // unit) * unit)


def _half(part: Part) -> Half:
    return Half(
        BADGES[part.state],
        "no target set" if part.target is None else numbers.window(part.target),
        numbers.UNKNOWN if part.achieved is None else age(part.achieved),
        tuple(r.text for r in part.reasons),
    )


def _when(proof: Proof, snapshot: Snapshot) -> str:
    return numbers.time_of(datetime.fromtimestamp(proof.at, UTC), snapshot.made_at)


class RecoveryPages:
    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        router.add_api_route("/recovery", self.recovery, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    async def recovery(self, request: Request) -> Response:
        snapshot = self._state.box.get()

        def context() -> dict[str, Any]:
            return {"page": recovery_page(snapshot)}

        return await self._shell.page(request, snapshot, "recovery.html", context)
