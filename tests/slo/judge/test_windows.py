from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.judge import windows
from slo.judge.period import Since, Window
from slo.judge.series import Slices
from slo.judge.windows import BAD, MEASURED, TOTAL, Counts, Frame, Sums
from tests.support import brute

LENGTHS = (5, 30, 60, 200)
START = 1_000_000
SLOTS = 3

Arrivals = list[tuple[int, int, int, int]]
"""(minute after START, slot, good, bad), in order of arrival; a later one for the same minute and slot replaces it."""

arrivals = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, SLOTS - 1), st.integers(0, 10**12 // 2), st.integers(0, 10**12 // 2)),
    max_size=60,
)


@settings(max_examples=150)
@given(arrivals, st.integers(1, 320))
def test_ticking_and_patching_equals_sums_over_arrays_equals_brute_force(arrived: Arrivals, ticks: int) -> None:
    """Half of what arrives comes before its minute is entered, half comes late; the sums must not show which."""
    timely, late = arrived[::2], arrived[1::2]
    frames = _frames(timely)
    sums = Sums.empty(START, LENGTHS, SLOTS)
    for minute in range(START, START + ticks):
        windows.advance(sums, frames.get(minute), frames)
    for offset, slot, good, bad in late:
        if START + offset < sums.at:
            _patch(sums, frames, START + offset, slot, good, bad)
    rows = _rows(frames, sums.at)

    straight = windows.sums_of({s: Slices.of(_as_slices(r)) for s, r in rows.items()}, sums.at, LENGTHS, SLOTS)

    assert np.array_equal(sums.counts, straight.counts)
    assert np.array_equal(sums.first, straight.first)
    assert np.array_equal(sums.newest, straight.newest)
    for slot in range(SLOTS):
        for length in LENGTHS:
            bad_sum, total, measured = brute.sums(rows.get(slot, {}), sums.at, length)
            assert sums.window(length, slot) == Counts(total, bad_sum, measured)


@settings(max_examples=60)
@given(
    arrivals.map(lambda found: [*{(o, s): (o, s, g, b) for o, s, g, b in found}.values()]), st.randoms(use_true_random=False)
)
def test_the_order_of_arrival_leaves_no_trace(arrived: Arrivals, random: np.random.Generator) -> None:
    shuffled = list(arrived)
    random.shuffle(shuffled)
    assert np.array_equal(_all_late(arrived).counts, _all_late(shuffled).counts)


@settings(max_examples=60)
@given(arrivals, st.integers(1, 100))
def test_history_filled_in_by_chunks_equals_sums_over_arrays(arrived: Arrivals, chunk: int) -> None:
    frames, at = _frames(arrived), START + 301
    sums = Sums.empty(at, LENGTHS, SLOTS)
    for first in range(START, at, chunk):
        last = min(first + chunk, at)
        windows.fill(sums, first, np.stack([frames.get(m, Frame.empty(m, SLOTS)).counts for m in range(first, last)]))
    slices = {slot: Slices.of(_as_slices(rows)) for slot, rows in _rows(frames, at).items()}
    straight = windows.sums_of(slices, at, LENGTHS, SLOTS)
    assert np.array_equal(sums.counts, straight.counts)
    assert np.array_equal(sums.first, straight.first)
    assert np.array_equal(sums.newest, straight.newest)


def test_a_minute_is_in_the_window_from_its_end_until_its_length_has_passed() -> None:
    frame = _frames([(0, 0, 7, 3)], slots=1)[START]
    sums = Sums.empty(START, (5,), 1)
    windows.advance(sums, frame, {})
    held = [sums.window(5, 0).total]
    for _ in range(5):
        windows.advance(sums, None, {START: frame})
        held.append(sums.window(5, 0).total)
    assert held == [10, 10, 10, 10, 10, 0]


def test_a_frame_of_another_minute_cannot_enter() -> None:
    with pytest.raises(ValueError, match="cannot enter"):
        windows.advance(Sums.empty(START, LENGTHS, 1), Frame.empty(START + 1, 1), {})


def test_a_minute_that_has_not_entered_cannot_be_patched() -> None:
    with pytest.raises(ValueError, match="has not entered"):
        windows.patch(Sums.empty(START, LENGTHS, 1), None, Frame.empty(START, 1))


def test_new_slots_start_empty_and_older_frames_leave_them_alone() -> None:
    old = _frames([(0, 0, 9, 1)], slots=1)[START]
    sums = Sums.empty(START, (5,), 1)
    windows.advance(sums, old, {})
    windows.grow(sums, 2)
    assert sums.window(5, 1) == Counts(0, 0, 0)
    assert sums.first_measured(1) is None
    assert sums.window(5, 0) == Counts(10, 1, 1)
    for _ in range(5):
        windows.advance(sums, None, {START: old})
    assert sums.window(5, 0) == Counts(0, 0, 0)


