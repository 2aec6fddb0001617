"""What an estate wants to exist: the golden plan of a small one, and the reference estate as a whole."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from alerts.desired import wanted_alarms
from alerts.prices import choices
from app.cli.plan_text import plan_lines
from app.files import packaged_spec, read_catalog, read_prices
from app.simulator.alarm_config import composite_alarm, metric_alarm
from slo.errors import ProvisionError
from slo.estate.calendar import Calendar
from slo.estate.load import load
from slo.plan_file import document
from tests.support.wishes import GOLDEN, desired, plan_of, small_estate, wanted

if TYPE_CHECKING:
    from slo.estate.spec import Estate

READ_AT = datetime(2026, 11, 22, 12, 3, 11, tzinfo=UTC)


def reference() -> Estate:
    loaded = load((("reference.yaml", packaged_spec("reference")),), read_catalog())
    assert loaded.estate is not None
    return loaded.estate


def test_the_plan_of_the_small_estate_is_the_reviewed_one_as_json() -> None:
    assert document(plan_of()) == json.loads((GOLDEN / "small.json").read_text(encoding="utf-8"))


def test_the_plan_of_the_small_estate_is_the_reviewed_one_as_text() -> None:
    shown = "\n".join(plan_lines(plan_of(), READ_AT, wanted().without, (), choices(desired(), read_prices()))) + "\n"
    assert shown == (GOLDEN / "small.txt").read_text(encoding="utf-8")


def test_every_wanted_alarm_is_one_that_cloudwatch_takes() -> None:
    for resource in wanted_alarms(reference(), read_catalog()).resources:
        request: dict[str, Any] = {"AlarmName": resource.name, **resource.spec}
        if resource.kind == "alarm":
            assert metric_alarm(request, resource.region).name == resource.name
        elif resource.kind == "composite":
            assert composite_alarm(request).name == resource.name


def test_the_reference_estate_is_alarmed_where_its_metrics_are() -> None:
    found = wanted_alarms(reference(), read_catalog())
    kinds = Counter(r.kind for r in found.resources)
    assert kinds["alarm"] >= 150
    assert kinds["composite"] >= 10
    names = {r.name: r for r in found.resources}
    assert names["sloop/reference/database/cpu-high"].region == "us-east-1"
    assert names["sloop/reference/api.availability/page"].spec["ActionsEnabled"] is True
    assert "sloop/reference/web.availability/page" not in names
    assert names["sloop/reference/cdn.availability/page"].region == "us-east-1"
    assert "ActionsSuppressor" in names["sloop/reference/api/symptoms"].spec
    assert {r.region for r in found.resources if "/media/replication-" in r.name} == {"us-west-2"}
    assert [p.region for p in found.places] == ["us-east-1", "us-west-2"]


def test_every_place_with_alarms_has_the_topics_that_they_tell() -> None:
    found = wanted_alarms(reference(), read_catalog()).resources
    topics = {f"arn:aws:sns:{r.region}:111122223333:{r.name}" for r in found if r.kind == "topic"}
    told = {action for r in found for action in r.spec.get("AlarmActions", ())}
    assert told == topics


def test_what_a_removed_distribution_left_behind_is_looked_for_in_us_east_1() -> None:
    assert [p.region for p in wanted(small_estate()).places] == ["eu-west-1", "us-east-1"]
    assert {r.region for r in desired(small_estate())} == {"eu-west-1"}, "nothing is made there"


def test_in_china_and_govcloud_no_other_partition_is_looked_at() -> None:
    for region in ("cn-north-1", "us-gov-west-1"):
        estate = small_estate()
        moved = replace(estate, accounts=(replace(estate.accounts[0], region=region),))
        assert [p.region for p in wanted(moved).places] == [region]


def test_without_an_account_nothing_is_wanted() -> None:
    estate = replace(small_estate(), accounts=(), components=())
    assert wanted_alarms(estate, read_catalog()).resources == ()


def test_two_alarms_of_one_name_are_refused() -> None:
    estate = small_estate()
    twice = replace(estate, components=(*estate.components, estate.component("database")))
    with pytest.raises(ProvisionError, match="two alarms would be called sloop/small/database/"):
        wanted(twice)


def test_an_objective_whose_burn_cloudwatch_cannot_tell_is_noted_with_the_reason() -> None:
    estate = small_estate()
    shop = next(c for c in estate.components if c.objectives)
    monthly = replace(shop.objectives[0], calendar=Calendar(1, "M"))
    rest = (c for c in estate.components if c is not shop)
    made = wanted_alarms(replace(estate, components=(replace(shop, objectives=(monthly,)), *rest)), read_catalog())
    assert made.notes == ((monthly.id, "its window begins anew with each period of the calendar"),)
    assert not any(r.name.startswith(f"sloop/{estate.name}/{monthly.id}/page") for r in made.resources)
    lines = list(plan_lines(plan_of(), READ_AT, made.without, made.notes))
    assert any(line.strip().startswith(f"no burn alarm for {monthly.id}: its window") for line in lines)


def test_a_plain_estate_has_no_such_notes() -> None:
    assert wanted().notes == ()
