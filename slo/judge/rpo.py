"""Whether an RPO was held: readings of the newest recovery point, and an event where readings alone prove nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge.recovery_part import (
    APPROACHING,
    HELD_AT_LIMIT,
    PERIOD_DAYS,
    STALE_SECONDS,
    Part,
    Proof,
    State,
    cause_unknown,
    proof_of,
    share_words,
)
from slo.judge.recovery_point import Exposures, Unknown
from slo.judge.verdict import Reason
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from slo.judge.mechanism import Mechanism
    from slo.judge.outage import Interruption
    from slo.judge.recovery_point import ReadingHour


@dataclass(frozen=True, slots=True)
class Rpo:
    """One RPO (minutes) with what is known of it; `hours` and `seen` ascend, `period` sums the hours up.

    `fallbacks` are the exposures of the scenario's other mechanisms: they judge nothing while the first one is usable.
    """

    target: int
    mechanism: Mechanism | None
    hours: Sequence[ReadingHour]
    period: Exposures
    exposure: int | Unknown
    seen: Sequence[Interruption]
    now: int
    fallbacks: Sequence[tuple[str, int | Unknown]] = ()

    def part(self) -> Part:
        state, reasons = self._state()
        proof = self._proof() if state in ("met", "breached") else None
        return Part(state, self.target, self.period.worst, (*reasons, *self._notes()), proof)

    @property
    def at_limit(self) -> bool:
        return self.mechanism is not None and self.mechanism.step > 0 and self.target <= self.mechanism.step

    @property
    def event(self) -> Interruption | None:
        return next((g for g in reversed(self.seen) if g.end is not None), None)

    def _state(self) -> tuple[State, tuple[Reason, ...]]:
        if self._over:
            worst = 0 if self.period.worst is None else self.period.worst
            text = f"up to {worst} s would have been lost in {PERIOD_DAYS} d, the target is {format_duration(self.target)}"
            return "breached", (Reason("over_target", text),)
        if isinstance(self.exposure, Unknown):
            return "not_measured", (Reason(self.exposure.code, self.exposure.text),)
        if self.mechanism is not None and self.mechanism.needs_event and self.event is None:
            text = (
                f"{self.mechanism.name} promises that nothing is lost, and its readings agree, "
                f"but no failover, outage or drill in {PERIOD_DAYS} d proved it"
            )
            return "not_measured", (Reason("no_event", text),)
        return "met", ()

    @property
    def _over(self) -> bool:
        """Now, or in the past; at the mechanism's limit one step above the target belongs to its saw-tooth."""
        held = self.period.within(self.target)
        step = self.mechanism.step if self.mechanism is not None and self.at_limit else 0
        over_now = not isinstance(self.exposure, Unknown) and self.exposure > (self.target + step) * 60
        return over_now or (held is not None and held < (HELD_AT_LIMIT if self.at_limit else 1))

    def _proof(self) -> Proof | None:
        if self.mechanism is not None and self.mechanism.needs_event and self.event is not None:
            return proof_of(self.event)
        if not self.hours:
            return None
        last = self.hours[-1].last
        return Proof(last.at, "readings", f"{self.period.readings} readings, the worst {self.period.worst} s", last.source)

    def _notes(self) -> Iterator[Reason]:
        if self.at_limit and self.mechanism is not None:
            text = (
                f"{self.mechanism.name} makes a point every {self.mechanism.step} min at best: a tighter target cannot be held"
            )
            yield Reason("at_mechanism_limit", text)
        elif (
            isinstance(self.exposure, int)
            and self.target
            and APPROACHING * self.target * 60 <= self.exposure <= self.target * 60
        ):
            yield Reason("approaching", f"{self.exposure} s are {share_words()} of the target or more")
        for name, exposure in self.fallbacks:
            if isinstance(exposure, Unknown):
                yield Reason("fallback_unknown", f"{name} as a way out: {exposure.text}")
            elif exposure > self.target * 60:
                yield Reason("fallback_over_target", f"{name} as a way out is {exposure} s behind, over the target")
        if self.mechanism is not None and self.mechanism.needs_event and self.event is not None and self.hours:
            yield from cause_unknown(self.event)
        if self.hours:
            last = self.hours[-1].last
            if self.now - last.at > STALE_SECONDS:
                yield Reason("stale", f"read for the last time {(self.now - last.at) // 60} min ago")
            if last.note is not None:
                yield Reason("note", last.note)
