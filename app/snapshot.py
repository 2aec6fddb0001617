"""What pages, API and metrics read: one immutable picture per tick, replaced whole. Nobody judges anything again from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from app.drills import no_book
from app.recovery_history import NothingRecovered
from slo.estate.indicator import EventRatio
from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from fractions import Fraction

    from alerts.events import Event
    from alerts.recovery_breach import RecoveryBreach
    from app.about import About
    from app.alarm_inventory import AlarmInventory
    from app.costs import Reading
    from app.drills import DrillBook
    from app.heartbeat_worker import Beat
    from app.history import Columns
    from app.items import Item
    from app.ports import BreachRow, Delivery, ReportEntry, ReportShelf
    from app.records import Entry
    from app.recovery_history import RecoveryHistory
    from app.trace_map import TraceMap
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Estate, Objective
    from slo.judge.recovery import RecoveryVerdict
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Counts
    from slo.units import Minute

STALE_AFTER = timedelta(minutes=3)
"""Of a source that is polled each minute."""
_LEAST_WALL = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One shard's source: `tick` is its watermark T (None before the first commit), `error` the last poll's or None.

    `objectives` are the ids of what it measures, `hot` how many of them are judged each minute. `settle` is in seconds and
    `poll` in minutes. `failing` are the indicators of which the last poll got no answer, `quarantined` the impossible
    minutes among those that the last whole poll read, `coverage` the measured share of the last hour of all objectives,
    `throttled` the tries that were refused for their rate since this process began.
    `gaps` are (objective, minutes of the last hour that were not measured), the most first; `damaged` are minutes whose row
    was put aside and which the source has not told again; `remarks` is what the source itself warned of.
    """

    name: str
    queries: int
    tick: Minute | None = None
    polled_at: datetime | None = None
    error: str | None = None
    objectives: tuple[str, ...] = ()
    hot: int = 0
    settle: int = 0
    poll: int = 1
    failing: int = 0
    quarantined: int = 0
    throttled: int = 0
    coverage: Fraction | None = None
    gaps: tuple[tuple[str, int], ...] = ()
    damaged: tuple[Minute, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One tick. `verdicts` and `newest` (last measured minute) are by objective id, absent before there is one;

    `breaches` holds open and recent ones, each once, newest first (`newest_first` makes it so); `indicators` is by
    indicator id. `made_at` is estate time and `wall_at` the same moment on the wall (None: they are the same clock);
    `speed` is how many estate seconds pass in one of the wall. `outbox_oldest` is in estate time. `items` are verdicts
    rendered for the API (see `app.items`), by objective id; what is not there is rendered when it is asked for.
    `recovery` is in the estate's order and empty before the first look; `recovery_breaches` are those open, pages first.
    `skew` is how many seconds this machine's clock is ahead of AWS's, None before AWS said anything. `mark` is this
    snapshot's and no other's.
    """

    estate: Estate
    made_at: datetime
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    breaches: tuple[BreachRow, ...] = ()
    sources: tuple[SourceStatus, ...] = ()
    notices: tuple[str, ...] = ()
    speed: float = 1.0
    outbox_oldest: datetime | None = None
    wall_at: datetime | None = None
    indicators: Mapping[str, Indicator] = field(default_factory=dict)
    newest: Mapping[str, Minute] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    recovery: tuple[RecoveryVerdict, ...] = ()
    recovery_breaches: tuple[RecoveryBreach, ...] = ()
    alarms: AlarmInventory | None = None
    mark: object = field(default_factory=object, init=False)
    heartbeat: Beat | None = None
    traces: TraceMap | None = None
    skew: float | None = None

    @property
    def open_breaches(self) -> tuple[BreachRow, ...]:
        """Pages before tickets, then newest first."""
        rows = [row for row in self.breaches if row.breach.open]
        return tuple(sorted(rows, key=lambda row: row.breach.severity != "page"))

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Objectives without a first verdict."""
        return tuple(o.id for o in self.estate.objectives if o.id not in self.verdicts)

    @property
    def as_of(self) -> datetime | None:
        """The oldest watermark: everything shown is at least this recent. None before the first commit."""
        ticks = [s.tick for s in self.sources if s.tick is not None] or [v.at for v in self.verdicts.values()]
        return from_minute(min(ticks)) if ticks else None

    @property
    def stale_after(self) -> timedelta:
        """Three polls in estate time; a sped-up demo gets 15 s of the wall, or every long tick would look like a failure."""
        poll = max((source.poll for source in self.sources), default=1)
        return max(STALE_AFTER * poll, _LEAST_WALL * self.speed)

    def is_stale(self, now: datetime) -> bool:
        """Nothing new was published for three polls: what was green then says nothing now."""
        return now - self.made_at > self.stale_after

    def estate_time(self, wall: datetime) -> datetime:
        """Messages are stamped by the wall; beside breaches they must stand in estate time."""
        return wall if self.wall_at is None else self.made_at + (wall - self.wall_at) * self.speed

    def objective(self, objective_id: str) -> Objective | None:
        return next((o for o in self.estate.objectives if o.id == objective_id), None)

    def is_sampled(self, objective_id: str) -> bool:
        """Its counts are those of a sample: said wherever one of its numbers stands."""
        judged = self.verdicts.get(objective_id)
        declared = self.objective(objective_id) if judged is None else judged.objective
        return declared is not None and sampled(self.indicators, declared)

    def breaches_of(self, objective_id: str) -> tuple[BreachRow, ...]:
        return tuple(row for row in self.breaches if row.breach.objective == objective_id)

    def open_breach(self, objective_id: str) -> BreachRow | None:
        """The page if one is open, else the ticket."""
        return next((row for row in self.open_breaches if row.breach.objective == objective_id), None)


def sampled(indicators: Mapping[str, Indicator], objective: Objective) -> bool:
    """Any of what it goes by is."""
    known = (indicators.get(name) for name in objective.indicator_ids)
    return any(isinstance(indicator, EventRatio) and indicator.sampled for indicator in known)


def newest_first(*groups: Iterable[BreachRow]) -> tuple[BreachRow, ...]:
    """Several lists of breaches as one, each breach once."""
    rows = {row.id: row for group in groups for row in group}
    return tuple(sorted(rows.values(), key=lambda row: (-row.breach.fired_at, row.id)))


class SnapshotBox:
    """The newest snapshot. The service's thread puts, any thread gets: one reference is swapped, so no lock is needed."""

    def __init__(self, first: Snapshot) -> None:
        self._snapshot = first

    def get(self) -> Snapshot:
        return self._snapshot

    def put(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot


class History(Protocol):
    """Sums for charts, ascending; an absent or unmeasured row is a gap. StoreError when it cannot be read."""

    def hours(self, objective_id: str) -> Columns:
        """What the budget counts, by hours of the objective's window at T."""
        ...

    def is_at_hand(self, objective_id: str) -> bool:
        """Whether `hours` can answer without the store."""
        ...

    def hourly(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        """The same as rows; hours of which nothing is known are left out."""
        ...

    def recent(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        """What the budget counts in the last six hours, by minute; a slice of several stands at its last one."""
        ...

    def minutely(self, objective_id: str) -> Sequence[tuple[Minute, Counts]]:
        """What was measured in the last six hours."""
        ...


class BreachLog(Protocol):
    """The part of `app.ports.Store` that pages may read; the store itself fits."""

    def breaches(self, *, limit: int, before: str | None = None) -> Sequence[BreachRow]: ...

    def breach(self, breach_id: str) -> BreachRow | None: ...

    def deliveries(self, breach_id: str) -> Sequence[Delivery]: ...


class NoReports:
    """A shelf without reports."""

    def entries(self) -> Sequence[ReportEntry]:
        return ()

    def file(self, week: str, revision: int, name: str) -> bytes | None:  # noqa: ARG002  # there is none, whatever is asked
        return None


class HappeningLog(Protocol):
    """The part of `app.records.Records` that pages may read; the store itself fits. Pages of rows are newest first."""

    def events(
        self, *, limit: int, before: str | None = None, component: str | None = None, kind: str | None = None
    ) -> Sequence[Event]: ...

    def events_between(self, start: int, end: int) -> Sequence[Event]: ...

    def journal(self, *, limit: int, before: int | None = None) -> Sequence[tuple[int, Entry]]: ...


class NothingHappened:
    """A log in which nothing is written."""

    def events(
        self,
        *,
        limit: int,  # noqa: ARG002  # there is nothing, whatever is asked
        before: str | None = None,  # noqa: ARG002
        component: str | None = None,  # noqa: ARG002
        kind: str | None = None,  # noqa: ARG002
    ) -> Sequence[Event]:
        return ()

    def events_between(self, start: int, end: int) -> Sequence[Event]:  # noqa: ARG002
        return ()

    def journal(self, *, limit: int, before: int | None = None) -> Sequence[tuple[int, Entry]]:  # noqa: ARG002
        return ()


@dataclass(frozen=True, slots=True)
class AppState:
    """What the web side is given. `clock` tells estate time; `hosts` are the Host headers that are answered (`name:port`).

    `about` is by component name; `reading` is what the sources cost, None where that is not known.
    """

    box: SnapshotBox
    log: BreachLog
    history: History
    clock: Callable[[], datetime]
    metrics: Callable[[], bytes]
    hosts: frozenset[str]
    about: Mapping[str, About] = field(default_factory=dict)
    reports: ReportShelf = field(default_factory=NoReports)
    reading: Reading | None = None
    happened: HappeningLog = field(default_factory=NothingHappened)
    drills: DrillBook = field(default_factory=no_book)
    recovered: RecoveryHistory = field(default_factory=NothingRecovered)
