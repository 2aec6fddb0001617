"""`app.ports.Store` on SQLite and PostgreSQL: which transaction does what. The statements live with their nouns."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from app.store import breaches, definitions, frames, hours, outbox, quarantine, recovery, rules, shards, sums, verdicts
from app.store.engine import WORKERS, open_engine, reading, writing
from app.store.migrate import prepare
from app.store.partitions import WEEK, Rooms
from app.store.records import SqlRecords
from slo.errors import Damaged, Fenced, StoreError
from slo.units import format_minute, from_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Engine

    from alerts.envelope import Message
    from app.ports import BreachRow, Commit, Delivery, Path, Shard, VerdictChange
    from app.store.engine import Pool
    from slo.estate.spec import Estate
    from slo.judge.outage import RecoveryEvent
    from slo.judge.period import Window
    from slo.judge.recovery_point import Reading, ReadingHour
    from slo.judge.windows import Frame, Sums
    from slo.units import Minute


_Read = TypeVar("_Read")

log = structlog.get_logger()


class SqlStore(SqlRecords):
    """Safe to use from many threads and processes; StoreError when the database refuses."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms = Rooms()
        self.written: dict[str, int] = {}
        """Bytes of frames that this process has written, by shard."""

    @classmethod
    def open(cls, url: str, pool: Pool = WORKERS) -> SqlStore:
        """SQLite is created and migrated; SchemaMismatch when PostgreSQL needs `sloop db migrate` or either is newer."""
        engine = open_engine(url, pool)
        try:
            prepare(engine)
        except StoreError:
            engine.dispose()
            raise
        return cls(engine)

    def open_shard(self, name: str, indicators: Sequence[str], at: Minute) -> Shard:
        with writing(self._engine) as connection:
            return shards.open_shard(connection, name, indicators, at)

    def shards(self) -> list[Shard]:
        with reading(self._engine) as connection:
            return shards.every(connection)

    def reload(self, shard: Shard) -> Shard:
        with reading(self._engine) as connection:
            return shards.load(connection, shard.name)

    def sums(self, shard: Shard, wanted: Sequence[Window]) -> Sums:
        return self._around_damage(lambda connection: sums.load(connection, shard, wanted))

    def frames(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        yield from self._readable(frames.between, shard, start, end)

    def frames_at(self, shard: Shard, minutes: Sequence[Minute]) -> dict[Minute, Frame]:
        return self._around_damage(lambda connection: frames.at(connection, shard.id, minutes))

    def quarantined(self, shard: Shard) -> list[Minute]:
        with reading(self._engine) as connection:
            return quarantine.missing(connection, shard.id)

    def hours(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        yield from self._readable(hours.between, shard, start, end)

    def commit(self, commit: Commit) -> Shard:
        rules.check(commit)
        minutes = {f.minute for f in (*commit.frames, *(after for _, after in commit.patches))}
        try:
            with writing(self._engine) as connection:
                self._rooms.make(connection, minutes)
                moved = shards.move(connection, commit.shard, commit.tick)
                size = _keep_minutes(connection, commit)
                _keep_changes(connection, commit)
        except Damaged as damaged:
            self._put_aside(damaged)
            raise Fenced(f"shard {commit.shard.name} had a damaged row, which was put aside: reload it and go on") from None
        except Fenced:
            self._rooms.forget()
            raise
        self._rooms.keep(minutes)
        if commit.prune_before is not None:
            self._drop_weeks(moved, commit.prune_before)
        self.written[moved.name] = self.written.get(moved.name, 0) + size
        return moved

    def record_estate(self, estate: Estate, at: Minute) -> None:
        with writing(self._engine) as connection:
            definitions.record(connection, estate.objectives, at)

    def definitions(self, objective: str) -> list[tuple[Minute, dict[str, Any]]]:
        """(valid from, declaration) of one objective, oldest first."""
        with reading(self._engine) as connection:
            return definitions.history(connection, objective)

    def open_breaches(self) -> list[BreachRow]:
        with reading(self._engine) as connection:
            return breaches.still_open(connection)

    def breaches(self, *, limit: int, before: str | None = None) -> list[BreachRow]:
        with reading(self._engine) as connection:
            return breaches.page(connection, limit, before)

    def breaches_between(self, start: Minute, end: Minute) -> list[BreachRow]:
        with reading(self._engine) as connection:
            return breaches.between(connection, start, end)

    def breach(self, breach_id: str) -> BreachRow | None:
        with reading(self._engine) as connection:
            return breaches.find(connection, breach_id)

    def deliveries(self, breach_id: str) -> list[Delivery]:
        with reading(self._engine) as connection:
            return outbox.about(connection, breach_id)

    def verdict_changes(self, objective: str, *, limit: int) -> list[VerdictChange]:
        with reading(self._engine) as connection:
            return verdicts.newest(connection, objective, limit)

    def claim(self, now: datetime, *, lease_seconds: float, limit: int) -> list[Delivery]:
        with writing(self._engine) as connection:
            return outbox.claim(connection, now, now + timedelta(seconds=lease_seconds), limit)

    def renew(self, delivery: Delivery, until: datetime) -> bool:
        with writing(self._engine) as connection:
            return outbox.renew(connection, delivery, until)

    def mark_sent(self, delivery: Delivery, provider_id: str, now: datetime, path: Path = "first") -> None:
        with writing(self._engine) as connection:
            outbox.mark_sent(connection, delivery, provider_id, now, path)

    def give_up(self, delivery: Delivery, error: str, now: datetime) -> None:
        with writing(self._engine) as connection:
            outbox.give_up(connection, delivery, error, now)

    def enqueue(self, messages: Sequence[Message], now: datetime) -> None:
        with writing(self._engine) as connection:
            outbox.add(connection, messages, now)

    def told_open(self) -> list[Delivery]:
        with reading(self._engine) as connection:
            return outbox.told_open(connection)

    def sent_as(self, key: str, *, limit: int) -> list[Delivery]:
        with reading(self._engine) as connection:
            return outbox.sent_as(connection, key, limit)

    def mark_failed(self, delivery: Delivery, error: str, *, retry_at: datetime) -> None:
        with writing(self._engine) as connection:
            outbox.mark_failed(connection, delivery, error, retry_at)

    def keep_recovery(
        self, readings: Sequence[Reading], events: Sequence[RecoveryEvent], *, prune_before: Minute | None = None
    ) -> None:
        with writing(self._engine) as connection:
            recovery.put_readings(connection, readings)
            recovery.put_events(connection, events)
            if prune_before is not None:
                recovery.prune(connection, prune_before)

    def recovery_hours(self, start: Minute, components: Collection[str] | None = None) -> list[ReadingHour]:
        with reading(self._engine) as connection:
            return recovery.hours_since(connection, start, components)

    def recovery_events(self, start: Minute) -> list[RecoveryEvent]:
        with reading(self._engine) as connection:
            return recovery.events_since(connection, start)

    def outbox_oldest(self) -> datetime | None:
        with reading(self._engine) as connection:
            return outbox.oldest_unsent(connection)

    def close(self) -> None:
        self._engine.dispose()

    def _around_damage(self, read: Callable[[Connection], _Read]) -> _Read:
        """Read again for as long as there is a damaged row in the way: each time it is put aside."""
        while True:
            try:
                with reading(self._engine) as connection:
                    return read(connection)
            except Damaged as damaged:
                self._put_aside(damaged)

    def _readable(
        self,
        read: Callable[[Connection, int, Minute, Minute], Iterator[Frame]],
        shard: Shard,
        start: Minute,
        end: Minute,
    ) -> Iterator[Frame]:
        """As `_around_damage`; what was handed out already is not read again."""
        while start < end:
            try:
                with reading(self._engine) as connection:
                    for frame in read(connection, shard.id, start, end):
                        yield frame
                        start = frame.minute + 1
            except Damaged as damaged:
                self._put_aside(damaged)
            else:
                return

    def _drop_weeks(self, shard: Shard, before: Minute) -> None:
        """The commit stands whatever becomes of this; the next one that prunes tries again."""
        try:
            with writing(self._engine) as connection:
                gone = self._rooms.drop(connection, shard.id, before)
        except StoreError as error:
            log.warning("weeks that are over stay for now", shard=shard.name, error=str(error))
        else:
            for week in gone:
                log.info("a week of minutes was dropped", begin=format_minute(week * WEEK))

    def _put_aside(self, damaged: Damaged) -> None:
        with writing(self._engine) as connection:
            quarantine.take(connection, damaged)
        log.error("a damaged row was put aside", kind=damaged.kind, shard=damaged.shard, minute=damaged.minute)


def _keep_minutes(connection: Connection, commit: Commit) -> int:
    """The bytes of the frames."""
    shard = commit.shard
    size = frames.put(connection, shard.id, (*commit.frames, *(after for _, after in commit.patches)))
    hours.correct(connection, shard, commit.patches)
    hours.complete(connection, commit)
    if commit.checkpoint is None:
        sums.correct(connection, shard.id, commit.patches)
    else:
        sums.store(connection, shard.id, commit.checkpoint)
    if commit.prune_before is not None:
        frames.prune(connection, shard.id, commit.prune_before)
    if commit.prune_hours_before is not None:
        hours.prune(connection, shard.id, commit.prune_hours_before)
    return size


def _keep_changes(connection: Connection, commit: Commit) -> None:
    breaches.put(connection, rules.changed_breaches(commit))
    verdicts.put(connection, commit.verdicts)
    outbox.add(connection, commit.messages, from_minute(commit.tick))
