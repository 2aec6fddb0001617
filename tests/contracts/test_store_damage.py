"""F41: what is damaged in the database is named and put aside, what was made of it is made anew, and the rest runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app.books import Row
from app.store import schema
from app.store.engine import open_engine, writing
from app.store.proof import prove
from slo.errors import Fenced
from tests.app.test_pipeline_derived import EVERY
from tests.support.faults import agree, polled, source
from tests.support.minutes import START
from tests.support.rig import DAY, Rig, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.store.sql import SqlStore


def damage(url: str, kind: str, minute: int) -> None:
    """One byte of a stored row is another."""
    engine = open_engine(url)
    rows = schema.metadata.tables[kind]
    here = (rows.c.at if kind == "checkpoint" else rows.c.minute) == minute
    with writing(engine) as connection:
        data = bytearray(connection.scalars(select(rows.c.data).where(here)).one())
        data[-1] ^= 0x10
        connection.execute(update(rows).where(here).values(data=bytes(data)))
    engine.dispose()


def go_on(rig: Rig, first: int, last: int, step: int = 1) -> None:
    """Started anew at `first`, then polled, as a worker does it: whenever it is fenced it loads again."""
    for minute in range(first, last + 1, step):
        fenced = minute == first
        for _ in range(3):
            try:
                rig.restart(minute) if fenced else rig.poll(minute)
                break
            except Fenced:
                fenced = True


def hours(rig: Rig) -> list[tuple[int, object]]:
    return [(f.minute, f.counts.tolist()) for f in rig.store.hours(rig.held.shard, START - 120, START + 60)]


@pytest.mark.parametrize("kind", ["frame", "hour", "checkpoint"])
def test_f41_a_damaged_row_is_named_put_aside_and_made_anew(url: str, opened_at: Callable[[str], SqlStore], kind: str) -> None:
    rig, clean = Rig(opened_at(url), watch(source())).start(START), polled(START + 90)
    rig.polls(START + 1, START + 70)
    place = {"frame": START + 15, "hour": START, "checkpoint": START + 60}[kind]
    damage(url, kind, place)
    assert [(row.kind, row.minute) for row in prove(url).damaged] == [(kind, START + 70 if kind == "checkpoint" else place)]
    hours(rig)
    go_on(rig, START + 70, START + 90)
    agree(rig, clean)
    assert hours(rig) == hours(clean)
    proof = prove(url)
    assert (proof.differences, proof.damaged, proof.quarantined) == ([], [], [Row("test", kind, place)])


def test_f41_a_minute_that_the_source_has_no_more_is_missing(url: str, opened_at: Callable[[str], SqlStore]) -> None:
    rig, gone = Rig(opened_at(url), watch(source())).start(START), START - 500
    rig.polls(START + 1, START + 20)
    damage(url, "frame", gone)
    assert [f.minute - gone for f in rig.store.frames(rig.held.shard, gone - 2, gone + 3)] == [-2, -1, 1, 2]
    rig.watch = watch(source(without=[gone]))
    go_on(rig, START + 20, START + 60)
    agree(rig, polled(START + 60, source(without=[gone])))
    proof = prove(url)
    assert (proof.holds, proof.quarantined) == (True, [Row("test", "frame", gone)])
    assert list(rig.store.quarantined(rig.held.shard)) == [gone]


def test_f41_a_tick_that_meets_a_damaged_minute_is_fenced_and_the_next_goes_on(
    url: str, opened_at: Callable[[str], SqlStore]
) -> None:
    rig = Rig(opened_at(url), watch(source())).start(START)
    rig.polls(START + 1, START + 20)
    leaving = START + 20 - 3 * DAY
    damage(url, "frame", leaving)
    with pytest.raises(Fenced):
        rig.poll(START + 21)
    go_on(rig, START + 21, START + 60)
    agree(rig, polled(START + 60))
    assert prove(url).holds


def test_f41_damage_that_only_the_commit_meets_stops_that_commit_alone(url: str, opened_at: Callable[[str], SqlStore]) -> None:
    late = source()
    traffic(late, [START + 50], bad=100, seen_from=START + 62)
    rig = Rig(opened_at(url), watch(late)).start(START)
    rig.polls(START + 1, START + 61)
    damage(url, "checkpoint", START + 60)
    with pytest.raises(Fenced, match="damaged"):
        rig.poll(START + 62)
    go_on(rig, START + 62, START + 80)
    agree(rig, polled(START + 80, late))
    assert prove(url).holds


def test_f41_slices_that_were_made_of_a_damaged_minute_are_made_anew(url: str, opened_at: Callable[[str], SqlStore]) -> None:
    rig, gone = Rig(opened_at(url), watch(source(), *EVERY)), [START - 7, START - 300, START - 301]
    rig.store.record_estate(rig.watch.estate, START)
    rig.start(START).polls(START + 5, START + 20, 5)
    for minute in gone:
        damage(url, "frame", minute)
    rig.watch = watch(source(without=gone), *EVERY)
    go_on(rig, START + 20, START + 40, 5)
    assert numbers_of(rig) == [(v.objective.id, v.windows, v.burns) for v in rig.evaluated()]
    proof = prove(url)
    assert (proof.differences, len(proof.quarantined)) == ([], 3)


def numbers_of(rig: Rig) -> list[tuple[str, object, object]]:
    return [(v.objective.id, v.windows, v.burns) for v in rig.verdicts()]
