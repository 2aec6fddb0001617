"""What CloudWatch does with the states of its alarms: one step takes every alarm from one minute to the next.

States first, children before parents; then the actions, which follow a change of state only. As documented:

- A new alarm is INSUFFICIENT_DATA. Disabled actions are dropped, not put off.
- An alarm that looks back further than a day is evaluated once an hour.
- While a mute rule holds, or the suppressor of a composite is in ALARM, nothing is told. A change of the composite waits
  `wait` seconds for the suppressor to go into ALARM; when it leaves ALARM nothing is told for `extension` seconds more.
- When that is over, the state is told if it is not the one that was told last.

Ours, because AWS does not say: a change while it waits starts the wait anew, and one that is taken back within it is never
told; the hour of the slow evaluation is the clock's; a suppressor that does not exist suppresses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from alerts.composite import CompositeAlarm, evaluate_composite, order
from alerts.evaluate import MetricAlarm, decide

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from alerts.evaluate import Decision, State
    from slo.units import Minute

HOURLY_ABOVE = 1440
"""Minutes; alarms that look back further are evaluated once an hour."""

By = Literal["Alarm", "WaitPeriod", "ExtensionPeriod", "MuteRule"]
"""The first three as DescribeAlarms spells ActionsSuppressedBy."""


@dataclass(frozen=True, slots=True)
class Suppressor:
    """Another alarm, by name or ARN; `wait` and `extension` in seconds."""

    alarm: str
    wait: int
    extension: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as it was put. Rules and suppressors may name it by `arn` too."""

    model: MetricAlarm | CompositeAlarm
    arn: str = ""
    enabled: bool = True
    suppressor: Suppressor | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps the actions back, and until when (epoch seconds; None: as long as it lasts)."""

    by: By
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """`told` is the state that the actions know of, `before` the one before the last change, `since` its epoch second."""

    state: State = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    told: State = "INSUFFICIENT_DATA"
    before: State = "INSUFFICIENT_DATA"
    since: float = 0.0
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    name: str
    old: State
    new: State
    reason: str


@dataclass(frozen=True, slots=True)
class Acted:
    """The actions for `state` are to be carried out now."""

    name: str
    old: State
    state: State


Event = Changed | Acted


@dataclass(frozen=True, slots=True)
class Step:
    """`standings` of every alarm after it; `events` in the order in which they happened: all changes, then all actions."""

    standings: Mapping[str, Standing]
    events: tuple[Event, ...] = field(default=())


def is_due(alarm: MetricAlarm, minute: Minute) -> bool:
    return alarm.period * alarm.evaluation_periods <= HOURLY_ABOVE or minute % 60 == 0


def step(
    alarms: Mapping[str, Alarm],
    standings: Mapping[str, Standing],
    readings: Mapping[str, Sequence[float | None]],
    at: float,
    muted: Collection[str] = (),
) -> Step:
    """From the evaluation range of every metric alarm that is due, by name; one that is not keeps its state.

    `at` is in epoch seconds; an alarm that `standings` does not know is new.
    """
    now = {name: standings.get(name, Standing(since=at)) for name in alarms}
    events: list[Event] = []
    for name, points in readings.items():
        model = alarms[name].model
        assert isinstance(model, MetricAlarm), "only metric alarms are read"
        now[name] = _change(name, now[name], decide(model, points, now[name].state), at, events)
    states = _states(alarms, now)
    composites = [a.model for a in alarms.values() if isinstance(a.model, CompositeAlarm)]
    for above in order(composites, {a.arn: name for name, a in alarms.items()}):
        after = _change(above.name, now[above.name], evaluate_composite(above, states), at, events)
        now[above.name] = after
        states[above.name] = states[alarms[above.name].arn] = after.state
    for name, alarm in alarms.items():
        now[name] = _act(name, alarm, now[name], states, at, muted, events)
    return Step(now, tuple(events))


def put_state(
    alarms: Mapping[str, Alarm],
    standings: Mapping[str, Standing],
    name: str,
    decision: Decision,
    at: float,
    muted: Collection[str] = (),
) -> Step:
    """A state set by hand, with its actions; it lasts until the next evaluation."""
    events: list[Event] = []
    after = _change(name, standings[name], decision, at, events)
    now = {**standings, name: after}
    return Step({**now, name: _act(name, alarms[name], after, _states(alarms, now), at, muted, events)}, tuple(events))


def _states(alarms: Mapping[str, Alarm], standings: Mapping[str, Standing]) -> dict[str, State]:
    return {key: standings[name].state for name, alarm in alarms.items() for key in (name, alarm.arn)}


def _change(name: str, standing: Standing, decision: Decision, at: float, events: list[Event]) -> Standing:
    reason = decision.reason.text
    if decision.state == standing.state:
        return standing if reason == standing.reason else replace(standing, reason=reason)
    events.append(Changed(name, standing.state, decision.state, reason))
    return replace(standing, state=decision.state, reason=reason, before=standing.state, since=at)


def _act(
    name: str,
    alarm: Alarm,
    standing: Standing,
    states: Mapping[str, State],
    at: float,
    muted: Collection[str],
    events: list[Event],
) -> Standing:
    hold = Hold("MuteRule") if name in muted else _hold(alarm.suppressor, standing, states, at)
    if hold is not None or standing.told == standing.state:
        return standing if hold == standing.hold else replace(standing, hold=hold)
    if alarm.enabled:
        events.append(Acted(name, standing.before, standing.state))
    return replace(standing, told=standing.state, hold=None)


def _hold(suppressor: Suppressor | None, standing: Standing, states: Mapping[str, State], at: float) -> Hold | None:
    if suppressor is None:
        return None
    if states.get(suppressor.alarm) == "ALARM":
        return Hold("Alarm")
    known = standing.hold
    if known is not None and known.by == "Alarm":
        known = Hold("ExtensionPeriod", at + suppressor.extension)
    elif standing.since == at and standing.told != standing.state and (known is None or known.by != "ExtensionPeriod"):
        known = Hold("WaitPeriod", at + suppressor.wait)
    return known if known is not None and known.until is not None and at < known.until else None
