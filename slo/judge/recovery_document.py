"""A recovery verdict as JSON: seconds and times where they are known, null with a reason where they are not."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from slo.judge.recovery_point import Unknown
from slo.units import format_duration, format_seconds, nearest_double

if TYPE_CHECKING:
    from slo.judge.outage import Phases
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_part import Part, Proof


def document(verdict: RecoveryVerdict) -> dict[str, Any]:
    """The item of `/api/v1/recovery`; docs/recovery.md describes it."""
    target = verdict.target
    unknown = verdict.exposure if isinstance(verdict.exposure, Unknown) else None
    return {
        "component": verdict.component,
        "scenario": verdict.scenario,
        "at": format_seconds(verdict.at),
        "state": verdict.state,
        "mechanism": verdict.mechanism,
        "exposure_seconds": None if unknown else verdict.exposure,
        "exposure_unknown": None if unknown is None else f"{unknown.code}: {unknown.text}",
        "worst_exposure_seconds": {f"{days}d": worst for days, worst in verdict.worst.items()},
        "within_ratio": None if verdict.within is None else nearest_double(verdict.within),
        "within_target": None if target is None or target.rpo is None else nearest_double(Fraction(target.within)),
        "proof_max_age": None if target is None else format_duration(target.proof_max_age),
        "coverage": nearest_double(verdict.coverage),
        "rpo": part(verdict.rpo),
        "rto": part(verdict.rto) | {"phases": None if verdict.rto.phases is None else phases(verdict.rto.phases)},
    }


def part(half: Part) -> dict[str, Any]:
    return {
        "target": None if half.target is None else format_duration(half.target),
        "state": half.state,
        "achieved_seconds": half.achieved,
        "reasons": [f"{r.code}: {r.text}" for r in half.reasons],
        "proof": None if half.proof is None else proof(half.proof),
    }


def proof(shown: Proof) -> dict[str, Any]:
    return {
        "at": format_seconds(shown.at),
        "method": shown.method,
        "text": shown.text,
        "source": shown.source,
        "expires_at": None if shown.expires_at is None else format_seconds(shown.expires_at),
    }


def phases(took: Phases) -> dict[str, Any]:
    return {
        "detection_seconds": took.detection,
        "failover_seconds": took.failover,
        "recovery_seconds": took.recovery,
    }
