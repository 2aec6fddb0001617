"""Maintenance windows of an estate as mute rules of CloudWatch."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.mutes import LONGEST, MOST_ALARMS, end_of, mute_rules, mute_spec, still_to_come, window
from slo.estate.spec import Exclusion
from slo.resource import COMPONENT, Resource
from slo.units import parse_time, to_minute
from tests.support.wishes import desired, small_estate

FROM = to_minute(parse_time("2026-12-01T22:00:00Z"))
SMALL = small_estate()
DESIRED = desired(SMALL)


def window_of(*, end: int = FROM + 150, **whose: str) -> Exclusion:
    return Exclusion(FROM, end, "mute", "moving\nthe rack", None, **whose)


def rules(*exclusions: Exclusion, made: tuple[Resource, ...] | None = None) -> list[Resource]:
    return list(mute_rules(replace(SMALL, exclusions=exclusions), DESIRED if made is None else made))


def test_a_window_of_a_component_keeps_all_its_alarms_quiet() -> None:
    (rule,) = rules(window_of(component="shop"))
    assert rule.name == "sloop/small/mute/shop/20261201T2200"
    assert rule.spec["AlarmNames"] == sorted(r.name for r in DESIRED if r.tags.get(COMPONENT) == "shop")
    assert (rule.spec["Expression"], rule.spec["Duration"]) == ("at(2026-12-01T22:00)", "PT2H30M")
    assert rule.spec["Description"] == "Maintenance of shop: moving the rack"
    assert rule.belongs_to("small")


def test_a_window_of_an_objective_keeps_only_its_own_alarms_quiet() -> None:
    (rule,) = rules(window_of(objective="shop.availability"))
    assert rule.spec["AlarmNames"]
    assert all(name.startswith("sloop/small/shop.availability/") for name in rule.spec["AlarmNames"])


def test_a_correction_of_the_budget_and_a_component_without_alarms_mute_nothing() -> None:
    assert rules(replace(window_of(component="shop"), kind="budget"), window_of(component="orders"), made=()) == []


def test_more_than_a_hundred_alarms_and_fifteen_days_are_divided() -> None:
    many = tuple(Resource("alarm", "main", "eu-west-1", f"a{n:03}", {}, {COMPONENT: "shop"}) for n in range(MOST_ALARMS + 1))
    found = rules(window_of(component="shop", end=FROM + LONGEST + 60), made=many)
    assert [(r.spec["Duration"], len(r.spec["AlarmNames"])) for r in found] == [
        ("P15D", MOST_ALARMS),
        ("P15D", 1),
        ("PT1H", MOST_ALARMS),
        ("PT1H", 1),
    ]
    assert len({r.name for r in found}) == 4
    assert window(found[2].spec)[0] == window(found[0].spec)[0] + LONGEST


def test_each_region_has_rules_of_its_own() -> None:
    places = [("main", "eu-west-1"), ("main", "us-east-1")]
    made = tuple(Resource("alarm", account, region, "a", {}, {COMPONENT: "shop"}) for account, region in places)
    assert [(r.account, r.region) for r in rules(window_of(component="shop"), made=made)] == places


def test_what_is_over_is_declared_no_more() -> None:
    (rule,) = rules(window_of(component="shop"))
    other = DESIRED[0]
    assert still_to_come([other, rule], FROM + 149) == (other, rule)
    assert still_to_come([other, rule], FROM + 150) == (other,)


@settings(deadline=None)
@given(st.integers(1, LONGEST))
def test_every_length_is_written_so_that_it_reads_back(minutes: int) -> None:
    made = (Resource("alarm", "main", "eu-west-1", "a", {}, {COMPONENT: "shop"}),)
    (rule,) = mute_rules(replace(SMALL, exclusions=(window_of(component="shop", end=FROM + minutes),)), made)
    assert window(rule.spec) == (FROM, minutes)
    assert end_of(rule) == FROM + minutes


@pytest.mark.parametrize(("found", "same"), [("PT150M", "PT2H30M"), ("P0DT2H30M", "PT2H30M"), ("P1W", "P1W")])
def test_a_duration_that_aws_spells_otherwise_is_the_same(found: str, same: str) -> None:
    rule = {"Rule": {"Schedule": {"Expression": "at(2026-12-01T22:00)", "Duration": found}}}
    assert mute_spec(rule)["Duration"] == same
    assert mute_spec(rule)["Timezone"] == "UTC"
