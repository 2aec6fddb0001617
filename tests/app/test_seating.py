from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.binding import Bound, Feed, SourceKind, bind
from app.files import read_catalog
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.seating import MOST, Seating
from app.watch import Pace
from slo.estate.indicator import TimeSlice
from slo.estate.spec import Budgeting
from tests.support.objectives import estate_of, objective
from tests.support.rig import START, query

if TYPE_CHECKING:
    from slo.estate.spec import Objective

GROUP = "cloudwatch/default/us-east-1"


def measured(number: int, **changes: object) -> Objective:
    name = f"c{number}"
    measure = TimeSlice(query(name, "Latency"), "<=", Decimal("0.3"))
    return replace(objective(name), measure=measure, **changes)  # type: ignore[arg-type]  # any field of an objective


def bound(store: MemoryStore, *objectives: Objective) -> Bound:
    """As a start does: bound with what the store holds, and its shards opened."""
    feeds: dict[SourceKind, Feed] = {"cloudwatch": Feed(MemorySource(), Pace(0))}
    found = bind(
        estate_of(*objectives),
        read_catalog(),
        feeds,
        retention_days=90,
        quiet_minutes=15,
        holding=lambda: {shard.name: shard.slots for shard in store.shards()},
    )
    for watch in found.watches:
        store.open_shard(watch.name, watch.slot_keys, START)
    return found


def homes(bound: Bound) -> dict[str, str]:
    """Which shard has each objective."""
    return {o.id: watch.name for watch in bound.watches for o, _ in watch.objectives}


def test_2500_indicators_are_measured_in_three_shards_of_at_most_1000() -> None:
    found = homes(bound(MemoryStore(), *map(measured, range(2500))))
    assert Counter(found.values()) == {GROUP: MOST, f"{GROUP}/2": MOST, f"{GROUP}/3": 500}


def test_a_slot_stays_where_it_is_when_others_come_go_and_change_their_order() -> None:
    store = MemoryStore()
    before = homes(bound(store, *map(measured, range(1500))))
    slots = {shard.name: shard.slots for shard in store.shards()}
    after = homes(bound(store, *map(measured, reversed(range(200, 1700)))))
    assert {name: after[name] for name in before.keys() & after.keys()} == {
        name: home for name, home in before.items() if name in after
    }
    assert {after[f"c{n}.availability"] for n in range(1500, 1700)} == {f"{GROUP}/2"}
    for shard in store.shards():
        assert all(slots[shard.name][key] == slot for key, slot in shard.slots.items() if key in slots[shard.name])


def test_a_slot_stays_where_it_is_when_another_account_is_asked_for_it() -> None:
    seating = Seating({"cloudwatch/shop/us-east-1": {"api.availability@1": 0}})
    assert seating.shard("cloudwatch/hub/us-east-1", "api.availability@1") == "cloudwatch/shop/us-east-1"
    assert seating.shard("cloudwatch/hub/us-east-1", "web.availability@1") == "cloudwatch/hub/us-east-1"


def test_what_has_left_makes_room_at_the_next_start() -> None:
    store = MemoryStore()
    bound(store, *map(measured, range(MOST)))
    assert homes(bound(store, *map(measured, range(1, MOST + 1))))[f"c{MOST}.availability"] == f"{GROUP}/2"
    again = homes(bound(store, *map(measured, range(1, MOST + 2))))
    assert (again[f"c{MOST}.availability"], again[f"c{MOST + 1}.availability"]) == (f"{GROUP}/2", GROUP)


def test_slots_that_were_made_of_others_take_no_seat() -> None:
    store = MemoryStore()
    sliced = Budgeting("Timeslices", 5, Decimal("0.9"))
    bound(store, *(measured(n, budgeting=sliced) for n in range(MOST - 1)))
    assert {shard.name for shard in store.shards()} == {GROUP}
    assert homes(bound(store, *(measured(n, budgeting=sliced) for n in range(MOST))))[f"c{MOST - 1}.availability"] == GROUP


def test_a_shard_that_was_too_large_before_keeps_what_it_has() -> None:
    keys = {f"c{n}.availability@1": n for n in range(MOST + 5)}
    seating = Seating({"prometheus": keys})
    assert {seating.shard("prometheus", key) for key in keys} == {"prometheus"}
    assert seating.shard("prometheus", "new.availability@1") == "prometheus/2"
