"""The two halves of a recovery verdict, what proves them, and the evidence that they are judged on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.judge.outage import EventKind, Interruption, RecoveryEvent
    from slo.judge.recovery_point import ReadingHour, Unknown

State = Literal["breached", "impossible", "not_measured", "met", "no_target"]
STATES: tuple[State, ...] = State.__args__  # type: ignore[attr-defined]  # the more urgent one first
PERIOD_DAYS = 30
SHOWN_DAYS = (7, 30)
APPROACHING = Fraction(4, 5)
HELD_AT_LIMIT = Fraction(99, 100)
"""At a mechanism's limit the exposure saw-tooths around the target: the share of readings within it must be this high."""
STALE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Proof:
    """What showed it, last: `at` epoch seconds, `source` the call, metric or objective it was read from."""

    at: int
    method: EventKind | Literal["readings"]
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """RPO or RTO: `target` in minutes; `achieved` is the worst of the period in seconds, None where nothing was seen."""

    state: State
    target: int | None
    achieved: int | None
    reasons: tuple[Reason, ...]
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one component. `around` are outages of what depends on it; `gaps` are calls that failed.

    `inherited` are hours of the components that it depends on, `queues` those of them that name a dead-letter queue.
    """

    hours: Sequence[ReadingHour] = ()
    inherited: Sequence[ReadingHour] = ()
    events: Sequence[RecoveryEvent] = ()
    around: Sequence[RecoveryEvent] = ()
    gaps: Sequence[Unknown] = ()
    queues: Sequence[str] = ()


def no_target(what: str) -> Part:
    return Part("no_target", None, None, (Reason("no_target", f"no target set: the estate sets no {what}"),))


def words(group: Interruption) -> str:
    return "the " + " with an ".join(sorted(group.kinds))


def proof_of(group: Interruption) -> Proof:
    method: EventKind = next(kind for kind in ("drill", "restore", "failover", "outage") if kind in group.kinds)
    took = f"took {group.seconds} s" if group.seconds is not None else "lasts"
    return Proof(
        group.end or group.start, method, f"{words(group)} {took}", "; ".join(sorted({e.source for e in group.events}))
    )


def cause_unknown(group: Interruption) -> Iterator[Reason]:
    """What an outage alone leaves open: slices tell how long users waited, not what was lost."""
    if group.kinds == {"outage"}:
        yield Reason("cause_unknown", "the outage is told by slices alone: whether an availability zone was lost is not known")


def share_words() -> str:
    """Of the target, from where on it is called approached."""
    return f"{APPROACHING * 100} %"
