from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alerts.alarm_model import composite_alarm, metric_alarm
from alerts.composite import parse_rule
from alerts.desired import wanted_alarms
from app.simulator import alarm_config
from tests.support.native_month import CATALOG, ESTATE

if TYPE_CHECKING:
    from alerts.evaluate import MetricAlarm
    from slo.resource import Resource

RESOURCES = wanted_alarms(ESTATE, CATALOG).resources
ALARMS = [r for r in RESOURCES if r.kind == "alarm"]


def without_account(alarm: MetricAlarm) -> MetricAlarm:
    return replace(alarm, metrics={id_: replace(query, account=None) for id_, query in alarm.metrics.items()})


@pytest.mark.parametrize("resource", ALARMS, ids=lambda r: r.name)
def test_a_declared_alarm_is_the_one_that_cloudwatch_makes_of_its_request(resource: Resource) -> None:
    made = alarm_config.metric_alarm({"AlarmName": resource.name, **resource.spec}, resource.region)
    assert without_account(metric_alarm(resource)) == made


def test_a_declared_composite_has_the_rule_that_is_sent() -> None:
    composites = [r for r in RESOURCES if r.kind == "composite"]
    assert len(composites) > 0
    assert [composite_alarm(r).rule for r in composites] == [parse_rule(r.spec["AlarmRule"]) for r in composites]
