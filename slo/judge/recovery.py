"""The one judgement of a recovery target at a moment: what proves the RPO and the RTO, and what does not.

Nothing is met without proof. An RPO is proved by readings of its recovery point in the last 30 days; where the mechanism
promises that nothing is lost (a synchronous standby, a queue), by a real failover, outage or drill beside them. An RTO is
proved only by a finished failover, outage, restore or drill. These count until they are older than the target allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from slo.judge import mechanism as protection
from slo.judge import recovery_exposure
from slo.judge.recovery_exposure import DAY, since
from slo.judge.recovery_part import PERIOD_DAYS, SHOWN_DAYS, STATES, Evidence, Part, Proof, State, no_target
from slo.judge.recovery_point import exposures
from slo.judge.recovery_proof import proofs_of
from slo.judge.rpo import Rpo
from slo.judge.rto import rto_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slo.estate.spec import Component, Estate, RecoveryTarget
    from slo.judge.mechanism import Mechanism
    from slo.judge.outage import Interruption, RecoveryEvent
    from slo.judge.recovery_point import ReadingHour, Unknown
    from slo.judge.recovery_proof import Proofs

_Known = TypeVar("_Known", "ReadingHour", "RecoveryEvent")


@dataclass(frozen=True, slots=True)
class RecoveryVerdict:
    """`scenario` and `target` are None where the estate sets no target; `at` is in epoch seconds.

    `exposure` is what would be lost now, in seconds; `worst` the worst exposure by days back; `within` the share of the
    period's readings within the RPO; `coverage` the share of the period's minutes that were read. `fallbacks` are the
    exposures of the scenario's other mechanisms, by name. `last_point` is the newest recovery point that was read of the
    `mechanism` (epoch seconds), `step` how many minutes lie between two of them at best. `interruptions` are those known of
    the scenario, ascending, of whatever age.
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
    fallbacks: tuple[tuple[str, int | Unknown], ...] = ()
    last_point: int | None = None
    step: int = 0
    interruptions: tuple[Interruption, ...] = ()

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
    fired: Mapping[str, Sequence[int]] = MappingProxyType({}),
) -> tuple[RecoveryVerdict, ...]:
    """A verdict per declared target, in the estate's order, and one for every component without any.

    By component: `gaps`, and when its breaches were told (`fired`, epoch seconds).
    """
    hours_of, events_of = _by_component(hours), _by_component(events)
    found: list[RecoveryVerdict] = []
    for component in estate.components:
        queues = _queues(estate, component)
        users = [other.name for other in estate.components if component.name in other.depends_on]
        evidence = Evidence(
            hours=hours_of.get(component.name, ()),
            inherited=[h for name in component.depends_on for h in hours_of.get(name, ())],
            events=events_of.get(component.name, ()),
            around=[e for name in users for e in events_of.get(name, ()) if e.kind == "outage"],
            gaps=[gap for name in (component.name, *queues) for gap in gaps.get(name, ())],
            queues=queues,
            fired=[at for name in (component.name, *users) for at in fired.get(name, ())],
        )
        found += [judge(component, target, evidence, now) for target in component.recovery or (None,)]
    return tuple(found)


def judge(component: Component, target: RecoveryTarget | None, evidence: Evidence, now: int) -> RecoveryVerdict:
    """At `now` (epoch seconds): readings of the 30 days before it, events as long as the target lets them prove."""
    scenario = None if target is None else target.scenario
    chosen, hours = recovery_exposure.chosen(component, scenario, evidence, now)
    exposure = recovery_exposure.exposure(component, scenario, hours, evidence, now)
    others = tuple(recovery_exposure.fallbacks(component, scenario, chosen, evidence, now))
    proofs = proofs_of(component, target, evidence, now)
    period = exposures(since(hours, now - PERIOD_DAYS * DAY))
    points = [h.last.newest for h in hours if isinstance(h.last.newest, int)]
    return RecoveryVerdict(
        component.name,
        scenario,
        target,
        now,
        _rpo(target, chosen, hours, exposure, proofs, _behind(component, scenario, others)),
        rto_part(component, target, evidence, proofs),
        exposure,
        None if chosen is None else chosen.name,
        {days: exposures(since(hours, now - days * DAY)).worst for days in SHOWN_DAYS},
        None if target is None or target.rpo is None else period.within(target.rpo),
        Fraction(
            min(recovery_exposure.minutes_read(since(hours, now - PERIOD_DAYS * DAY)), PERIOD_DAYS * 1440), PERIOD_DAYS * 1440
        ),
        others,
        max(points, default=None),
        0 if chosen is None else chosen.step,
        (*proofs.finished, *proofs.lasting),
    )


def _rpo(
    target: RecoveryTarget | None,
    chosen: Mechanism | None,
    hours: Sequence[ReadingHour],
    exposure: int | Unknown,
    proofs: Proofs,
    others: Sequence[tuple[str, int | Unknown]],
) -> Part:
    if target is None or target.rpo is None:
        return no_target("RPO")
    period = exposures(since(hours, proofs.now - PERIOD_DAYS * DAY))
    of_loss = proofs.of_loss(promised=chosen is not None and chosen.needs_event)
    return Rpo(target.rpo, target.within, chosen, hours, period, exposure, of_loss, proofs.now, others).part()


def _behind(
    component: Component, scenario: str | None, others: Sequence[tuple[str, int | Unknown]]
) -> list[tuple[str, int | Unknown]]:
    """Without coarse ones that work: that they are behind is no news."""
    coarse = {m.name for m in protection.mechanisms(component, scenario) if m.coarse}
    return [(name, exposure) for name, exposure in others if name not in coarse or not isinstance(exposure, int)]


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
