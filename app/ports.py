"""The outside world as the pipeline sees it. Each port has a real adapter and an in-memory twin under one contract suite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from app.records import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from alerts.breach import Breach, Transition
    from alerts.envelope import Message
    from slo.errors import DeliveryError
    from slo.estate.indicator import Query
    from slo.estate.spec import Account, Component, Estate
    from slo.judge.answer import Answer
    from slo.judge.outage import RecoveryEvent
    from slo.judge.period import Window
    from slo.judge.recovery_point import Reading, ReadingHour, Unknown
    from slo.judge.verdict import Verdict
    from slo.judge.windows import Frame, Sums
    from slo.plan import Change
    from slo.resource import Kind, Live, Place, Resource
    from slo.units import Minute

Path = Literal["first", "second"]
"""Which way a message went: by the pages topic, or by the second one where that did not take it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes start <= m < end that a source can answer in buckets of `period` minutes (1, or 5 for old data)."""

    start: Minute
    end: Minute
    period: int = 1


class Source(Protocol):
    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:
        """The interval split by the resolution at which the source still keeps it at `now`; what is gone is left out."""
        ...

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        """An answer per query. SourceError when nothing at all could be read."""
        ...


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look at a component's recovery gave; `gaps` are calls that failed, each with what is missing."""

    readings: tuple[Reading, ...] = ()
    events: tuple[RecoveryEvent, ...] = ()
    gaps: tuple[Unknown, ...] = ()


class RecoveryReader(Protocol):
    def read(self, component: Component, account: Account | None, now: datetime) -> Findings:
        """Never raises for a refused call: what it would have given is unknown, with the reason; the others still count."""
        ...


class Publisher(Protocol):
    def publish(self, message: Message) -> str:
        """The provider's message id. DeliveryError says whether a retry can help."""
        ...

    def publish_all(self, messages: Sequence[Message]) -> Sequence[str | DeliveryError]:
        """As many answers, in their order; one that fails keeps no other back. At most `app.outbox.BATCH` at once."""
        ...


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of a custom metric at one minute; a repeat of it changes no maximum."""

    metric: str
    dimensions: tuple[tuple[str, str], ...]
    value: float
    at: datetime


class MetricSink(Protocol):
    def put(self, place: Place, namespace: str, points: Sequence[MetricPoint]) -> None:
        """Any number of points, in order. SourceError when one of them may not have arrived."""
        ...


class Resources(Protocol):
    """Resources of some kinds, in the places it was made for. It never writes but what a change says."""

    @property
    def kinds(self) -> frozenset[Kind]: ...

    def read(self, estate: str) -> Sequence[Live]:
        """Everything under this estate's prefix, in normal form, whoever made it. SourceError when it cannot be read whole."""
        ...

    def write(self, change: Change) -> None:
        """One change. SourceError when it was refused; a delete of what is gone already is done."""
        ...


@dataclass(frozen=True, slots=True)
class Author:
    """Who changed a resource last, in UTC, and by which call."""

    who: str
    when: datetime
    event: str


@dataclass(frozen=True, slots=True)
class Untold:
    """Why nobody knows."""

    text: str


class Trail(Protocol):
    """Best effort: for the few resources that drifted, never for all."""

    def who_changed(self, resource: Resource) -> Author | Untold: ...


@dataclass(frozen=True, slots=True)
class Shard:
    """`tick` is the watermark T: minutes before it are judged (None before the first commit); `version` fences commits.

    `slots` maps indicator id -> slot for the indicators that are live now; `width` counts every slot ever given out.
    """

    id: int
    name: str
    tick: Minute | None
    version: int
    slots: Mapping[str, int]
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Commit:
    """One tick of one shard, all or nothing. `tick` is the new watermark.

    `frames` are new minutes; `patches` are (frame as it was or None, frame as it is now) of minutes already judged.
    Hour rows and, where a patch is older than the newest checkpoint, that checkpoint are corrected in the same transaction.
    `standings` are open breaches whose quiet count changed without a transition.
    `checkpoint`, when given, is stored whole. Minutes before `prune_before` and hours before `prune_hours_before` are
    deleted, the oldest first and no more at once than a tick can bear.
    """

    shard: Shard
    tick: Minute
    frames: Sequence[Frame] = ()
    patches: Sequence[tuple[Frame | None, Frame]] = ()
    transitions: Sequence[Transition] = ()
    standings: Sequence[Breach] = ()
    messages: Sequence[Message] = ()
    verdicts: Sequence[Verdict] = ()
    checkpoint: Sums | None = None
    prune_before: Minute | None = None
    prune_hours_before: Minute | None = None


@dataclass(frozen=True, slots=True)
class BreachRow:
    """A breach as stored; `id` is stable and safe in URLs."""

    id: str
    breach: Breach


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outbox row: a message and what became of it. `seq` orders the messages of one key.

    `created_at` is estate time; the other moments are of the wall.
    """

    id: int
    key: str
    seq: int
    message: Message
    created_at: datetime
    attempts: int = 0
    sent_at: datetime | None = None
    provider_id: str | None = None
    last_error: str | None = None
    path: Path | None = None
    first_tried_at: datetime | None = None
    gave_up_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Neither sent nor given up."""
        return self.sent_at is None and self.gave_up_at is None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """The state of an objective changed at this minute."""

    objective: str
    at: Minute
    state: str
    data_version: int
    document: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportEntry:
    """One complete report, by its manifest. `supersedes` is the body hash of the revision before; times as it states them."""

    week: str
    revision: int
    start: str
    end: str
    partial: bool
    generated_at: str
    body_sha256: str
    supersedes: str | None
    files: tuple[str, ...]


