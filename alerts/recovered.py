"""Failovers and restores that events tell of, as interruptions: paired by what each means, in whatever order they came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slo.judge.outage import CLOSE, RecoveryEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alerts.events import Event

SAME = 120
"""Seconds between two accounts of one interruption: EventBridge and DescribeEvents do not agree to the second."""
KINDS = ("failover", "restore")


def recovery_events(events: Iterable[Event]) -> list[RecoveryEvent]:
    """Of events whose document has a `phase`, by start; those of no component are left out."""
    told = [e for e in events if e.component is not None and e.kind in KINDS and e.document.get("phase") is not None]
    found = [_restore(e) for e in told if e.kind == "restore"]
    by_subject: dict[tuple[str, str], list[Event]] = {}
    for event in sorted((e for e in told if e.kind == "failover"), key=lambda e: (e.at, e.document["phase"] != "started")):
        by_subject.setdefault((str(event.component), str(event.document.get("subject"))), []).append(event)
    for (component, _), lines in by_subject.items():
        found += _pairs(component, lines)
    return sorted(found, key=lambda e: (e.start, e.component, e.kind))


def folded(found: Iterable[RecoveryEvent], known: Sequence[RecoveryEvent]) -> list[RecoveryEvent]:
    """Each once: one of the same component and kind that begins within two minutes of another is that one.

    It keeps the start of what is `known` already (that is its identity), and takes an end from whoever knows one.
    """
    seen, kept = list(known), dict[tuple[str, str, int], RecoveryEvent]()
    # What has a start of its own goes first, so that an end without one finds it.
    for event in sorted(found, key=lambda e: (not e.timed, e.start)):
        twin = next((k for k in (*kept.values(), *seen) if _same(k, event)), None)
        one = event if twin is None else replace(event, start=twin.start, end=twin.end if event.end is None else event.end)
        before = kept.get(one.key)
        kept[one.key] = one if before is None else before if before.end is not None else replace(before, end=one.end)
    return sorted(kept.values(), key=lambda e: (e.start, e.component, e.kind))


def _same(one: RecoveryEvent, other: RecoveryEvent) -> bool:
    """Whether `other` is another account of `one`; what has no start of its own never takes one from who knows it."""
    if (one.component, one.kind) != (other.component, other.kind) or one.kind not in KINDS or (other.timed and not one.timed):
        return False
    ends = one.end is not None and other.end is not None and abs(one.end - other.end) <= SAME
    return abs(one.start - other.start) <= SAME or (ends and not other.timed)


def _restore(event: Event) -> RecoveryEvent:
    """RDS tells only that one is complete; a job of AWS Backup tells when it began."""
    started, ended = event.document.get("started_at"), event.document.get("ended_at")
    end = ended if isinstance(ended, int) else event.at
    start = started if isinstance(started, int) and started <= end else end
    return RecoveryEvent(str(event.component), "restore", start, end, _source((event,)))


def _pairs(component: str, lines: Iterable[Event]) -> Iterator[RecoveryEvent]:
    """A second start belongs to the first; so does a second end soon after one (RDS-EVENT-0015 and 0049)."""
    begun: Event | None = None
    last: RecoveryEvent | None = None
    for event in lines:
        phase = event.document["phase"]
        if phase == "started":
            begun = begun or event
        elif phase == "abandoned":
            begun = None
        elif begun is None and last is not None and last.end is not None and event.at <= last.end + CLOSE:
            last = replace(last, end=event.at) if last.timed else last
        else:
            if last is not None:
                yield last
            start = begun or event
            last, begun = RecoveryEvent(component, "failover", start.at, event.at, _source((start, event))), None
    if last is not None:
        yield last
    if begun is not None:
        yield RecoveryEvent(component, "failover", begun.at, None, _source((begun,)))


def _source(events: Iterable[Event]) -> str:
    """`RDS-EVENT-0013 and RDS-EVENT-0049 by SNS`."""
    ids = dict.fromkeys(str(e.document.get("event_id") or e.document.get("job") or e.id) for e in events)
    return f"{' and '.join(ids)} by SNS"