def _frames(found: Arrivals, slots: int = SLOTS) -> dict[int, Frame]:
    frames: dict[int, Frame] = {}
    for offset, slot, good, bad in found:
        frame = frames.setdefault(START + offset, Frame.empty(START + offset, slots))
        frame.counts[:, slot] = (good + bad, bad, 1)
    return frames


def _patch(sums: Sums, frames: dict[int, Frame], minute: int, slot: int, good: int, bad: int) -> None:
    before = frames.get(minute)
    after = Frame.empty(minute, SLOTS) if before is None else Frame(minute, before.counts.copy(), before.coarse)
    after.counts[:, slot] = (good + bad, bad, 1)
    windows.patch(sums, before, after)
    frames[minute] = after


def _all_late(found: Arrivals) -> Sums:
    sums, frames = Sums.empty(START + 301, LENGTHS, SLOTS), dict[int, Frame]()
    for offset, slot, good, bad in found:
        _patch(sums, frames, START + offset, slot, good, bad)
    return sums


def _rows(frames: dict[int, Frame], at: int) -> dict[int, brute.Rows]:
    """What has entered, by slot, then by minute, as (good, total)."""
    rows: dict[int, brute.Rows] = {}
    for minute, frame in frames.items():
        for slot in np.flatnonzero(frame.counts[MEASURED]):
            total, bad = int(frame.counts[TOTAL, slot]), int(frame.counts[BAD, slot])
            if minute < at:
                rows.setdefault(int(slot), {})[minute] = (total - bad, total)
    return rows


def _as_slices(rows: brute.Rows) -> list[tuple[int, int, int]]:
    return [(minute, total, total - good) for minute, (good, total) in rows.items()]


HOURS = Calendar(1, "h")
SINCE: tuple[Window, ...] = (Since(HOURS), Since(HOURS, 4), Since(Calendar(1, "d", "Asia/Kolkata")), 30)
HOUR_END = 30_000_000 - 30_000_000 % 60
FIRST = HOUR_END - 30


@settings(max_examples=50)
@given(
    st.dictionaries(st.integers(0, 150), st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=60),
    st.integers(1, 160),
    st.sets(st.integers(0, 150), max_size=20),
)
def test_calendar_windows_begin_anew_at_their_boundary_and_late_minutes_go_to_the_period_that_holds_them(
    found: dict[int, tuple[int, int]], ticks: int, late: set[int]
) -> None:
    """Sums that ticked and were patched, those over arrays, and those by the sentences of the contract."""
    sums, at = Sums.empty(FIRST, SINCE, 1), FIRST + ticks
    timely = {FIRST + n: _minute(FIRST + n, cell) for n, cell in found.items() if n not in late}
    for minute in range(FIRST, at):
        windows.advance(sums, timely.get(minute), timely)
    for offset in sorted(late & found.keys()):
        if FIRST + offset < at:
            windows.patch(sums, None, _minute(FIRST + offset, found[offset]))
    entered = {FIRST + n: (good, good + bad) for n, (good, bad) in found.items() if FIRST + n < at}
    straight = windows.sums_of({0: Slices.of(_as_slices(entered))}, at, SINCE, 1)
    assert np.array_equal(sums.counts, straight.counts)
    hour = at - 1 - (at - 1) % 60
    # Midnight in Kolkata is 18:30Z.
    day = brute.period_start(at, 1, "d", "Asia/Kolkata", brute.EPOCH)
    for window, begin in zip(SINCE, (hour, hour + 4, day, at - 30), strict=True):
        bad, total, measured = brute.sums(entered, at, at - begin)
        assert sums.window(window, 0) == Counts(total, bad, measured)


def test_a_late_minute_of_a_sealed_period_changes_no_running_sum_and_at_the_boundary_it_still_does() -> None:
    window, late = Since(HOURS), Frame.empty(HOUR_END - 5, 1)
    late.counts[:, 0] = (10, 1, 1)
    at_the_boundary, after = Sums.empty(HOUR_END, (window,), 1), Sums.empty(HOUR_END + 1, (window,), 1)
    windows.patch(at_the_boundary, None, late)
    windows.patch(after, None, late)
    assert at_the_boundary.window(window, 0) == Counts(10, 1, 1)
    assert after.window(window, 0) == Counts(0, 0, 0)
    assert after.newest_measured(0) == HOUR_END - 5


def _minute(minute: int, cell: tuple[int, int]) -> Frame:
    frame = Frame.empty(minute, 1)
    frame.counts[:, 0] = (sum(cell), cell[1], 1)
    return frame
