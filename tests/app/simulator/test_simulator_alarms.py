from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.simulated import refusal

if TYPE_CHECKING:
    from tests.app.simulator.conftest import Account

NOW = 1_800_000_000.0
MINUTE = int(NOW) // 60
TOPIC = "arn:aws:sns:us-east-1:111122223333:pager"


def put_alarm(account: Account, name: str = "errors", **changes: Any) -> None:
    alarm: dict[str, Any] = {
        "AlarmName": name,
        "Namespace": "Shop",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "AlarmActions": [TOPIC],
        "OKActions": [TOPIC],
    }
    account.client.put_metric_alarm(**{k: v for k, v in {**alarm, **changes}.items() if v is not None})


def math(*queries: tuple[str, str, str | None]) -> dict[str, Any]:
    """Of (id, metric or expression, statistic): the last one is watched."""
    metrics = []
    for name, text, statistic in queries:
        query: dict[str, Any] = {"Id": name, "ReturnData": name == queries[-1][0]}
        if statistic is None:
            query["Expression"] = text
        else:
            metric = {"Namespace": "Shop", "MetricName": text}
            query["MetricStat"] = {"Metric": metric, "Period": 300, "Stat": statistic}
        metrics.append(query)
    single = dict.fromkeys(["Namespace", "MetricName", "Statistic", "Period"])
    return {**single, "Metrics": metrics, "EvaluationPeriods": 1, "DatapointsToAlarm": 1}


