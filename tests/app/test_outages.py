"""Outages out of the stored slices: found once, whole, and under one start however often they are looked for."""

from __future__ import annotations

import pytest

from app.history import Place
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.outages import OutageFinder
from tests.support.rig import API, DAY, START, Rig, query, traffic, watch

DOWN = range(START - 2 * DAY + 30, START - 2 * DAY + 37)


class Bench:
    def __init__(self) -> None:
        self.source = MemorySource()
        self.store = MemoryStore()
        traffic(self.source, range(START - 3 * DAY, START + 600))
        self.rig = Rig(self.store, watch(self.source))

    def break_down(self, first: int, end: int) -> None:
        traffic(self.source, range(first, end), bad=100)

    def finder(self) -> OutageFinder:
        return OutageFinder(self.store, self.rig.watch.estate, self.place)

    def place(self, objective_id: str) -> Place | None:
        held = self.rig.held
        return Place(API, held.shard, 0, 0, held.sums.at) if objective_id == API.id else None


def spans(found: OutageFinder) -> list[tuple[int, int | None]]:
    """Minutes from START."""
    return [(e.start // 60 - START, None if e.end is None else e.end // 60 - START) for e in found.find()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_outage_days_ago_is_found_at_the_first_look_and_told_once(bench: Bench) -> None:
    bench.break_down(DOWN.start, DOWN.stop)
    bench.rig.start(START)
    finder = bench.finder()
    assert spans(finder) == [(DOWN.start - START, DOWN.stop - START)]
    bench.rig.poll(START + 5)
    assert spans(finder) == []


def test_an_outage_over_the_end_of_an_hour_keeps_its_end(bench: Bench) -> None:
    bench.break_down(START - DAY + 58, START - DAY + 61)
    bench.rig.start(START)
    assert spans(bench.finder()) == [(58 - DAY, 61 - DAY)]


def test_an_outage_that_lasts_longer_than_what_is_read_again_keeps_its_start(bench: Bench) -> None:
    bench.break_down(START - 5, START + 200)
    bench.rig.start(START)
    finder = bench.finder()
    seen = [spans(finder)]
    for minute in (START + 90, START + 180, START + 230, START + 240):
        bench.rig.poll(minute)
        seen.append(spans(finder))
    assert seen == [[(-5, None)], [(-5, None)], [(-5, None)], [(-5, 200)], [(-5, 200)]]


def test_hours_without_data_do_not_end_an_outage_nor_stretch_it_over_a_day(bench: Bench) -> None:
    gone = range(START - DAY + 20, START - DAY + 200)
    bench.source.lost |= set(gone)
    bench.break_down(START - DAY + 10, START - DAY + 20)
    bench.rig.start(START)
    assert spans(bench.finder()) == [(10 - DAY, 200 - DAY)]


def test_a_correction_of_the_last_hour_changes_the_outage(bench: Bench) -> None:
    bench.break_down(START - 10, START - 5)
    bench.rig.start(START)
    finder = bench.finder()
    assert spans(finder) == [(-10, -5)]
    for minute in range(START - 7, START - 5):
        bench.source.report(query("api", "Errors"), minute, 0)
    bench.rig.poll(START + 1)
    assert spans(finder) == [(-10, -7)]


def test_an_objective_without_a_slot_is_not_looked_for(bench: Bench) -> None:
    bench.rig.start(START)
    assert OutageFinder(bench.store, bench.rig.watch.estate, lambda _: None).find() == []
