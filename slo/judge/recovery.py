"""The one judgement of a recovery target at a moment: what proves the RPO and the RTO, and what does not.

Nothing is met without proof in the period. An RPO is proved by readings of its recovery point; where the mechanism promises
that nothing is lost (a synchronous standby, a queue), by a real failover, outage or drill beside them. An RTO is proved
only by a finished failover, outage, restore or drill.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from slo.judge import mechanism as protection
from slo.judge.outage import interruptions
from slo.judge.recovery_part import PERIOD_DAYS, SHOWN_DAYS, STATES, Evidence, Part, Proof, State, no_target
from slo.judge.recovery_point import Unknown, exposures
from slo.judge.rpo import Rpo
from slo.judge.rto import rto_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slo.estate.spec import Component, Estate, RecoveryTarget
    from slo.judge.mechanism import Mechanism
    from slo.judge.outage import Interruption, RecoveryEvent
    from slo.judge.recovery_point import ReadingHour

_Known = TypeVar("_Known", "ReadingHour", "RecoveryEvent")
DAY = 86400


@dataclass(frozen=True, slots=True)
class RecoveryVerdict:
    """`scenario` and `target` are None where the estate sets no target; `at` is in epoch seconds.

    `exposure` is what would be lost now, in seconds; `worst` the worst exposure by days back; `within` the share of the
    period's readings within the RPO; `coverage` the share of the period's minutes that were read.
    """

    component: str
    scenario: str | None
    target: RecoveryTarget | None
    at: int
    rpo: Part
    rto: Part
    exposure: int | Unknown
    mechanism: str | None
    worst: Mapping[int, int | None]
    within: Fraction | None
    coverage: Fraction

    @property
    def state(self) -> State:
        """Of the two parts the more urgent one."""
        return min(self.rpo.state, self.rto.state, key=STATES.index)

    @property
    def proof(self) -> Proof | None:
        """The newest of the two."""
        found = [p.proof for p in (self.rpo, self.rto) if p.proof is not None]
        return max(found, key=lambda p: p.at, default=None)


def judge_estate(
    estate: Estate,
    hours: Iterable[ReadingHour],
    events: Iterable[RecoveryEvent],
    gaps: Mapping[str, Sequence[Unknown]],
    now: int,
) -> tuple[RecoveryVerdict, ...]:
    """A verdict per declared target, in the estate's order, and one for every component without any; `gaps` by component."""
    hours_of, events_of = _by_component(hours), _by_component(events)
    found: list[RecoveryVerdict] = []
    for component in estate.components:
        queues = _queues(estate, component)
        evidence = Evidence(
            hours=hours_of.get(component.name, ()),
            inherited=[h for name in component.depends_on for h in hours_of.get(name, ())],
            events=events_of.get(component.name, ()),
            around=[
                e
                for other in estate.components
                if component.name in other.depends_on
                for e in events_of.get(other.name, ())
                if e.kind == "outage"
            ],
            gaps=[gap for name in (component.name, *queues) for gap in gaps.get(name, ())],
            queues=queues,
        )
        found += [judge(component, target, evidence, now) for target in component.recovery or (None,)]
    return tuple(found)


def judge(component: Component, target: RecoveryTarget | None, evidence: Evidence, now: int) -> RecoveryVerdict:
    """At `now` (epoch seconds), over the 30 days before it."""
    scenario = None if target is None else target.scenario
    chosen, hours = _chosen(component, scenario, evidence, now)
    period = exposures(_since(hours, now - PERIOD_DAYS * DAY))
    exposure = _exposure(component, scenario, hours, evidence, now)
    seen = _interruptions(component, scenario, evidence, now)
    rpo_target = None if target is None else target.rpo
    return RecoveryVerdict(
        component.name,
        scenario,
        target,
        now,
        no_target("RPO")
        if rpo_target is None
        else Rpo(
            rpo_target, chosen, hours, period, exposure, seen, now, _fallbacks(component, scenario, chosen, evidence, now)
        ).part(),
        rto_part(component, target, evidence, seen, now),
        exposure,
        None if chosen is None else chosen.name,
        {days: exposures(_since(hours, now - days * DAY)).worst for days in SHOWN_DAYS},
        None if rpo_target is None else period.within(rpo_target),
        Fraction(min(period.readings, PERIOD_DAYS * 1440), PERIOD_DAYS * 1440),
    )


