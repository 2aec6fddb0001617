from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from app import pipeline
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.watch import slot_key
from slo.errors import Fenced, SourceError
from slo.estate.indicator import TimeSlice
from tests.support.objectives import objective
from tests.support.rig import (
    API,
    DAY,
    START,
    WEB,
    InterruptedSource,
    Rig,
    indicator,
    numbers,
    outage,
    query,
    traffic,
    watch,
)

if TYPE_CHECKING:
    from app.ports import Store


def test_a_new_indicator_in_a_running_shard_gets_its_history(store: Store) -> None:
    source = MemorySource()
    for component in ("api", "web"):
        traffic(source, range(START - 2 * DAY, START + 10), component=component)
    Rig(store, watch(source)).start(START)

    rig = Rig(store, watch(source, API, WEB)).restart(START + 10)

    assert [v.counts.measured for v in rig.verdicts()] == [2 * DAY + 10] * 2
    assert numbers(rig.verdicts()) == numbers(rig.evaluated())


def test_a_new_indicator_gets_its_history_after_a_long_silence_too(store: Store) -> None:
    source = MemorySource()
    for component in ("api", "web"):
        traffic(source, range(START - 2 * DAY, START + 2 * DAY), component=component)
    Rig(store, watch(source)).start(START)

    rig = Rig(store, watch(source, API, WEB)).restart(START + 2 * DAY)

    assert [v.counts.measured for v in rig.verdicts()] == [3 * DAY] * 2


def test_history_of_a_new_indicator_that_was_interrupted_is_read_to_its_end_later(store: Store) -> None:
    long = [objective(name, target="0.99", window=12 * DAY) for name in ("api", "web")]
    source = MemorySource()
    for component in ("api", "web"):
        traffic(source, range(START - 12 * DAY, START + 10, 10), component=component)
    Rig(store, watch(source, long[0])).start(START)
    with pytest.raises(SourceError):
        pipeline.load(store, replace(watch(source, *long), source=InterruptedSource(source, after=1)), START + 10)

    rig = Rig(store, watch(source, *long)).restart(START + 10)

    assert [v.counts.measured for v in rig.verdicts()] == [12 * DAY // 10] * 2


def test_a_new_indicator_whose_query_is_refused_does_not_stop_the_shard(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START + 10))
    Rig(store, watch(source)).start(START)
    source.failing = dict.fromkeys(indicator("web").queries, "bad selector")

    rig = Rig(store, watch(source, API, WEB)).restart(START + 10)

    assert [v.counts.measured for v in rig.verdicts()] == [DAY + 10, 0]
    assert all("api" in str(queries) for queries, _ in source.fetched), "never asked for the refused one alone"


def test_a_changed_threshold_is_a_new_indicator() -> None:
    slow = TimeSlice(query("api", "Latency"), "<=", Decimal("0.3"))

    assert slot_key("api.latency", slow) == slot_key("api.latency", replace(slow))
    assert slot_key("api.latency", slow) != slot_key("api.latency", replace(slow, threshold=Decimal("0.4")))


def test_a_changed_query_starts_with_a_history_of_its_own(store: Store) -> None:
    source = MemorySource()
    traffic(source, range(START - DAY, START), bad=50)
    before = Rig(store, watch(source)).start(START)
    key = slot_key("api.availability", other := replace(indicator("api"), bad=(query("api", "Requests"),)))
    changed = replace(before.watch, indicators={key: other}, objectives=((API, key),))

    rig = Rig(store, changed).restart(START)

    assert rig.held.shard.slots == {key: 1}
    assert rig.verdicts()[0].counts.bad == DAY * 100


def test_a_fenced_process_reloads_and_agrees(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 5, 3, quiet_until=START + 60)
    ours, theirs = Rig(store, watch(source)).start(START), Rig(store, watch(source)).restart(START)
    theirs.polls(START + 1, START + 20)

    with pytest.raises(Fenced):
        ours.poll(START + 20)
    ours.restart(START + 20)

    assert numbers(ours.verdicts()) == numbers(theirs.verdicts()) == numbers(theirs.evaluated())
    assert ours.held.standings == theirs.held.standings
    assert ours.messages() == [f"api.availability.page.{START + 6}/opened"]


@pytest.mark.parametrize("step", [1, 5])
@pytest.mark.parametrize("restart_after", [3, 12, 27, 33, 45])
def test_a_restart_in_the_middle_changes_no_transition(store: Store, restart_after: int, step: int) -> None:
    source = MemorySource()
    outage(source, START + 8, 3, quiet_until=START + 120)
    source.lost = {START + 25}
    undisturbed = Rig(MemoryStore(), watch(source)).start(START)
    undisturbed.polls(START + step, START + 120, step)
    rig = Rig(store, watch(source)).start(START)
    rig.polls(START + step, START + restart_after, step)

    rig = Rig(store, watch(source)).restart(START + restart_after)
    rig.polls(START + restart_after + step, START + 120, step)

    assert rig.breaches() == undisturbed.breaches()
    assert rig.messages() == undisturbed.messages()
    assert rig.breaches()[0].resolved_at is not None


def test_the_quiet_minutes_counted_survive_a_restart(store: Store) -> None:
    source = MemorySource()
    outage(source, START + 1, 1, quiet_until=START + 60)
    rig = Rig(store, watch(source)).start(START)
    rig.poll(START + 15)
    counted = rig.held.standings["api.availability"].page

    again = Rig(store, watch(source)).restart(START + 15).held.standings["api.availability"].page

    assert counted is not None
    assert counted.quiet > 0
    assert again == counted
