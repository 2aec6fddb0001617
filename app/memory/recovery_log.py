"""The part of the store's twin that keeps recovery: hours and events in dictionaries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slo.judge.recovery_point import added, hour_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.judge.outage import EventKind, RecoveryEvent
    from slo.judge.recovery_point import MechanismName, Reading, ReadingHour
    from slo.units import Minute


@dataclass(slots=True)
class RecoveryLog:
    hours: dict[tuple[str, MechanismName, int], ReadingHour] = field(default_factory=dict)
    events: dict[tuple[str, EventKind, int], RecoveryEvent] = field(default_factory=dict)

    def keep(self, readings: Sequence[Reading], events: Sequence[RecoveryEvent], prune_before: Minute | None) -> None:
        for reading in sorted(readings, key=lambda r: r.at):
            key = (reading.component, reading.mechanism, hour_of(reading.at))
            self.hours[key] = added(self.hours.get(key), reading)
        for event in events:
            known = self.events.get(event.key)
            forgets = known is not None and event.end is None
            self.events[event.key] = replace(event, end=known.end) if known is not None and forgets else event
        if prune_before is not None:
            self._prune(prune_before * 60)

    def hours_since(self, start: Minute) -> list[ReadingHour]:
        return [self.hours[key] for key in sorted(self.hours) if key[2] >= start * 60]

    def events_since(self, start: Minute) -> list[RecoveryEvent]:
        found = [e for e in self.events.values() if e.end is None or e.end >= start * 60]
        return sorted(found, key=lambda e: (e.start, e.component, e.kind))

    def _prune(self, before: int) -> None:
        self.hours = {key: hour for key, hour in self.hours.items() if key[2] >= before}
        self.events = {key: event for key, event in self.events.items() if event.end is None or event.end >= before}
