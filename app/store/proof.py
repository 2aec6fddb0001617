"""Whether what is stored agrees with itself: sums, hours and derived slots against a recount. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import select

from app.books import Difference, Kind, Proof, Row
from app.store import derived_proof, schema, shards, sums
from app.store.codec import decode_checkpoint, decode_frame, decode_hour
from app.store.engine import open_engine, reading
from app.store.migrate import require
from app.store.recount import Recount
from slo.errors import Damaged
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from app.ports import Shard
    from slo.judge.period import Window
    from slo.judge.series import Ints
    from slo.judge.windows import Frame
    from slo.units import Minute

COUNTS = ("total", "bad", "measured")
_BATCH = 1024
_TOLD_EVERY = 10_000


def prove(url: str, tell: Callable[[str], None] = lambda _: None) -> Proof:
    """One state of the database, however it goes on meanwhile; `tell` gets progress. SchemaMismatch, StoreError."""
    engine, proof = open_engine(url), Proof()
    try:
        require(engine)
        with reading(engine) as connection:
            budgetings = derived_proof.budgetings(connection)
            for shard in shards.every(connection):
                proof.shards += 1
                if shard.tick is not None:
                    _Shard(connection, shard, proof, tell).prove(budgetings)
    finally:
        engine.dispose()
    return proof


class _Shard:
    def __init__(self, connection: Connection, shard: Shard, proof: Proof, tell: Callable[[str], None]) -> None:
        assert shard.tick is not None
        self._connection, self._shard, self._proof, self._tell = connection, shard, proof, tell
        slot = schema.slot.c
        rows = connection.execute(select(slot.slot, slot.indicator).where(slot.shard_id == shard.id))
        self._names: dict[int, str] = {row.slot: row.indicator for row in rows}

    def prove(self, budgetings: derived_proof.Budgetings) -> None:
        assert self._shard.tick is not None
        held, self._sound = self._windows(), True
        recount = Recount.of(self._shard.tick, held, self._shard.width)
        for frame in self.frames(0):
            recount.add(frame)
            if recount.frames % _TOLD_EVERY == 0:
                self._tell(f"{self._shard.name}: {recount.frames:,} frames")
        self._proof.frames += recount.frames
        self._prove_hours(recount)
        if self._sound:
            self._prove_sums(recount)
            self._prove_derived(budgetings, recount)
        self._tell(f"{self._shard.name}: {recount.frames:,} frames, {len(self._proof.differences):,} differences so far")
        self._note_quarantined()

    def frames(self, first: Minute) -> Iterator[Frame]:
        """Those that can be read, ascending; the others are noted once."""
        for minute, data in self._rows(schema.frame, first):
            try:
                yield decode_frame(minute, data)
            except Damaged as damaged:
                self._note(damaged, minute)

    def _rows(self, table: Table, first: Minute) -> Iterator[tuple[Minute, bytes]]:
        row, query = table.c, select(table.c.minute, table.c.data).order_by(table.c.minute).limit(_BATCH)
        while True:
            found = self._connection.execute(query.where(row.minute >= first, row.shard_id == self._shard.id)).all()
            yield from ((minute, data) for minute, data in found)
            if len(found) < _BATCH:
                return
            first = found[-1][0] + 1

    def _windows(self) -> tuple[Window, ...]:
        """Of the checkpoint: without one there is nothing that a recount could contradict."""
        row = schema.checkpoint.c
        data = self._connection.scalar(select(row.data).where(row.shard_id == self._shard.id))
        try:
            return () if data is None else decode_checkpoint(data).windows
        except Damaged as damaged:
            self._note(damaged, self._shard.tick or 0)
            return ()

    def _prove_sums(self, recount: Recount) -> None:
        if not recount.windows:
            return
        found = sums.load(self._connection, self._shard, recount.windows)
        for row, window in enumerate(recount.windows):
            self._compare("sum", _window_text(window), recount.window(window), found.counts[row])

    def _prove_hours(self, recount: Recount) -> None:
        over = {begin for begin in recount.hours if recount.hour(begin) is not None}
        for begin, data in self._rows(schema.hour, 0):
            self._proof.hours += 1
            over.discard(begin)
            expected = recount.hour(begin)
            try:
                found = decode_hour(data)
            except Damaged as damaged:
                self._note(damaged, begin)
                continue
            if expected is not None and self._sound:
                self._compare("hour", format_minute(begin), expected, found)
        for begin in sorted(over) if self._sound else ():
            self._compare("hour", format_minute(begin), recount.hours[begin], np.zeros((3, 0), np.int64))

    def _prove_derived(self, budgetings: derived_proof.Budgetings, recount: Recount) -> None:
        derived, unknown = derived_proof.derived_slots(self._shard, budgetings)
        self._proof.unknown += [f"{self._shard.name}: {key}" for key in unknown]
        begin = max([recount.oldest or 0, *recount.starts[:1]])
        if recount.oldest is None or not recount.windows:
            return
        for one, minute, expected, found in derived_proof.differences(derived, self.frames, begin, recount.at):
            self._differ("derived", format_minute(minute), one.slot, expected, found)

    def _compare(self, kind: Kind, window: str, expected: Ints, found: Ints) -> None:
        """int64[3, slot] of each; who has fewer slots holds nothing of the others."""
        slots = max(expected.shape[1], found.shape[1])
        wide, narrow = (np.pad(counts, ((0, 0), (0, slots - counts.shape[1]))) for counts in (expected, found))
        for slot in np.flatnonzero((wide != narrow).any(axis=0)):
            self._differ(kind, window, int(slot), wide[:, slot], narrow[:, slot])

    def _differ(self, kind: Kind, window: str, slot: int, expected: Ints, found: Ints) -> None:
        name = self._names.get(slot, f"slot {slot}")
        for count, one, other in zip(COUNTS, expected.tolist(), found.tolist(), strict=True):
            if one != other:
                self._proof.differences.append(Difference(self._shard.name, name, kind, window, count, one, other))

    def _note(self, damaged: Damaged, minute: Minute) -> None:
        row = Row(self._shard.name, damaged.kind, minute)
        if row not in self._proof.damaged:
            self._proof.damaged.append(row)
        self._sound = False

    def _note_quarantined(self) -> None:
        kept = schema.quarantine.c
        rows = select(kept.kind, kept.minute).where(kept.shard_id == self._shard.id).order_by(kept.id)
        self._proof.quarantined += [Row(self._shard.name, kind, minute) for kind, minute in self._connection.execute(rows)]


def _window_text(window: Window) -> str:
    if isinstance(window, int):
        return format_duration(window)
    skipped = f" without its first {format_duration(window.skip)}" if window.skip else ""
    return f"{window.calendar.count}{window.calendar.unit} {window.calendar.zone}{skipped}"
