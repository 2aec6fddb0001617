"""One thread's work: once an estate minute look at what can be recovered, keep it, judge it, show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from alerts.recovered import KINDS, folded, recovery_events
from app.drill_history import drill_events
from app.outages import OutageFinder
from slo.errors import StoreError
from slo.judge.recovery import judge_estate
from slo.judge.recovery_part import PERIOD_DAYS, PROOF_DAYS, unseen, unseen_then
from slo.judge.recovery_point import Reading, added, hour_of
from slo.units import to_minute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from threading import Event

    from app.board import Board
    from app.clock import Clock
    from app.ports import Findings, RecoveryReader, Store
    from app.recovery_pager import RecoveryPager
    from slo.estate.spec import Estate
    from slo.judge.outage import RecoveryEvent
    from slo.judge.recovery_point import MechanismName, ReadingHour, Unknown
    from slo.units import Minute

    Hours = dict[tuple[str, MechanismName, int], ReadingHour]

RETRY_SECONDS = 5.0
MOST_BREACHES = 200
"""Looked through for the first page of an interruption."""
LEAST_WALL_SECONDS = 2.0
"""Between two looks, however fast the estate's time runs."""
PATIENCE_SECONDS = 60.0
"""The first verdicts of the objectives go before the first look, but not for ever."""
KEPT_MINUTES = 400 * 1440
MOST_TOLD = 500
"""Events of a kind that are paired anew at each look: they come in any order. What is older is kept as what it was."""

log = structlog.get_logger()


class RecoveryWorker:
    """A call that is refused is a reason in the verdict; a store that refuses is tried again."""

    def __init__(
        self,
        store: Store,
        estate: Estate,
        reader: RecoveryReader,
        clock: Clock,
        board: Board,
        pager: RecoveryPager | None = None,
    ) -> None:
        """Without a `pager` nobody is told of a target in danger."""
        self._store, self._estate, self._reader = store, estate, reader
        self._clock, self._board, self._pager = clock, board, pager
        self._owners = {o.id: o.component for o in estate.objectives}
        self._outages = OutageFinder(store, estate, board.place)
        self._hours: Hours | None = None

    def run(self, stop: Event) -> None:
        started = self._clock.monotonic()
        while self._board.box.get().unjudged and self._clock.monotonic() - started < PATIENCE_SECONDS:
            if stop.wait(0.2):
                return
        while not stop.is_set():
            stop.wait(self.turn())

    def turn(self) -> float:
        """One look; the wall seconds until the next one is due."""
        now = self._clock.now()
        try:
            self._look()
        except StoreError as error:
            log.warning("recovery not kept", error=str(error))
            self._hours = None
            return RETRY_SECONDS
        return max(LEAST_WALL_SECONDS, (60 - now.timestamp() % 60) / self._clock.speed)

    def _look(self) -> None:
        now = self._clock.now()
        minute = to_minute(now)
        hours = self._known(minute - PERIOD_DAYS * 1440)
        looked_at = max((hour.last.at for hour in hours.values()), default=None)
        found = {c.name: self._reader.read(c, self._estate.account(c.account), now) for c in self._estate.components}
        readings = [r for f in found.values() for r in f.readings]
        readings += _histories(found, unseen_then(hours.values()), int(now.timestamp()))
        events = self._interrupting((e for f in found.values() for e in f.events), minute - PERIOD_DAYS * 1440)
        self._store.keep_recovery(readings, [*events, *self._outages.find()], prune_before=minute - KEPT_MINUTES)
        verdicts = judge_estate(
            self._estate,
            self._period(readings, hours, minute - PERIOD_DAYS * 1440),
            [*self._store.recovery_events(minute - PROOF_DAYS * 1440), *drill_events(self._store, minute * 60)],
            {name: f.gaps for name, f in found.items()},
            int(now.timestamp()),
            self._fired(),
        )
        self._board.post_recovery(verdicts)
        if self._pager is not None:
            self._pager.tell(verdicts, now, looked_at=looked_at)

    def _fired(self) -> dict[str, list[int]]:
        """When somebody was told of something, by component, in epoch seconds."""
        found: dict[str, list[int]] = {}
        for row in self._store.breaches(limit=MOST_BREACHES):
            at = row.breach.notified_at
            if at is not None and row.breach.objective in self._owners:
                found.setdefault(self._owners[row.breach.objective], []).append(at * 60)
        return found

    def _interrupting(self, polled: Iterable[RecoveryEvent], since: Minute) -> list[RecoveryEvent]:
        """What polling found and what events told (see `app.hooks.sns`), each interruption once."""
        told = recovery_events(e for kind in KINDS for e in self._store.events(limit=MOST_TOLD, kind=kind))
        return folded([*polled, *told], self._store.recovery_events(since))

    def _known(self, start: Minute) -> Hours:
        """The hours since `start`: read once, then kept up with the store by the same rule."""
        return {hour.key: hour for hour in self._store.recovery_hours(start)} if self._hours is None else self._hours

    def _period(self, readings: Iterable[Reading], hours: Hours, start: Minute) -> list[ReadingHour]:
        for reading in readings:
            key = (reading.component, reading.mechanism, hour_of(reading.at))
            hours[key] = added(hours.get(key), reading)
        self._hours = {key: hour for key, hour in hours.items() if hour.hour >= start * 60}
        return list(self._hours.values())


def _histories(found: Mapping[str, Findings], before: Mapping[str, object], at: int) -> Iterator[Reading]:
    """That a history may not be read is kept, and that it may be again: a report has no other word of it."""
    for name, findings in found.items():
        refused: Unknown | None = next(iter(unseen(findings.gaps)), None)
        if refused is not None:
            yield Reading(name, "event-history", at, refused, refused.text)
        elif name in before:
            yield Reading(name, "event-history", at, at, "the history of failovers may be read again")
