"""What an interruption took: failovers and restores that AWS tells of, outages that the availability slices show.

Times are epoch seconds. The event pair of a failover measures the control plane; what users feel is longer (DNS, pools), so
an outage near a failover is the recovery time and the pair its explanation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from slo.judge.series import Slices

EventKind = Literal["failover", "outage", "restore", "drill"]
DOWN, UP = 2, 20
"""A minute is down when at least 1/2 of its events are bad; it is up again when fewer than 1/20 are."""
CLOSE = 600
"""A failover and an outage within ten minutes of each other are one interruption: caches and pools fail late."""


@dataclass(frozen=True, slots=True)
class RecoveryEvent:
    """`end` is None while it lasts. Its identity is (component, kind, start); `source` is where it was read.

    `scenario` is set where it is known (drills). An event without a known start has start = end and proves no duration.
    """

    component: str
    kind: EventKind
    start: int
    end: int | None
    source: str
    scenario: str | None = None

    @property
    def key(self) -> tuple[str, EventKind, int]:
        return self.component, self.kind, self.start

    @property
    def timed(self) -> bool:
        return self.end is None or self.end > self.start


@dataclass(frozen=True, slots=True)
class Interruption:
    """Events that belong together. `start` to `end` is what users felt, or what AWS told where that is longer."""

    start: int
    end: int | None
    events: tuple[RecoveryEvent, ...]

    @property
    def seconds(self) -> int | None:
        """None while it lasts."""
        return None if self.end is None else self.end - self.start

    @property
    def kinds(self) -> frozenset[EventKind]:
        return frozenset(e.kind for e in self.events)

    @property
    def timed(self) -> bool:
        return any(e.timed for e in self.events)


def outages(component: str, slices: Slices, source: str) -> list[RecoveryEvent]:
    """First bad minute to first good minute, ascending; the last one may still last.

    Missing and idle minutes neither start nor end an outage: silence is no recovery.
    """
    found: list[RecoveryEvent] = []
    for minute, total, bad in zip(*(column.tolist() for column in (slices.minutes, slices.total, slices.bad)), strict=True):
        lasting = bool(found) and found[-1].end is None
        if not lasting and total and bad * DOWN >= total:
            found.append(RecoveryEvent(component, "outage", minute * 60, None, source))
        elif lasting and total and bad * UP < total:
            found[-1] = replace(found[-1], end=minute * 60)
    return found


def interruptions(events: Iterable[RecoveryEvent]) -> list[Interruption]:
    """Events grouped by time, each in one group, ascending."""
    groups: list[list[RecoveryEvent]] = []
    reach: int | None = 0
    for event in sorted(events, key=lambda e: (e.start, e.kind)):
        if groups and (reach is None or event.start <= reach + CLOSE):
            groups[-1].append(event)
            reach = None if reach is None or event.end is None else max(reach, event.end)
        else:
            groups.append([event])
            reach = event.end
    return [_interruption(group) for group in groups]


def _interruption(group: Sequence[RecoveryEvent]) -> Interruption:
    """What users felt, or what AWS told where that is longer: a short failover may hide between two minutes."""
    felt = _span([e for e in group if e.kind == "outage"] or group)
    told = _span([e for e in group if e.end is not None and e.kind != "outage"] or group)
    start, end = felt if felt[1] is None or told[1] is None or felt[1] - felt[0] >= told[1] - told[0] else told
    return Interruption(start, end, tuple(group))


def _span(events: Sequence[RecoveryEvent]) -> tuple[int, int | None]:
    ends = [e.end for e in events]
    return min(e.start for e in events), None if None in ends else max(e for e in ends if e is not None)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of an event history: when, about what, and its text."""

    at: int
    subject: str
    text: str


_STARTED = re.compile(r"Multi-AZ instance failover started|Started (?:cross|same) AZ failover")
_COMPLETED = re.compile(
    r"Multi-AZ instance failover completed|Completed failover to DB instance"
    r"|Failover from (?:primary|master) node .+ to replica node .+ completed"
)
"""Messages of RDS-EVENT-0013, 0072 and 0073, of 0049 and 0071, and of ElastiCache, which tells no start.

DescribeEvents gives neither ids nor order and may miss some, so they are matched by text and sorted by time. "Converting
to Multi-AZ" (0024, 0025) is a modification and no failover.
"""


def failovers(component: str, history: Iterable[Told], source: str) -> list[RecoveryEvent]:
    """Started and completed lines as pairs per subject; a second start without a completion in between is the same failover."""
    found: list[RecoveryEvent] = []
    by_subject: dict[str, list[Told]] = {}
    for told in sorted(set(history), key=lambda t: (t.at, bool(_COMPLETED.match(t.text)))):
        by_subject.setdefault(told.subject, []).append(told)
    for lines in by_subject.values():
        found += _pairs(component, lines, source)
    return sorted(found, key=lambda e: e.start)


def _pairs(component: str, lines: Iterable[Told], source: str) -> Iterator[RecoveryEvent]:
    started: int | None = None
    for told in lines:
        if _STARTED.match(told.text):
            started = told.at if started is None else started
        elif _COMPLETED.match(told.text):
            yield RecoveryEvent(component, "failover", told.at if started is None else started, told.at, source)
            started = None
    if started is not None:
        yield RecoveryEvent(component, "failover", started, None, source)
