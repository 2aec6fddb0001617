"""A test of the way from Sloop to the pager, as evidence: when each message stood where, and what it took from hop to hop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerts.events import Event
from slo.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alerts.envelope import State

KIND = "test_fire"
CLAIMED, ACCEPTED, RECEIVED = HOPS = ("claimed", "accepted", "received")
"""Taken out of the outbox by a sender, taken by SNS, and come back to `/hooks/sns` where that is subscribed."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One message of a test. Moments are of the wall; None where it never got, or where nobody saw it arrive."""

    state: State
    enqueued: datetime
    claimed: datetime | None = None
    accepted: datetime | None = None
    received: datetime | None = None
    provider_id: str | None = None
    path: str | None = None
    error: str | None = None

    @property
    def hops(self) -> Mapping[str, float | None]:
        """Seconds since the moment before, by hop: negative where two machines' clocks differ."""
        moments = (self.enqueued, self.claimed, self.accepted, self.received)
        pairs = zip(HOPS, moments, moments[1:], strict=False)
        return {hop: None if a is None or b is None else (b - a).total_seconds() for hop, a, b in pairs}

    @property
    def seconds(self) -> float | None:
        """From the outbox to SNS."""
        return None if self.accepted is None else (self.accepted - self.enqueued).total_seconds()

    @property
    def hung(self) -> str | None:
        """The first hop that the message must take and did not."""
        return CLAIMED if self.claimed is None else ACCEPTED if self.accepted is None else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`at` is estate time in epoch seconds and names the test: whoever tests a component at one moment does the same test.

    `legs` are ALARM and OK; the OK is missing where the ALARM hung.
    """

    component: str
    key: str
    at: int
    actor: str
    legs: tuple[Leg, ...]

    @property
    def passed(self) -> bool:
        return len(self.legs) == 2 and all(leg.hung is None for leg in self.legs)

    @property
    def id(self) -> str:
        return f"test-fire/{self.component}/{self.at}"


def words(evidence: Evidence) -> str:
    """`ALARM accepted in 0.412 s, OK in 0.033 s`, or where it hung."""
    return ", ".join(_said(leg) for leg in evidence.legs)


def _said(leg: Leg) -> str:
    if leg.hung == CLAIMED:
        return f"{leg.state} claimed by no sender"
    if leg.seconds is None:
        return f"{leg.state} not accepted by SNS{f': {leg.error}' if leg.error else ''}"
    back = leg.hops[RECEIVED]
    return f"{leg.state} accepted in {leg.seconds:.3f} s{'' if back is None else f' and back {back:.3f} s later'}"


def advice(evidence: Evidence, waited: float) -> str:
    """One line: which hop hung, and what to do. The test must not have passed."""
    leg = next(leg for leg in evidence.legs if leg.hung)
    head = f"test-fire {evidence.component}: {leg.state} hung: "
    if leg.hung == CLAIMED:
        fix = "start `sloop serve` on this very SLOOP_DATABASE_URL, with SLOOP_TOPIC_ARN set"
        return f"{head}no sender claimed it from the outbox within {waited:g} s; {fix}"
    why = f" ({leg.error})" if leg.error else ""
    return f"{head}a sender claimed it, but SNS did not accept it within {waited:g} s{why}; see docs/runbooks/outbox-stuck.md"


def document(evidence: Evidence) -> dict[str, Any]:
    """As `sloop test-fire --json` prints it and the event keeps it; seconds to the millisecond."""
    return {
        "component": evidence.component,
        "key": evidence.key,
        "at": format_seconds(evidence.at),
        "actor": evidence.actor,
        "passed": evidence.passed,
        "messages": [_leg(leg) for leg in evidence.legs],
    }


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "state": leg.state,
        "enqueued_at": leg.enqueued.isoformat(),
        "hops": {hop: None if seconds is None else round(seconds, 3) for hop, seconds in leg.hops.items()},
        "hung": leg.hung,
        "provider_id": leg.provider_id,
        "path": leg.path,
        "error": leg.error,
    }


def event(evidence: Evidence, received_at: int) -> Event:
    """What is stored: the first evidence of one test stands."""
    outcome = "works" if evidence.passed else "does not work"
    title = f"The way to the pager {outcome}: {words(evidence)}"
    return Event(evidence.id, "sloop", KIND, evidence.at, received_at, title, evidence.component, document(evidence))
