"""The two halves of a recovery verdict, what proves them, and the evidence that they are judged on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slo.judge.outage import EventKind, Interruption, Phases, RecoveryEvent
    from slo.judge.recovery_point import ReadingHour, Unknown

State = Literal["breached", "impossible", "proof_too_old", "not_measured", "met", "no_target"]
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]  # the more urgent one first
PERIOD_DAYS = 30
PROOF_DAYS = 400
"""Events are kept and read this long: what is older than a target lets proofs be is told as too old."""
SHOWN_DAYS = (7, 30)
APPROACHING = Fraction(4, 5)
STALE_SECONDS = 600
HISTORIES = ("DescribeEvents", "ecs:DescribeServices", "ecs:ListServiceDeployments")
"""The IAM actions that tell of failovers end so."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What showed it, last: `at` epoch seconds, `source` the call, metric or objective it was read from.

    `expires_at` is when it is too old, in epoch seconds; readings go on and have none.
    """

    at: int
    method: EventKind | Literal["readings"]
    text: str
    source: str
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """RPO or RTO: `target` in minutes; `achieved` is the worst of the period in seconds, None where nothing was seen.

    `phases` are those of the interruption that is the proof.
    """

    state: State
    target: int | None
    achieved: int | None
    reasons: tuple[Reason, ...]
    proof: Proof | None = None
    phases: Phases | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one component. `around` are outages of what depends on it; `gaps` are calls that failed.

    `inherited` are hours of the components that it depends on, `queues` those of them that name a dead-letter queue.
    `fired` is when its breaches, and those of what depends on it, were told, in epoch seconds.
    """

    hours: Sequence[ReadingHour] = ()
    inherited: Sequence[ReadingHour] = ()
    events: Sequence[RecoveryEvent] = ()
    around: Sequence[RecoveryEvent] = ()
    gaps: Sequence[Unknown] = ()
    queues: Sequence[str] = ()
    fired: Sequence[int] = ()

    @property
    def unseen(self) -> tuple[Unknown, ...]:
        """Event histories that may not be read: what is in them is not known, so nothing beside them is a pass."""
        return unseen(self.gaps)


def unseen(gaps: Iterable[Unknown]) -> tuple[Unknown, ...]:
    return tuple(gap for gap in gaps if gap.code == "access_denied" and gap.text.endswith(HISTORIES))


def unseen_then(hours: Iterable[ReadingHour]) -> dict[str, list[Unknown]]:
    """By component, the histories that could not be read when the last of these hours was."""
    last = {h.component: h.last.newest for h in sorted(hours, key=lambda h: h.last.at) if h.mechanism == "event-history"}
    return {name: [why] for name, why in last.items() if not isinstance(why, int)}


def no_target(what: str) -> Part:
    return Part("no_target", None, None, (Reason("no_target", f"no target set: the estate sets no {what}"),))


def words(group: Interruption) -> str:
    return "the " + " with an ".join(sorted(group.kinds))


def proof_of(group: Interruption, max_age: int) -> Proof:
    """`max_age` in minutes."""
    method: EventKind = next(kind for kind in ("drill", "restore", "failover", "outage") if kind in group.kinds)
    took = f"took {group.seconds} s" if group.seconds is not None else "lasts"
    at, sources = group.end or group.start, "; ".join(sorted({e.source for e in group.events}))
    return Proof(at, method, f"{words(group)} {took}", sources, at + max_age * 60)


def cause_unknown(group: Interruption) -> Iterator[Reason]:
    """What an outage alone leaves open: slices tell how long users waited, not what was lost."""
    if group.kinds == {"outage"}:
        yield Reason("cause_unknown", "the outage is told by slices alone: whether an availability zone was lost is not known")


def share_words() -> str:
    """Of the target, from where on it is called approached."""
    return f"{APPROACHING * 100} %"


def percent_words(share: Fraction) -> str:
    """Cut off after two digits: 99.999 % must not look like all."""
    return f"{int(share * 10_000) / 100:g} %"
