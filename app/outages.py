"""Outages from the stored slices of availability: the whole period once, then what is new and the hour before it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from slo.judge.outage import outages
from slo.judge.recovery_part import PERIOD_DAYS
from slo.judge.windows import BAD, MEASURED, TOTAL, slices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.history import Place
    from app.ports import Shard, Store
    from slo.estate.spec import Estate, Objective
    from slo.judge.outage import RecoveryEvent
    from slo.judge.windows import Frame
    from slo.units import Minute

INDICATOR = "availability"
CORRECTED = 60
"""Minutes that sources may still rewrite."""
SUSPICIOUS = 240
"""An hour with one minute half down has 1 bad event in 120 if traffic is even; half of that is looked at closely."""


class OutageFinder:
    """Per indicator `availability`; `place` tells where an objective's slices are, None before its first commit."""

    def __init__(self, store: Store, estate: Estate, place: Callable[[str], Place | None]) -> None:
        self._store, self._place = store, place
        own = [o for o in reversed(estate.objectives) if o.indicator == INDICATOR and o.composite is None]
        of_indicator = {o.indicator_id: o for o in own}
        self._objectives: tuple[Objective, ...] = tuple(of_indicator.values())
        self._read_to: dict[str, Minute] = {}
        self._last: dict[str, RecoveryEvent] = {}

    def find(self) -> list[RecoveryEvent]:
        """Everything found since the last call, corrected ones again. StoreError when the slices cannot be read."""
        groups: dict[int, list[Place]] = defaultdict(list)
        for objective in self._objectives:
            place = self._place(objective.id)
            if place is not None:
                groups[place.shard.id].append(place)
        return [event for places in groups.values() for event in self._find(places)]

    def _find(self, places: Sequence[Place]) -> Iterator[RecoveryEvent]:
        """Of one shard: its frames are read once for all of them."""
        end = min(place.at for place in places)
        start = min(self._start(place.objective, end) for place in places)
        frames = list(self._frames(places[0].shard, [place.slot for place in places], start, end))
        for place in places:
            objective = place.objective
            for event in outages(objective.component, slices_of(frames, place.slot), f"slices of {objective.id}"):
                self._last[objective.id] = event
                yield event
            self._read_to[objective.id] = end

    def _start(self, objective: Objective, end: Minute) -> Minute:
        """Never inside a known outage: from its middle on it would look like another one."""
        if objective.id not in self._read_to:
            return end - PERIOD_DAYS * 1440
        start = self._read_to[objective.id] - CORRECTED
        last = self._last.get(objective.id)
        return start if last is None or (last.end is not None and last.end < start * 60) else min(start, last.start // 60)

    def _frames(self, shard: Shard, slots: Sequence[int], start: Minute, end: Minute) -> Iterator[Frame]:
        """Every minute of the last two hours; before them only the hours in which a minute may have been down."""
        recent = max(start, (end - 2 * CORRECTED) // 60 * 60)
        for hour in self._hours(shard, slots, start // 60 * 60, recent) if start < recent else ():
            yield from self._store.frames(shard, max(start, hour), hour + 60)
        yield from self._store.frames(shard, recent, end)

    def _hours(self, shard: Shard, slots: Sequence[int], start: Minute, end: Minute) -> Iterator[Minute]:
        """With each of them the hours after it up to the first clean one, so that an outage finds its end."""
        pending = False
        for hour in self._store.hours(shard, start, end):
            suspicious = any(_suspicious(hour, slot) for slot in slots)
            if suspicious or pending:
                yield hour.minute
            pending = suspicious or (pending and not any(slot < hour.slots and hour.counts[MEASURED, slot] for slot in slots))


def _suspicious(hour: Frame, slot: int) -> bool:
    if slot >= hour.slots:
        return False
    bad, total = int(hour.counts[BAD, slot]), int(hour.counts[TOTAL, slot])
    return bad > 0 and bad * SUSPICIOUS >= total
