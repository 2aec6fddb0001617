"""Faults of the catalogue that a shard's worker must stand: each test is named after its fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from app.asking import note_throttled
from app.board import Board
from app.exposition import meters
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.ports import Span
from app.prometheus.source import PrometheusSource
from app.watch import Pace, Watch
from app.worker import RETRY_SECONDS, ShardWorker
from slo.errors import SourceError, Throttled
from slo.estate.indicator import CounterQuery
from tests.support.rig import API, DAY, START, Rig, numbers, traffic, watch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import Query
    from slo.judge.answer import Answer

HOUR = 3600
COUNTER = CounterQuery("http_requests_total")


@dataclass(slots=True)
class Unsteady:
    """A clock whose wall can be set, while the monotonic seconds go on."""

    seconds: float
    speed: float = 1.0
    passed: float = 0.0
    wrong: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds + self.passed + self.wrong, UTC)

    def wall(self) -> datetime:
        return self.now()

    def monotonic(self) -> float:
        return self.passed


@dataclass(slots=True)
class Desk:
    """One shard's worker with everything around it, at START."""

    pace: Pace
    source: MemorySource = field(default_factory=MemorySource)
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: Unsteady = field(default_factory=lambda: Unsteady(START * 60))
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    watch: Watch = field(init=False)
    rig: Rig = field(init=False)
    board: Board = field(init=False)
    worker: ShardWorker = field(init=False)

    def __post_init__(self) -> None:
        self.watch = watch(self.source, pace=self.pace)
        self.rig = Rig(self.store, self.watch)
        self.board = Board(self.watch.estate, self.store, self.clock, indicators={})
        self.worker = ShardWorker(
            self.store, self.watch, self.clock, self.board, self.rig._tell, Event(), meters(self.registry)
        )

    def after(self, seconds: float) -> float:
        self.clock.passed += seconds
        return self.worker.turn()

    def minutes(self, count: int) -> Desk:
        for _ in range(count):
            self.after(60)
        return self

    @property
    def at(self) -> int:
        return self.board.box.get().verdicts[API.id].at

    @property
    def state(self) -> str:
        return self.board.box.get().verdicts[API.id].state

    @property
    def pages(self) -> list[str]:
        return [t.kind for t in self.rig.told if t.breach.severity == "page"]

    def count(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


def good(desk: Desk, end: int) -> Desk:
    traffic(desk.source, range(START - DAY, end))
    return desk


def test_f01_a_throttled_source_leaves_the_others_alone_is_counted_and_opens_no_page() -> None:
    desk = good(Desk(Pace(0)), START + 30)
    desk.after(0)
    desk.source.failures = [Throttled("cloudwatch:GetMetricData: Throttling: Rate exceeded")] * 3

    waits = [desk.after(60), desk.after(RETRY_SECONDS), desk.after(RETRY_SECONDS)]

    assert waits == [RETRY_SECONDS] * 3
    assert desk.state == "source_error"
    assert desk.count("sloop_source_errors_total", source="test", kind="throttled") == 3
    desk.after(RETRY_SECONDS)
    assert (desk.state, desk.at, desk.pages) == ("insufficient_history", START + 1, [])


class Stubborn(MemorySource):
    """Answers at the second try."""

    def fetch(self, queries: Sequence[Query], span: Span) -> Mapping[Query, Answer]:
        note_throttled()
        return MemorySource.fetch(self, queries, span)


def test_f01_throttling_that_another_try_got_over_is_no_error_and_is_still_counted() -> None:
    desk = good(Desk(Pace(0), Stubborn()), START + 30)
    desk.after(0)
    loading = desk.count("sloop_source_throttles_total", source="test")
    desk.minutes(2)

    assert loading is not None
    assert desk.count("sloop_source_throttles_total", source="test") == loading + 2
    assert desk.board.box.get().sources[0].throttled == loading + 2
    assert desk.count("sloop_source_errors_total", source="test", kind="throttled") is None


def test_f07_a_name_that_cannot_be_resolved_fails_fast_and_the_last_verdicts_stay() -> None:
    desk = good(Desk(Pace(0)), START + 30)
    desk.after(0)
    began = time.monotonic()

    with pytest.raises(SourceError) as refused:
        PrometheusSource("http://prometheus.invalid:9090").fetch((COUNTER,), Span(START, START + 5))
    desk.source.failures = [refused.value]
    desk.after(60)

    assert time.monotonic() - began < 5
    assert refused.value.retryable
    assert desk.board.box.get().unjudged == (), "what was judged is still served"
    assert (desk.at, desk.state) == (START, "source_error")


@pytest.mark.parametrize("late", range(2, 11))
@pytest.mark.parametrize("settle", [60, 600])
def test_f15_minutes_that_come_late_correct_every_window_and_page_once(late: int, settle: int) -> None:
    desk = Desk(Pace(settle))
    traffic(desk.source, range(START - 180, START))
    for minute in range(START, START + 20):
        traffic(desk.source, [minute], bad=100, seen_from=minute + late - settle // 60)
    for minute in range(START + 20, START + 60):
        traffic(desk.source, [minute], seen_from=minute + late - settle // 60)

    desk.minutes(75)

    again = Rig(desk.store, watch(desk.source, pace=Pace(settle))).start(desk.at)
    assert numbers(desk.board.box.get().verdicts.values()) == numbers(again.evaluated())
    fired = [t.breach.fired_at - START for t in desk.rig.told if t.kind == "opened" and t.breach.severity == "page"]
    assert len(fired) == 1
    if settle == 600:
        assert fired[0] <= 3, "what settles long enough is never late"


def outage(desk: Desk) -> Desk:
    """Two bad minutes, so that a page is open, then good ones for hours."""
    traffic(desk.source, range(START - DAY, START + 2))
    traffic(desk.source, range(START + 2, START + 4), bad=100)
    traffic(desk.source, range(START + 4, START + 300))
    return desk


def test_f27_a_clock_that_jumps_back_an_hour_pages_nobody_twice_and_says_so() -> None:
    desk = outage(Desk(Pace(0)))
    desk.minutes(40)
    assert desk.pages == ["opened", "resolved"]
    at = desk.at

    desk.clock.wrong = -HOUR
    waits = [desk.after(60) for _ in range(10)]

    assert max(waits) <= 60, "it looks again soon: the clock may be set right"
    assert (desk.at, desk.pages) == (at, ["opened", "resolved"])
    assert desk.state == "source_error"
    assert desk.count("sloop_clock_jumps_total", shard="test") == 1
    desk.clock.wrong = 0
    desk.minutes(2)
    assert (desk.at, desk.state, desk.pages) == (START + 52, "insufficient_history", ["opened", "resolved"])


def test_f27_a_clock_that_leaps_a_day_ahead_is_not_believed_before_it_had_time_to_be_set_right() -> None:
    desk = outage(Desk(Pace(0)))
    desk.minutes(5)
    assert desk.pages == ["opened"]
    at = desk.at

    desk.clock.wrong = 24 * HOUR
    desk.minutes(5)
    assert (desk.at, desk.pages) == (at, ["opened"])
    assert desk.board.box.get().sources[0].error is not None
    desk.clock.wrong = 0
    desk.minutes(40)

    assert desk.at == START + 50
    assert desk.pages == ["opened", "resolved"]
    assert desk.count("sloop_clock_jumps_total", shard="test") == 2


def test_f27_a_machine_that_slept_is_believed_after_ten_minutes() -> None:
    desk = outage(Desk(Pace(0)))
    desk.minutes(5)
    desk.clock.wrong = HOUR
    desk.minutes(9)
    assert desk.at == START + 5

    desk.minutes(2)

    assert desk.at == START + 76
    assert desk.pages == ["opened", "resolved"], "every minute was judged in order"


def test_f31_ticks_that_take_too_long_are_caught_up_in_order_in_one_poll() -> None:
    calm, slow = outage(Desk(Pace(0))), outage(Desk(Pace(0)))
    calm.minutes(40)
    slow.after(0)

    slow.after(40 * 60)

    assert slow.at == calm.at
    assert [(t.kind, t.breach.fired_at, t.breach.resolved_at) for t in slow.rig.told] == [
        (t.kind, t.breach.fired_at, t.breach.resolved_at) for t in calm.rig.told
    ]
    assert slow.count("sloop_ticks_total", shard="test") == 2
    assert slow.after(0) > 0, "no tick overlaps the one before"


def test_f34_a_cold_start_reads_the_history_and_pages_nobody_for_it() -> None:
    desk = Desk(Pace(0))
    traffic(desk.source, range(START - 200, START - 90))
    traffic(desk.source, [START - 90], bad=100)
    traffic(desk.source, range(START - 89, START + 10))

    desk.after(0)

    assert (desk.state, desk.pages) == ("insufficient_history", [])
    assert desk.count("sloop_queries_total", shard="test", lane="history") == 3
    desk.minutes(5)
    assert desk.pages == []


def test_f34_a_cold_start_without_any_history_says_that_there_is_none() -> None:
    desk = Desk(Pace(0))
    traffic(desk.source, range(START + 1, START + 10))

    desk.after(0)
    before = desk.state
    desk.minutes(5)

    assert (before, desk.state, desk.pages) == ("no_data", "insufficient_history", [])
