"""AWS Resilience Hub's words for recovery targets: disruptions with an RPO and an RTO, in both versions of its API.

A policy is of no component and knows fewer terms: an export adds tags, which an import reads and Resilience Hub carries along.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Literal

from slo.estate.spec import RecoveryTarget
from slo.units import format_duration, format_percent, parse_duration, parse_share

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Shape = Literal["v1", "v2"]
Numbers = dict[str, dict[str, int]]
"""Disruption -> field -> number, just as a policy has them."""

SCENARIOS: Mapping[str, tuple[str, ...]] = {
    "AZ": ("az-loss",),
    "Region": ("region-loss",),
    "Software": ("accidental-deletion", "point-in-time-restore"),
}
"""By the disruption of version 1. What software destroys is deleted by accident, or brought back to a point in time."""
HARDWARE = "Hardware"
"""The loss of one machine, which is less than that of its zone: no scenario of ours."""
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "multiAz": SCENARIOS["AZ"],
    "multiRegion": SCENARIOS["Region"],
    "dataRecovery": SCENARIOS["Software"],
}
"""The same in version 2."""
BETWEEN = "timeBetweenBackupsInMinutes"
TIERS = ("MissionCritical", "Critical", "Important", "CoreServices", "NonCritical")
"""Our tiers 1 to 5; none and every lower one is NotApplicable."""
ESTATE, COMPONENT, KIND, RECOVERY = "sloop:estate", "sloop:component", "sloop:kind", "sloop:recovery:"
LONGEST_NAME = 60


def name_of(estate: str, component: str) -> str:
    """At most 60 characters; different ones stay different."""
    name = f"{estate}-{component}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 17]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def tier_of(tier: int | None) -> str:
    return TIERS[tier - 1] if tier is not None and tier <= len(TIERS) else "NotApplicable"


def numbers(targets: Iterable[RecoveryTarget], shape: Shape) -> Numbers:
    """What a policy of these targets says; where several share a disruption, the strictest of each counts."""
    by_name = {target.scenario: target for target in targets}
    return _in_seconds(by_name) if shape == "v1" else _in_minutes(by_name)


def strictest(targets: Iterable[RecoveryTarget]) -> tuple[int | None, int | None]:
    """RPO and RTO in minutes."""
    found = tuple(targets)
    rpos, rtos = ([v for t in found if (v := getattr(t, what)) is not None] for what in ("rpo", "rto"))
    return min(rpos, default=None), min(rtos, default=None)


def _in_seconds(targets: Mapping[str, RecoveryTarget]) -> Numbers:
    """Version 1 wants both numbers of a disruption, so one with half of them is left out."""
    found: Numbers = {}
    for name, scenarios in SCENARIOS.items():
        rpo, rto = strictest(targets[s] for s in scenarios if s in targets)
        if rpo is not None and rto is not None:
            found[name] = {"rpoInSecs": rpo * 60, "rtoInSecs": rto * 60}
    return found | ({HARDWARE: found["AZ"]} if "AZ" in found else {})


def _in_minutes(targets: Mapping[str, RecoveryTarget]) -> Numbers:
    found: Numbers = {}
    for name, scenarios in SECTIONS.items():
        rpo, rto = strictest(targets[s] for s in scenarios if s in targets)
        fields = {BETWEEN: rpo} if name == "dataRecovery" else {"rpoInMinutes": rpo, "rtoInMinutes": rto}
        known = {field: value for field, value in fields.items() if value is not None}
        if known:
            found[name] = known
    return found


def tag(target: RecoveryTarget) -> str:
    """`rpo=5m rto=30m within=99%`: exact, and without what is as usual."""
    usual = RecoveryTarget("", None, None)
    spans = {"rpo": target.rpo, "rto": target.rto}
    words = [f"{name}={format_duration(span)}" for name, span in spans.items() if span is not None]
    if target.proof_max_age != usual.proof_max_age:
        words.append(f"proof_max_age={format_duration(target.proof_max_age)}")
    if target.within != usual.within:
        words.append(f"within={format_percent(target.within)}%")
    return " ".join(words)


def tagged(scenario: str, text: str) -> RecoveryTarget:
    """ValueError where `tag` did not write it."""
    found = dict(re.findall(r"([a-z_]+)=(\S+)", text))
    usual = RecoveryTarget("", None, None)
    if (
        scenario not in {s for shared in SCENARIOS.values() for s in shared}
        or not found.keys() <= {"rpo", "rto", "proof_max_age", "within"}
        or not found.keys() & {"rpo", "rto"}
    ):
        raise ValueError(f"not a target: {scenario} {text}")
    rpo, rto, age = (parse_duration(found[name]) if name in found else None for name in ("rpo", "rto", "proof_max_age"))
    within = parse_share(found["within"]) if "within" in found else usual.within
    return RecoveryTarget(scenario, rpo, rto, usual.proof_max_age if age is None else age, within)
