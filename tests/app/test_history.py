from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from app.history import RECENT, Place, StoredHistory
from app.memory.source import MemorySource
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting
from slo.judge.period import window_of
from slo.judge.windows import Counts
from tests.support.objectives import objective
from tests.support.rig import API, DAY, START, Rig, traffic, watch

if TYPE_CHECKING:
    from app.ports import Store


def judged(store: Store, source: MemorySource, at: int, window: int = 3 * DAY) -> tuple[Rig, StoredHistory]:
    one = objective("api", target="0.99", window=window)
    rig = Rig(store, watch(source, one)).start(START)
    rig.poll(at)

    def place(objective_id: str) -> Place | None:
        return Place(one, rig.held.shard, 0, 0, at) if objective_id == one.id else None

    return rig, StoredHistory(store, place)


def added(rows: list[Counts]) -> tuple[int, int, int]:
    return sum(r.total for r in rows), sum(r.bad for r in rows), sum(r.measured for r in rows)


@pytest.mark.parametrize("at", [START + 1, START + 59, START + 60, START + 61, START + 187])
@pytest.mark.parametrize("window", [60, 90, 3 * DAY])
def test_hourly_rows_sum_to_the_counts_of_the_window_exactly(store: Store, at: int, window: int) -> None:
    source = MemorySource(lost={START + 7, START - 100})
    for minute in range(START - 3 * DAY, at):
        traffic(source, [minute], total=minute % 97, bad=minute % 97 // 9)
    rig, history = judged(store, source, at, window)

    rows = history.hourly("api.availability")

    counts = rig.held.sums.window(window, 0)
    assert added([c for _, c in rows]) == (counts.total, counts.bad, counts.measured)
    assert all(stamp % 60 == 0 for stamp, _ in rows)
    assert [stamp for stamp, _ in rows] == sorted({stamp for stamp, _ in rows})


def test_a_late_minute_changes_its_hour(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - 120, START + 60))
    traffic(source, [START - 30], bad=40, seen_from=START + 2)
    _, history = judged(store, source, START + 2)

    rows = dict(history.hourly("api.availability"))

    assert rows[START - 60] == Counts(6000, 40, 60)


def test_an_hour_in_which_nothing_was_measured_is_left_out(store: Store) -> None:
    source = MemorySource()
    traffic(source, [*range(START - 180, START - 120), *range(START - 60, START)])
    _, history = judged(store, source, START + 1)

    assert [stamp for stamp, _ in history.hourly("api.availability")] == [START - 180, START - 60]


def test_minutes_are_those_of_the_last_six_hours(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 1))
    _, history = judged(store, source, START + 1)

    rows = history.minutely("api.availability")

    assert [minute for minute, _ in rows] == list(range(START + 1 - RECENT, START + 1))
    assert rows[0][1] == Counts(100, 0, 1)


def test_an_objective_without_a_slot_has_no_history(store: Store) -> None:
    history = StoredHistory(store, lambda _: None)

    assert (history.hourly(API.id), history.minutely(API.id)) == ((), ())


def test_what_was_read_before_a_commit_is_not_shown_after_it(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - 120, START + 60))
    traffic(source, [START - 30], bad=40, seen_from=START + 3)
    rig, history = judged(store, source, START + 2)
    hour, minute = START - 60, START - 30
    assert (dict(history.hourly(API.id))[hour].bad, dict(history.recent(API.id))[minute].bad) == (0, 0)

    rig.poll(START + 3)

    assert (dict(history.hourly(API.id))[hour].bad, dict(history.recent(API.id))[minute].bad) == (40, 40)


@pytest.mark.parametrize("at", [START + 1, START + 61, START + 187])
@pytest.mark.parametrize(
    "more",
    [
        {"budgeting": Budgeting("Timeslices", 7, Decimal("0.95"), "bad")},
        {"budgeting": Budgeting("RatioTimeslices", 30)},
        {"calendar": Calendar(1, "d", "Asia/Kathmandu"), "window": DAY},
    ],
)
def test_hourly_rows_are_what_the_budget_counts(store: Store, at: int, more: dict[str, object]) -> None:
    source = MemorySource(lost={START + 7, *range(START - 100, START - 60)})
    for minute in range(START - 3 * DAY, at):
        traffic(source, [minute], total=minute % 97, bad=minute % 97 // 9)
    one = replace(objective("api", target="0.99", window=3 * DAY), **more)  # type: ignore[arg-type]
    rig = Rig(store, watch(source, one)).start(START)
    rig.poll(at)
    (seat,) = rig.held.table.seats
    history = StoredHistory(store, lambda _: Place(one, rig.held.shard, seat.minutes, seat.counted, at))

    found = [counts for _, counts in history.hourly(one.id)]

    total, bad, _ = added(found)
    expected = seat.counts(rig.held.sums, window_of(one))
    assert (total, bad) == (expected.total, expected.bad)
    recent = [counts.total for minute, counts in history.recent(one.id) if minute >= at - RECENT]
    assert len(history.minutely(one.id)) > len(recent) or one.budgeting.slice_window == 1
