"""What the page of one breach shows: the story of it, from firing to delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.api.documents import dedup_key
from app.web import numbers
from app.web.component import Runbook, runbook_of
from app.web.views import BreachLine, breach_line, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports import BreachRow, Delivery
    from app.snapshot import Snapshot
    from slo.estate.spec import Component, Objective


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a breach's timeline; `failed` marks what still has to be tried again."""

    at: str
    what: str
    detail: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class BreachPage:
    line: BreachLine
    key: str
    component: Component
    runbook: Runbook
    verdict: str
    events: tuple[Event, ...]


def breach_page(snapshot: Snapshot, objective: Objective, row: BreachRow, deliveries: Sequence[Delivery] | None) -> BreachPage:
    """`deliveries` is None when the store could not be read: the page still opens and says so."""
    component = snapshot.estate.component(objective.component)
    now = snapshot.made_at
    found = snapshot.breaches_of(objective.id)
    return BreachPage(
        line=breach_line(snapshot, row),
        key=dedup_key(snapshot, row),
        component=component,
        runbook=runbook_of(component),
        verdict=sentence(snapshot.verdicts.get(objective.id), found, now),
        events=timeline(snapshot, row, deliveries),
    )


def timeline(snapshot: Snapshot, row: BreachRow, deliveries: Sequence[Delivery] | None) -> tuple[Event, ...]:
    """In order of time; what happened at the same moment in order of cause."""
    timed = [*_steps(snapshot, row), *(delivered(snapshot, d) for d in deliveries or ())]
    events = tuple(event for _, event in sorted(timed, key=lambda pair: pair[0]))
    if deliveries is None:
        return (*events, Event("", "deliveries unknown", "the store could not be read", failed=True))
    return events


def _steps(snapshot: Snapshot, row: BreachRow) -> list[tuple[float, Event]]:
    breach, now = row.breach, snapshot.made_at
    rule = f"rule {numbers.windows(breach.rule)} at {numbers.burn(breach.rule.factor)}"
    steps = [(breach.fired_at, "fired", f"{rule}, {numbers.spent(breach.spent)} of the budget spent")]
    if breach.notified_at is not None:
        steps.append((breach.notified_at, "told", f"{breach.severity} due"))
    if breach.resolved_at is not None:
        steps.append((breach.resolved_at, "resolved", "quiet long enough"))
    return [(at * 60.0, Event(numbers.minute_of(at, now), what, detail)) for at, what, detail in steps]


def delivered(snapshot: Snapshot, delivery: Delivery) -> tuple[float, Event]:
    state, tries = delivery.message.state, numbers.plural(delivery.attempts, "attempt")
    when = snapshot.estate_time(delivery.sent_at) if delivery.sent_at else delivery.created_at
    at = numbers.time_of(when, snapshot.made_at)
    if delivery.sent_at is not None:
        way = ", by the second path" if delivery.path == "second" else ""
        return when.timestamp(), Event(at, f"{state} delivered", f"{tries}{way}, provider id {delivery.provider_id}")
    why = f", last error: {delivery.last_error}" if delivery.last_error else ""
    if delivery.gave_up_at is not None:
        return when.timestamp(), Event(at, f"{state} given up", f"{tries}{why}", failed=True)
    return when.timestamp(), Event(at, f"{state} waiting in the outbox", f"{tries}{why}", failed=bool(delivery.last_error))
