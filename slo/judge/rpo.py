"""Whether an RPO was held: readings of the newest recovery point, and an event where readings alone prove nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge.recovery_part import (
    APPROACHING,
    PERIOD_DAYS,
    STALE_SECONDS,
    Part,
    Proof,
    State,
    cause_unknown,
    percent_words,
    proof_of,
    share_words,
    words,
)
from slo.judge.recovery_point import Exposures, Unknown
from slo.judge.verdict import Reason
from slo.units import format_duration, format_percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from slo.judge.mechanism import Mechanism
    from slo.judge.outage import Interruption
    from slo.judge.recovery_point import ReadingHour
    from slo.judge.recovery_proof import Proofs

CLOCK_SECONDS = 60
"""A recovery point that is further ahead than this was told by another clock."""


@dataclass(frozen=True, slots=True)
class Rpo:
    """One RPO (minutes) with what is known of it; `hours` ascend, `period` sums them up, `proofs` are those of a loss.

    `within` is the share of minutes that must hold it. `fallbacks` are the exposures of the scenario's other mechanisms: they
    judge nothing while the first one is usable.
    """

    target: int
    within: Decimal
    mechanism: Mechanism | None
    hours: Sequence[ReadingHour]
    period: Exposures
    exposure: int | Unknown
    proofs: Proofs
    now: int
    fallbacks: Sequence[tuple[str, int | Unknown]] = ()

    def part(self) -> Part:
        state, reasons = self._state()
        proof = self._proof() if state in ("met", "breached", "proof_too_old") else None
        known = [s for s in (self.period.worst, *(g.lost for g in self.proofs.judged)) if s is not None]
        return Part(state, self.target, max(known, default=None), (*reasons, *self._notes()), proof)

    @property
    def at_limit(self) -> bool:
        return self.mechanism is not None and self.mechanism.step > 0 and self.target <= self.mechanism.step

    @property
    def over_now(self) -> bool:
        """By more than one step of the mechanism, which belongs to its saw-tooth."""
        step = 0 if self.mechanism is None else self.mechanism.step
        return isinstance(self.exposure, int) and self.exposure > (self.target + step) * 60

    def _state(self) -> tuple[State, tuple[Reason, ...]]:
        over = next(self._over(), None)
        if over is not None:
            return "breached", (Reason("over_target", over),)
        valid = self.proofs.valid
        if isinstance(self.exposure, Unknown) and not (self.mechanism is None and valid):
            return "not_measured", (Reason(self.exposure.code, self.exposure.text),)
        if self.mechanism is None or not self.mechanism.needs_event or valid:
            return "met", ()
        age = format_duration(self.proofs.max_age)
        if self.proofs.finished:
            text = f"{words(self.proofs.finished[-1])} that proved it is older than {age}"
            return "proof_too_old", (Reason("proof_too_old", text),)
        text = (
            f"{self.mechanism.name} promises that nothing is lost, and its readings agree, "
            f"but no failover, outage or drill in {age} proved it"
        )
        return "not_measured", (Reason("no_event", text),)

    def _over(self) -> Iterator[str]:
        """Now, in an event, or in more than the allowed share of the period."""
        target = format_duration(self.target)
        if self.over_now:
            yield f"{self.exposure} s would be lost now, the target is {target}"
        for group in self.proofs.judged:
            if group.lost is not None and group.lost > self.target * 60:
                yield f"{words(group)} lost {group.lost} s, the target is {target}"
        held, promised = self.period.within(self.target), self._promised
        if held is not None and held < promised:
            yield (
                f"{percent_words(held)} of the minutes read in {PERIOD_DAYS} d were within {target}, "
                f"{format_percent(promised)} % are promised; up to {self.period.worst} s would have been lost"
            )

    @property
    def _promised(self) -> Decimal:
        return type(self.within)(1) if self.mechanism is not None and self.mechanism.lossy else self.within

    @property
    def _event(self) -> Interruption | None:
        """What proves it, where readings alone do not."""
        if self.mechanism is not None and not self.mechanism.needs_event:
            return None
        return next(reversed(self.proofs.finished), None)

    def _proof(self) -> Proof | None:
        if self._event is not None:
            return proof_of(self._event, self.proofs.max_age)
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
        held = self.period.within(self.target)
        if held is not None and self._promised <= held < 1:
            text = (
                f"{percent_words(held)} of the minutes were within the target; {format_percent(self._promised)} % are promised"
            )
            yield Reason("over_at_times", text)
        yield from self._fallback_notes()
        if self._event is not None and self.hours:
            yield from cause_unknown(self._event)
        if self.hours:
            yield from self._reading_notes(self.hours[-1])

    def _fallback_notes(self) -> Iterator[Reason]:
        for name, exposure in self.fallbacks:
            if isinstance(exposure, Unknown):
                yield Reason("fallback_unknown", f"{name} as a way out: {exposure.text}")
            elif exposure > self.target * 60:
                yield Reason("fallback_over_target", f"{name} as a way out is {exposure} s behind, over the target")

    def _reading_notes(self, hour: ReadingHour) -> Iterator[Reason]:
        last = hour.last
        if self.now - last.at > STALE_SECONDS:
            yield Reason("stale", f"read for the last time {(self.now - last.at) // 60} min ago")
        if isinstance(last.newest, int) and last.newest - last.at > CLOCK_SECONDS:
            ahead = last.newest - last.at
            yield Reason("clock_ahead", f"the recovery point is {ahead} s ahead of this clock: as much more may be lost")
        if last.note is not None:
            yield Reason("note", last.note)
