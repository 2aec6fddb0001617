from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.eras import eras
from app.memory.store import MemoryStore
from slo.estate.calendar import Calendar
from slo.estate.spec import Era
from tests.support.minutes import START
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from slo.estate.spec import Objective

DAY = 1440


def declared(*targets: tuple[int, str], window: int = 7 * DAY) -> tuple[Objective, tuple[Era, ...]]:
    """As the store tells it after one start per (day, target), at the last of them."""
    store = MemoryStore()
    for day, target in targets:
        at, one = START + day * DAY, objective("api", target=target, window=window)
        store.record_estate(estate_of(one), at)
    return one, eras(one, store.definitions(one.id), at)


def test_an_objective_that_was_never_edited_has_no_earlier_target() -> None:
    assert declared((0, "0.99"), (3, "0.99"))[1] == ()


def test_every_target_that_a_window_still_holds_is_told_oldest_first() -> None:
    assert declared((0, "0.9"), (3, "0.99"), (5, "0.9"))[1] == (
        Era(Decimal("0.9"), START + 3 * DAY),
        Era(Decimal("0.99"), START + 5 * DAY),
    )


def test_a_target_that_no_window_holds_any_more_is_forgotten() -> None:
    assert declared((0, "0.9"), (3, "0.99"), (8, "0.95"), (10, "0.95"))[1] == (Era(Decimal("0.99"), START + 8 * DAY),)


def test_a_short_window_still_has_burn_rates_over_three_days() -> None:
    assert declared((0, "0.9"), (2, "0.99"), (4, "0.99"), window=60)[1] == (Era(Decimal("0.9"), START + 2 * DAY),)


def test_an_edit_of_something_else_ends_no_target() -> None:
    one = objective("api", target="0.99")
    store = MemoryStore()
    store.record_estate(estate_of(one), START)
    store.record_estate(estate_of(replace(one, policy=())), START + 5)
    assert len(store.definitions(one.id)) == 2
    assert eras(one, store.definitions(one.id), START + 5) == ()


def test_a_target_spelled_otherwise_is_the_same() -> None:
    assert declared((0, "0.99"), (1, "0.990"))[1] == ()


def test_a_calendar_window_remembers_as_long_as_its_longest_period() -> None:
    one = replace(objective("api", target="0.99"), calendar=Calendar(1, "M"), window=30 * DAY)
    rows = [(START, {"target": "0.9"}), (START + DAY, {"target": "0.99"})]
    assert eras(one, rows, START + 32 * DAY) == (Era(Decimal("0.9"), START + DAY),)
    assert eras(one, rows, START + 33 * DAY) == ()