def _queues(estate: Estate, component: Component) -> list[str]:
    """Where its recovery point is inherited, what it is read from."""
    if not any(m.inherited for target in component.recovery for m in protection.mechanisms(component, target.scenario)):
        return []
    return [c.name for c in estate.components if c.name in component.depends_on and c.resource.get("dlq")]


def _by_component(items: Iterable[_Known]) -> dict[str, list[_Known]]:
    found: dict[str, list[_Known]] = {}
    for item in items:
        found.setdefault(item.component, []).append(item)
    return found


def _since(hours: Iterable[ReadingHour], start: int) -> list[ReadingHour]:
    return [h for h in hours if h.last.at >= start]


def _chosen(
    component: Component, scenario: str | None, evidence: Evidence, now: int
) -> tuple[Mechanism | None, list[ReadingHour]]:
    """The first mechanism whose newest reading has a number; else the first that was read; else the first."""
    known = protection.mechanisms(component, scenario)
    read = [(m, found) for m in known if (found := _hours_of(m, evidence, now))]
    usable = [(m, found) for m, found in read if not isinstance(found[-1].last.newest, Unknown)]
    first = known[0] if known else None
    return next(iter((*usable, *read)), (first, []))


def _fallbacks(
    component: Component, scenario: str | None, chosen: Mechanism | None, evidence: Evidence, now: int
) -> list[tuple[str, int | Unknown]]:
    """The scenario's other mechanisms as far as they were read."""
    others = [m for m in protection.mechanisms(component, scenario) if m is not chosen]
    read = [(m.name, found) for m in others if (found := _hours_of(m, evidence, now))]
    return [(name, _exposure(component, scenario, found, evidence, now)) for name, found in read]


def _hours_of(mechanism: Mechanism, evidence: Evidence, now: int) -> list[ReadingHour]:
    """Ascending; of the period only."""
    held = (*evidence.hours, *(evidence.inherited if mechanism.inherited else ()))
    found = [h for h in held if h.mechanism == mechanism.name]
    return sorted(_since(found, now - PERIOD_DAYS * DAY), key=lambda h: h.last.at)


def _exposure(
    component: Component, scenario: str | None, hours: Sequence[ReadingHour], evidence: Evidence, now: int
) -> int | Unknown:
    """It grows from one reading to the next, and on when there is none. Of several queues the worst one counts."""
    if hours:
        newest = [h.last.newest for h in {h.component: h for h in hours}.values()]
        unknown = next((n for n in newest if isinstance(n, Unknown)), None)
        return unknown or max(max(0, now - n) for n in newest if not isinstance(n, Unknown))
    if evidence.gaps:
        return evidence.gaps[0]
    if scenario is None:
        return Unknown("not_read", "no recovery point is read")
    if not protection.mechanisms(component, scenario):
        return Unknown("no_mechanism", f"no recovery point is known for kind {component.kind} in {scenario}")
    if component.kind == "ecs" and not evidence.queues:
        return Unknown(
            "no_dead_letter_queue",
            "lost messages would show in a dead-letter queue, and no queue that it depends on names one (`dlq`)",
        )
    return Unknown("not_read", "no recovery point was read yet")


def _interruptions(component: Component, scenario: str | None, evidence: Evidence, now: int) -> list[Interruption]:
    """Those of the period that show how long recovery took in this scenario, ascending."""
    kinds = protection.PROOFS.get(scenario or "", ())
    start = now - PERIOD_DAYS * DAY
    return [
        group
        for group in interruptions((*evidence.events, *evidence.around))
        if group.timed
        and (group.end is None or group.end >= start)
        and any(e.component == component.name and (e.kind in kinds or e.scenario == scenario) for e in group.events)
    ]
