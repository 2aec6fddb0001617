"""What endangers a recovery target at a moment: an answer per kind of trouble, how urgent it is and how long it must stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slo.judge.recovery_exposure import UNREAD
from slo.judge.recovery_part import APPROACHING
from slo.judge.recovery_point import Unknown
from slo.units import format_duration, format_seconds

if TYPE_CHECKING:
    from alerts.recovery_breach import RecoveryTrouble
    from slo.estate.spec import Severity
    from slo.judge.recovery import RecoveryVerdict

Standing = Literal["on", "off", "held"]
"""`held`: neither a reason to open nor to resolve."""

WAIT_SECONDS = 600
BLIND_SECONDS = 3600
"""A recovery point that could not be read for so long is told; never as a page."""
EASED = (7, 10)
"""An exposure that was near its target is far again below this share of it: one that trembles must not flap."""
STOPPED = frozenset(("replication_stopped", "failed_operations", "no_rule"))
NOT_READ = UNREAD | {"not_read", "no_metrics", "not_found"}
NOTHING_TO_READ = frozenset(("no_mechanism", "no_dead_letter_queue"))


@dataclass(frozen=True, slots=True)
class Trouble:
    """It is told once it stood for `wait` seconds; `detail` is a sentence, empty where nothing stands."""

    kind: RecoveryTrouble
    standing: Standing
    severity: Severity = "ticket"
    detail: str = ""
    wait: int = WAIT_SECONDS


def troubles(verdict: RecoveryVerdict, tier: int | None) -> tuple[Trouble, ...]:
    """One of every kind, for a verdict that has a target."""
    return (_over(verdict), _near(verdict), _stopped(verdict, tier), _missing(verdict), _expired(verdict))


def _rpo(verdict: RecoveryVerdict) -> int | None:
    return None if verdict.target is None else verdict.target.rpo


def _over(verdict: RecoveryVerdict) -> Trouble:
    """Above the target and one step of the mechanism; over only at the target, without a step at 4/5 of it."""
    rpo, exposure = _rpo(verdict), verdict.exposure
    if rpo is None:
        return Trouble("exposure_over", "off")
    if isinstance(exposure, Unknown):
        return Trouble("exposure_over", "held")
    if exposure > (rpo + verdict.step) * 60:
        return Trouble(
            "exposure_over", "on", "page", f"{exposure} s of data would be lost now, the RPO is {format_duration(rpo)}"
        )
    quiet = rpo * 60 if verdict.step else APPROACHING * rpo * 60
    return Trouble("exposure_over", "off" if exposure <= quiet else "held")


def _near(verdict: RecoveryVerdict) -> Trouble:
    """Where a target is at the mechanism's limit, near it is where the exposure always is."""
    rpo, exposure = _rpo(verdict), verdict.exposure
    if not rpo or rpo <= verdict.step:
        return Trouble("exposure_near", "off")
    if isinstance(exposure, Unknown):
        return Trouble("exposure_near", "held")
    if exposure >= APPROACHING * rpo * 60 and exposure > verdict.step * 60:
        share = f"{exposure * 100 // (rpo * 60)} % of the RPO of {format_duration(rpo)}"
        return Trouble("exposure_near", "on", detail=f"{exposure} s of data would be lost now, {share}")
    eased = exposure * EASED[1] < rpo * 60 * EASED[0] or exposure <= verdict.step * 60
    return Trouble("exposure_near", "off" if eased else "held")


def _stopped(verdict: RecoveryVerdict, tier: int | None) -> Trouble:
    """Of the mechanism that is judged a page for tier 1; of a second way out a ticket."""
    if _rpo(verdict) is None:
        return Trouble("replication_stopped", "off")
    unknown = [(name, e) for name, e in ((verdict.mechanism, verdict.exposure), *verdict.fallbacks) if isinstance(e, Unknown)]
    for name, why in unknown:
        if why.code in STOPPED:
            severity: Severity = "page" if tier == 1 and name == verdict.mechanism else "ticket"
            return Trouble("replication_stopped", "on", severity, f"{name}: {why.text}")
    return Trouble("replication_stopped", "held" if any(why.code in NOT_READ for _, why in unknown) else "off")


def _missing(verdict: RecoveryVerdict) -> Trouble:
    """No recovery point, or none that could be read for an hour; a page where the last one is over the target as well."""
    rpo, why = _rpo(verdict), verdict.exposure
    if rpo is None or not isinstance(why, Unknown) or why.code in NOTHING_TO_READ:
        return Trouble("backup_missing", "off")
    if why.code in STOPPED:
        return Trouble("backup_missing", "held")
    if why.code in NOT_READ:
        return Trouble("backup_missing", "on", detail=f"no recovery point can be read: {why.text}", wait=BLIND_SECONDS)
    over = verdict.last_point is not None and verdict.at - verdict.last_point > (rpo + verdict.step) * 60
    return Trouble("backup_missing", "on", "page" if over else "ticket", f"there is no recovery point: {why.text}")


def _expired(verdict: RecoveryVerdict) -> Trouble:
    """A permission that is missing too does not make an old proof young."""
    for name, part in (("RPO", verdict.rpo), ("RTO", verdict.rto)):
        expires = None if part.proof is None else part.proof.expires_at
        if (
            part.proof is not None
            and expires is not None
            and expires < verdict.at
            and part.state in ("proof_too_old", "not_measured")
        ):
            text = f"the proof of the {name} ({part.proof.text}) is too old since {format_seconds(expires)}"
            return Trouble("proof_expired", "on", detail=text, wait=0)
    return Trouble("proof_expired", "off")
