from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.backtest import backtest
from app import pipeline
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.watch import slot_key
from slo.errors import SourceError
from slo.estate.indicator import TimeSlice
from slo.estate.spec import Exclusion
from slo.judge.verdict import Circumstances
from tests.support.objectives import objective
from tests.support.rig import (
    API,
    DAY,
    START,
    WEB,
    InterruptedSource,
    Rig,
    down,
    numbers,
    outage,
    query,
    traffic,
    watch,
)

if TYPE_CHECKING:
    from app.ports import Store

FINE = 2 * DAY


def test_history_is_read_before_the_first_judgement_with_its_coarse_part(store: Store) -> None:
    source = MemorySource(fine_minutes=FINE)
    traffic(source, range(START - 4 * DAY, START), bad=1)

    rig = Rig(store, watch(source)).start(START)

    whole = rig.held.sums.window(3 * DAY, 0)
    assert (whole.total, whole.bad, whole.measured) == (3 * DAY * 100, 3 * DAY, 3 * DAY)
    assert {span.period for _, span in source.fetched} == {1, 5}
    slices = rig.slices()["api.availability"]
    assert slices.coarse[0]
    assert not slices.coarse[-1]


def test_the_first_judgement_is_at_the_watermark_and_not_before(store: Store) -> None:
    source = MemorySource()
    outage(source, START - 40, 3, quiet_until=START)

    rig = Rig(store, watch(source)).start(START)

    assert rig.breaches() == [], "an outage that was over before we came is nobody's page now"
    assert rig.verdicts()[0].at == START


def test_what_burns_at_the_first_judgement_is_told_at_once(store: Store) -> None:
    source = MemorySource()
    outage(source, START - 3, 3, quiet_until=START)

    rig = Rig(store, watch(source)).start(START)

    assert [(b.fired_at, b.notified_at) for b in rig.breaches()] == [(START, START)]


def test_history_that_was_interrupted_goes_on_where_it_was(store: Store) -> None:
    month = objective("api", target="0.99", window=30 * DAY)
    source = MemorySource()
    traffic(source, range(START - 30 * DAY, START, 30))
    rig = Rig(store, watch(source, month))
    with pytest.raises(SourceError):
        pipeline.load(store, replace(rig.watch, source=InterruptedSource(source, after=2)), START)
    asked = len(source.fetched)

    rig.start(START)

    assert asked == 2
    assert rig.held.sums.window(30 * DAY, 0).total == DAY * 100
    assert min(span.start for _, span in source.fetched[asked:]) == START - 20 * DAY - rig.watch.pace.reread


def test_a_wide_bucket_tells_a_time_slice_nothing(store: Store) -> None:
    source = MemorySource(fine_minutes=FINE)
    one = watch(source)
    key = slot_key("api.availability", slice_of := TimeSlice(query("api", "Requests"), ">=", Decimal(1)))
    traffic(source, range(START - 3 * DAY, START))

    rig = Rig(store, replace(one, indicators={key: slice_of}, objectives=((API, key),))).start(START)

    assert rig.held.sums.window(3 * DAY, 0).measured == FINE


@pytest.mark.parametrize("step", [1, 5, 7, 120])
def test_many_small_polls_and_few_large_ones_agree(store: Store, step: int) -> None:
    source = MemorySource()
    outage(source, START + 20, 3, quiet_until=START + 120)
    source.lost = {START + 30, START + 31}
    rig = Rig(store, watch(source)).start(START)

    rig.polls(START + step, START + 120, step)

    found = backtest(rig.watch.estate, rig.slices(), START, START + 120)
    assert rig.breaches() == list(reversed(found))
    assert len(found) == 1
    assert rig.breaches()[0].resolved_at is not None
    assert numbers(rig.verdicts()) == numbers(rig.evaluated())


