"""Whether an RTO was held: only a failover, outage, restore or drill that has ended shows how long recovery takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge import mechanism as protection
from slo.judge.recovery_part import (
    APPROACHING,
    Evidence,
    Part,
    State,
    cause_unknown,
    no_target,
    proof_of,
    share_words,
    words,
)
from slo.judge.verdict import Reason
from slo.units import format_duration, format_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.spec import Component, RecoveryTarget
    from slo.judge.recovery_proof import Proofs


def rto_part(component: Component, target: RecoveryTarget | None, evidence: Evidence, proofs: Proofs) -> Part:
    if target is None or target.rto is None:
        return no_target("RTO")
    limit = protection.fastest(component)
    if limit is not None and target.rto < limit.minutes:
        text = f"{limit.text}: {format_duration(target.rto)} cannot be met ({limit.source})"
        return Part("impossible", target.rto, None, (Reason("impossible", text),))
    return Rto(target.rto, target.scenario, evidence, proofs).part()


@dataclass(frozen=True, slots=True)
class Rto:
    """One RTO (minutes) with what is known of it."""

    target: int
    scenario: str
    evidence: Evidence
    proofs: Proofs

    def part(self) -> Part:
        newest = next(reversed(self.proofs.finished), None)
        proof = None if newest is None else proof_of(newest, self.proofs.max_age)
        phases = None if newest is None else newest.phases(self.evidence.fired)
        return Part(self._state, self.target, self._worst, tuple(self._reasons()), proof, phases)

    @property
    def _worst(self) -> int | None:
        """Seconds."""
        return max((g.seconds or 0 for g in self.proofs.judged), default=None)

    @property
    def _state(self) -> State:
        allowed, worst, valid = self.target * 60, self._worst, self.proofs.valid
        if (worst is not None and worst > allowed) or any(self.proofs.now - g.start > allowed for g in self.proofs.lasting):
            return "breached"
        if self.evidence.unseen:
            return "not_measured"
        if valid:
            return "met"
        return "proof_too_old" if self.proofs.finished else "not_measured"

    def _reasons(self) -> Iterator[Reason]:
        allowed, judged = self.target * 60, self.proofs.judged
        for group in judged:
            if group.seconds is not None and group.seconds > allowed:
                text = f"{words(group)} took {group.seconds} s, the target is {format_duration(self.target)}"
                yield Reason("over_target", text)
        for group in self.proofs.lasting:
            text = f"{words(group)} lasts for {self.proofs.now - group.start} s; no end of it was seen yet"
            yield Reason("in_progress", text)
        yield from self._missing()
        worst = self._worst or 0
        if APPROACHING * allowed <= worst <= allowed and allowed:
            yield Reason("approaching", f"{worst} s are {share_words()} of the target or more")
        if judged:
            yield from cause_unknown(judged[-1])
        if judged and not any(g.kinds & {"outage", "drill"} for g in judged):
            yield Reason(
                "control_plane_only", "from AWS's own events; no outage was seen, what users felt may have been longer"
            )

    def _missing(self) -> Iterator[Reason]:
        """Why there is no proof, or less than it looks."""
        age, finished = format_duration(self.proofs.max_age), self.proofs.finished
        if finished and not self.proofs.valid:
            yield Reason("proof_too_old", f"{words(finished[-1])} of {format_seconds(finished[-1].start)} is older than {age}")
        elif not finished and not self.proofs.lasting:
            kinds = " or ".join((*protection.PROOFS.get(self.scenario, ()), "drill"))
            yield Reason("no_event", f"no {kinds} in {age} shows how long recovery takes")
        for group in self.proofs.endless:
            yield Reason(
                "no_end", f"{words(group)} of {format_seconds(group.start)} was never told to have ended: it proves nothing"
            )
        newest = finished[-1].start if finished else 0
        for drill in self.proofs.failed:
            if drill.start > newest:
                yield Reason("drill_failed", f"the drill of {format_seconds(drill.start)} failed ({drill.source})")
        for gap in self.evidence.unseen if self.proofs.valid else self.evidence.gaps:
            yield Reason(gap.code, gap.text)
