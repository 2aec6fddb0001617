"""When a breach opens, when it is told, when it resolves. One step per evaluated minute, for page and ticket together.

1. A severity opens at the first minute at which one of its rules fires; its rule is the firing one with the shortest windows.
2. A minute is quiet when no rule of the severity fires and none is blind; firing starts the count again, blind minutes do
   not count; the breach resolves at the 15th quiet minute.
3. A page is told when it opens. A ticket is told when no page is open: when it opens, or when the page resolves.
   Nothing is told while muted; what still holds when the mute ends is told then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.estate.spec import Severity
    from slo.judge.burn import Rule
    from slo.units import Minute

QUIET_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Breach:
    """`quiet` counts the quiet minutes since the last firing one; `spent` is the share of the budget spent at `fired_at`."""

    objective: str
    severity: Severity
    rule: Rule
    fired_at: Minute
    spent: Fraction
    quiet: int = 0
    notified_at: Minute | None = None
    resolved_at: Minute | None = None

    @property
    def open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one evaluated minute says of one objective."""

    at: Minute
    firing: tuple[Rule, ...]
    blind: tuple[Rule, ...]
    spent: Fraction | None
    muted: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The open breaches of one objective."""

    page: Breach | None = None
    ticket: Breach | None = None

    @property
    def quiet(self) -> bool:
        return self.page is None and self.ticket is None

    @property
    def open(self) -> tuple[Breach, ...]:
        return tuple(b for b in (self.page, self.ticket) if b is not None)

    @property
    def severities(self) -> frozenset[Severity]:
        return frozenset(b.severity for b in self.open)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change worth keeping: opened, notified (told later than it opened) or resolved, with the breach as it is after it."""

    kind: Literal["opened", "notified", "resolved"]
    breach: Breach


def step(
    objective: str, standing: Standing, reading: Reading, *, quiet_minutes: int = QUIET_MINUTES
) -> tuple[Standing, list[Transition]]:
    page = _step(objective, "page", standing.page, reading, quiet_minutes)
    ticket = _step(objective, "ticket", standing.ticket, reading, quiet_minutes)
    changes: list[Transition] = []
    page = _tell(page, standing.page, reading.at, held_back=reading.muted, changes=changes)
    held_back = reading.muted or (page is not None and page.open)
    ticket = _tell(ticket, standing.ticket, reading.at, held_back=held_back, changes=changes)
    return Standing(_if_open(page), _if_open(ticket)), changes


def _step(objective: str, severity: Severity, breach: Breach | None, reading: Reading, quiet_minutes: int) -> Breach | None:
    firing = [r for r in reading.firing if r.severity == severity]
    if breach is None:
        if not firing:
            return None
        assert reading.spent is not None, "a rule fires only where there were events"
        shortest = min(firing, key=lambda r: (r.long, r.shortest))
        return Breach(objective, severity, shortest, reading.at, reading.spent)
    if firing:
        return replace(breach, quiet=0)
    if any(r.severity == severity for r in reading.blind):
        return breach
    quiet = breach.quiet + 1
    return replace(breach, quiet=quiet, resolved_at=reading.at if quiet >= quiet_minutes else None)


def _tell(
    breach: Breach | None, before: Breach | None, at: Minute, *, held_back: bool, changes: list[Transition]
) -> Breach | None:
    """Set `notified_at` where it is due, and record what changed."""
    if breach is None:
        return None
    if breach.open and breach.notified_at is None and not held_back:
        breach = replace(breach, notified_at=at)
        if before is not None:
            changes.append(Transition("notified", breach))
    if before is None:
        changes.append(Transition("opened", breach))
    elif not breach.open:
        changes.append(Transition("resolved", breach))
    return breach


def _if_open(breach: Breach | None) -> Breach | None:
    return breach if breach is not None and breach.open else None
