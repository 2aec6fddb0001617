"""What is watched beside the objectives: bound to what a component gives, and to nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files import read_catalog
from slo.catalog.watch import named
from slo.estate.indicator import Unbound
from slo.estate.places import LABEL
from slo.estate.spec import Account, Component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.signal import DefaultAlarm, Signal

CATALOG = read_catalog()
MAIN = Account("main", "111122223333", "us-east-1")

Resource = dict[str, str | tuple[str, ...]]
SERVICE: Resource = {"cluster": "c", "service": "s"}
DATABASE: Resource = {"instance": "pg", "replicas": ("pg-r1", "pg-r2")}


def component(kind: str, resource: Mapping[str, str | tuple[str, ...]]) -> Component:
    return Component("c", kind, resource=resource)


def signals(kind: str, resource: Mapping[str, str | tuple[str, ...]], account: Account | None = MAIN) -> dict[str, Signal]:
    found = CATALOG.signals(component(kind, resource), account)
    assert not isinstance(found, Unbound), found
    return {signal.name: signal for signal in found}


def alarms(kind: str, resource: Mapping[str, str | tuple[str, ...]]) -> dict[str, DefaultAlarm]:
    found = CATALOG.alarms(component(kind, resource), MAIN)
    assert not isinstance(found, Unbound), found
    return {alarm.name: alarm for alarm in found}


def test_a_threshold_is_taken_from_the_resource() -> None:
    low = alarms("ecs", {**SERVICE, "min_tasks": "6"})["running-tasks-low"]
    assert (low.comparison, low.threshold, low.missing, low.severity) == ("<", Decimal(6), "breaching", "page")
    assert list(low.queries) == ["m1"]


def test_an_alarm_whose_setting_is_not_given_falls_away() -> None:
    found = alarms("ecs", SERVICE)
    assert "cpu-high" in found
    assert "running-tasks-low" not in found
    assert "running-tasks-at-max" not in found


def test_signals_panels_and_alarms_of_a_load_balancer_that_is_not_there_fall_away() -> None:
    worker = component("ecs", {**SERVICE, "min_tasks": "4"})
    tasks = {"running-tasks", "desired-tasks", "pending-tasks", "ephemeral-used", "ephemeral-reserved"}
    assert set(signals("ecs", SERVICE)) == {"cpu", "memory", *tasks}
    assert [panel.title for panel in CATALOG.panels(worker)] == ["CPU and memory", "Tasks"]
    assert "healthy-hosts-low" not in alarms("ecs", worker.resource)


def test_each_item_of_a_list_has_a_series_and_an_alarm_of_its_own() -> None:
    found = signals("rds", DATABASE)
    assert [found[f"replica-lag-{name}"].title for name in ("pg-r1", "pg-r2")] == ["Replica lag (pg-r1)", "Replica lag (pg-r2)"]
    assert found["replica-lag-pg-r2"].query.dimensions == (("DBInstanceIdentifier", "pg-r2"),)
    assert alarms("rds", DATABASE)["replica-lag-rpo-pg-r1"].queries["m1"] == found["replica-lag-pg-r1"].query
    assert any("replica-lag-pg-r2" in panel.signals for panel in CATALOG.panels(component("rds", DATABASE)))


def test_without_the_list_there_is_none() -> None:
    assert not [name for name in signals("rds", {"instance": "pg"}) if name.startswith("replica")]
    assert not [name for name in alarms("rds", {"instance": "pg"}) if name.startswith("replica")]


def test_every_id_of_an_expression_has_its_query() -> None:
    raised = alarms("alb", {"load_balancer": "app/a/1", "target_group": "targetgroup/a/2"})["elb-5xx-high"]
    assert {name: query.metric for name, query in raised.queries.items()} == {
        "m1": "RequestCount",
        "m2": "HTTPCode_ELB_503_Count",
        "m3": "HTTPCode_ELB_5XX_Count",
    }


def test_copies_in_another_region_are_read_there() -> None:
    bucket: Resource = {
        "bucket": "b",
        "replica_bucket": "r",
        "replica_region": "us-west-2",
        "replication_rule": "x",
        "filter": "f",
    }
    regions = {name: signal.query.region for name, signal in signals("s3", bucket).items()}
    assert (regions["replication-latency"], regions["requests"]) == ("us-west-2", "us-east-1")


@pytest.mark.parametrize("kind", ["shield", "prometheus-server", "kms"])
def test_a_kind_without_metrics_has_nothing_to_watch_and_needs_no_account(kind: str) -> None:
    nothing = component(kind, {"key": "k"} if kind == "kms" else {})
    assert (CATALOG.signals(nothing, None), CATALOG.alarms(nothing, None), CATALOG.panels(nothing)) == ((), (), ())


@pytest.mark.parametrize(
    ("kind", "resource", "account", "code", "named_in_text"),
    [
        ("waf", {}, MAIN, "missing_resource", "web_acl"),
        ("rds", {"instance": "pg"}, None, "missing_account", "accounts"),
        ("rds", {"instance": ("a", "b")}, MAIN, "bad_resource", "instance"),
        ("ecs", {**SERVICE, "min_tasks": "six"}, MAIN, "bad_resource", "min_tasks"),
        ("fax", {}, MAIN, "unknown_kind", "fax"),
    ],
)
def test_what_cannot_be_watched_says_why(
    kind: str, resource: Resource, account: Account | None, code: str, named_in_text: str
) -> None:
    one = component(kind, resource)
    for reason in (CATALOG.signals(one, account), CATALOG.alarms(one, account)):
        assert isinstance(reason, Unbound)
        assert reason.code == code
        assert named_in_text in reason.text


@given(st.from_regex(r"[a-z][a-z0-9-]{0,38}[a-z0-9]", fullmatch=True), st.text(min_size=1, max_size=300))
def test_names_with_any_item_stay_labels(name: str, item: str) -> None:
    assert LABEL.fullmatch(named(name, item))
