"""Exposure hour by hour, every hour of a stretch: what charts draw, tables list and a report lets anybody add up again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge import mechanism as protection
from slo.judge.recovery_point import HOUR, exposures, hour_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from slo.estate.spec import Component
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.recovery_point import ReadingHour


@dataclass(frozen=True, slots=True)
class ExposureHour:
    """`start` in epoch seconds. `least` and `worst` are seconds; they and `within` are None where no reading had a number.

    `known` and `unknown` count readings with and without a number. An hour that was not read has neither.
    """

    start: int
    least: int | None = None
    worst: int | None = None
    known: int = 0
    unknown: int = 0
    within: Fraction | None = None


def places(verdict: RecoveryVerdict, component: Component) -> frozenset[str]:
    """The components whose readings the verdict's exposure comes from."""
    known = protection.mechanisms(component, verdict.scenario)
    inherited = any(m.inherited for m in known if m.name == verdict.mechanism)
    return frozenset((component.name, *(component.depends_on if inherited else ())))


def exposure_hours(verdict: RecoveryVerdict, hours: Iterable[ReadingHour], days: int) -> list[ExposureHour]:
    """Of the verdict's mechanism, the hours that begin in the `days` before it, ascending and without a hole.

    `hours` are of the components that `places` names. The lowest of an hour is known to the minute, rounded up.
    """
    target = None if verdict.target is None else verdict.target.rpo
    begin, end = hour_of(verdict.at - days * 24 * HOUR) + HOUR, hour_of(verdict.at)
    found: dict[int, list[ReadingHour]] = {}
    for hour in hours:
        if hour.mechanism == verdict.mechanism:
            found.setdefault(hour.hour, []).append(hour)
    return [_summed(start, found.get(start, ()), target) for start in range(begin, end + 1, HOUR)]


def _summed(start: int, group: Iterable[ReadingHour], target: int | None) -> ExposureHour:
    """Of several queues the worst one counts, and the least of the least."""
    hours = tuple(group)
    summed = exposures(hours)
    unknown = sum(h.unknown for h in hours)
    if summed.worst is None:
        return ExposureHour(start, unknown=unknown)
    return ExposureHour(
        start,
        min(min(summed.spread) * 60, summed.worst),
        summed.worst,
        summed.readings,
        unknown,
        None if target is None else summed.within(target),
    )
