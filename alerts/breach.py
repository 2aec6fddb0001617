"""When a breach opens, when it is told, when it resolves. One step per evaluated minute, for page and ticket together.

1. A severity opens at the first minute at which one of its rules fires; its rule is the firing one with the shortest windows.
2. A minute is quiet when no rule of the severity fires and none is blind; firing starts the count again, blind minutes do
   not count; the breach resolves at the 15th quiet minute.
3. A page is told when it opens. A ticket is told when no page is open: when it opens, or when the page resolves.
   Nothing is told while muted; what still holds when the mute ends is told then.
4. Flap control, where it is on: opening and resolving are turns. A breach is held open instead of resolved while that would be
   the n-th turn of its severity within 60 minutes, this minute and the 59 before it; it resolves at the first quiet minute
   at which it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.estate.spec import Severity
    from slo.judge.burn import Rule
    from slo.units import Minute

QUIET_MINUTES = 15
FLAP_MINUTES = 60
"""How far back turns count."""


@dataclass(frozen=True, slots=True)
class Breach:
    """`quiet` counts the quiet minutes since the last firing one; `spent` is the share of the budget spent at `fired_at`.

    `flapping` says that flap control has held it open; `told_as` is the key of the group message that tells it, if one does.
    """

    objective: str
    severity: Severity
    rule: Rule
    fired_at: Minute
    spent: Fraction
    quiet: int = 0
    notified_at: Minute | None = None
    resolved_at: Minute | None = None
    flapping: bool = False
    told_as: str | None = None

    @property
    def turns(self) -> tuple[Minute, ...]:
        """When it opened, and when it resolved."""
        return (self.fired_at,) if self.resolved_at is None else (self.fired_at, self.resolved_at)

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
    """The open breaches of one objective; with flap control also the minutes of the last turns of each severity, ascending."""

    page: Breach | None = None
    ticket: Breach | None = None
    page_turns: tuple[Minute, ...] = ()
    ticket_turns: tuple[Minute, ...] = ()

    @property
    def quiet(self) -> bool:
        """A minute at which nothing fires changes nothing."""
        return self.page is None and self.ticket is None

    @property
    def forgettable(self) -> bool:
        """It is as if nothing had ever been open."""
        return self.quiet and not self.page_turns and not self.ticket_turns

    @property
    def open(self) -> tuple[Breach, ...]:
        return tuple(b for b in (self.page, self.ticket) if b is not None)

    @property
    def severities(self) -> frozenset[Severity]:
        return frozenset(b.severity for b in self.open)


@dataclass(frozen=True, slots=True)
class Transition:
    """A change worth keeping: opened, notified (told later than it opened) or resolved, with the breach as it is after it.

    `repeated` changes nothing and is told all the same.
    """

    kind: Literal["opened", "notified", "repeated", "resolved"]
    breach: Breach


def standing_of(breaches: Iterable[Breach], at: Minute) -> Standing:
    """As it was after the step at T, from all breaches of one objective that are open or resolved in the hour before T."""
    known = sorted(breaches, key=lambda b: b.fired_at)
    still = {b.severity: b for b in known if b.open}
    turns = [(b.severity, turn) for b in known for turn in b.turns]
    page, ticket = (_recent((t for s, t in turns if s == severity), at) for severity in ("page", "ticket"))
    return Standing(still.get("page"), still.get("ticket"), page, ticket)


def step(
    objective: str,
    standing: Standing,
    reading: Reading,
    *,
    quiet_minutes: int = QUIET_MINUTES,
    flap_transitions: int = 0,
) -> tuple[Standing, list[Transition]]:
    """`flap_transitions` is the n of flap control: 0 is off; a resolve is a second turn at least, so 1 makes no sense."""
    turns = _recent(standing.page_turns, reading.at), _recent(standing.ticket_turns, reading.at)
    held = [0 < flap_transitions <= len(own) + 1 for own in turns]
    page = _step(objective, "page", standing.page, reading, quiet_minutes, held=held[0])
    ticket = _step(objective, "ticket", standing.ticket, reading, quiet_minutes, held=held[1])
    changes: list[Transition] = []
    page = _tell(page, standing.page, reading.at, held_back=reading.muted, changes=changes)
    held_back = reading.muted or (page is not None and page.open)
    ticket = _tell(ticket, standing.ticket, reading.at, held_back=held_back, changes=changes)
    after = Standing(_if_open(page), _if_open(ticket))
    if flap_transitions:
        after = replace(
            after, page_turns=_turned(turns[0], page, reading.at), ticket_turns=_turned(turns[1], ticket, reading.at)
        )
    return after, changes


def _step(
    objective: str, severity: Severity, breach: Breach | None, reading: Reading, quiet_minutes: int, *, held: bool
) -> Breach | None:
    firing = [r for r in reading.firing if r.severity == severity]
    if breach is None:
        if not firing:
            return None
        # A window that has just begun anew, or is shorter than the rule's, may hold no event: nothing of it is spent.
        spent = Fraction(0) if reading.spent is None else reading.spent
        shortest = min(firing, key=lambda r: (r.long, r.shortest))
        return Breach(objective, severity, shortest, reading.at, spent)
    if firing:
        return replace(breach, quiet=0)
    if any(r.severity == severity for r in reading.blind):
        return breach
    breach = replace(breach, quiet=breach.quiet + 1)
    if breach.quiet < quiet_minutes:
        return breach
    return replace(breach, flapping=True) if held else replace(breach, resolved_at=reading.at)


def _recent(turns: Iterable[Minute], at: Minute) -> tuple[Minute, ...]:
    return tuple(sorted(turn for turn in turns if at - FLAP_MINUTES < turn <= at))


def _turned(turns: tuple[Minute, ...], breach: Breach | None, at: Minute) -> tuple[Minute, ...]:
    return turns if breach is None or at not in breach.turns else (*turns, at)


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