def test_minutes_that_arrive_together_are_judged_in_order(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 10, 2, quiet_until=START + 90)
    rig = Rig(store, watch(source)).start(START)

    rig.poll(START + 90)

    assert [t.kind for t in rig.told] == ["opened", "resolved"]
    assert rig.told[0].breach.fired_at == START + 11
    assert [m.rsplit("/", 1)[1] for m in rig.messages()] == ["opened", "resolved"]


def test_late_data_corrects_every_window_and_acts_at_the_next_minute(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 60))
    traffic(source, range(START + 5, START + 8), bad=100, seen_from=START + 12)
    rig = Rig(store, watch(source)).start(START)

    rig.polls(START + 1, START + 11)
    before = rig.breaches()
    rig.poll(START + 12)

    assert before == []
    assert [b.fired_at for b in rig.breaches()] == [START + 12], "not back-dated to when it happened"
    assert numbers(rig.verdicts()) == numbers(rig.evaluated())


def test_a_transition_once_committed_is_never_retracted(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 60))
    traffic(source, range(START, START + 3), bad=100, seen_from=START)
    traffic(source, range(START, START + 3), bad=0, seen_from=START + 5)
    rig = Rig(store, watch(source)).start(START)

    rig.polls(START + 1, START + 60)

    assert rig.verdicts()[0].counts.bad == 0
    assert [(b.fired_at, b.resolved_at) for b in rig.breaches()] == [(START + 1, START + 5 + 14)]


@settings(max_examples=25)
@given(
    steps=st.lists(st.integers(1, 90), min_size=1, max_size=12),
    lateness=st.lists(st.integers(0, 59), min_size=20, max_size=20),
    bad=st.lists(st.integers(0, 100), min_size=20, max_size=20),
)
def test_sums_depend_on_the_minutes_alone_however_late_they_came(steps: list[int], lateness: list[int], bad: list[int]) -> None:
    source = MemorySource()
    for n in range(100):
        minute = START + n
        traffic(source, [minute], bad=bad[n % 20], seen_from=minute + 1 + lateness[n % 20])
    rig = Rig(MemoryStore(), watch(source)).start(START)
    at = START

    for step in steps:
        at += step
        rig.poll(at)
    rig.poll(max(at, START + 100) + 60)

    assert numbers(rig.verdicts()) == numbers(rig.evaluated())
    assert rig.held.sums.window(3 * DAY, 0).measured == len(rig.slices()["api.availability"])


def test_a_source_that_fails_leaves_the_watermark_and_loses_nothing(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 5, 3, quiet_until=START + 40)
    rig = Rig(store, watch(source)).start(START)
    source.failures = [down(), down()]

    for _ in range(2):
        with pytest.raises(SourceError):
            rig.poll(START + 20)
    assert (rig.held.sums.at, rig.held.shard.tick) == (START, START)
    rig.poll(START + 40)

    assert rig.verdicts()[0].counts.measured == DAY + 40
    assert [b.fired_at for b in rig.breaches()] == [START + 6]


def test_one_failed_query_leaves_the_others(store: Store) -> None:
    source = MemorySource()
    for component in ("api", "web"):
        traffic(source, range(START - DAY, START + 10), component=component)
    rig = Rig(store, watch(source, API, WEB)).start(START)
    source.failing = {query("web", "Requests"): "forbidden"}

    rig.poll(START + 10)

    assert [v.counts.measured for v in rig.verdicts()] == [DAY + 10, DAY]
    assert [*rig.held.failures.values()] == ["forbidden"]


def test_what_a_query_missed_while_it_failed_is_read_when_it_answers_again(store: Store) -> None:
    source = MemorySource()
    for component in ("api", "web"):
        traffic(source, range(START - DAY, START + 300), component=component)
    rig = Rig(store, watch(source, API, WEB)).start(START)
    source.failing = {query("web", "Requests"): "throttled"}
    rig.polls(START + 5, START + 200, 5)
    missing = rig.verdicts()[1].counts.measured

    source.failing = {}
    rig.poll(START + 205)

    assert missing == DAY
    assert rig.verdicts()[1].counts.measured == DAY + 205
    assert numbers(rig.verdicts()) == numbers(rig.evaluated())


