"""What burns is asked for each minute and the rest in whole polls, and nobody can tell afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from app import lanes, pipeline
from app.binding import COMPOSITES, Feed, bind
from app.composite_source import CompositeSource
from app.files import read_catalog
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.watch import Pace
from slo.errors import SourceError
from slo.estate.spec import Account, Budgeting, Component, Composite, Estate, Part
from slo.judge.evaluate import evaluate
from slo.judge.verdict import Circumstances
from tests.support.objectives import objective
from tests.support.rig import DAY, START, Rig, down, indicator, numbers, query, traffic, watch

if TYPE_CHECKING:
    from app.ports import Store
    from app.watch import Watch
    from slo.estate.spec import Objective

SETTLE = 180
LANES = Pace(SETTLE, poll=5)
EACH_MINUTE = Pace(SETTLE, poll=1)
TEN = tuple(objective(f"c{n}", target="0.99", window=3 * DAY) for n in range(10))
PAST = 120
"""Minutes of history: so few that a source in memory answers fast."""
QUERIES = 3
"""Of one objective of these tests: requests, errors, proof of life."""


def lasting(source: MemorySource, end: int, *objectives: Objective) -> None:
    """Good minutes until `end`."""
    for one in objectives:
        traffic(source, range(START - PAST, end), component=one.component)


@dataclass(slots=True)
class Day:
    """One process that turns once a minute, as its worker does: `asked` counts queries by the minute of the turn."""

    store: Store
    watch: Watch
    rig: Rig = field(init=False)
    asked: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rig = Rig(self.store, self.watch).start(START)

    def turn(self, settled: int) -> None:
        """Until nothing is due any more, with every minute before `settled` settled."""
        source = self.watch.source
        assert isinstance(source, MemorySource)
        before = len(source.fetched)
        while (due := lanes.due(self.watch, self.rig.held, settled * 60 + SETTLE)) > self.rig.held.sums.at:
            self.rig.poll(due)
        self.asked[settled] = sum(len(queries) for queries, _ in source.fetched[before:])

    def run(self, end: int) -> Day:
        for settled in range(self.rig.held.sums.at + 1, end + 1):
            self.turn(settled)
        return self

    def opened(self) -> list[tuple[str, str, int]]:
        return sorted((b.objective, b.severity, b.fired_at) for b in self.rig.breaches())

    def history(self) -> list[tuple[object, ...]]:
        """Every breach: when it fired and was resolved, and what it had spent."""
        rows = [(b.objective, b.severity, b.fired_at, b.resolved_at, b.spent) for b in self.rig.breaches()]
        return sorted(rows, key=str)


def day(source: MemorySource, *objectives: Objective, pace: Pace = LANES, store: Store | None = None) -> Day:
    return Day(store or MemoryStore(), watch(source, *objectives, pace=pace))


def stored(one: Day) -> dict[str, list[tuple[int, int, int]]]:
    return {
        name: list(zip(s.minutes.tolist(), s.total.tolist(), s.bad.tolist(), strict=True))
        for name, s in one.rig.slices().items()
    }


def test_while_nothing_burns_every_slot_is_asked_for_once_in_five_minutes() -> None:
    source = MemorySource()
    lasting(source, START + 60, *TEN)

    asked = day(source, *TEN).run(START + 20).asked

    assert [asked[START + n] for n in range(1, 11)] == [0, 0, 0, 0, 10 * QUERIES] * 2


def test_one_of_ten_that_burns_is_asked_for_each_minute_and_the_others_are_not() -> None:
    source = MemorySource()
    lasting(source, START + 3, *TEN)
    lasting(source, START + 60, *TEN[1:])
    traffic(source, range(START + 3, START + 60), component="c0", bad=50)

    asked = day(source, *TEN).run(START + 20).asked

    assert [asked[START + n] for n in range(1, 6)] == [0, 0, 0, 0, 30], "it burns since 3, which is read at 5"
    assert [asked[START + n] for n in range(6, 16)] == [3, 3, 3, 3, 30] * 2


def test_a_fast_objective_pages_at_the_minute_of_the_crossing_and_a_cold_one_within_a_poll() -> None:
    source = MemorySource()
    fast = replace(TEN[0], lane="fast")
    lasting(source, START + 11, fast, *TEN[1:])
    for one in TEN[:2]:
        traffic(source, range(START + 11, START + 40), component=one.component, bad=100)
    lasting(source, START + 40, *TEN[2:])
    made, told = day(source, fast, *TEN[1:]), dict[str, tuple[int, int]]()

    for settled in range(START + 1, START + 30):
        made.turn(settled)
        for transition in made.rig.told:
            if transition.kind == "opened" and transition.breach.severity == "page":
                told.setdefault(transition.breach.objective, (transition.breach.fired_at, settled))

    crossing = told["c0.availability"][0]
    assert told == {"c0.availability": (crossing, crossing), "c1.availability": (crossing, START + 15)}
    assert crossing < START + 15, "the cold one is judged at the same minute, though it is read later"


def test_a_breach_stays_hot_until_it_is_resolved_and_then_gets_cold() -> None:
    source = MemorySource()
    short = replace(TEN[0], policy=TEN[0].policy[:1])
    lasting(source, START + 2, *TEN)
    traffic(source, range(START + 2, START + 4), component="c0", bad=60)
    traffic(source, range(START + 4, START + 90), component="c0")
    lasting(source, START + 90, *TEN[1:])
    made = day(source, short, *TEN[1:])

    hot, opened = [], []
    for end in range(START + 1, START + 91):
        made.run(end)
        hot.append(bool(made.rig.held.hot))
        opened.append(any(b.open for b in made.rig.breaches()))

    assert True in opened
    assert opened[-1] is False
    assert all(is_hot for is_hot, is_open in zip(hot, opened, strict=True) if is_open)
    assert hot[-1] is False
    assert (made.asked[START + 89], made.asked[START + 90]) == (0, 10 * QUERIES)


def weather(source: MemorySource, seed: int, end: int, *, latest: int) -> None:
    """Outages and missing minutes, for each of the ten its own, and up to `latest` minutes late."""
    random = Random(seed)
    lasting(source, START, *TEN)
    for one in TEN:
        minute = START
        while minute < end:
            bad, lasts = random.choice([0, 0, 0, 1, 5, 30, 100]), random.randint(1, 25)
            for each in (m for m in range(minute, min(minute + lasts, end)) if random.random() > 0.03):
                late = random.choice([0, 0, 0, random.randint(0, latest)])
                traffic(source, [each], component=one.component, bad=bad, seen_from=each + 1 + late if late else 0)
            minute += lasts


@pytest.mark.parametrize("seed", range(3))
def test_it_pages_stores_and_judges_as_if_every_slot_were_asked_for_each_minute(seed: int) -> None:
    """Where no minute is late the breaches are the same to the minute."""
    source, end = MemorySource(), START + 100
    weather(source, seed, end, latest=0)
    lane, each = day(source, *TEN).run(end), day(source, *TEN, pace=EACH_MINUTE).run(end)

    assert stored(lane) == stored(each)
    assert lane.history() == each.history() != []
    assert numbers(lane.rig.verdicts()) == numbers(each.rig.verdicts()) == numbers(lane.rig.evaluated())
    assert sum(lane.asked.values()) < sum(each.asked.values())


@pytest.mark.parametrize("seed", range(3))
def test_with_late_minutes_the_stored_ones_and_the_verdicts_at_whole_polls_are_still_the_same(seed: int) -> None:
    source = MemorySource()
    weather(source, seed, START + 60, latest=40)
    lane = day(source, *TEN)
    for end in range(START + 5, START + 105, 5):
        lane.run(end)
        assert numbers(lane.rig.verdicts()) == numbers(lane.rig.evaluated())
    each = day(source, *TEN, pace=EACH_MINUTE).run(START + 100)

    assert stored(lane) == stored(each)


@pytest.mark.parametrize("seed", range(2))
def test_a_restart_in_the_middle_of_a_poll_changes_nothing(store: Store, seed: int) -> None:
    source, end = MemorySource(), START + 90
    traffic(source, range(START - PAST, end), component="c0")
    for one in TEN[1:]:
        traffic(source, range(START - PAST, START), component=one.component)
        traffic(source, range(START, end), component=one.component, bad=Random(f"{seed}{one.id}").choice([0, 0, 20, 100]))
    fast = (replace(TEN[0], lane="fast"), *TEN[1:])
    made, calm = day(source, *fast, store=store), day(source, *fast).run(end)

    for settled in range(START + 1, end + 1):
        made.turn(settled)
        if settled % 7 == seed:
            made.rig.restart(made.rig.held.sums.at)

    assert made.history() == calm.history() != []
    assert stored(made) == stored(calm)
    assert numbers(made.rig.verdicts()) == numbers(calm.rig.verdicts())


def test_between_two_whole_polls_the_cold_ones_are_shown_as_of_the_last_one() -> None:
    source = MemorySource()
    lasting(source, START + 60, *TEN)
    made = day(source, replace(TEN[0], lane="fast"), *TEN[1:]).run(START + 13)

    found = {v.objective.id: v for v in made.rig.verdicts()}

    assert [v.at - START for v in found.values()] == [13, *[10] * 9]
    assert {v.coverage for v in found.values() if v.at == START + 10} == {found["c1.availability"].coverage}
    assert all(v.counts.measured == v.at - (START - PAST) for v in found.values()), "no minute looks missing"


@pytest.mark.parametrize("no_data", ["bad", "good", "hold", None])
def test_slices_and_no_data_policies_do_not_take_what_was_not_asked_for_as_missing(no_data: str | None) -> None:
    source, end = MemorySource(), START + 60
    sliced = tuple(
        replace(one, budgeting=Budgeting("Timeslices", 3, one.target, no_data))  # type: ignore[arg-type]
        for one in TEN[1:4]
    )
    fast = replace(TEN[0], lane="fast")
    lasting(source, end, fast, *sliced)
    source.lost = {START + 7, START + 8, START + 9, START + 21}
    made, calm = day(source, fast, *sliced), day(source, fast, *sliced, pace=EACH_MINUTE)

    for settled in range(START + 1, end + 1):
        made.turn(settled)
        calm.turn(settled)
        for verdict in made.rig.verdicts():
            if verdict.at == calm.rig.held.sums.at:
                assert numbers([verdict]) == numbers(v for v in calm.rig.verdicts() if v.objective.id == verdict.objective.id)

    assert numbers(made.rig.verdicts()) == numbers(made.rig.evaluated())
    assert made.history() == calm.history()


def test_a_rule_with_a_hold_fires_at_the_same_minute_in_either_lane() -> None:
    source, end = MemorySource(), START + 60
    held = replace(TEN[1], policy=(replace(TEN[1].policy[0], hold=7),))
    fast = replace(TEN[0], lane="fast")
    lasting(source, end, fast)
    lasting(source, START + 11, held)
    traffic(source, range(START + 11, end), component="c1", bad=40)
    made, calm = day(source, fast, held).run(end), day(source, fast, held, pace=EACH_MINUTE).run(end)

    assert made.history() == calm.history() != []


def test_a_hot_query_that_fails_alone_does_not_look_like_a_failing_source() -> None:
    source = MemorySource()
    lasting(source, START + 60, *TEN)
    source.failing = {query("c0", "Requests"): "forbidden"}
    made = day(source, replace(TEN[0], lane="fast"), *TEN[1:]).run(START + 9)

    assert made.asked[START + 9] == 0
    assert list(made.rig.held.failures.values()) == ["forbidden"]
    source.failing = {}
    made.run(START + 11)
    assert made.asked[START + 11] == QUERIES


def test_after_a_silence_the_multiple_of_the_poll_is_judged_whole_before_anything_later() -> None:
    source = MemorySource()
    lasting(source, START + 60, *TEN)
    made = day(source, replace(TEN[0], lane="fast"), *TEN[1:]).run(START + 3)
    source.failures = [down()]
    with pytest.raises(SourceError):
        made.turn(START + 4)

    made.turn(START + 13)

    assert (made.rig.held.last_whole, made.rig.held.sums.at) == (START + 10, START + 13)
    assert made.asked[START + 13] == 10 * QUERIES + QUERIES


def composed(lane: str | None) -> Estate:
    parts = tuple(Part(f"{one.component}.availability", one.target) for one in TEN[1:3])
    journey = replace(
        objective("front", "journey", target="0.99", window=3 * DAY), composite=Composite("serial", parts, 2), lane=lane
    )
    declared = (replace(TEN[0], lane="fast"), *TEN[1:3])
    components = tuple(
        Component(o.component, "custom", objectives=(replace(o, measure=indicator(o.component)),)) for o in declared
    )
    front = Component("front", "custom", objectives=(journey,))
    return Estate("test", (Account("main", "111122223333", "us-east-1"),), (*components, front))


@pytest.mark.parametrize(("lane", "at"), [("fast", 13), (None, 10)])
def test_a_journey_never_takes_a_cold_part_as_missing(lane: str | None, at: int) -> None:
    source, store, estate = MemorySource(), MemoryStore(), composed(lane)
    lasting(source, START + 60, *TEN[:3])
    feeds = {"cloudwatch": Feed(source, LANES)}
    bound = bind(
        estate,
        read_catalog(),
        feeds,  # type: ignore[arg-type]
        retention_days=90,
        quiet_minutes=15,
        parts=CompositeSource(store),
    )
    parts, journey = (Rig(store, one).start(START) for one in bound.watches)
    assert journey.watch.name == COMPOSITES

    for settled in range(START + 1, START + 14):
        for rig in (parts, journey):
            while (due := lanes.due(rig.watch, rig.held, settled * 60 + rig.watch.pace.settle)) > rig.held.sums.at:
                rig.poll(due)

    (found,) = journey.verdicts(lambda _o, _k: Circumstances())
    assert (found.at, found.counts.measured) == (START + at, PAST + at)
    assert [state for _, state in found.parts] == ["good", "good"]
    whole = parts.held.last_whole
    expected = [v for v in evaluate(estate, parts.slices(), min(found.at, whole)) if v.objective.id == "front.journey"]
    if found.at == whole:
        assert numbers([found]) == numbers(expected)


def test_a_shard_that_is_polled_each_minute_has_no_lanes() -> None:
    source = MemorySource()
    lasting(source, START + 2, *TEN)
    traffic(source, range(START + 2, START + 20), component="c0", bad=100)
    made = day(source, *TEN, pace=EACH_MINUTE).run(START + 9)

    assert made.rig.held.hot == frozenset()
    assert pipeline.load(made.store, made.watch, START + 9).behind is None
