"""`/recovery/{component}/{scenario}`: the exposure with its limit, everything that interrupted it, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request, Response

from app.guards import Requires
from app.recovery_view import fired, hours_of
from app.web import exposure, numbers
from app.web.component import runbook_of
from app.web.drills import drill_line
from app.web.recovery import recovery_line
from app.web.troubles import age, trouble_line, when
from slo.errors import StoreError
from slo.judge.recovery_part import PERIOD_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.snapshot import AppState, Snapshot
    from app.web.component import Runbook
    from app.web.curves import Figure
    from app.web.drills import DrillLine
    from app.web.recovery import RecoveryLine
    from app.web.shell import Shell
    from app.web.troubles import TroubleLine
    from slo.estate.spec import Component
    from slo.judge.outage import Interruption
    from slo.judge.recovery import RecoveryVerdict

UNREAD = "The store could not be read: neither exposure nor breaches nor drills are known now."
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and the command that does it, where there is one."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class InterruptionLine:
    """Detection, failover and recovery are told apart; what is not known is a dash."""

    began: str
    what: str
    took: str
    detection: str
    failover: str
    recovery: str
    lost: str
    source: str


@dataclass(frozen=True, slots=True)
class DetailPage:
    """`troubles` and `drills` are None when the store could not be read."""

    line: RecoveryLine
    component: Component
    runbook: Runbook
    sentence: str
    steps: tuple[Step, ...]
    facts: tuple[tuple[str, str], ...]
    day: Figure
    month: Figure
    interruptions: tuple[InterruptionLine, ...]
    drills: tuple[DrillLine, ...] | None
    troubles: tuple[TroubleLine, ...] | None


def detail_page(state: AppState, snapshot: Snapshot, verdict: RecoveryVerdict) -> DetailPage:
    component, line = snapshot.estate.component(verdict.component), recovery_line(verdict, snapshot)
    limit = None if verdict.target is None or verdict.target.rpo is None else verdict.target.rpo * 60
    told = fired(snapshot, verdict)
    try:
        hours = hours_of(state, snapshot, verdict)
        drills = state.drills.latest(limit=SHOWN, component=verdict.component, scenario=verdict.scenario)
        found = state.recovered.recovery_breaches(limit=SHOWN * 4)
    except StoreError:
        hours, drills, found = [], None, None
    return DetailPage(
        line,
        component,
        runbook_of(component),
        sentence(verdict),
        tuple(steps(verdict)),
        tuple(_facts(verdict, line)),
        exposure.figure(hours[-exposure.DAY :], limit, "last 24 h", by_day=False),
        exposure.figure(hours, limit, f"last {PERIOD_DAYS} days", by_day=True),
        tuple(_interruption(group, told, snapshot) for group in reversed(verdict.interruptions)),
        None if drills is None else tuple(drill_line(d, snapshot) for d in drills),
        None
        if found is None
        else tuple(
            trouble_line(b, snapshot) for b in found if (b.component, b.scenario) == (verdict.component, verdict.scenario)
        ),
    )


def sentence(verdict: RecoveryVerdict) -> str:
    """Both halves in one line: the target, how it stands, and the number that says so."""
    lost = (
        f"{age(verdict.exposure)} would be lost now" if isinstance(verdict.exposure, int) else "what would be lost is unknown"
    )
    if verdict.rpo.state == "breached" and verdict.within is not None:
        lost += f", {numbers.percent(verdict.within, 1)} of the readings were within it"
    took = "no recovery was seen" if verdict.rto.achieved is None else f"the longest took {age(verdict.rto.achieved)}"
    halves = []
    for name, part, number in (("RPO", verdict.rpo, lost), ("RTO", verdict.rto, took)):
        if part.target is None:
            halves.append(f"{name}: no target set, {number}")
        else:
            halves.append(f"{name} {numbers.window(part.target)} {part.state.replace('_', ' ')}: {number}")
    return "; ".join(halves)


def steps(verdict: RecoveryVerdict) -> Iterator[Step]:
    """The most urgent first. A drill of the scenario proves it whatever its kind."""
    drill = f"sloop drill start {verdict.component} {verdict.scenario}"
    states = {verdict.rpo.state, verdict.rto.state}
    mechanism = (verdict.mechanism or "").replace("-", " ")
    if verdict.rpo.state == "breached":
        yield Step(f"Find out why {mechanism or 'the recovery point'} falls behind.")
    if verdict.rto.state == "breached":
        yield Step("Shorten the recovery, or agree on a target that can be kept; a drill shows whether it worked.", drill)
    if "impossible" in states:
        yield Step("Change the target, or the mechanism: no drill can prove what cannot be done.")
    if states & {"proof_too_old", "not_measured"}:
        yield Step("Rehearse it: a finished drill of this scenario is the proof.", drill)
    if "met" in states and not states & {"breached", "impossible", "proof_too_old", "not_measured"}:
        yield Step("Nothing now. Rehearse it again before the proof is too old.", drill)


def _facts(verdict: RecoveryVerdict, line: RecoveryLine) -> Iterator[tuple[str, str]]:
    yield "Exposure now", line.exposure
    for days, worst in line.worst:
        yield f"Worst in {days}", worst
    yield "Within RPO", line.within
    yield "Read", f"{line.read} of {PERIOD_DAYS} d"
    yield "Mechanism", line.mechanism
    yield "Last proof", f"{line.proof}, {line.method}" if line.method else line.proof
    if line.expires:
        yield "Proof counts until", line.expires
    if verdict.target is not None:
        yield "Proof is too old after", numbers.window(verdict.target.proof_max_age)


def _interruption(group: Interruption, told: Sequence[int], snapshot: Snapshot) -> InterruptionLine:
    phases = group.phases(told)
    return InterruptionLine(
        when(group.start, snapshot),
        " with ".join(sorted(group.kinds)),
        "lasts" if group.seconds is None else age(group.seconds),
        _known(phases.detection),
        _known(phases.failover),
        _known(phases.recovery),
        "not looked at" if group.lost is None else age(group.lost),
        "; ".join(sorted({e.source for e in group.events})),
    )


def _known(seconds: int | None) -> str:
    return numbers.UNKNOWN if seconds is None else age(seconds)


class RecoveryDetails:
    def __init__(self, state: AppState, shell: Shell) -> None:
        self._state, self._shell = state, shell

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        viewer = [Depends(Requires("viewer"))]
        path = "/recovery/{component}/{scenario}"
        router.add_api_route(path, self.detail, methods=["GET"], dependencies=viewer, response_model=None)
        return router

    def detail(self, request: Request, component: str, scenario: str) -> Response:
        """Drills and breaches change between two looks: they are read at every request."""
        snapshot = self._state.box.get()
        found = next((v for v in snapshot.recovery if (v.component, v.scenario) == (component, scenario)), None)
        if found is None:
            known = [f"{v.component}/{v.scenario}" for v in snapshot.recovery if v.scenario]
            return self._shell.unknown(snapshot, "recovery target", f"{component}/{scenario}", "/recovery/", known)
        return self._shell.fresh(
            request, snapshot, "recovery_detail.html", {"page": detail_page(self._state, snapshot, found), "unread": UNREAD}
        )
