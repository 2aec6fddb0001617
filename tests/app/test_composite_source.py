"""Journeys over parts in two shards, from the arrival of their minutes to the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from app import pipeline
from app.binding import COMPOSITES, Feed, bind
from app.board import Board
from app.bootstrap_offline import stored_slices
from app.composite_source import CompositeSource
from app.exposition import meters
from app.files import read_catalog
from app.history import StoredHistory
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.settings import Settings
from app.store.sql import SqlStore
from app.telling import Told
from app.watch import Pace, measured_slots
from app.web.objective import objective_page
from app.worker import ShardWorker
from slo.errors import SourceError, UsageError
from slo.estate.indicator import EventRatio, MetricQuery, Proof
from slo.estate.spec import Account, Budgeting, Component, Composite, Estate, Objective, Part
from slo.judge.evaluate import evaluate
from slo.judge.verdict import Circumstances
from slo.judge.windows import slices_of
from tests.support.clocks import FakeClock
from tests.support.objectives import DEFAULT_POLICY
from tests.support.rig import DAY, START, Rig, numbers

if TYPE_CHECKING:
    from pathlib import Path

    from app.binding import Bound, SourceKind
    from app.ports import Store
    from slo.judge.series import Slices
    from slo.judge.verdict import Verdict

REGIONS = {"east": "us-east-1", "west": "us-west-2"}
PARTS = (Part("east.availability", Decimal("0.9")), Part("west.availability", Decimal("0.9")))
WEIGHTED = tuple(replace(part, weight=Decimal(weight)) for part, weight in zip(PARTS, ("0.5", "1.5"), strict=True))
JOURNEYS = {
    "serial": Composite("serial", PARTS, 2),
    "parallel": Composite("parallel", PARTS, 1),
    "weighted": Composite("weighted", WEIGHTED, None),
}


def query(component: str, metric: str) -> MetricQuery:
    return MetricQuery("main", REGIONS[component], "Test", metric, (("Component", component),), "Sum")


def indicator(component: str) -> EventRatio:
    return EventRatio((query(component, "Requests"),), bad=(query(component, "Errors"),), proof=Proof(query(component, "Up")))


def objective(component: str, name: str, **more: object) -> Objective:
    return Objective(f"{component}.{name}", component, name, Decimal("0.99"), 3 * DAY, DEFAULT_POLICY, **more)  # type: ignore[arg-type]


def estate(*journeys: Objective) -> Estate:
    """`east` has an objective of its own, `west` only declares its indicator."""
    east = Component("east", "custom", objectives=(objective("east", "availability", measure=indicator("east")),))
    west = Component("west", "custom", indicators={"availability": indicator("west")}, no_objective="a part of journeys only")
    front = Component("front", "custom", objectives=journeys)
    return Estate("test", (Account("main", "111122223333", "us-east-1"),), (east, west, front))


def journeys() -> tuple[Objective, ...]:
    return tuple(objective("front", name, composite=composite) for name, composite in JOURNEYS.items())


@dataclass(slots=True)
class World:
    """Every shard of an estate over one store, moved by hand."""

    estate: Estate
    source: MemorySource = field(default_factory=MemorySource)
    store: Store = field(default_factory=MemoryStore)
    rigs: dict[str, Rig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rigs = {watch.name: Rig(self.store, watch) for watch in self.bound().watches}

    def bound(self) -> Bound:
        feeds: dict[SourceKind, Feed] = {"cloudwatch": Feed(self.source, Pace(30))}
        parts = CompositeSource(self.store)
        return bind(self.estate, read_catalog(), feeds, retention_days=90, quiet_minutes=15, parts=parts)

    @property
    def journey(self) -> Rig:
        return self.rigs[COMPOSITES]

    @property
    def parts(self) -> list[Rig]:
        return [rig for name, rig in self.rigs.items() if name != COMPOSITES]

    def start(self, at: int) -> World:
        for rig in (*self.parts, self.journey):
            rig.start(at)
        return self

    def poll(self, upto: int) -> None:
        for rig in (*self.parts, self.journey):
            rig.poll(upto)

    def traffic(self, component: str, start: int, end: int, *, bad: int = 0, seen_from: int = 0) -> None:
        for minute in range(start, end):
            self.source.report(query(component, "Requests"), minute, 100, seen_from=seen_from)
            self.source.report(query(component, "Errors"), minute, bad, seen_from=seen_from)

    def slices(self) -> dict[str, Slices]:
        """As `sloop slices` writes them: the parts', never the journey's own."""
        found: dict[str, Slices] = {}
        for shard in self.store.shards():
            if shard.name != COMPOSITES:
                frames = tuple(self.store.frames(shard, 0, START + 10 * DAY))
                found |= {name: slices_of(frames, slot) for name, slot in measured_slots(shard.slots).items()}
        return found

    def verdicts(self) -> dict[str, Verdict]:
        return {v.objective.id: v for v in self.journey.verdicts(lambda _o, _k: Circumstances())}

    def evaluated(self, at: int) -> dict[str, Verdict]:
        return {v.objective.id: v for v in evaluate(self.estate, self.slices(), at) if v.objective.composite is not None}


def world(*declared: Objective, store: Store | None = None) -> World:
    """A day of good minutes in both regions, and none before."""
    made = World(estate(*(declared or journeys())), store=store or MemoryStore())
    for component in REGIONS:
        made.traffic(component, START - DAY, START)
    return made


def test_each_region_is_a_shard_and_all_composites_are_one() -> None:
    bound = world().bound()
    assert [w.name for w in bound.watches] == ["cloudwatch/main/us-east-1", "cloudwatch/main/us-west-2", COMPOSITES]
    assert [[o.id for o, _ in w.objectives] for w in bound.watches[:2]] == [["east.availability"], []]
    assert bound.unbound == ()


def test_a_part_without_an_objective_is_measured_all_the_same() -> None:
    made = world().start(START)
    assert len(made.slices()["west.availability"]) == DAY


@pytest.mark.parametrize("step", [1, 7, 45])
def test_an_outage_of_one_region_is_judged_as_evaluate_judges_the_stored_minutes(store: Store, step: int) -> None:
    made = world(store=store).start(START)
    made.traffic("east", START, START + 20, bad=100)
    made.traffic("east", START + 20, START + 90)
    made.traffic("west", START, START + 90)
    for upto in range(START + step, START + 91, step):
        made.poll(upto)
    at = made.journey.held.sums.at
    found, expected = made.verdicts(), made.evaluated(at)
    assert numbers(found.values()) == numbers(expected.values())
    assert [found[f"front.{name}"].counts.bad for name in JOURNEYS] == [20, 0, 20]
    # Of the weights 1/2 and 3/2, in their ratio 1 and 3: each bad minute of `east` is one part in four.
    assert found["front.weighted"].counts.total == 4 * (DAY + at - START)


def test_the_outage_of_a_serial_journey_opens_a_page_and_no_other_does() -> None:
    made = world().start(START)
    made.traffic("east", START, START + 60, bad=100)
    made.traffic("west", START, START + 60)
    for upto in range(START + 1, START + 61):
        made.poll(upto)
    opened = {b.objective for b in made.journey.breaches() if b.severity == "page"}
    assert {"front.serial", "east.availability"} <= opened
    assert "front.parallel" not in opened


def test_a_composite_waits_for_the_shard_that_is_behind() -> None:
    made = world().start(START)
    for component in REGIONS:
        made.traffic(component, START, START + 5)
    east, west = made.parts
    east.poll(START + 5)
    with pytest.raises(SourceError, match=r"part west\.availability is judged only until .* source cloudwatch/main/us-west-2"):
        made.journey.poll(START + 5)
    assert made.journey.held.sums.at == START
    west.poll(START + 5)
    made.journey.poll(START + 5)
    assert numbers(made.verdicts().values()) == numbers(made.evaluated(START + 5).values())


def test_before_the_first_judgement_of_its_parts_there_is_none() -> None:
    made = world()
    with pytest.raises(SourceError, match=r"part east\.availability is not judged yet"):
        made.journey.start(START)


def test_a_shard_that_this_process_has_not_read_is_not_trusted() -> None:
    made = world().start(START)
    keys = made.journey.watch.indicators
    queries = next(iter(keys.values())).queries
    (span,) = CompositeSource(made.store).spans(START - 5, START, START)
    assert CompositeSource(made.store).fetch(queries, span).keys() == set(queries)
    with pytest.raises(SourceError, match="history is still being read"):
        CompositeSource(made.store, lambda name: name.endswith("east-1")).fetch(queries, span)


def test_a_late_correction_of_a_part_reaches_the_journey_at_the_next_minute() -> None:
    made = world().start(START)
    for component in REGIONS:
        made.traffic(component, START, START + 40)
    made.traffic("west", START + 3, START + 6, bad=80, seen_from=START + 30)
    made.poll(START + 29)
    assert made.verdicts()["front.serial"].counts.bad == 0
    made.poll(START + 30)
    found = made.verdicts()
    assert found["front.serial"].counts.bad == 3
    assert numbers(found.values()) == numbers(made.evaluated(START + 30).values())


def test_a_part_that_falls_silent_makes_serial_minutes_missing_and_parallel_ones_good() -> None:
    made = world().start(START)
    made.traffic("west", START, START + 30)
    made.poll(START + 30)
    found = made.verdicts()
    assert [found[f"front.{n}"].counts.measured - DAY for n in ("serial", "parallel", "weighted")] == [0, 30, 0]
    assert [state for _, state in found["front.serial"].parts] == ["missing", "good"]
    assert numbers(found.values()) == numbers(made.evaluated(START + 30).values())


def test_a_restart_goes_on_where_the_journey_was() -> None:
    made = world().start(START)
    for component in REGIONS:
        made.traffic(component, START, START + 30, bad=int(component == "east") * 100)
    made.poll(START + 10)
    again = World(made.estate, made.source, made.store).start(START + 20)
    again.poll(START + 30)
    assert numbers(again.verdicts().values()) == numbers(again.evaluated(START + 30).values())
    assert again.verdicts()["front.serial"].counts.bad == 30


def test_a_journey_may_count_slices_of_time() -> None:
    sliced = replace(journeys()[0], budgeting=Budgeting("Timeslices", 10, Decimal("0.75"), "bad"))
    made = world(sliced).start(START)
    made.traffic("east", START, START + 3, bad=100)
    made.traffic("east", START + 3, START + 40)
    made.traffic("west", START, START + 40)
    for upto in (START + 10, START + 17, START + 40):
        made.poll(upto)
    found = made.verdicts()
    assert numbers(found.values()) == numbers(made.evaluated(START + 40).values())
    assert found["front.serial"].counts.bad == 1


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ("north.availability", "part north.availability: there is no component 'north' in the estate"),
        ("west.latency", "part west.latency: kind 'custom' is not in the catalogue"),
    ],
)
def test_a_part_that_cannot_be_measured_is_an_error_of_the_whole(part: str, why: str) -> None:
    broken = replace(JOURNEYS["serial"], parts=(PARTS[0], Part(part, Decimal("0.9"))))
    bound = World(estate(objective("front", "broken", composite=broken))).bound()
    assert COMPOSITES not in [w.name for w in bound.watches]
    assert [(o.id, text.startswith(why)) for o, text in bound.unbound] == [("front.broken", True)]


def test_a_composite_is_due_when_its_parts_are_and_a_moment_later() -> None:
    made = World(estate(*journeys()))
    paces = [rig.watch.pace for rig in made.parts]
    assert made.journey.watch.pace.settle > max(p.settle for p in paces)
    assert pipeline.load(made.store, made.parts[0].watch, START).sums.at == START


def test_the_workers_of_a_service_judge_a_journey_once_its_parts_are_judged() -> None:
    """The composite's worker comes first, is refused with the reason, and judges as soon as both parts are read."""
    made = world()
    clock, registry = FakeClock(START * 60 + 55), CollectorRegistry()
    feeds: dict[SourceKind, Feed] = {"cloudwatch": Feed(made.source, Pace(30))}
    board: Board

    def ready(source: str) -> bool:
        return board.is_read(source)

    parts = CompositeSource(made.store, ready)
    bound = bind(made.estate, read_catalog(), feeds, retention_days=90, quiet_minutes=15, parts=parts)
    board = Board(made.estate, made.store, clock, indicators=bound.indicators, unbound=bound.unbound)
    counters, committed = meters(registry), Event()
    *shards, journey = (
        ShardWorker(made.store, watch, clock, board, lambda *_: Told(), committed, counters) for watch in bound.watches
    )

    journey.turn()
    refused = board.box.get().sources[0]
    assert (refused.name, refused.tick) == (COMPOSITES, None)
    assert refused.error is not None
    assert "is not judged yet" in refused.error

    for worker in (*shards, journey):
        worker.turn()
    snapshot = board.box.get()
    assert snapshot.unjudged == ()
    assert {s.error for s in snapshot.sources} == {None}
    serial = snapshot.verdicts["front.serial"]
    assert [(part.indicator, state) for part, state in serial.parts] == [
        ("east.availability", "good"),
        ("west.availability", "good"),
    ]
    page = objective_page(snapshot, StoredHistory(made.store, board.place), serial.objective)
    assert [part.badge and part.badge.word for part in page.parts] == ["good", "good"]
    assert page.parts[1].objectives == ()


