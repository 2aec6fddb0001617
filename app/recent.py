"""What happened to a component, or to what it depends on, shortly before its page: the first question of whoever is woken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from slo.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from alerts.events import Event
    from app.telling import Changes
    from slo.estate.spec import Component, Estate
    from slo.units import Minute

LOOK_BACK_MINUTES = 60
CHANGES = frozenset({"deployment", "failover", "restart", "maintenance", "configuration", "edit", "apply", "scaling"})
"""Kinds of events that may be a cause; an alarm of CloudWatch is a symptom."""


class Happenings(Protocol):
    """The part of `app.records.Records` that is asked."""

    def events_between(self, start: int, end: int) -> Sequence[Event]: ...


def recent_changes(records: Happenings, estate: Estate) -> Changes:
    """Newest first. A store that cannot be read tells nothing: the page must not wait for it."""
    below = {c.name: c.depends_on for c in estate.components}

    def changes(component: Component, at: Minute) -> tuple[Event, ...]:
        try:
            found = records.events_between((at - LOOK_BACK_MINUTES) * 60, (at + 1) * 60)
        except StoreError:
            return ()
        return nearest(found, _reach(component.name, below))

    return changes


def changes_before(log: Happenings, estate: Estate, component: Component, at: Minute) -> tuple[Event, ...]:
    """The same for a page. StoreError."""
    found = log.events_between((at - LOOK_BACK_MINUTES) * 60, (at + 1) * 60)
    return nearest(found, _reach(component.name, {c.name: c.depends_on for c in estate.components}))


def nearest(found: Sequence[Event], near: Collection[str]) -> tuple[Event, ...]:
    """Of events, oldest first, the changes there, newest first; of one deployment the newest word."""
    told: dict[str, Event] = {}
    for event in reversed(found):
        if event.kind in CHANGES and (event.component is None or event.component in near):
            told.setdefault(f"deployment {of}" if (of := event.document.get("deployment")) else event.id, event)
    return tuple(told.values())


def _reach(name: str, below: dict[str, tuple[str, ...]]) -> frozenset[str]:
    """The component and everything under it."""
    found, waiting = set[str](), [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += below.get(one, ())
    return frozenset(found)
