from __future__ import annotations

from app.board import Board, Notice
from app.history import Place
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.snapshot import SourceStatus
from slo.units import from_minute
from tests.support.clocks import FakeClock
from tests.support.objectives import estate_of, objective
from tests.support.rig import API, START, Rig, traffic, watch

WEB = objective("web", target="0.99", window=4320)


def board(store: MemoryStore | None = None, clock: FakeClock | None = None) -> Board:
    unbound = [(WEB, "reads Prometheus, but SLOOP_PROMETHEUS_URL is not set")]
    estate = estate_of(API, WEB)
    return Board(
        estate, store or MemoryStore(), clock or FakeClock(START * 60), indicators={}, unbound=unbound, remarks=["Demo"]
    )


def judged(store: MemoryStore) -> Notice:
    source = MemorySource()
    traffic(source, range(START - 60, START), bad=50)
    rig = Rig(store, watch(source)).start(START)
    status = SourceStatus("test", 3, START)
    return Notice(
        status,
        {v.objective.id: v for v in rig.verdicts()},
        {API.id: START - 1},
        {API.id: Place(API, rig.held.shard, 0, 0, START)},
    )


def test_an_objective_that_cannot_be_measured_is_a_config_error_from_the_start() -> None:
    snapshot = board().box.get()

    assert snapshot.unjudged == (API.id,)
    assert snapshot.verdicts[WEB.id].state == "config_error"
    assert "SLOOP_PROMETHEUS_URL" in snapshot.verdicts[WEB.id].reasons[0].text
    assert snapshot.notices == ("Demo",)


def test_a_notice_makes_a_new_picture_and_leaves_the_old_one() -> None:
    store = MemoryStore()
    hung = board(store)
    old = hung.box.get()

    hung.hang(judged(store))

    new = hung.box.get()
    assert old.unjudged == (API.id,)
    assert (new.unjudged, new.newest, [s.name for s in new.sources]) == ((), {API.id: START - 1}, ["test"])
    assert [row.breach.severity for row in new.open_breaches] == ["page", "ticket"]


def test_a_source_replaces_what_it_told_before_and_nothing_else() -> None:
    store = MemoryStore()
    hung = board(store)
    hung.hang(judged(store))

    hung.hang(Notice(SourceStatus("other", 1, None, None, "down")))

    assert [(s.name, s.error) for s in hung.box.get().sources] == [("other", "down"), ("test", None)]
    assert API.id in hung.box.get().verdicts


def test_where_an_objective_is_stored_is_known_once_its_source_has_told() -> None:
    store = MemoryStore()
    hung = board(store)

    assert hung.place(API.id) is None
    hung.hang(judged(store))
    place = hung.place(API.id)

    assert place is not None
    assert (place.objective, place.slot, place.at) == (API, 0, START)


def test_a_message_is_stamped_by_the_wall_and_shown_in_estate_time() -> None:
    clock = FakeClock(START * 60, speed=60)
    clock.move(10)

    snapshot = board(clock=clock).box.get()

    assert snapshot.made_at == from_minute(START + 10)
    assert snapshot.estate_time(clock.wall()) == from_minute(START + 10)


def test_the_oldest_unsent_message_has_waited_since_the_minute_that_made_it() -> None:
    store = MemoryStore()
    hung = board(store)

    hung.hang(judged(store))

    assert hung.box.get().outbox_oldest == from_minute(START)
