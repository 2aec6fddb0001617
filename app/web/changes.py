"""What changed shortly before: a line for each event, nearest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.recent import changes_before
from app.web import numbers
from slo.errors import StoreError

if TYPE_CHECKING:
    from app.recent import Happenings
    from app.snapshot import Snapshot
    from slo.estate.spec import Component
    from slo.units import Minute

MOST = 20


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """`before` is how long before the moment that is asked about."""

    at: str
    before: str
    kind: str
    title: str
    component: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """`unread` says why nothing is known; `more` how many lines are left out."""

    until: str
    lines: tuple[ChangeLine, ...] = ()
    more: int = 0
    unread: str = ""


def changes(snapshot: Snapshot, log: Happenings, component: Component, at: Minute) -> Changes:
    """Of the component and what it depends on, in the hour before `at`."""
    until = numbers.minute_of(at, snapshot.made_at)
    try:
        found = changes_before(log, snapshot.estate, component, at)
    except StoreError as error:
        return Changes(until, unread=str(error))
    lines = tuple(
        ChangeLine(
            numbers.minute_of(e.at // 60, snapshot.made_at),
            numbers.about(max(0, at * 60 - e.at)),
            e.kind.replace("_", " "),
            e.title,
            e.component,
        )
        for e in found[:MOST]
    )
    return Changes(until, lines, len(found) - len(lines))
