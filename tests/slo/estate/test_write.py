from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slo.estate.calendar import Calendar
from slo.estate.spec import OPENSLO, Component, Estate, Objective, RuleSpec
from slo.estate.write import write
from tests.support.estates import CATALOG, WHOLE, codes, estates, loaded, shares

SPECS = Path(__file__).parents[3] / "slo" / "specs"
DEFAULT = CATALOG.default_policy


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(estates())
def test_what_is_written_reads_back_as_the_same_estate(estate: Estate) -> None:
    written = write(estate, DEFAULT)
    assert written.losses == ()
    assert loaded(written.text) == estate


@pytest.mark.parametrize("file", ["reference.yaml", "demo.yaml", "minimal.yaml"])
def test_the_estates_of_the_program_are_the_same_once_written(file: str) -> None:
    estate = loaded((SPECS / file).read_bytes())
    written = write(estate, DEFAULT)
    assert written.losses == ()
    assert loaded(written.text) == estate
    assert write(loaded(written.text), DEFAULT).text == written.text


def test_who_monitors_an_account_is_written() -> None:
    text = WHOLE.replace("  other:", '  seen: {id: "777788889999", region: us-east-1, monitored_by: main}\n  other:')
    estate = loaded(text)
    assert [a.monitored_by for a in estate.accounts] == [None, "main", None]
    assert loaded(write(estate, DEFAULT).text) == estate


def test_every_field_is_written() -> None:
    estate = loaded(WHOLE)
    text = write(estate, DEFAULT).text
    assert loaded(text) == estate
    assert "- {indicator: availability, target: 99.99%, window: 7d, name: strict, policy: low, lane: fast}" in text
    assert "window: {calendar: week, time_zone: Europe/Berlin, start: '2026-01-21T12:30'}" in text


@settings(deadline=None)
@given(shares)
def test_targets_keep_every_digit(share: Decimal) -> None:
    estate = loaded(WHOLE)
    web = estate.components[0]
    changed = replace(web, objectives=(replace(web.objectives[0], target=share),))
    text = write(replace(estate, components=(changed,), policies={}), DEFAULT).text
    assert loaded(text).objectives[0].target == share


def _of(policy: tuple[RuleSpec, ...] = DEFAULT, calendar: Calendar | None = None) -> Estate:
    window = calendar.nominal if calendar else 43200
    objective = Objective(
        "slo-1", "shop", OPENSLO, Decimal("0.99"), window, policy, OPENSLO, slices_key="sli-1", calendar=calendar
    )
    return Estate("e", components=(Component("shop", OPENSLO, objectives=(objective,)),))


def test_a_rule_that_only_openslo_has_is_written_as_near_as_it_comes_and_listed() -> None:
    rule = RuleSpec("ticket", None, 60, None, factor=Decimal(10), strict=True, hold=5, label="minor")
    written = write(_of((rule,)), DEFAULT)
    assert codes(written.losses) == {"renamed", "no_short_window", "strict", "hold", "severity"}
    [objective] = loaded(written.text).objectives
    assert (objective.id, objective.indicator_id, objective.policy_name) == ("shop.slo-1", "shop.sli-1", OPENSLO)
    assert [(r.long, r.short) for r in objective.policy] == [(60, 5)]


@pytest.mark.parametrize("count", [2, 3])
def test_a_calendar_of_several_units_becomes_a_rolling_window_and_is_listed(count: int) -> None:
    written = write(_of(calendar=Calendar(count, "w")), DEFAULT)
    assert "calendar" in codes(written.losses)
    assert loaded(written.text).objectives[0].window == count * 10080


def test_an_objective_that_is_to_be_silent_is_written_with_the_default_policy_and_listed() -> None:
    written = write(_of(()), DEFAULT)
    assert "silent_policy" in codes(written.losses)
    assert loaded(written.text).objectives[0].policy == DEFAULT


def test_two_policies_of_one_name_get_names_of_their_own() -> None:
    first = _of()
    low = loaded(WHOLE).policies["low"]
    other = replace(first.objectives[0], id="slo-2", policy=low)
    shop = replace(first.components[0], objectives=(first.objectives[0], other))
    again = loaded(write(replace(first, components=(shop,)), DEFAULT).text)
    assert [o.policy_name for o in again.objectives] == ["openslo", "openslo-2"]
    assert [o.policy for o in again.objectives] == [DEFAULT, low]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a.b", "a-b", "A_b"]), min_size=1, max_size=3, unique=True))
def test_ids_that_are_no_labels_become_labels_and_stay_apart(ids: list[str]) -> None:
    first = _of()
    objectives = tuple(replace(first.objectives[0], id=id_) for id_ in ids)
    shop = replace(first.components[0], objectives=objectives)
    again = loaded(write(replace(first, components=(shop,)), DEFAULT).text)
    assert len({o.id for o in again.objectives}) == len(ids)
