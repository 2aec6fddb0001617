"""Mute rules of the simulator: what is put reads back, and alarms keep quiet as long as one is active."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.account import NOW, Account, account

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = "at(2027-01-15T09:00)"
"""An hour after NOW."""


@pytest.fixture
def aws() -> Iterator[Account]:
    with account() as found:
        yield found


def put(aws: Account, **changes: Any) -> Any:
    cloudwatch = aws.client("cloudwatch")
    schedule = {"Expression": AT, "Duration": "PT10M", **changes}
    names = changes.pop("names", ["quiet"])
    schedule.pop("names", None)
    cloudwatch.put_alarm_mute_rule(Name="window", Rule={"Schedule": schedule}, MuteTargets={"AlarmNames": names})
    return cloudwatch


def alarm(aws: Account, cloudwatch: Any, name: str) -> None:
    """On a metric that nobody puts, so that it stays as it is set."""
    topic = aws.client("sns").create_topic(Name="pages")["TopicArn"]
    metric = {"Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        **metric,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
        AlarmActions=[topic],
    )


def told(cloudwatch: Any, name: str) -> int:
    history = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
    return sum("Successfully" in item["HistorySummary"] for item in history)


def test_a_rule_reads_back_with_what_it_does(aws: Account) -> None:
    cloudwatch = put(aws)
    rule = cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="window")
    assert rule["Rule"]["Schedule"] == {"Expression": AT, "Duration": "PT10M"}
    assert rule["Status"] == "SCHEDULED"
    assert rule["AlarmMuteRuleArn"].endswith(":alarm-mute-rule:window")
    aws.clock.advance(3600)
    (row,) = cloudwatch.list_alarm_mute_rules(Statuses=["ACTIVE"])["AlarmMuteRuleSummaries"]
    assert row["Status"] == "ACTIVE"
    cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="window")
    assert cloudwatch.list_alarm_mute_rules()["AlarmMuteRuleSummaries"] == []


def test_actions_wait_while_a_rule_is_active_and_the_state_changes_all_the_same(aws: Account) -> None:
    cloudwatch = put(aws)
    for name in ("quiet", "loud"):
        alarm(aws, cloudwatch, name)
    aws.clock.advance(3660)
    aws.cloudwatch.tick(NOW + 3660)
    for name in ("quiet", "loud"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=json.dumps("test"))
    assert (told(cloudwatch, "quiet"), told(cloudwatch, "loud")) == (0, 1)
    states = {a["AlarmName"]: a["StateValue"] for a in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert states == {"quiet": "ALARM", "loud": "ALARM"}


@pytest.mark.parametrize(
    "changes",
    [
        {"Expression": "cron(0 2 * * *)"},
        {"Duration": "P16D"},
        {"Duration": "PT0M"},
        {"Timezone": "Europe/Berlin"},
    ],
)
def test_what_is_beyond_the_limits_or_not_simulated_is_refused(aws: Account, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match=r"Schedule|mutes at most|time zone"):
        put(aws, **changes)


def test_the_account_says_no_more_alarms_at_its_quota(aws: Account) -> None:
    aws.cloudwatch.alarm_quota = 1
    cloudwatch = aws.client("cloudwatch")
    alarm(aws, cloudwatch, "first")
    alarm(aws, cloudwatch, "first")
    with pytest.raises(ClientError, match="LimitExceeded"):
        alarm(aws, cloudwatch, "second")
