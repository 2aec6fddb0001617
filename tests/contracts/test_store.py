"""What every store keeps of minutes: frames, sums, hours and slots, one writer at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ports import Commit, Store
from app.store.partitions import WEEK
from app.store.rules import PRUNED_AT_ONCE
from slo.errors import Fenced
from slo.estate.calendar import Calendar
from slo.judge import windows
from slo.judge.period import Since
from tests.support.minutes import START, Cell, breach, brute, frame, hour, message, table
from tests.support.minutes import opened as tells

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.ports import Shard
    from slo.judge.windows import Frame, Sums

LENGTHS = (5, 30, 100)
HOURLY = Since(Calendar(1, "h"))
WINDOWS = (*LENGTHS, HOURLY, replace(HOURLY, skip=4))


def fill(store: Store, shard: Shard, minutes: int, cell: Cell = (10, 1)) -> Shard:
    """One commit of that many minutes from START on."""
    return store.commit(Commit(shard, START + minutes, [frame(START + m, cell) for m in range(minutes)]))


def leaving(store: Store, shard: Shard, sums: Sums) -> Mapping[int, Frame]:
    """What `advance` will subtract: one frame per window, where there is one."""
    return store.frames_at(shard, [sums.at - length for length in sums.windows if isinstance(length, int)])


def test_a_fresh_shard_has_no_watermark_and_gives_slots_in_order(store: Store) -> None:
    shard = store.open_shard("main", ["a", "b"], START)
    assert (shard.name, shard.tick, shard.slots, shard.width) == ("main", None, {"a": 0, "b": 1}, 2)


def test_opening_a_shard_again_changes_nothing(store: Store) -> None:
    assert store.open_shard("main", ["a", "b"], START) == store.open_shard("main", ["b", "a"], START + 9)


def test_a_slot_is_never_used_again(store: Store) -> None:
    store.open_shard("main", ["a", "b"], START)
    assert store.open_shard("main", ["b"], START + 1).slots == {"b": 1}
    again = store.open_shard("main", ["a", "b", "c"], START + 2)
    assert (again.slots, again.width) == ({"b": 1, "a": 2, "c": 3}, 4)


def test_every_shard_is_listed_as_it_stands(store: Store) -> None:
    first, second = store.open_shard("main", ["a"], START), store.open_shard("eu", ["b"], START)
    moved = fill(store, second, 3)
    assert list(store.shards()) == [first, moved]


def test_what_is_committed_is_read_back_as_it_was(store: Store) -> None:
    shard = store.open_shard("main", ["a", "b", "c"], START)
    put = frame(START, (10**12, 10**12), None, (0, 0))
    put.coarse[0] = True
    shard = store.commit(Commit(shard, START + 2, [put]))
    (got,) = store.frames(shard, START, START + 2)
    assert (got.minute, got.counts.tolist(), got.coarse.tolist()) == (START, put.counts.tolist(), [True, False, False])
    assert list(store.frames_at(shard, [START - 1, START, START + 1])) == [START]
    assert (shard.tick, store.reload(shard)) == (START + 2, shard)


def test_frames_come_in_ascending_order_however_many_there_are(store: Store) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 2500)
    assert [f.minute for f in store.frames(shard, START + 10, START + 2400)] == list(range(START + 10, START + 2400))


def test_shards_do_not_see_each_others_minutes(store: Store) -> None:
    one = fill(store, store.open_shard("one", ["a"], START), 90)
    two = store.commit(Commit(store.open_shard("two", ["b"], START), START + 90))
    assert [list(read(two, START, START + 90)) for read in (store.frames, store.hours)] == [[], []]
    assert store.sums(two, LENGTHS).counts.sum() == 0
    assert store.sums(one, LENGTHS).window(5, 0).total == 50


def test_the_second_of_two_writers_is_fenced_and_leaves_nothing(opened: Callable[[], Store]) -> None:
    mine, theirs = opened(), opened()
    read = mine.open_shard("main", ["a"], START)
    moved = mine.commit(Commit(read, START + 1, [frame(START, (10, 1))]))
    late = Commit(
        read,
        START + 2,
        [frame(START, (99, 9)), frame(START + 1, (99, 9))],
        transitions=[tells(breach())],
        messages=[message("k", "t")],
    )
    with pytest.raises(Fenced, match="main"):
        theirs.commit(late)
    assert theirs.reload(read) == moved
    assert [f.counts.tolist() for f in theirs.frames(moved, START, START + 9)] == [[[10], [1], [1]]]
    assert (list(theirs.open_breaches()), theirs.outbox_oldest()) == ([], None)
    assert theirs.commit(replace(late, shard=theirs.reload(read), frames=late.frames[1:])).tick == START + 2


def test_of_many_writers_at_once_exactly_one_gets_through(opened: Callable[[], Store]) -> None:
    stores = [opened() for _ in range(4)]
    shard = stores[0].open_shard("main", ["a"], START)

    def attempt(number: int) -> int | None:
        try:
            stores[number].commit(Commit(shard, START + 1, [frame(START, (100 + number, 0))]))
        except Fenced:
            return None
        return number

    with ThreadPoolExecutor(4) as pool:
        (winner,) = [number for number in pool.map(attempt, range(4)) if number is not None]
    assert [f.counts.tolist() for f in stores[0].frames(shard, START, START + 1)] == [[[100 + winner], [0], [1]]]


def test_who_holds_the_old_slots_is_fenced(opened: Callable[[], Store]) -> None:
    store = opened()
    old = store.open_shard("main", ["a"], START)
    opened().open_shard("main", ["a", "b"], START)
    with pytest.raises(Fenced):
        store.commit(Commit(old, START + 1))


@pytest.mark.parametrize(
    ("tick", "minute", "patched"),
    [(START + 9, START, None), (START + 11, START + 3, None), (START + 11, START + 11, None), (START + 11, None, START + 10)],
)
def test_a_commit_that_contradicts_itself_is_a_bug(store: Store, tick: int, minute: int | None, patched: int | None) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 10)
    frames = [] if minute is None else [frame(minute, (1, 0))]
    patches = [] if patched is None else [(None, frame(patched, (1, 0)))]
    with pytest.raises(ValueError, match=r"watermark|minute"):
        store.commit(Commit(shard, tick, frames, patches))
    assert store.reload(shard) == shard


def test_sums_are_those_of_the_minutes_before_the_watermark(store: Store) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 200, (10, 1))
    sums = store.sums(shard, LENGTHS)
    assert [sums.window(length, 0).bad for length in LENGTHS] == [5, 30, 100]
    assert (sums.at, sums.first_measured(0), sums.newest_measured(0)) == (START + 200, START, START + 199)


def test_a_restart_gives_the_sums_that_were_in_memory(opened: Callable[[], Store]) -> None:
    store = opened()
    shard = fill(store, store.open_shard("main", ["a", "b"], START), 150)
    sums = store.sums(shard, WINDOWS)
    for minute in range(shard.tick or 0, START + 190):
        new = frame(minute, (minute % 7, 1), None if minute % 3 else (4, 2))
        held = leaving(store, shard, sums)
        windows.advance(sums, new, held)
        kept = sums if sums.at == START + 180 else None
        shard = store.commit(Commit(shard, minute + 1, [new], checkpoint=kept))
        assert table(opened().sums(shard, WINDOWS)) == table(sums)


def test_other_windows_than_the_checkpoints_are_summed_afresh(store: Store) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 150)
    shard = store.commit(Commit(shard, START + 150, checkpoint=store.sums(shard, LENGTHS)))
    assert [store.sums(shard, (7, 70)).window(length, 0).total for length in (7, 70)] == [70, 700]


def test_what_was_measured_first_is_known_when_its_minute_is_pruned(opened: Callable[[], Store]) -> None:
    store = opened()
    shard = fill(store, store.open_shard("main", ["a"], START), 150)
    sums = store.sums(shard, LENGTHS)
    shard = store.commit(Commit(shard, START + 150, checkpoint=sums, prune_before=START + 40))
    assert [f.minute for f in store.frames(shard, START, START + 60)] == list(range(START + 40, START + 60))
    assert table(opened().sums(shard, LENGTHS)) == table(sums)
    assert opened().sums(shard, (7, 70)).first_measured(0) == START
    assert [f.minute for f in store.hours(shard, START, START + 150)] == [START, START + 60]


def test_no_commit_prunes_more_than_a_tick_can_bear_and_the_next_goes_on(store: Store) -> None:
    begin = -(-START // WEEK) * WEEK
    end = begin + 2 * PRUNED_AT_ONCE
    shard = store.commit(Commit(store.open_shard("main", ["a"], START), end, [frame(m, (10, 1)) for m in range(begin, end)]))
    kept = []
    for _ in range(3):
        shard = store.commit(Commit(shard, end, prune_before=end - 5))
        kept.append(sum(1 for _ in store.frames(shard, begin, end)))
    assert kept == [PRUNED_AT_ONCE, 5, 5]


def test_hours_are_pruned_by_themselves_and_other_shards_keep_theirs(store: Store) -> None:
    one = fill(store, store.open_shard("one", ["a"], START), 240)
    two = fill(store, store.open_shard("two", ["b"], START), 240)
    one = store.commit(Commit(one, START + 240, prune_hours_before=START + 120))
    assert [[f.minute - START for f in store.hours(s, START, START + 240)] for s in (one, two)] == [
        [120, 180],
        [0, 60, 120, 180],
    ]
    assert sum(1 for _ in store.frames(one, START, START + 240)) == 240


def test_a_slot_opened_after_the_checkpoint_starts_empty(store: Store) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 20)
    store.commit(Commit(shard, START + 20, checkpoint=store.sums(shard, LENGTHS)))
    shard = store.open_shard("main", ["a", "b"], START + 20)
    assert store.sums(shard, LENGTHS).window(30, 1) == windows.Counts(0, 0, 0)
    shard = store.commit(Commit(shard, START + 21, [frame(START + 20, (1, 0), (6, 2))]))
    assert store.sums(shard, LENGTHS).window(30, 1) == windows.Counts(6, 2, 1)


def test_hours_are_written_when_they_end(store: Store) -> None:
    shard = store.open_shard("main", ["a"], START)
    for tick in (59, 60, 130, 181):
        ready = store.commit(Commit(shard, START + tick, [frame(m, (10, 1)) for m in range(shard.tick or START, START + tick)]))
        shard = ready
        hours = [(f.minute - START, f.counts.tolist()) for f in store.hours(shard, START, START + 999)]
        assert hours == [(60 * h, [[600], [60], [60]]) for h in range(tick // 60)]


def test_an_hour_without_a_minute_has_no_row(store: Store) -> None:
    shard = store.open_shard("main", ["a"], START)
    shard = store.commit(Commit(shard, START + 200, [frame(START + 125, (10, 1))]))
    assert [f.minute for f in store.hours(shard, START, START + 200)] == [START + 120]


def test_a_late_minute_corrects_its_frame_its_hour_and_the_checkpoint(opened: Callable[[], Store]) -> None:
    store = opened()
    shard = fill(store, store.open_shard("main", ["a"], START), 90)
    shard = store.commit(Commit(shard, START + 90, checkpoint=store.sums(shard, LENGTHS)))
    (before,) = store.frames(shard, START + 50, START + 51)
    after = frame(START + 50, (1000, 100))
    shard = store.commit(Commit(shard, START + 91, [frame(START + 90, (10, 1))], [(before, after)]))
    assert store.frames_at(shard, [START + 50])[START + 50].counts.tolist() == after.counts.tolist()
    assert [f.counts.tolist() for f in store.hours(shard, START, START + 60)] == [[[1590], [159], [60]]]
    sums = opened().sums(shard, LENGTHS)
    assert [sums.window(length, 0).total for length in LENGTHS] == [50, 300, 910 + 990]


def test_history_that_arrives_late_fills_hours_that_had_no_row(store: Store) -> None:
    shard = store.commit(Commit(store.open_shard("main", ["a"], START), START + 120))
    shard = store.commit(Commit(shard, START + 120, patches=[(None, frame(START + m, (10, 1))) for m in range(70)]))
    counts = [f.counts.tolist() for f in store.hours(shard, START, START + 120)]
    assert counts == [[[600], [60], [60]], [[100], [10], [10]]]


def test_a_repeated_minute_counts_once(store: Store) -> None:
    shard = fill(store, store.open_shard("main", ["a"], START), 70)
    same = frame(START + 20, (10, 1))
    again = store.commit(Commit(shard, START + 70, patches=[(same, same)]))
    assert table(store.sums(again, LENGTHS)) == table(store.sums(shard, LENGTHS))
    assert [f.counts.tolist() for f in store.hours(again, START, START + 60)] == [[[600], [60], [60]]]


CELLS = st.none() | st.integers(0, 50).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total)))
NAMES = count()


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[int, dict[int, list[Cell]], bool, bool]]:
    """Polls: (minutes gone by, what was read by minutes from START, keep a checkpoint, restart afterwards)."""
    polls, now = [], 0
    for _ in range(draw(st.integers(1, 8))):
        now += draw(st.integers(0, 70))
        read = draw(st.dictionaries(st.integers(0, max(now - 1, 0)), st.lists(CELLS, min_size=2, max_size=2), max_size=6))
        polls.append((now, {m: cells for m, cells in read.items() if m < now}, draw(st.booleans()), draw(st.booleans())))
    return polls


@given(arrivals())
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sums_and_hours_are_those_of_the_stored_slices_in_whatever_order_they_came(
    opened_once: tuple[Store, Store], polls: list[tuple[int, dict[int, list[Cell]], bool, bool]]
) -> None:
    store, other = opened_once
    shard = store.open_shard(f"shard {next(NAMES)}", ["a", "b"], START)
    shard = store.commit(Commit(shard, START))
    model: dict[int, Frame] = {}
    sums = store.sums(shard, WINDOWS)
    for now, read, keep, restart in polls:
        frames, patches = [], []
        for minute, cells in sorted(read.items()):
            old = model.get(START + minute)
            new = merged(old, frame(START + minute, *cells))
            if new.minute < sums.at:
                patches.append((old, new))
                windows.patch(sums, old, new)
            else:
                frames.append(new)
            model[new.minute] = new
        entering = {f.minute: f for f in frames}
        while sums.at < START + now:
            windows.advance(sums, entering.get(sums.at), {**leaving(store, shard, sums), **model})
        shard = store.commit(Commit(shard, START + now, frames, patches, checkpoint=sums if keep else None))
        expected = table(brute(model, START + now, WINDOWS, 2))
        assert table(other.sums(shard, WINDOWS)) == table(sums) == expected
        sums = other.sums(shard, WINDOWS) if restart else sums
        whole = [START + 60 * h for h in range(now // 60)]
        stored = {f.minute: f.counts.tolist() for f in other.hours(shard, START, START + now)}
        assert {h: stored.get(h, [[0, 0]] * 3) for h in whole} == {h: hour(model, h, 2) for h in whole}


def merged(old: Frame | None, new: Frame) -> Frame:
    """What was measured stays measured: as the pipeline patches."""
    if old is None:
        return new
    seen = new.counts[windows.MEASURED] > 0
    return replace(new, counts=np.where(seen, new.counts, old.counts))


@pytest.fixture
def opened_once(opened: Callable[[], Store]) -> tuple[Store, Store]:
    return opened(), opened()
