from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from app.edits import DAYS, edits
from tests.support.objectives import estate_of, objective

if TYPE_CHECKING:
    from app.ports import Store

T = 29_000_040
API = objective("api", target="0.999")
WEB = objective("web", target="0.99")


def test_an_edit_is_an_event_with_old_and_new(store: Store) -> None:
    store.record_estate(estate_of(API, WEB), T)
    edited = replace(API, target=Decimal("0.995"), window=API.window // 2, policy_name="strict")
    store.record_estate(estate_of(edited, WEB), T + 60)
    (event,) = edits(estate_of(edited, WEB), store.definitions, T + 61)
    before, after = API.window // 1440, API.window // 2880
    assert event.title == (f"{API.id} edited: target 99.9 % -> 99.5 %, window {before}d -> {after}d, policy default -> strict")
    assert (event.kind, event.component, event.at) == ("edit", "api", (T + 60) * 60)
    assert store.keep_events([event]) == [event]
    assert store.keep_events(edits(estate_of(edited, WEB), store.definitions, T + 500)) == []


def test_the_first_declaration_is_no_edit(store: Store) -> None:
    store.record_estate(estate_of(API), T)
    assert edits(estate_of(API), store.definitions, T + 1) == []


def test_an_edit_that_is_told_by_no_field_is_told_all_the_same(store: Store) -> None:
    store.record_estate(estate_of(API), T)
    edited = replace(API, burn_metric=True)
    store.record_estate(estate_of(edited), T + 60)
    (event,) = edits(estate_of(edited), store.definitions, T + 60)
    assert event.title == f"{API.id} edited: published burn"
    (plain,) = edits(
        estate_of(API), lambda _: [(T, {"target": "0.9", "window": 60}), (T + 1, {"target": "0.9", "window": 60})], T
    )
    assert plain.title == f"{API.id} edited: its declaration"


def test_an_edit_of_last_month_is_not_told_again(store: Store) -> None:
    store.record_estate(estate_of(API), T)
    edited = replace(API, target=Decimal("0.99"))
    store.record_estate(estate_of(edited), T + 60)
    assert edits(estate_of(edited), store.definitions, T + 60 + DAYS * 1440) == []
