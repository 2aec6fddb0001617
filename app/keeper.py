"""Keeps the pager in step with the breaches: what is still open is told again, what is over is closed, nothing is left behind.

It decides from what is stored and from nothing else, so it may die at any time, and two of them say everything once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from alerts import naming
from alerts.group_message import group_message, group_resolved
from alerts.grouping import worst_first
from alerts.message import test_message
from alerts.recovery_message import recovery_message
from alerts.recovery_step import worst
from app import failpoints
from slo.errors import SloopError
from slo.estate.spec import Component
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from threading import Event

    from alerts.breach import Breach
    from alerts.envelope import Message
    from alerts.recovery_breach import RecoveryBreach
    from app.clock import Clock
    from app.ports import Delivery, Store
    from app.telling import Judged, Teller
    from slo.estate.spec import Estate
    from slo.units import Minute

TURN_SECONDS = 15.0
AGAIN_MINUTES = 240
TEST_MINUTES = 15
"""A test that was cut short is closed after these."""

log = structlog.get_logger()


class Watchmen(Protocol):
    """The alarms that page while Sloop is dead, under the keys of its own pages."""

    def stood_down(self, keys: Collection[str]) -> Mapping[str, int]:
        """Of these alarms those that are OK, and since when (epoch seconds). SourceError when they cannot be read."""
        ...


class Keeper:
    """A loop of the service. `judged` gives the newest verdict of an objective."""

    def __init__(
        self,
        store: Store,
        estate: Estate,
        teller: Teller,
        judged: Judged,
        clock: Clock,
        wake: Callable[[], None],
        watchmen: Watchmen | None = None,
    ) -> None:
        self._store, self._estate, self._teller, self._judged = store, estate, teller, judged
        self._clock, self._wake, self._watchmen = clock, wake, watchmen
        self._components = {c.name: c for c in estate.components}
        self._objectives = {o.id: o for o in estate.objectives}

    def run(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                self.turn()
            except SloopError as error:
                log.warning("what is due was not looked after", error=str(error))
            stop.wait(TURN_SECONDS)

    def turn(self) -> list[Message]:
        """What was put into the outbox."""
        now = self._clock.now()
        found = list(self._due(to_minute(now)))
        if found:
            failpoints.reach("before_enqueue")
            self._store.enqueue(found, now)
            failpoints.reach("after_enqueue")
            self._wake()
        return found

    def _due(self, at: Minute) -> Iterator[Message]:
        breaches = {row.id: row.breach for row in self._store.open_breaches()}
        told = self._store.told_open()
        down = self._stood_down([d.key for d in told if d.message.breach in breaches])
        for delivery in told:
            message = self._message(delivery, breaches, at, down)
            if message is not None:
                yield message
        yield from self._lost(breaches, at)
        yield from self._lost_groups(breaches.values(), at)
        yield from self._lost_recovery(at)

    def _stood_down(self, keys: Collection[str]) -> Mapping[str, int]:
        """Without an answer nothing is told again early; the next turn asks anew."""
        if self._watchmen is None or not keys:
            return {}
        try:
            return self._watchmen.stood_down(keys)
        except SloopError as error:
            log.warning("alarms that stand in for Sloop not read", error=str(error))
            return {}

    def _message(
        self, delivery: Delivery, breaches: Mapping[str, Breach], at: Minute, down: Mapping[str, int]
    ) -> Message | None:
        trouble = self._store.recovery_breach(delivery.message.breach or "")
        if trouble is not None:
            return self._of_recovery(delivery, trouble, at)
        group, test = (self._component_of(delivery, make) for make in (naming.group_key, naming.test_key))
        if group is not None:
            return self._of_group(delivery, group, breaches.values(), at)
        if test is not None:
            over = at - to_minute(delivery.created_at) >= TEST_MINUTES
            return test_message(self._teller.origin(test), test, "OK", at=at * 60) if over else None
        return self._of_breach(delivery, breaches, at, down)

    def _component_of(self, delivery: Delivery, key: Callable[[str, str], str]) -> Component | None:
        """It may have left the estate since: its incident is closed all the same."""
        name = delivery.message.attributes.get("component", "")
        return self._components.get(name, Component(name, "gone")) if key(self._estate.name, name) == delivery.key else None

    def _of_group(self, delivery: Delivery, root: Component, breaches: Collection[Breach], at: Minute) -> Message | None:
        members = worst_first(self._estate, [b for b in breaches if b.told_as == delivery.key])
        if not members:
            newest = self._newest(delivery)
            ended = delivery.message.transition if newest == delivery.id else f"{delivery.message.transition}/{newest}"
            return group_resolved(self._teller.origin(root), root, ended, at)
        occasion = self._turn_to_repeat(delivery, min(b.fired_at for b in members), at)
        return None if occasion is None else group_message(self._teller.origin(root), root, members, at, occasion=occasion)

    def _of_breach(
        self, delivery: Delivery, breaches: Mapping[str, Breach], at: Minute, down: Mapping[str, int]
    ) -> Message | None:
        """What was closed without the pager hearing of it is closed there; so is what nobody knows any more."""
        breach = breaches.get(delivery.message.breach or "")
        if breach is None:
            row = self._store.breach(delivery.message.breach) if delivery.message.breach else None
            gone = row is None or row.breach.objective not in self._objectives
            return None if gone or row is None else self._teller.resolved(row.breach, str(self._newest(delivery)))
        if breach.objective not in self._objectives or self._estate.muted(self._objectives[breach.objective], at):
            return None
        stood_down = down.get(delivery.key, 0)
        if stood_down > delivery.created_at.timestamp():
            occasion: str | None = f"after-{stood_down}"
        else:
            occasion = self._turn_to_repeat(delivery, breach.notified_at or breach.fired_at, at)
        return None if occasion is None else self._teller.again(breach, at, occasion, self._judged(breach.objective))

    def _of_recovery(self, delivery: Delivery, told: RecoveryBreach, at: Minute) -> Message | None:
        """In the words of the worst trouble of its target that is open; closed where there is none any more."""
        component = self._components.get(told.component, Component(told.component, "gone"))
        origin = self._teller.origin(component)
        target = (told.component, told.scenario)
        open_ = worst(row for row in self._store.open_recovery_breaches() if (row.component, row.scenario) == target)
        if open_ is None:
            return recovery_message(origin, component, told, "resolved", at * 60, occasion=str(self._newest(delivery)))
        if self._estate.muted_component(component.name, at):
            return None
        occasion = self._turn_to_repeat(delivery, (open_.notified_at or open_.opened_at) // 60, at)
        return None if occasion is None else recovery_message(origin, component, open_, "repeated", at * 60, occasion=occasion)

    def _newest(self, delivery: Delivery) -> int:
        """An end that was given up is told once more under a name of its own, as often as it takes."""
        return self._store.sent_as(delivery.key, limit=1)[0].id

    def _turn_to_repeat(self, delivery: Delivery, since: Minute, at: Minute) -> str | None:
        """Every four hours, counted from the breach, so that two keepers name the same turn."""
        if at - to_minute(delivery.created_at) < AGAIN_MINUTES:
            return None
        return str((at - since) // AGAIN_MINUTES)

    def _lost(self, breaches: Mapping[str, Breach], at: Minute) -> Iterator[Message]:
        """A page that was given up after a day of refusals is due as long as its breach is open."""
        for breach in breaches.values():
            objective = self._objectives.get(breach.objective)
            if breach.notified_at is None or breach.told_as is not None:
                continue
            if objective is None or self._estate.muted(objective, at):
                continue
            last = self._store.sent_as(naming.key(self._estate.name, breach.objective, breach.severity), limit=1)
            if last and last[0].gave_up_at is not None:
                yield self._teller.again(breach, at, f"lost-{last[0].id}", self._judged(breach.objective))

    def _lost_groups(self, breaches: Collection[Breach], at: Minute) -> Iterator[Message]:
        """The same of a group, for the members that are still open."""
        for key in sorted({b.told_as for b in breaches if b.told_as is not None}):
            last = self._store.sent_as(key, limit=1)
            root = self._component_of(last[0], naming.group_key) if last and last[0].gave_up_at is not None else None
            if root is not None:
                members = worst_first(self._estate, [b for b in breaches if b.told_as == key])
                occasion = f"lost-{last[0].id}"
                yield group_message(self._teller.origin(root), root, members, at, occasion=occasion)

    def _lost_recovery(self, at: Minute) -> Iterator[Message]:
        """The same of recovery: its keys tell the worst trouble of a target."""
        by_target: dict[tuple[str, str], list[RecoveryBreach]] = {}
        for row in self._store.open_recovery_breaches():
            by_target.setdefault((row.component, row.scenario), []).append(row)
        for (name, scenario), rows in by_target.items():
            told, component = worst(rows), self._components.get(name)
            if told is None or component is None or self._estate.muted_component(name, at):
                continue
            last = self._store.sent_as(naming.recovery_key(self._estate.name, name, scenario), limit=1)
            if last and last[0].gave_up_at is not None:
                origin, occasion = self._teller.origin(component), f"lost-{last[0].id}"
                yield recovery_message(origin, component, told, "repeated", at * 60, occasion=occasion)