def test_a_long_silence_is_not_paged_for_minute_by_minute(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 20, 3, quiet_until=START + 3 * DAY)
    Rig(store, watch(source)).start(START)

    rig = Rig(store, watch(source)).restart(START + 2 * DAY)

    assert rig.breaches() == []
    assert rig.verdicts()[0].counts.bad == 300
    assert numbers(rig.verdicts()) == numbers(rig.evaluated())


def test_a_long_silence_still_corrects_the_hour_before_it(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 3 * DAY))
    traffic(source, [START - 5], bad=7, seen_from=START + 30)
    Rig(store, watch(source)).start(START)

    rig = Rig(store, watch(source)).restart(START + 2 * DAY)

    assert rig.verdicts()[0].counts.bad == 7


def test_a_mute_holds_the_page_back_until_it_ends(store: Store) -> None:
    source = MemorySource()
    mute = Exclusion(START, START + 12, "mute", "deploy", "ann", objective="api.availability")
    outage(source, START + 5, 10, quiet_until=START + 90)
    rig = Rig(store, watch(source, exclusions=[mute])).start(START)

    rig.polls(START + 1, START + 90)

    assert [(b.fired_at, b.notified_at) for b in rig.breaches()] == [(START + 6, START + 12)]
    assert [m.rsplit("/", 1)[1] for m in rig.messages()] == ["notified", "resolved"]


def test_a_breach_that_came_and_went_under_a_mute_is_never_told(store: Store) -> None:
    source = MemorySource()
    mute = Exclusion(START, START + 90, "mute", "deploy", "ann", component="api")
    outage(source, START + 5, 2, quiet_until=START + 90)
    rig = Rig(store, watch(source, exclusions=[mute])).start(START)

    rig.polls(START + 1, START + 90)

    assert [b.notified_at for b in rig.breaches()] == [None]
    assert rig.messages() == []


def test_budget_exclusions_give_the_corrected_numbers_of_evaluate(store: Store) -> None:
    source = MemorySource()
    overlapping = [
        Exclusion(START + 3, START + 8, "budget", "drill", "ann", objective="api.availability"),
        Exclusion(START + 6, START + 400, "budget", "drill", "ann", component="api"),
    ]
    outage(source, START + 5, 3, quiet_until=START + 60)
    rig = Rig(store, watch(source, exclusions=overlapping)).start(START)

    rig.polls(START + 1, START + 30)

    assert numbers(rig.verdicts()) == numbers(rig.evaluated())
    corrected = rig.verdicts()[0].corrected
    assert corrected is not None
    assert (corrected.total, corrected.bad, corrected.measured) == ((DAY + 3) * 100, 0, DAY + 3)
    assert len(rig.breaches()) == 1, "paging goes by the raw numbers"


def test_an_idle_minute_is_measured_and_a_missing_one_is_not(store: Store) -> None:
    source = MemorySource()
    for minute in range(START, START + 10):
        source.report(query("api", "Up"), minute, 1)
    rig = Rig(store, watch(source)).start(START)

    rig.poll(START + 20)

    counts = rig.verdicts()[0].counts
    assert (counts.total, counts.measured) == (0, 10)


def test_an_outage_of_the_measurement_never_resolves_a_breach(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 5, 3, quiet_until=START + 8)
    rig = Rig(store, watch(source)).start(START)

    rig.polls(START + 1, START + 60)

    breach = rig.breaches()[0]
    assert breach.resolved_at is None
    held = rig.verdicts(lambda _o, _k: Circumstances(open_breaches=frozenset({"page"})))[0]
    assert "held_no_data" in [r.code for r in held.reasons]


def test_impossible_minutes_are_missing_and_counted(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - 10, START))
    traffic(source, [START], total=5, bad=9)
    rig = Rig(store, watch(source)).start(START)

    rig.poll(START + 1)

    assert rig.held.quarantined == 1
    assert rig.verdicts()[0].counts.measured == 10
