"""The part of the store's twin that keeps `app.records.Records`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from threading import RLock

    from alerts.events import Event
    from alerts.recovery_breach import RecoveryBreach
    from app.records import Entry
    from slo.judge.drill import Drill


class _Known(Protocol):
    @property
    def id(self) -> str: ...


_Row = TypeVar("_Row", bound=_Known)


class MemoryRecords:
    """`_lock` is the store's."""

    _lock: RLock

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}
        self._journal: list[Entry] = []
        self._drills: dict[str, Drill] = {}
        self._troubles: dict[str, RecoveryBreach] = {}
        self._spent: dict[tuple[str, int], int] = {}

    def keep_events(self, events: Sequence[Event]) -> list[Event]:
        with self._lock:
            new = [event for event in {e.id: e for e in reversed(events)}.values() if event.id not in self._events]
            self._events.update((event.id, event) for event in new)
            return sorted(new, key=events.index)

    def events(
        self, *, limit: int, before: str | None = None, component: str | None = None, kind: str | None = None
    ) -> list[Event]:
        with self._lock:
            rest = _after(self._events.values(), lambda event: event.at, before)
            found = [e for e in rest if component in (None, e.component) and kind in (None, e.kind)]
            return found[:limit]

    def events_between(self, start: int, end: int) -> list[Event]:
        with self._lock:
            return sorted((e for e in self._events.values() if start <= e.at < end), key=lambda e: (e.at, e.id))

    def note(self, entry: Entry) -> None:
        with self._lock:
            self._journal.append(entry)

    def journal(self, *, limit: int, before: int | None = None) -> list[tuple[int, Entry]]:
        with self._lock:
            rows = [(n, entry) for n, entry in enumerate(self._journal, 1) if before is None or n < before]
            return rows[::-1][:limit]

    def put_drill(self, drill: Drill) -> None:
        with self._lock:
            self._drills[drill.id] = drill

    def commit_drill(self, drill: Drill, event: Event, entry: Entry) -> bool:
        with self._lock:
            if not self.keep_events([event]):
                return False
            self.put_drill(drill)
            self.note(entry)
            return True

    def drill(self, drill_id: str) -> Drill | None:
        with self._lock:
            return self._drills.get(drill_id)

    def drills(
        self, *, limit: int, before: str | None = None, component: str | None = None, scenario: str | None = None
    ) -> list[Drill]:
        with self._lock:
            rest = _after(self._drills.values(), lambda drill: drill.started_at, before)
            return [d for d in rest if component in (None, d.component) and scenario in (None, d.scenario)][:limit]

    def open_recovery_breaches(self) -> list[RecoveryBreach]:
        with self._lock:
            return [row for row in _after(self._troubles.values(), lambda b: b.opened_at, None) if row.open]

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None:
        with self._lock:
            return self._troubles.get(breach_id)

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> list[RecoveryBreach]:
        with self._lock:
            return _after(self._troubles.values(), lambda breach: breach.opened_at, before)[:limit]

    def spend(self, name: str, day: int, amount: int) -> int:
        with self._lock:
            self._spent[name, day] = self._spent.get((name, day), 0) + amount
            return self._spent[name, day]

    def spent(self, name: str, day: int) -> int:
        with self._lock:
            return self._spent.get((name, day), 0)


def _after(rows: Iterable[_Row], moment: Callable[[_Row], int], before: str | None) -> list[_Row]:
    """Newest first, of one moment by id; those after the row of this id, nothing when there is none."""
    ordered: list[_Row] = sorted(rows, key=lambda row: (-moment(row), row.id))
    if before is None:
        return ordered
    ids = [row.id for row in ordered]
    return ordered[ids.index(before) + 1 :] if before in ids else []
