from __future__ import annotations

from decimal import Decimal

import pytest

from slo.estate.indicator import Unbound
from slo.estate.load import load
from slo.estate.spec import AlarmChange
from slo.estate.write import write
from tests.support.declared import CATALOG, estate, found, problems, with_component

RDS = "kind: rds, resource: {instance: i, replicas: [r1, r2]}, objectives: [], no_objective: none yet"


def alarms(changes: str) -> dict[str, object]:
    """Name -> default alarm, of a database that wants this otherwise."""
    text = estate(with_component(f"{RDS.replace('objectives: [], ', '')}, alarms: {{{changes}}}"))
    [component] = text.components
    bound = CATALOG.alarms(component, text.accounts[0])
    assert not isinstance(bound, Unbound)
    return {a.name: (a.threshold, a.datapoints, a.periods, a.severity) for a in bound}


def test_a_component_may_want_an_alarm_otherwise_and_the_others_stay() -> None:
    changed, plain = alarms("cpu-high: {threshold: 75.5, datapoints: 3, periods: 4, severity: page}"), alarms("")
    assert changed.pop("cpu-high") == (Decimal("75.5"), 3, 4, "page")
    assert plain.pop("cpu-high") == (Decimal(90), 5, 5, "ticket")
    assert changed == plain


def test_an_alarm_that_is_not_enabled_is_not_made_for_any_item_of_its_list() -> None:
    left = alarms("replica-lag: {enabled: false}")
    assert alarms("").keys() - left.keys() == {"replica-lag-r1", "replica-lag-r2"}


def test_a_threshold_that_the_catalogue_takes_from_the_resource_can_be_a_plain_number() -> None:
    assert alarms("cpu-exhausted: {threshold: 32}")["cpu-exhausted"] == (Decimal(32), 15, 15, "page")


def test_the_source_of_a_changed_alarm_is_the_estate() -> None:
    text = estate(with_component("kind: rds, resource: {instance: i}, no_objective: x, alarms: {cpu-high: {threshold: 1}}"))
    bound = CATALOG.alarms(text.components[0], text.accounts[0])
    assert not isinstance(bound, Unbound)
    assert next(a for a in bound if a.name == "cpu-high").source.startswith("the estate; by default AWS alarm recommendations")


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ("cpu-hihg: {enabled: false}", "unknown_alarm", "components[0].alarms.cpu-hihg"),
        ("cpu-high: {level: 3}", "unknown_field", "components[0].alarms.cpu-high.level"),
        ("cpu-high: {datapoints: 6}", "bad_window", "components[0].alarms.cpu-high"),
        ("cpu-high: {periods: 1441}", "bad_window", "components[0].alarms.cpu-high"),
        ("cpu-high: {threshold: much}", "wrong_type", "components[0].alarms.cpu-high.threshold"),
        ("cpu-high: {threshold: 1e30}", "wrong_type", "components[0].alarms.cpu-high.threshold"),
        ("cpu-high: {severity: alert}", "unknown_value", "components[0].alarms.cpu-high.severity"),
        ("cpu-high: {enabled: perhaps}", "wrong_type", "components[0].alarms.cpu-high.enabled"),
        ("cpu-high: 95", "wrong_type", "components[0].alarms.cpu-high"),
    ],
)
def test_what_cannot_be_is_an_error_at_its_place(changes: str, code: str, path: str) -> None:
    text = with_component(f"kind: rds, resource: {{instance: i}}, no_objective: x, alarms: {{{changes}}}")
    assert ("error", code, path) in found(text)


def test_a_misspelt_alarm_is_told_with_the_one_that_was_meant() -> None:
    text = with_component("kind: rds, resource: {instance: i}, no_objective: x, alarms: {cpu-hihg: {enabled: false}}")
    assert "did you mean 'cpu-high'?" in problems(text)[0].message


def test_of_an_unknown_kind_its_alarms_are_no_second_problem() -> None:
    assert [code for _, code, _ in found(with_component("kind: rdss, alarms: {cpu-high: {enabled: false}}"))] == [
        "unknown_kind"
    ]


def test_changed_alarms_survivors_and_burn_metrics_are_written_and_read_back_the_same() -> None:
    text = estate(
        with_component(
            "kind: alb, resource: {load_balancer: l, target_group: t}, "
            "alarms: {no-requests: {threshold: 0.5, severity: page}, elb-5xx-high: {enabled: false, datapoints: 2}}, "
            "objectives: [{indicator: availability, target: 99.9%, window: 30d, survives_sloop: false, burn_metric: true}, "
            "{indicator: latency, target: 99%, window: 30d, survives_sloop: true}]"
        )
    )
    [component] = text.components
    assert component.alarms["elb-5xx-high"] == AlarmChange(datapoints=2, enabled=False)
    written = write(text, CATALOG.default_policy)
    again = load([("again.yaml", written.text.encode())], CATALOG)
    assert again.problems == ()
    assert again.estate == text
