"""One account, many regions: alarms and topics live where the caller's signature says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.account import Account, account

if TYPE_CHECKING:
    from collections.abc import Iterator

ALARM = {
    "AlarmName": "errors",
    "Namespace": "Shop",
    "MetricName": "Errors",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        yield found


def test_an_alarm_exists_in_the_region_it_was_put_in_only(aws: Account) -> None:
    here, there = aws.client("cloudwatch", "eu-west-1"), aws.client("cloudwatch", "us-west-2")
    here.put_metric_alarm(**ALARM)
    (alarm,) = here.describe_alarms()["MetricAlarms"]
    assert alarm["AlarmArn"] == "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:errors"
    assert there.describe_alarms()["MetricAlarms"] == []


def test_alarms_of_every_region_are_evaluated(aws: Account) -> None:
    clients = [aws.client("cloudwatch", region) for region in ("eu-west-1", "us-west-2")]
    for client in clients:
        client.put_metric_alarm(**ALARM)
    data = [{"MetricName": "Errors", "Value": 9, "Timestamp": aws.clock.now() - 5}]
    clients[0].put_metric_data(Namespace="Shop", MetricData=data)
    aws.clock.advance(60)
    aws.cloudwatch.tick(aws.clock.now())
    assert [c.describe_alarms()["MetricAlarms"][0]["StateValue"] for c in clients] == ["ALARM", "ALARM"]


def test_a_topic_is_named_after_its_region(aws: Account) -> None:
    arns = [aws.client("sns", region).create_topic(Name="pages")["TopicArn"] for region in ("eu-west-1", "us-west-2")]
    assert arns == [f"arn:aws:sns:{region}:111122223333:pages" for region in ("eu-west-1", "us-west-2")]