def test_what_is_written_out_are_the_parts_and_never_the_journey(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'sloop.db'}"
    kept = SqlStore.open(place)
    made = world(store=kept)
    kept.record_estate(made.estate, START)
    made.start(START)
    kept.close()
    settings = Settings(database_url=place)

    every = stored_slices(settings, START - DAY, START)
    assert set(every) == {part.indicator for part in PARTS}
    assert set(stored_slices(settings, START - DAY, START, "front.serial")) == set(every)
    assert set(stored_slices(settings, START - DAY, START, "east.availability")) == {"east.availability"}
    with pytest.raises(UsageError, match=r"--objective front\.nothing: not in the database"):
        stored_slices(settings, START - DAY, START, "front.nothing")


def test_an_openslo_objective_is_found_by_the_name_of_its_slices(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path / 'sloop.db'}"
    kept = SqlStore.open(place)
    made = world(store=kept)
    named = Objective("api-slo", "east", "ratio", Decimal("0.99"), 30 * DAY, (), slices_key="east.availability")
    east = replace(made.estate.components[0], objectives=(*made.estate.components[0].objectives, named))
    kept.record_estate(replace(made.estate, components=(east, *made.estate.components[1:])), START)
    made.start(START)
    kept.close()

    found = stored_slices(Settings(database_url=place), START - DAY, START, "api-slo")
    assert set(found) == {"east.availability"}
