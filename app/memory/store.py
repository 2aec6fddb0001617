"""The store's in-memory twin: plain dictionaries, every sum added up from scratch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from alerts.naming import breach_id
from app.memory.records import MemoryRecords
from app.memory.recovery_log import RecoveryLog
from app.ports import BreachRow, Delivery, Shard, VerdictChange
from app.store.rules import changed_breaches, check, declaration, pruned_until
from slo.errors import Fenced
from slo.judge.document import document
from slo.judge.period import start
from slo.judge.windows import MEASURED, Frame, Sums
from slo.units import from_minute

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from alerts.breach import Breach
    from alerts.envelope import Message
    from alerts.recovery_breach import RecoveryBreach
    from app.ports import Commit, Path
    from slo.estate.spec import Estate
    from slo.judge.outage import RecoveryEvent
    from slo.judge.period import Window
    from slo.judge.recovery_point import Reading, ReadingHour
    from slo.judge.verdict import Verdict
    from slo.units import Minute


@dataclass(slots=True)
class _Minutes:
    """One shard. `seen` outlives pruned minutes: slot -> its first and last measured minute."""

    shard: Shard
    frames: dict[Minute, Frame] = field(default_factory=dict)
    hours: dict[Minute, Frame] = field(default_factory=dict)
    seen: dict[int, tuple[Minute, Minute]] = field(default_factory=dict)


@dataclass(slots=True)
class _Post:
    """One outbox row and what only the outbox knows of it."""

    delivery: Delivery
    retry_at: datetime | None = None
    claimed_until: datetime | None = None

    def due(self, now: datetime) -> bool:
        return all(until is None or until <= now for until in (self.retry_at, self.claimed_until))


class MemoryStore(MemoryRecords):
    """One lock around everything: each method is one transaction."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = RLock()
        self._shards: dict[str, _Minutes] = {}
        self._breaches: dict[str, Breach] = {}
        self._changes: dict[tuple[str, Minute], VerdictChange] = {}
        self._declared: dict[str, dict[Minute, dict[str, Any]]] = {}
        self._posts: list[_Post] = []
        self._recovery = RecoveryLog()

    def open_shard(self, name: str, indicators: Sequence[str], at: Minute) -> Shard:  # noqa: ARG002 - only a table says when
        with self._lock:
            kept = self._shards.setdefault(name, _Minutes(Shard(len(self._shards) + 1, name, None, 0, {}, 0)))
            shard = kept.shard
            slots = {indicator: slot for indicator, slot in shard.slots.items() if indicator in indicators}
            new = [indicator for indicator in dict.fromkeys(indicators) if indicator not in slots]
            if new or slots.keys() != shard.slots.keys():
                slots |= {indicator: slot for slot, indicator in enumerate(new, start=shard.width)}
                kept.shard = replace(shard, slots=slots, width=shard.width + len(new), version=shard.version + 1)
            return kept.shard

    def shards(self) -> list[Shard]:
        with self._lock:
            return [kept.shard for kept in self._shards.values()]

    def reload(self, shard: Shard) -> Shard:
        with self._lock:
            return self._shards[shard.name].shard

    def sums(self, shard: Shard, wanted: Sequence[Window]) -> Sums:
        with self._lock:
            assert shard.tick is not None, "a shard without a watermark has no sums"
            kept = self._shards[shard.name]
            sums = Sums.empty(shard.tick, wanted, shard.width)
            for slot, (first, newest) in kept.seen.items():
                sums.first[slot], sums.newest[slot] = first, newest
            for row, window in enumerate(wanted):
                for minute, frame in kept.frames.items():
                    if start(window, shard.tick) <= minute < shard.tick:
                        sums.counts[row, :, : frame.slots] += frame.counts
            return sums

    def frames(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        with self._lock:
            return iter(_between(self._shards[shard.name].frames, start, end))

    def frames_at(self, shard: Shard, minutes: Sequence[Minute]) -> dict[Minute, Frame]:
        with self._lock:
            held = self._shards[shard.name].frames
            return {minute: held[minute] for minute in minutes if minute in held}

    def quarantined(self, shard: Shard) -> list[Minute]:  # noqa: ARG002 - nothing here is bytes that can be damaged
        return []

    def hours(self, shard: Shard, start: Minute, end: Minute) -> Iterator[Frame]:
        with self._lock:
            return iter(_between(self._shards[shard.name].hours, start, end))

    def commit(self, commit: Commit) -> Shard:
        check(commit)
        with self._lock:
            kept = self._shards[commit.shard.name]
            if kept.shard.version != commit.shard.version:
                raise Fenced(f"shard {commit.shard.name} was moved since version {commit.shard.version}: reload it and go on")
            _keep(kept, commit)
            for breach in changed_breaches(commit):
                self._breaches[breach_id(breach)] = breach
            for verdict in commit.verdicts:
                self._changes[verdict.objective.id, verdict.at] = _change(verdict)
            for message in commit.messages:
                self._add(message, from_minute(commit.tick))
            return kept.shard

    def record_estate(self, estate: Estate, at: Minute) -> None:
        with self._lock:
            for objective in estate.objectives:
                declared = self._declared.setdefault(objective.id, {})
                if not declared or declared[max(declared)] != declaration(objective):
                    declared[at] = declaration(objective)

    def definitions(self, objective: str) -> list[tuple[Minute, dict[str, Any]]]:
        with self._lock:
            return sorted(self._declared.get(objective, {}).items())

    def open_breaches(self) -> list[BreachRow]:
        return [row for row in self._newest_first() if row.breach.open]

    def breaches(self, *, limit: int, before: str | None = None) -> list[BreachRow]:
        rows = self._newest_first()
        if before is not None:
            ids = [row.id for row in rows]
            rows = rows[ids.index(before) + 1 :] if before in ids else []
        return rows[:limit]

    def breaches_between(self, start: Minute, end: Minute) -> list[BreachRow]:
        rows = [row for row in self._newest_first() if row.breach.fired_at < end]
        then = [row for row in rows if row.breach.resolved_at is None or row.breach.resolved_at > start]
        return sorted(then, key=lambda row: (row.breach.fired_at, row.id))

    def breach(self, breach_id: str) -> BreachRow | None:
        with self._lock:
            breach = self._breaches.get(breach_id)
            return None if breach is None else BreachRow(breach_id, breach)

    def deliveries(self, breach_id: str) -> list[Delivery]:
        with self._lock:
            breach = self._breaches.get(breach_id)
            group = None if breach is None else breach.told_as
            every = [post.delivery for post in self._posts]
            return [d for d in every if d.message.breach == breach_id or (group is not None and d.key == group)]

    def verdict_changes(self, objective: str, *, limit: int) -> list[VerdictChange]:
        with self._lock:
            changes = [change for (name, _), change in self._changes.items() if name == objective]
            return sorted(changes, key=lambda change: -change.at)[:limit]

    def claim(self, now: datetime, *, lease_seconds: float, limit: int) -> list[Delivery]:
        with self._lock:
            lowest: dict[str, _Post] = {}
            for post in self._posts:
                if post.delivery.waits:
                    lowest.setdefault(post.delivery.key, post)
            due = [post for post in lowest.values() if post.due(now)]
            due.sort(key=lambda post: post.delivery.id)
            claimed = [post.delivery for post in due[:limit]]
            for post in due[:limit]:
                post.claimed_until = now + timedelta(seconds=lease_seconds)
                tried = post.delivery.first_tried_at or now
                post.delivery = replace(post.delivery, attempts=post.delivery.attempts + 1, first_tried_at=tried)
            return claimed

    def renew(self, delivery: Delivery, until: datetime) -> bool:
        with self._lock:
            post = self._posts[delivery.id - 1]
            if not post.delivery.waits or post.delivery.attempts != delivery.attempts + 1:
                return False
            post.claimed_until = until
            return True

    def mark_sent(self, delivery: Delivery, provider_id: str, now: datetime, path: Path = "first") -> None:
        with self._lock:
            post = self._posts[delivery.id - 1]
            if post.delivery.sent_at is None:
                post.delivery = replace(post.delivery, sent_at=now, provider_id=provider_id, path=path)

    def give_up(self, delivery: Delivery, error: str, now: datetime) -> None:
        with self._lock:
            post = self._posts[delivery.id - 1]
            if post.delivery.waits:
                post.delivery = replace(post.delivery, last_error=error, gave_up_at=now)
                post.claimed_until = None

    def enqueue(self, messages: Sequence[Message], now: datetime) -> None:
        with self._lock:
            for message in messages:
                self._add(message, now)

    def told_open(self) -> list[Delivery]:
        with self._lock:
            every = [post.delivery for post in self._posts]
            waiting = {d.key for d in every if d.waits}
            newest = {d.key: d for d in every if d.sent_at is not None and d.key not in waiting}
            return sorted((d for d in newest.values() if d.message.state == "ALARM"), key=lambda d: d.id)

    def sent_as(self, key: str, *, limit: int) -> list[Delivery]:
        with self._lock:
            return [post.delivery for post in reversed(self._posts) if post.delivery.key == key][:limit]

    def commit_recovery(self, breaches: Sequence[RecoveryBreach], messages: Sequence[Message], now: datetime) -> None:
        with self._lock:
            self._troubles.update((breach.id, breach) for breach in breaches)
            self.enqueue(messages, now)

    def mark_failed(self, delivery: Delivery, error: str, *, retry_at: datetime) -> None:
        with self._lock:
            post = self._posts[delivery.id - 1]
            if post.delivery.sent_at is None and post.delivery.attempts == delivery.attempts + 1:
                post.delivery = replace(post.delivery, last_error=error)
                post.retry_at, post.claimed_until = retry_at, None

    def keep_recovery(
        self, readings: Sequence[Reading], events: Sequence[RecoveryEvent], *, prune_before: Minute | None = None
    ) -> None:
        with self._lock:
            self._recovery.keep(readings, events, prune_before)

    def recovery_hours(self, start: Minute, components: Collection[str] | None = None) -> list[ReadingHour]:
        with self._lock:
            return [h for h in self._recovery.hours_since(start) if components is None or h.component in components]

    def recovery_events(self, start: Minute) -> list[RecoveryEvent]:
        with self._lock:
            return self._recovery.events_since(start)

    def outbox_oldest(self) -> datetime | None:
        with self._lock:
            unsent = [post.delivery.created_at for post in self._posts if post.delivery.waits]
            return min(unsent, default=None)

    def close(self) -> None:
        """Nothing is held open, and what was kept can still be read."""

    def _newest_first(self) -> list[BreachRow]:
        with self._lock:
            rows = [BreachRow(name, breach) for name, breach in self._breaches.items()]
            return sorted(rows, key=lambda row: (-row.breach.fired_at, row.id))

    def _add(self, message: Message, created_at: datetime) -> None:
        known = [post.delivery for post in self._posts]
        if all(delivery.message.transition != message.transition for delivery in known):
            seq = 1 + sum(delivery.key == message.key for delivery in known)
            self._posts.append(_Post(Delivery(len(known) + 1, message.key, seq, message, created_at)))


def _keep(kept: _Minutes, commit: Commit) -> None:
    touched = {commit.shard.tick or commit.tick, *(f.minute for f in commit.frames), *(f.minute for _, f in commit.patches)}
    for frame in (*commit.frames, *(after for _, after in commit.patches)):
        kept.frames[frame.minute] = Frame(frame.minute, frame.counts.copy(), frame.coarse.copy())
        for slot in (int(slot) for slot in np.flatnonzero(frame.counts[MEASURED])):
            first, newest = kept.seen.get(slot, (frame.minute, frame.minute))
            kept.seen[slot] = min(first, frame.minute), max(newest, frame.minute)
    for hour in sorted({minute - minute % 60 for minute in touched}):
        if hour + 60 <= commit.tick:
            _sum_hour(kept, hour)
    _prune(kept.frames, pruned_until(min(kept.frames, default=None), commit.prune_before))
    _prune(kept.hours, pruned_until(min(kept.hours, default=None), commit.prune_hours_before, step=60))
    kept.shard = replace(kept.shard, tick=commit.tick, version=kept.shard.version + 1)


def _prune(frames: dict[Minute, Frame], until: Minute | None) -> None:
    for minute in [m for m in frames if until is not None and m < until]:
        del frames[minute]


def _sum_hour(kept: _Minutes, hour: Minute) -> None:
    minutes = _between(kept.frames, hour, hour + 60)
    if minutes:
        total = Frame.empty(hour, max(frame.slots for frame in minutes))
        for frame in minutes:
            total.counts[:, : frame.slots] += frame.counts
        kept.hours[hour] = total


def _between(frames: dict[Minute, Frame], start: Minute, end: Minute) -> list[Frame]:
    return [frames[minute] for minute in sorted(frames) if start <= minute < end]


def _change(verdict: Verdict) -> VerdictChange:
    return VerdictChange(verdict.objective.id, verdict.at, verdict.state, verdict.data_version, document(verdict))
