"""Component-down suppresses its dependants: page alarms of a component stay silent while what it depends on is down.

A composite of the component's page alarms takes over their actions, and the down alarms of whatever it depends on, near or
far, hold them back. Alarms that tell that the component itself is down keep their own. All in one place: a suppressor
cannot be in another region or account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alerts.alarms import composite_alarm, default_alarm
from alerts.composite import MAX_CHILDREN, MAX_LENGTH
from alerts.naming import alarm_name
from alerts.topics import topic_arn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from slo.catalog.signal import DefaultAlarm
    from slo.estate.spec import Component, Estate
    from slo.resource import Place, Resource


@dataclass(frozen=True, slots=True)
class Placed:
    """A default alarm and where it lives."""

    alarm: DefaultAlarm
    place: Place


def with_suppression(estate: Estate, alarms: Mapping[str, Sequence[Placed]]) -> Iterator[Resource]:
    """Every default alarm, by component, and the composites over them."""
    for component in estate.components:
        found = alarms.get(component.name, ())
        above = upstream(estate, component.name)
        for place in dict.fromkeys(one.place for one in found):
            here = [one.alarm for one in found if one.place == place]
            down = [
                alarm_name(estate.name, name, one.alarm.name)
                for name in above
                for one in alarms.get(name, ())
                if one.alarm.down and one.place == place
            ]
            yield from _of_place(estate, component, place, here, down)


def upstream(estate: Estate, component: str) -> tuple[str, ...]:
    """Everything that it depends on, near or far, nearest first; a name that nothing declares is none."""
    known = {c.name: c.depends_on for c in estate.components}
    found: dict[str, None] = {}
    waiting = list(known.get(component, ()))
    while waiting:
        name = waiting.pop(0)
        if name in known and name not in found and name != component:
            found[name] = None
            waiting += known[name]
    return tuple(found)


def _of_place(
    estate: Estate, component: Component, place: Place, alarms: Sequence[DefaultAlarm], down: Sequence[str]
) -> Iterator[Resource]:
    symptoms = alarm_name(estate.name, component.name, "symptoms")
    held = {a.name for a in alarms if a.severity == "page" and not a.down}
    rule = any_of([alarm_name(estate.name, component.name, name) for name in sorted(held)])
    cause = any_of(down)
    if not (held and down and _fits(rule, len(held)) and _fits(cause, len(down))):
        held = set()
    for alarm in alarms:
        yield default_alarm(estate, component, alarm, place, told_by=symptoms if alarm.name in held else None)
    if not held:
        return
    suppressor = down[0]
    if len(down) > 1:
        suppressor = alarm_name(estate.name, component.name, "upstream")
        told = f"Something that {component.title} depends on is down. Holds back the alarms of {component.title} meanwhile."
        yield composite_alarm(estate, component, place, suppressor, cause, actions=[], description=told)
    yield composite_alarm(
        estate,
        component,
        place,
        symptoms,
        rule,
        actions=[topic_arn(estate.name, "page", place)],
        suppressor=suppressor,
        description=f"page: {component.title}: one of its page alarms fires, and nothing that it depends on is down.",
    )


def any_of(names: Sequence[str]) -> str:
    """The rule that one of them is in ALARM."""
    return " OR ".join(f'ALARM("{name}")' for name in names)


def _fits(rule: str, children: int) -> bool:
    """What CloudWatch would refuse is left as it is: each alarm tells for itself."""
    return children <= MAX_CHILDREN and len(rule) <= MAX_LENGTH
