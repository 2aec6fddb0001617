"""Whether an RTO was held: only a failover, outage, restore or drill that has ended shows how long recovery takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.judge import mechanism as protection
from slo.judge.recovery_part import (
    APPROACHING,
    PERIOD_DAYS,
    Evidence,
    Part,
    cause_unknown,
    no_target,
    proof_of,
    share_words,
    words,
)
from slo.judge.verdict import Reason
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.estate.spec import Component, RecoveryTarget
    from slo.judge.outage import Interruption


def rto_part(
    component: Component, target: RecoveryTarget | None, evidence: Evidence, seen: Sequence[Interruption], now: int
) -> Part:
    if target is None or target.rto is None:
        return no_target("RTO")
    limit = protection.fastest(component)
    if limit is not None and target.rto < limit.minutes:
        text = f"{limit.text}: {format_duration(target.rto)} cannot be met ({limit.source})"
        return Part("impossible", target.rto, None, (Reason("impossible", text),))
    allowed = target.rto * 60
    finished = [g for g in seen if g.seconds is not None]
    lasting = [g for g in seen if g.seconds is None]
    worst = max((g.seconds or 0 for g in finished), default=None)
    reasons = tuple(_rto_reasons(target, finished, lasting, evidence, now))
    proof = proof_of(finished[-1]) if finished else None
    if (worst is not None and worst > allowed) or any(now - g.start > allowed for g in lasting):
        return Part("breached", target.rto, worst, reasons, proof)
    return Part("not_measured" if worst is None else "met", target.rto, worst, reasons, proof)


def _rto_reasons(
    target: RecoveryTarget,
    finished: Sequence[Interruption],
    lasting: Sequence[Interruption],
    evidence: Evidence,
    now: int,
) -> Iterator[Reason]:
    allowed = (target.rto or 0) * 60
    for group in finished:
        if group.seconds is not None and group.seconds > allowed:
            yield Reason(
                "over_target", f"{words(group)} took {group.seconds} s, the target is {format_duration(allowed // 60)}"
            )
    for group in lasting:
        yield Reason("in_progress", f"{words(group)} lasts for {now - group.start} s; no end of it was seen yet")
    if not finished and not lasting:
        kinds = " or ".join((*protection.PROOFS.get(target.scenario, ()), "drill"))
        yield Reason("no_event", f"no {kinds} in {PERIOD_DAYS} d shows how long recovery takes")
        for gap in evidence.gaps:
            yield Reason(gap.code, gap.text)
    worst = max((g.seconds or 0 for g in finished), default=0)
    if APPROACHING * allowed <= worst <= allowed and allowed:
        yield Reason("approaching", f"{worst} s are {share_words()} of the target or more")
    if finished:
        yield from cause_unknown(finished[-1])
    if finished and not any("outage" in g.kinds for g in finished):
        yield Reason("control_plane_only", "from AWS's own events; no outage was seen, what users felt may have been longer")
