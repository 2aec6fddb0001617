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
    `lost` is how many seconds of data did not come back, None where nobody looked; what `failed` proves nothing.
    """

    component: str
    kind: EventKind
    start: int
    end: int | None
    source: str
    scenario: str | None = None
    lost: int | None = None
    failed: bool = False

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

    @property
    def lost(self) -> int | None:
        """Seconds of data, the most that was measured."""
        return max((e.lost for e in self.events if e.lost is not None), default=None)

    def phases(self, fired: Iterable[int]) -> Phases:
        """`fired` are moments at which somebody was told of something amiss, epoch seconds."""
        felt = _span([e for e in self.events if e.kind == "outage"])
        pair = _span([e for e in self.events if e.kind == "failover" and e.timed])
        if felt is None:
            return Phases(None, _length(pair), None)
        told = [at for at in fired if felt[0] - CLOSE <= at and (felt[1] is None or at <= felt[1] + CLOSE)]
        return Phases(max(0, min(told) - felt[0]) if told else None, _length(pair), _length(felt))


@dataclass(frozen=True, slots=True)
class Phases:
    """What an interruption took, in seconds, each None where it is not known.

    `detection`: from the first bad minute to the first page or ticket; `failover`: what the control plane took by its own
    events; `recovery`: from the first bad to the first good minute of the availability of what depends on it.
    """

    detection: int | None
    failover: int | None
    recovery: int | None


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
    for event in _settled(events):
        if groups and (reach is None or event.start <= reach + CLOSE):
            groups[-1].append(event)
            reach = None if reach is None or event.end is None else max(reach, event.end)
        else:
            groups.append([event])
            reach = event.end
    return [_interruption(group) for group in groups]


def _settled(events: Iterable[RecoveryEvent]) -> list[RecoveryEvent]:
    """By time. What began again later is over, though its end was never told: it times nothing, and lasts no more."""
    found = sorted(events, key=lambda e: (e.start, e.kind))
    begun = {(e.component, e.kind): e.start for e in found}
    return [replace(e, end=e.start) if e.end is None and begun[e.component, e.kind] > e.start + CLOSE else e for e in found]


def _interruption(group: Sequence[RecoveryEvent]) -> Interruption:
    """What users felt, or what AWS told where that is longer: a short failover may hide between two minutes.

    What is known by its date alone explains an interruption and never makes it longer.
    """
    timed = [e for e in group if e.timed] or group
    whole = _span(timed) or (0, 0)
    felt = _span([e for e in timed if e.kind == "outage"]) or whole
    told = _span([e for e in timed if e.end is not None and e.kind != "outage"]) or whole
    start, end = felt if felt[1] is None or told[1] is None or felt[1] - felt[0] >= told[1] - told[0] else told
    return Interruption(start, end, tuple(group))


def _span(events: Sequence[RecoveryEvent]) -> tuple[int, int | None] | None:
    """First start to last end; None of nothing."""
    if not events:
        return None
    ends = [e.end for e in events]
    return min(e.start for e in events), None if None in ends else max(e for e in ends if e is not None)


def _length(span: tuple[int, int | None] | None) -> int | None:
    return None if span is None or span[1] is None else span[1] - span[0]


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


DISORDER = 120
"""Seconds by which the dates of two lines may contradict their order."""


def _pairs(component: str, lines: Iterable[Told], source: str) -> Iterator[RecoveryEvent]:
    """Of two completions the later one ends it: never flatter than AWS tells. One just before its own start times nothing."""
    started: int | None = None
    ready: RecoveryEvent | None = None
    for told in lines:
        if _STARTED.match(told.text):
            started = told.at if started is None else started
        elif _COMPLETED.match(told.text):
            again = started is None and ready is not None and ready.timed and told.at - (ready.end or 0) <= CLOSE
            if ready is not None and not again:
                yield ready
            start = ready.start if again and ready is not None else told.at if started is None else started
            ready = RecoveryEvent(component, "failover", start, told.at, source)
            started = None
    if ready is not None and started is not None and not ready.timed and started - ready.start <= DISORDER:
        started = None
    if ready is not None:
        yield ready
    if started is not None:
        yield RecoveryEvent(component, "failover", started, None, source)