def state(account: Account, name: str = "errors") -> str:
    answer = account.client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    (alarm,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
    return str(alarm["StateValue"])


def feed(account: Account, *values: float) -> list[str]:
    """One value a minute, and the state after each."""
    states = []
    for value in values:
        account.put(int(account.clock.now() // 60), value)
        account.tick()
        states.append(state(account))
    return states


def test_two_of_three_breaching_minutes_make_an_alarm_and_two_good_ones_end_it(account: Account) -> None:
    put_alarm(account)
    assert state(account) == "INSUFFICIENT_DATA"
    assert feed(account, 0, 0, 9, 0, 9, 0, 0) == ["OK", "OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_the_threshold_itself_breaches_greater_or_equal_and_not_greater(account: Account) -> None:
    put_alarm(account, EvaluationPeriods=1, DatapointsToAlarm=1)
    assert feed(account, 5) == ["ALARM"]
    put_alarm(account, EvaluationPeriods=1, DatapointsToAlarm=1, ComparisonOperator="GreaterThanThreshold")
    assert feed(account, 5) == ["OK"]


def test_a_change_is_told_once_in_the_form_that_pagers_read(account: Account) -> None:
    put_alarm(account, AlarmDescription="runbook")
    feed(account, 0, 9, 9, 9, 0, 0)
    assert [(t, s) for t, s, _ in account.published] == [
        (TOPIC, 'OK: "errors" in US East (N. Virginia)'),
        (TOPIC, 'ALARM: "errors" in US East (N. Virginia)'),
        (TOPIC, 'OK: "errors" in US East (N. Virginia)'),
    ]
    message = json.loads(account.published[1][2])
    assert (message["NewStateValue"], message["OldStateValue"], message["AlarmName"]) == ("ALARM", "OK", "errors")
    assert message["StateChangeTime"] == "2027-01-15T08:03:05.000+0000"
    assert message["Trigger"]["Threshold"] == 5.0
    assert message["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:111122223333:alarm:errors"


def test_disabled_actions_stay_silent_while_the_state_still_changes(account: Account) -> None:
    put_alarm(account)
    account.client.disable_alarm_actions(AlarmNames=["errors"])
    assert feed(account, 9, 9) == ["INSUFFICIENT_DATA", "ALARM"]
    assert account.published == []
    account.client.enable_alarm_actions(AlarmNames=["errors"])
    feed(account, 0, 0)
    assert len(account.published) == 1


def test_when_the_metric_stops_old_datapoints_hold_the_alarm_until_they_leave_the_range(account: Account) -> None:
    put_alarm(account)
    feed(account, 9, 9, 9)
    states = []
    for _ in range(5):
        account.tick()
        states.append(state(account))
    assert states == ["ALARM", "ALARM", "ALARM", "ALARM", "INSUFFICIENT_DATA"]


def test_missing_data_that_counts_as_breaching_alarms_on_silence(account: Account) -> None:
    put_alarm(account, TreatMissingData="breaching")
    account.tick()
    assert state(account) == "ALARM"


def test_a_burn_rate_over_five_sliding_minutes_is_one_period_of_metric_math(account: Account) -> None:
    burn = math(("m1", "Requests", "Sum"), ("m2", "Errors", "Sum"), ("e1", "IF(m1 >= 100, FILL(m2, 0) / m1, 0)", None))
    put_alarm(account, Threshold=0.144, TreatMissingData="notBreaching", **burn)
    states = []
    for errors in (0, 0, 0, 36, 0, 0, 0, 0, 0):
        account.put(int(account.clock.now() // 60), 50, "Requests")
        account.put(int(account.clock.now() // 60), errors)
        account.tick()
        states.append(state(account))
    # 36 of 250 in the last 5 minutes are a burn of exactly 14.4 at 99 %, at any offset to the clock face. The ratio is
    # compared and not the burn: in doubles 36 / 250 is 0.144, but (36 / 250) / 0.01 is 14.399999999999999.
    assert states == ["OK", "OK", "OK", "ALARM", "ALARM", "ALARM", "ALARM", "ALARM", "OK"]


def test_alarms_that_look_back_over_a_day_are_evaluated_on_the_hour(account: Account) -> None:
    put_alarm(account, Period=86400, EvaluationPeriods=3, DatapointsToAlarm=1)
    assert feed(account, 9) == ["INSUFFICIENT_DATA"]
    account.tick(58)
    assert state(account) == "INSUFFICIENT_DATA"
    account.tick()
    assert state(account) == "ALARM"


def test_a_composite_pages_when_both_windows_burn_and_names_its_children(account: Account) -> None:
    put_alarm(account, "long", AlarmActions=None, OKActions=None)
    put_alarm(account, "short", AlarmActions=None, OKActions=None, EvaluationPeriods=1, DatapointsToAlarm=1)
    account.client.put_composite_alarm(
        AlarmName="sloop/demo/api.availability/page",
        AlarmRule='ALARM("long") AND ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:short)',
        AlarmActions=[TOPIC],
        OKActions=[TOPIC],
    )
    states = []
    for value in (0, 9, 9, 0):
        account.put(int(account.clock.now() // 60), value)
        account.tick()
        states.append(state(account, "sloop/demo/api.availability/page"))
    assert states == ["OK", "OK", "ALARM", "OK"]
    told = [json.loads(message) for _, _, message in account.published]
    assert [m["NewStateValue"] for m in told] == ["OK", "ALARM", "OK"]
    assert [child["Arn"].rsplit(":", 1)[1] for child in told[1]["TriggeringChildren"]] == ["long", "short"]
    assert "Trigger" not in told[1]


def test_composites_stand_on_composites_whatever_order_they_were_put_in(account: Account) -> None:
    put_alarm(account)
    account.client.put_composite_alarm(AlarmName="z", AlarmRule="ALARM(errors)")
    account.client.put_composite_alarm(AlarmName="a", AlarmRule="NOT ALARM(z)")
    feed(account, 9, 9)
    assert [state(account, name) for name in "za"] == ["ALARM", "OK"]


def test_composites_in_a_circle_are_not_evaluated(account: Account) -> None:
    account.client.put_composite_alarm(AlarmName="a", AlarmRule="TRUE")
    account.client.put_composite_alarm(AlarmName="b", AlarmRule="ALARM(a)")
    account.client.put_composite_alarm(AlarmName="a", AlarmRule="ALARM(b)")
    account.tick()
    assert [state(account, name) for name in "ab"] == ["INSUFFICIENT_DATA"] * 2


def test_describe_alarms_shows_metric_alarms_only_unless_asked(account: Account) -> None:
    put_alarm(account)
    account.client.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(errors)")
    answer = account.client.describe_alarms()
    assert ([a["AlarmName"] for a in answer["MetricAlarms"]], answer["CompositeAlarms"]) == (["errors"], [])
    answer = account.client.describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNamePrefix="bo")
    assert [a["AlarmRule"] for a in answer["CompositeAlarms"]] == ["ALARM(errors)"]


def test_an_update_overwrites_the_configuration_and_keeps_state_and_tags(account: Account) -> None:
    put_alarm(account, Tags=[{"Key": "sloop:estate", "Value": "demo"}])
    feed(account, 9, 9)
    put_alarm(account, Threshold=99.0, AlarmActions=None, Tags=[{"Key": "ignored", "Value": "on update"}])
    (alarm,) = account.client.describe_alarms()["MetricAlarms"]
    assert (alarm["StateValue"], alarm["Threshold"], alarm["AlarmActions"]) == ("ALARM", 99.0, [])
    tags = account.client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "sloop:estate", "Value": "demo"}]
    account.client.tag_resource(ResourceARN=alarm["AlarmArn"], Tags=[{"Key": "sloop:slo", "Value": "api"}])
    account.client.untag_resource(ResourceARN=alarm["AlarmArn"], TagKeys=["sloop:estate"])
    tags = account.client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "sloop:slo", "Value": "api"}]


def test_the_history_outlives_the_alarm(account: Account) -> None:
    put_alarm(account)
    feed(account, 9, 9)
    account.client.delete_alarms(AlarmNames=["errors"])
    items = account.client.describe_alarm_history(AlarmName="errors")["AlarmHistoryItems"]
    assert [i["HistoryItemType"] for i in items] == ["ConfigurationUpdate", "Action", "StateUpdate", "ConfigurationUpdate"]
    (change,) = account.client.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert json.loads(change["HistoryData"])["newState"]["stateValue"] == "ALARM"
    assert account.client.describe_alarm_history(AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"] == []


def test_history_and_alarms_come_in_pages(account: Account) -> None:
    for name in "abcde":
        put_alarm(account, name)
    pages = list(account.client.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2}))
    assert [[a["AlarmName"] for a in p["MetricAlarms"]] for p in pages] == [["a", "b"], ["c", "d"], ["e"]]
    pages = list(account.client.get_paginator("describe_alarm_history").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(p["AlarmHistoryItems"]) for p in pages] == [2, 2, 1]


def test_a_state_set_by_hand_is_told_and_lasts_until_the_next_evaluation(account: Account) -> None:
    put_alarm(account)
    feed(account, 0)
    account.published.clear()
    account.client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    assert state(account) == "ALARM"
    assert json.loads(account.published[0][2])["NewStateReason"] == "drill"
    feed(account, 0)
    assert state(account) == "OK"


def test_a_child_cannot_be_deleted_before_its_parent(account: Account) -> None:
    put_alarm(account)
    account.client.put_composite_alarm(AlarmName="parent", AlarmRule="ALARM(errors)")
    assert refusal(account.client.delete_alarms, AlarmNames=["errors"]) == "ValidationError"
    account.client.delete_alarms(AlarmNames=["parent"])
    account.client.delete_alarms(AlarmNames=["errors"])
    assert account.client.describe_alarms()["MetricAlarms"] == []
    assert refusal(account.client.delete_alarms, AlarmNames=["errors"]) == "ResourceNotFound"


@pytest.mark.parametrize(
    "changes",
    [
        {"Period": 3600, "EvaluationPeriods": 169},
        {"Period": 300, "EvaluationPeriods": 289},
        {"DatapointsToAlarm": 4},
        {"Period": 45},
        {"Statistic": "Median"},
        {"ExtendedStatistic": "p99"},
        {"TreatMissingData": "never"},
        {"AlarmDescription": "x" * 1025},
        {"AlarmName": "x" * 256},
        math(("m1", "Errors", "Sum"), ("e1", "m1 + nobody", None)),
        math(("m1", "Errors", "Sum"), ("e1", "m1 +", None)),
        math(*((f"m{i}", "Errors", "Sum") for i in range(11)), ("e1", "m1 + m2", None)),
    ],
)
def test_an_alarm_outside_the_limits_is_refused(account: Account, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as caught:
        put_alarm(account, **changes)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert account.client.describe_alarms()["MetricAlarms"] == []


def test_a_composite_of_unknown_alarms_or_with_a_bad_rule_is_refused(account: Account) -> None:
    assert refusal(account.client.put_composite_alarm, AlarmName="c", AlarmRule="ALARM(ghost)") == "ValidationError"
    assert refusal(account.client.put_composite_alarm, AlarmName="c", AlarmRule="TRUE AND") == "ValidationError"


def test_an_operation_that_does_not_exist_here_is_an_error_and_not_an_empty_answer(account: Account) -> None:
    assert refusal(account.client.describe_insight_rules) == "InvalidAction"


def test_a_suppressor_in_alarm_keeps_the_actions_of_a_composite_back(account: Account) -> None:
    quiet: dict[str, Any] = {"AlarmActions": None, "OKActions": None, "EvaluationPeriods": 1, "DatapointsToAlarm": 1}
    put_alarm(account, "child", **quiet)
    put_alarm(account, "down", **quiet, Threshold=50.0)
    composite = {"AlarmName": "above", "AlarmRule": "ALARM(child)", "AlarmActions": [TOPIC], "ActionsSuppressor": "down"}
    with pytest.raises(ClientError, match="ActionsSuppressorWaitPeriod"):
        account.client.put_composite_alarm(**composite)
    account.client.put_composite_alarm(**composite, ActionsSuppressorWaitPeriod=0, ActionsSuppressorExtensionPeriod=120)
    told = []
    for value in (0, 99, 9, 9, 9):
        account.put(int(account.clock.now() // 60), value)
        account.tick()
        (alarm,) = account.client.describe_alarms(AlarmNames=["above"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        told.append((alarm["StateValue"], alarm.get("ActionsSuppressedBy"), len(account.published)))
    assert told == [
        ("OK", None, 0),
        ("ALARM", "Alarm", 0),
        ("ALARM", "ExtensionPeriod", 0),
        ("ALARM", "ExtensionPeriod", 0),
        ("ALARM", None, 1),
    ]


def test_a_new_alarm_warms_up_until_its_periods_are_full_or_the_time_is_over(account: Account) -> None:
    warm_up: dict[str, Any] = {"WarmUpConfiguration": {"WarmUpPeriodDurationInMinutes": 5}}
    put_alarm(account, "early", TreatMissingData="breaching", **warm_up)
    account.tick(3)
    assert state(account, "early") == "INSUFFICIENT_DATA"
    account.tick(2)
    assert state(account, "early") == "ALARM"
    put_alarm(account, TreatMissingData="breaching", **warm_up)
    assert feed(account, 0, 0, 0) == ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "OK"]


def test_a_warm_up_beyond_two_days_is_refused(account: Account) -> None:
    with pytest.raises(account.client.exceptions.ClientError, match="WarmUpPeriodDurationInMinutes"):
        put_alarm(account, WarmUpConfiguration={"WarmUpPeriodDurationInMinutes": 2881})
