from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.memory.store import MemoryStore
from app.ports import Commit, Shard
from app.reports.stored import ShardHistory, places
from slo.errors import ReportError
from slo.judge.series import Slices
from slo.judge.windows import Counts, count
from tests.support.minutes import START, Cell, frame

MINUTES = 400
TICK = 330


def cell(minute: int) -> Cell:
    """Whole hours, an hour with holes, a missing hour, idle minutes."""
    if 60 <= minute < 120 and minute % 7 == 0:
        return None
    if 180 <= minute < 240 or minute >= TICK:
        return None
    return (0, 0) if minute % 11 == 0 else (minute % 13, minute % 3 if minute % 13 > 2 else 0)


@cache
def written() -> tuple[MemoryStore, Shard]:
    store = MemoryStore()
    shard = store.open_shard("main", ["other@1", "api.availability@2"], START)
    shard = store.commit(Commit(shard, START))
    frames = [frame(START + m, (1, 0), cell(m)) for m in range(TICK)]
    return store, store.commit(Commit(shard, START + TICK, frames=frames))


def slices() -> Slices:
    found = [(START + m, held[0], held[1]) for m in range(MINUTES) if (held := cell(m)) is not None]
    return Slices.of(found)


@settings(deadline=None)
@given(st.integers(0, MINUTES), st.integers(0, MINUTES))
def test_sums_of_any_stretch_are_those_of_its_minutes(one: int, other: int) -> None:
    start, end = sorted((START + one, START + other))
    store, shard = written()
    history = ShardHistory(store, shard, START, START + MINUTES)
    assert history.counts(1, start, end) == count(slices(), start, end)


@settings(deadline=None)
@given(st.integers(0, MINUTES - 1), st.integers(0, MINUTES))
def test_every_minute_without_a_slice_is_in_a_gap(one: int, other: int) -> None:
    start, end = sorted((START + one, START + other))
    store, shard = written()
    found = ShardHistory(store, shard, START, START + MINUTES).missing(1, start, end) if start < end else ()
    seen = set(slices().minutes.tolist())
    assert [m for low, high in found for m in range(low, high)] == [m for m in range(start, end) if m not in seen]


def test_excluded_minutes_leave_once_however_often_they_are_excluded() -> None:
    store, shard = written()
    history = ShardHistory(store, shard, START, START + MINUTES)
    excluded = [(START + 50, START + 130), (START + 100, START + 140), (START - 90, START + 5)]
    kept = count(slices().without(excluded), START, START + MINUTES)
    assert history.without(1, START, START + MINUTES, excluded) == kept


def test_the_hours_of_a_period_add_up_to_it() -> None:
    store, shard = written()
    hours = ShardHistory(store, shard, START, START + MINUTES).hourly(1, START, START + MINUTES)
    added = Counts(*(sum(getattr(h, part) for h in hours) for part in ("total", "bad", "measured")))
    assert (len(hours), added) == (7, count(slices(), START, START + MINUTES))


def test_minutes_that_are_no_longer_kept_are_not_called_missing() -> None:
    store = MemoryStore()
    shard = store.commit(Commit(store.open_shard("main", ["a@1"], START), START))
    frames = [frame(START + m, (1, 0)) for m in range(30)]
    shard = store.commit(Commit(shard, START + 120, frames=frames))
    shard = store.commit(Commit(shard, START + 121, prune_before=START + 60))
    with pytest.raises(ReportError, match="no longer kept"):
        ShardHistory(store, shard, START, START + 120).missing(0, START, START + 120)


def test_of_two_shards_that_know_an_indicator_the_one_judged_last_counts() -> None:
    left, right = Shard(1, "z", 10, 1, {"a.b@1": 0}, 1), Shard(2, "a", 20, 1, {"a.b@2": 3}, 4)
    assert places([right, left]) == places([left, right]) == {"a.b": (right, 3)}
