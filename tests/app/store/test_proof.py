"""`sloop db check`: sound books agree with a recount whatever happened to them, and every kind of error in them is named."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from app.books import Difference, Row
from app.memory.source import MemorySource
from app.store import codec, schema
from app.store.engine import open_engine, writing
from app.store.proof import prove
from app.store.sql import SqlStore
from app.watch import indicator_of, is_derived
from slo.errors import SchemaMismatch
from slo.judge.windows import BAD, MEASURED, TOTAL
from slo.units import format_minute
from tests.app.test_pipeline_derived import EVERY
from tests.support.minutes import table
from tests.support.rig import DAY, START, Rig, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.judge.windows import Frame


class Books:
    """A database with 2 hours of polls behind 3 days of history, on every method, and ways to falsify it."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'sloop.sqlite'}"
        source = MemorySource()
        traffic(source, range(START - 3 * DAY, START + 300), bad=3)
        traffic(source, range(START + 20, START + 31), bad=60, seen_from=START + 45)
        self.store = SqlStore.open(self.url)
        self.rig = Rig(self.store, watch(source, *EVERY))
        self.store.record_estate(self.rig.watch.estate, START)
        self.rig.start(START).polls(START + 5, START + 125, 5)
        self.engine = open_engine(self.url)

    def close(self) -> None:
        self.store.close()
        self.engine.dispose()

    def name(self, kind: str) -> str:
        return next(key for key in self.rig.held.shard.slots if kind in key)

    def put_frame(self, frame: Frame) -> None:
        row = schema.frame.c
        with writing(self.engine) as connection:
            connection.execute(update(schema.frame).where(row.minute == frame.minute).values(data=codec.encode_frame(frame)))

    def frame(self, minute: int) -> Frame:
        return self.store.frames_at(self.rig.held.shard, [minute])[minute]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path)
    yield made
    made.close()


def test_sound_books_agree_and_are_left_as_they_are(books: Books) -> None:
    shard, before = books.rig.held.shard, table(books.rig.held.sums)
    told: list[str] = []
    proof = prove(books.url, told.append)
    assert (proof.holds, proof.shards, proof.frames, proof.hours) == (True, 1, 3 * DAY + 125, 3 * 24 + 2)
    assert (proof.differences, proof.damaged, proof.quarantined, proof.unknown) == ([], [], [], [])
    assert told[-1] == "test: 4,445 frames, 0 differences so far"
    assert books.store.reload(shard) == shard
    assert table(books.store.sums(shard, books.rig.watch.windows)) == before


def test_a_sum_that_is_off_is_named_with_its_window(books: Books) -> None:
    with writing(books.engine) as connection:
        held = codec.decode_checkpoint(connection.scalars(select(schema.checkpoint.c.data)).one())
        held.counts[held.windows.index(3 * DAY), BAD, 0] += 7
        connection.execute(update(schema.checkpoint).values(data=codec.encode_checkpoint(held)))
    (found,) = prove(books.url).differences
    bad = books.rig.held.sums.window(3 * DAY, 0).bad
    assert found == Difference("test", next(iter(books.rig.watch.indicators)), "sum", "3d", "bad", bad, bad + 7)


def test_an_hour_that_is_off_missing_or_too_much_is_named(books: Books) -> None:
    row = schema.hour.c
    with writing(books.engine) as connection:
        connection.execute(update(schema.hour).where(row.minute == START).values(data=codec.encode_hour(np.ones((3, 1), int))))
        connection.execute(delete(schema.hour).where(row.minute == START + 60))
    found = prove(books.url).differences
    assert {(d.kind, d.window) for d in found} == {("hour", format_minute(START)), ("hour", format_minute(START + 60))}
    assert {d.expected for d in found if d.count == "total" and not is_derived(d.slot)} == {6000}
    assert {d.found for d in found if d.window == format_minute(START + 60)} == {0}


@pytest.mark.parametrize("kind", ["~timeslices", "~ratiotimeslices", "~occurrences"])
def test_a_slice_that_its_minutes_do_not_make_is_named(books: Books, kind: str) -> None:
    key = books.name(kind)
    slot = books.rig.held.shard.slots[key]
    frames = list(books.store.frames(books.rig.held.shard, START, START + 60))
    frame = next(f for f in frames if f.counts[TOTAL, slot])
    frame.counts[BAD, slot] += 1
    books.put_frame(frame)
    found = [d for d in prove(books.url).differences if d.kind == "derived"]
    assert [(d.slot, d.window, d.count, d.found - d.expected) for d in found] == [(key, format_minute(frame.minute), "bad", 1)]
    assert indicator_of(found[0].slot) == "api.availability"


def test_a_minute_that_was_changed_behind_its_sums_is_told_by_all_that_hold_it(books: Books) -> None:
    frame = books.frame(START + 30)
    frame.counts[:, 0] = (0, 0, 0)
    books.put_frame(frame)
    found = prove(books.url).differences
    raw = [d for d in found if not is_derived(d.slot)]
    assert {(d.kind, d.count) for d in raw} >= {(kind, count) for kind in ("sum", "hour") for count in ("total", "measured")}
    assert {d.kind for d in found if is_derived(d.slot)} == {"derived"}
    assert frame.counts[MEASURED, 0] == 0


@pytest.mark.parametrize("kind", ["frame", "hour", "checkpoint"])
def test_a_damaged_row_is_named_and_left_alone(books: Books, kind: str) -> None:
    place = {"frame": START + 7, "hour": START, "checkpoint": books.rig.held.sums.at}[kind]
    row = schema.metadata.tables[kind]
    where = row.c.at > 0 if kind == "checkpoint" else row.c.minute == place
    with writing(books.engine) as connection:
        connection.execute(update(row).where(where).values(data=b"\1 no row"))
    for _ in range(2):
        proof = prove(books.url)
        assert (proof.holds, proof.damaged, proof.quarantined) == (False, [Row("test", kind, place)], [])


def test_a_database_of_another_schema_is_refused(books: Books) -> None:
    with writing(books.engine) as connection:
        connection.execute(update(schema.alembic_version).values(version_num="0001"))
    with pytest.raises(SchemaMismatch):
        prove(books.url)


ARRIVALS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 90), st.integers(0, 100)), max_size=30)


@given(ARRIVALS, st.lists(st.integers(1, 40), min_size=1, max_size=6), st.booleans())
@settings(deadline=None, max_examples=12)
def test_books_agree_whatever_arrived_late_and_in_whatever_order(
    arrivals: list[tuple[int, int, int]], steps: list[int], restart: bool
) -> None:
    with TemporaryDirectory() as folder:
        source = MemorySource()
        traffic(source, range(START - 90, START), bad=1)
        for minute, late, bad in arrivals:
            traffic(source, [START + minute], bad=bad, seen_from=START + minute + late)
        store = SqlStore.open(f"sqlite:///{Path(folder) / 'sloop.sqlite'}")
        rig = Rig(store, watch(source, *EVERY))
        store.record_estate(rig.watch.estate, START)
        rig.start(START)
        at = START
        for step in steps:
            at += step
            rig.restart(at) if restart else rig.poll(at)
        store.close()
        assert prove(f"sqlite:///{Path(folder) / 'sloop.sqlite'}").differences == []
