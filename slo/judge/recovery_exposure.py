"""What would be lost now in a scenario, read from the first of its mechanisms that tells it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from slo.judge import mechanism as protection
from slo.judge.recovery_part import PERIOD_DAYS
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slo.estate.spec import Component
    from slo.judge.mechanism import Mechanism
    from slo.judge.recovery_part import Evidence
    from slo.judge.recovery_point import ReadingHour

DAY = 86400
UNREAD = frozenset(("access_denied", "clock_skew", "no_data", "source_error", "throttled"))
"""Why a recovery point is unknown though there may well be one; every other reason says that there is none."""


def since(hours: Iterable[ReadingHour], start: int) -> list[ReadingHour]:
    return [h for h in hours if h.last.at >= start]


def chosen(
    component: Component, scenario: str | None, evidence: Evidence, now: int
) -> tuple[Mechanism | None, list[ReadingHour]]:
    """The first mechanism whose newest reading has a number; else the first that was read; else the first.

    A coarse one does not stand in for one that merely could not be read: a call that failed makes nobody lose a day.
    """
    known = protection.mechanisms(component, scenario)
    read = [(m, found) for m in known if (found := _hours_of(m, evidence, now))]
    for mechanism, found in read:
        if not isinstance(found[-1].last.newest, Unknown):
            unread = [pair for pair in read[: known.index(mechanism)] if _is_unread(pair[1][-1])]
            return unread[0] if unread and mechanism.coarse else (mechanism, found)
    return read[0] if read else (known[0] if known else None, [])


def minutes_read(hours: Iterable[ReadingHour]) -> int:
    """Where several components are read, a minute of all of them is one."""
    found: Counter[int] = Counter()
    for hour in hours:
        found[hour.hour] = max(found[hour.hour], hour.known)
    return found.total()


def _is_unread(hour: ReadingHour) -> bool:
    return isinstance(hour.last.newest, Unknown) and hour.last.newest.code in UNREAD


def fallbacks(
    component: Component, scenario: str | None, first: Mechanism | None, evidence: Evidence, now: int
) -> list[tuple[str, int | Unknown]]:
    """The scenario's other mechanisms as far as they were read; that a coarse one is behind is no news."""
    others = [m for m in protection.mechanisms(component, scenario) if m is not first and not m.coarse]
    read = [(m.name, found) for m in others if (found := _hours_of(m, evidence, now))]
    return [(name, exposure(component, scenario, found, evidence, now)) for name, found in read]


def _hours_of(mechanism: Mechanism, evidence: Evidence, now: int) -> list[ReadingHour]:
    """Ascending; of the period only."""
    held = (*evidence.hours, *(evidence.inherited if mechanism.inherited else ()))
    found = [h for h in held if h.mechanism == mechanism.name]
    return sorted(since(found, now - PERIOD_DAYS * DAY), key=lambda h: h.last.at)


def exposure(
    component: Component, scenario: str | None, hours: Sequence[ReadingHour], evidence: Evidence, now: int
) -> int | Unknown:
    """It grows from one reading to the next, and on when there is none. Of several queues the worst one counts."""
    if hours:
        newest = [h.last.newest for h in {h.component: h for h in hours}.values()]
        unknown = next((n for n in newest if isinstance(n, Unknown)), None)
        return unknown or max(max(0, now - n) for n in newest if not isinstance(n, Unknown))
    nothing = None if scenario is None else _nothing_to_read(component, scenario, evidence)
    if nothing is not None:
        return nothing
    if evidence.gaps:
        return evidence.gaps[0]
    return Unknown("not_read", "no recovery point is read" if scenario is None else "no recovery point was read yet")


def _nothing_to_read(component: Component, scenario: str, evidence: Evidence) -> Unknown | None:
    """A call that failed took nothing away where there is no recovery point to read."""
    if not protection.mechanisms(component, scenario):
        return Unknown("no_mechanism", f"no recovery point is known for kind {component.kind} in {scenario}")
    if component.kind == "ecs" and not evidence.queues:
        return Unknown(
            "no_dead_letter_queue",
            "lost messages would show in a dead-letter queue, and no queue that it depends on names one (`dlq`)",
        )
    return None
