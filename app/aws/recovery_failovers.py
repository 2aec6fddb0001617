"""Failovers of databases: told by events, and seen by a writer that is another one than at the last look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.judge.outage import CLOSE, RecoveryEvent
from slo.judge.recovery_point import Unknown

if TYPE_CHECKING:
    from app.aws.recovery_look import Look

_EVENTS = "rds:DescribeEvents"


def look_at_failovers(look: Look, service: str, kind: str, name: str, found: Any | Unknown, writer: str | None) -> None:
    """`writer` is what a failover changes: an instance, or the zone of one; None where it is not known."""
    look.events(service, _EVENTS, kind, name)
    if isinstance(found, Unknown):
        return
    _untold_ends(look, available=found.get("DBInstanceStatus", found.get("Status")) == "available")
    if writer is None:
        return
    before = look.memory.changed((look.component.name, name), look.at, writer)
    # Events are best effort. What none of them tells is known to the minute only, so it explains an outage and times nothing.
    if before is not None and not any(e.start - CLOSE <= look.at <= (e.end or look.at) + CLOSE for e in look.told):
        source = f"rds: the writer of {name} is {writer}, at the look before it was another; no event tells of it"
        look.event(RecoveryEvent(look.component.name, "failover", look.at, look.at, source))


def _untold_ends(look: Look, *, available: bool) -> None:
    """A completion that was never told, of what is available again: how long it took is not known, but it has ended."""
    for event in look.told:
        if available and event.kind == "failover" and event.end is None and look.at - event.start > CLOSE:
            text = f"{event.source}; its completion was never told, but it is available"
            look.replace(event, RecoveryEvent(event.component, event.kind, event.start, event.start, text))
