from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ports import Shard
from app.strip import NONE, Strip, Touched
from slo.errors import StoreError
from slo.judge.windows import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = 3


def shard(version: int, width: int = SLOTS) -> Shard:
    return Shard(1, "test", 0, version, {}, width)


class Stored:
    """Stamps with counts, as a store has them; it notes what is read."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.counts: dict[int, np.ndarray[tuple[int, int], np.dtype[np.int64]]] = {}
        self.read_at: list[int] = []

    def write(self, stamp: int, value: int) -> None:
        self.counts[stamp] = np.arange(3 * SLOTS, dtype=np.int64).reshape(3, SLOTS) + value

    def read(self, _shard: Shard, start: int, end: int) -> Iterator[Frame]:
        for stamp in range(start, end, self.step):
            self.read_at.append(stamp)
            if stamp in self.counts:
                yield Frame(stamp, self.counts[stamp], np.zeros(SLOTS, bool))

    def slot(self, slot: int, start: int, end: int) -> list[list[int]]:
        empty = np.zeros((3, SLOTS), np.int64)
        return [self.counts.get(stamp, empty)[:, slot].tolist() for stamp in range(start, end, self.step)]


COMMITS = st.lists(
    st.tuples(
        st.integers(0, 3),  # how many stamps are new
        st.lists(st.integers(1, 40), max_size=3),  # which late ones change, counted from the newest
        st.one_of(st.none(), st.tuples(st.integers(1, 60), st.integers(0, 3))),  # what is asked for: length, how far back
    ),
    max_size=40,
)


@pytest.mark.parametrize("step", [1, 60])
@given(COMMITS, st.integers(0, 10))
@settings(deadline=None)
def test_a_strip_is_what_the_store_has_after_any_commits_and_whoever_looks(
    step: int, commits: list[tuple[int, list[int], tuple[int, int] | None]], base: int
) -> None:
    stored, strip, touched, newest = Stored(step), Strip(step), Touched(base), 6000
    for number, (new, late, asked) in enumerate(commits, base + 1):
        changed = [newest - ago * step for ago in late]
        for stamp in changed:
            stored.write(stamp, 100 * number)
        for n in range(new):
            stored.write(newest + n * step, number)
        touched = touched.after(number, min([newest, *changed]) + step // 2)
        newest += new * step
        if asked is not None:
            end = newest - asked[1] * step
            start = end - asked[0] * step
            strip.cover(stored.read, shard(number), touched, start, end)
            for slot in range(SLOTS):
                assert strip.slot(slot, start, end).T.tolist() == stored.slot(slot, start, end)


def test_only_what_changed_and_what_is_new_is_read_again() -> None:
    stored, strip, touched = Stored(60), Strip(60), Touched(5)
    for hour in range(0, 6000, 60):
        stored.write(hour, 7)
    strip.cover(stored.read, shard(5), touched, 600, 5400)
    stored.read_at.clear()

    strip.cover(stored.read, shard(5), touched, 660, 5400)
    assert stored.read_at == []
    stored.write(5280, 8)
    strip.cover(stored.read, shard(6), touched.after(6, 5299), 660, 5460)

    assert stored.read_at == [5280, 5340, 5400]
    assert strip.slot(0, 5280, 5340).tolist() == [[8], [11], [14]]


def test_what_others_may_have_written_is_read_whole() -> None:
    stored, strip = Stored(60), Strip(60)
    strip.cover(stored.read, shard(5), Touched(5), 600, 900)
    stored.write(600, 1)

    strip.cover(stored.read, shard(8), Touched(8), 600, 900)

    assert strip.slot(1, 600, 660).tolist() == [[2], [5], [8]]


def test_a_wider_shard_is_read_whole() -> None:
    stored, strip = Stored(60), Strip(60)
    stored.write(600, 1)
    strip.cover(stored.read, shard(5), Touched(5), 600, 900)

    strip.cover(stored.read, shard(6, SLOTS + 2), Touched(5).after(6, 900), 600, 900)

    assert strip.slot(SLOTS + 1, 600, 660).tolist() == [[0], [0], [0]]
    assert strip.slot(0, 600, 660).tolist() == [[1], [4], [7]]


def test_a_read_that_breaks_off_is_made_good_by_the_next() -> None:
    stored, strip, touched = Stored(60), Strip(60), Touched(5)
    for hour in range(600, 1200, 60):
        stored.write(hour, 3)
    strip.cover(stored.read, shard(5), touched, 600, 900)
    stored.write(660, 9)

    def torn(_shard: Shard, start: int, end: int) -> Iterator[Frame]:
        yield from list(stored.read(_shard, start, end))[:2]
        raise StoreError("gone")

    with pytest.raises(StoreError):
        strip.cover(torn, shard(6), touched.after(6, 660), 600, 1200)
    strip.cover(stored.read, shard(6), touched.after(6, 660), 600, 1200)

    assert strip.slot(0, 600, 1200).T.tolist() == stored.slot(0, 600, 1200)


def test_of_many_commits_the_oldest_are_forgotten_and_said_to_be_unknown() -> None:
    touched = Touched(0)
    for version in range(1, 1001):
        touched = touched.after(version, 5000 - version)
    assert touched.since(1) is None
    assert touched.since(999) == 4000
    assert touched.since(1000) == NONE
    assert len(touched.commits) < 500
