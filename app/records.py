"""The part of the store beside minutes and breaches: what happened, who did what, what was rehearsed and spent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from alerts.envelope import Message
    from alerts.events import Event
    from alerts.recovery_breach import RecoveryBreach
    from slo.judge.drill import Drill


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal: somebody did something to a subject, and how it ended."""

    at: datetime
    actor: str
    action: str
    subject: str
    outcome: str
    document: Mapping[str, Any] = field(default_factory=dict)


class Records(Protocol):
    """Every method is one transaction; pages of rows are newest first."""

    def keep_events(self, events: Sequence[Event]) -> Sequence[Event]:
        """Those that were new: one whose id is known changes nothing."""
        ...

    def events(
        self, *, limit: int, before: str | None = None, component: str | None = None, kind: str | None = None
    ) -> Sequence[Event]:
        """`before` is the id of the last one of the page before."""
        ...

    def events_between(self, start: int, end: int) -> Sequence[Event]:
        """Those of start <= at < end (epoch seconds), oldest first."""
        ...

    def note(self, entry: Entry) -> None: ...

    def journal(self, *, limit: int, before: int | None = None) -> Sequence[tuple[int, Entry]]:
        """(number, entry); `before` is the last number of the page before."""
        ...

    def put_drill(self, drill: Drill) -> None:
        """Known by its id: the newest state stands."""
        ...

    def commit_drill(self, drill: Drill, event: Event, entry: Entry) -> bool:
        """All or nothing; False, and nothing is changed, where the event's id is known: somebody took this step before."""
        ...

    def drill(self, drill_id: str) -> Drill | None: ...

    def drills(
        self, *, limit: int, before: str | None = None, component: str | None = None, scenario: str | None = None
    ) -> Sequence[Drill]: ...

    def commit_recovery(self, breaches: Sequence[RecoveryBreach], messages: Sequence[Message], now: datetime) -> None:
        """Breaches as they are now, and what tells them: all or nothing."""
        ...

    def open_recovery_breaches(self) -> Sequence[RecoveryBreach]: ...

    def recovery_breach(self, breach_id: str) -> RecoveryBreach | None: ...

    def recovery_breaches(self, *, limit: int, before: str | None = None) -> Sequence[RecoveryBreach]: ...

    def spend(self, name: str, day: int, amount: int) -> int:
        """Add to what was used up of this allowance on this day (days since 1970); the sum."""
        ...

    def spent(self, name: str, day: int) -> int: ...