class ReportShelf(Protocol):
    def entries(self) -> Sequence[ReportEntry]:
        """Newest week first, of one week the newest revision first."""
        ...

    def file(self, week: str, revision: int, name: str) -> bytes | None:
        """None when there is no such report, or it has no file of this name."""
        ...


class Store(Records, Protocol):
    """Every method is one transaction; times are aware UTC and handed in."""

    def open_shard(self, name: str, indicators: Sequence[str], at: Minute) -> Shard:
        """Create or load; new indicators get the next free slots, gone ones are closed at `at`; a slot is never reused."""
        ...

    def shards(self) -> Sequence[Shard]:
        """Every shard ever opened."""
        ...

    def reload(self, shard: Shard) -> Shard:
        """The shard as it stands now: after a fenced commit."""
        ...

    def sums(self, shard: Shard, wanted: Sequence[Window]) -> Sums:
        """Window sums at the shard's tick: newest checkpoint plus the frames since, or all frames. `shard.tick` must be set."""
        ...

    def frames(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        """Stored frames with start <= minute < end, ascending."""
        ...

    def frames_at(self, shard: Shard, minutes: Sequence[Minute]) -> Mapping[Minute, Frame]:
        """The frames of these minutes that exist."""
        ...

    def quarantined(self, shard: Shard) -> Sequence[Minute]:
        """Minutes whose frame was found damaged and put aside, and which have had none since; ascending."""
        ...

    def hours(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        """Sums of whole hours as frames stamped with the hour's first minute; `counts[MEASURED]` counts minutes (0..60)."""
        ...

    def commit(self, commit: Commit) -> Shard:
        """All or nothing. Fenced when another writer moved the shard since `commit.shard` was read."""
        ...

    def record_estate(self, estate: Estate, at: Minute) -> None:
        """Effective-dated definitions: a row per objective whose declaration differs from its newest row."""
        ...

    def definitions(self, objective: str) -> Sequence[tuple[Minute, Mapping[str, Any]]]:
        """(valid from, declaration) of one objective, oldest first."""
        ...

    def open_breaches(self) -> Sequence[BreachRow]: ...

    def breaches(self, *, limit: int, before: str | None = None) -> Sequence[BreachRow]:
        """Newest first; `before` is the id of the last row of the previous page."""
        ...

    def breaches_between(self, start: Minute, end: Minute) -> Sequence[BreachRow]:
        """Those that were open at some minute of start <= minute < end, by fired_at and id."""
        ...

    def breach(self, breach_id: str) -> BreachRow | None: ...

    def deliveries(self, breach_id: str) -> Sequence[Delivery]:
        """Every message about this breach, or of the group that tells it, oldest first."""
        ...

    def verdict_changes(self, objective: str, *, limit: int) -> Sequence[VerdictChange]:
        """Newest first."""
        ...

    def claim(self, now: datetime, *, lease_seconds: float, limit: int) -> Sequence[Delivery]:
        """Unsent messages that are due and not claimed by another sender, at most one per key: the one with the lowest seq."""
        ...

    def renew(self, delivery: Delivery, until: datetime) -> bool:
        """The claim goes on until then; False when it was lost: another sender has it, or it was sent."""
        ...

    def mark_sent(self, delivery: Delivery, provider_id: str, now: datetime, path: Path = "first") -> None: ...

    def mark_failed(self, delivery: Delivery, error: str, *, retry_at: datetime) -> None:
        """Released, and due again at `retry_at`."""
        ...

    def give_up(self, delivery: Delivery, error: str, now: datetime) -> None:
        """It will never be sent, and keeps later messages of its key back no more."""
        ...

    def enqueue(self, messages: Sequence[Message], now: datetime) -> None:
        """Messages that no tick brings forth. One whose transition is known is not added again."""
        ...

    def sent_as(self, key: str, *, limit: int) -> Sequence[Delivery]:
        """The newest messages of this key, sent or not, newest first."""
        ...

    def told_open(self) -> Sequence[Delivery]:
        """What the pager holds open: per key the message that was sent last, where that is an ALARM and none waits; by id."""
        ...

    def keep_recovery(
        self, readings: Sequence[Reading], events: Sequence[RecoveryEvent], *, prune_before: Minute | None = None
    ) -> None:
        """Readings join their hour, repeats change nothing; events are known by (component, kind, start), a known end stays."""
        ...

    def recovery_hours(self, start: Minute, components: Collection[str] | None = None) -> Sequence[ReadingHour]:
        """Hours that begin at `start` or later, ascending by component, mechanism and hour; None: of every component."""
        ...

    def recovery_events(self, start: Minute) -> Sequence[RecoveryEvent]:
        """Events that still last or ended at `start` or later, ascending by start, component and kind."""
        ...

    def outbox_oldest(self) -> datetime | None:
        """When the oldest message that waits was created; None when all is sent."""
        ...

    def close(self) -> None: ...
