from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.evaluate import evaluate
from alerts.heartbeat import LONGEST_UNSENT, Pulse, Signs, heartbeat_alarm, places_of, why_silent
from alerts.undelivered import undelivered_alarm
from app.simulator.alarm_config import metric_alarm
from slo.estate.spec import Account, Estate
from slo.resource import COMPONENT, Place

MINUTE = 30_000_000
NOW = MINUTE * 60.0 + 30
HERE = Place("main", "eu-west-1", "111122223333")
ESTATE = Estate("prod", (Account("main", "111122223333", "eu-west-1"),))
WELL = Signs(NOW, [Pulse("cloudwatch", MINUTE - 5, settle=180, poll=5), Pulse("prometheus", MINUTE)], None, publishes=True)


def state(beats: dict[int, float]) -> str:
    alarm = heartbeat_alarm(ESTATE, HERE)
    model = metric_alarm({"AlarmName": alarm.name, **alarm.spec}, alarm.region)
    return evaluate(model, {"beat": beats}, MINUTE, "OK").state


def test_while_every_shard_is_judged_and_every_message_is_sent_it_beats() -> None:
    assert why_silent(WELL) is None
    assert why_silent(replace(WELL, unsent_seconds=float(LONGEST_UNSENT))) is None


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        (replace(WELL, publishes=False), "set SLOOP_TOPIC_ARN"),
        (replace(WELL, pulses=[]), "nothing is measured"),
        (replace(WELL, pulses=[*WELL.pulses, Pulse("logs", None)]), "logs has judged no minute yet"),
        (replace(WELL, pulses=[Pulse("cloudwatch", MINUTE - 30)]), "cloudwatch has judged nothing since 2027-01-15T07:30:00Z"),
        (replace(WELL, unsent_seconds=LONGEST_UNSENT + 60.0), "a message has waited for 6m and was not sent"),
    ],
)
def test_it_is_silent_where_any_part_of_the_way_is_broken_and_names_it(signs: Signs, why: str) -> None:
    assert why in (why_silent(signs) or "")


def test_a_shard_is_late_only_after_what_it_settles_and_polls_and_some_time_to_spare() -> None:
    pulse = Pulse("cloudwatch", MINUTE, settle=180, poll=5)
    allowed = 180 + 300 + 300
    assert pulse.why_late(MINUTE * 60 + allowed) is None
    assert pulse.why_late(MINUTE * 60 + allowed + 1) is not None
    assert pulse.why_late(MINUTE * 60 + allowed + 1, spare=600.0) is None


def test_three_silent_minutes_are_an_alarm_and_two_are_none_whatever_older_beats_there_are() -> None:
    older = {MINUTE - 5: 1.0, MINUTE - 4: 1.0}
    assert state(older) == "ALARM"
    assert state({**older, MINUTE - 3: 1.0}) == "OK"
    assert state({MINUTE - 1: 1.0}) == "OK"
    assert state({}) == "ALARM"


def test_its_alarm_tells_the_second_topic_and_nothing_else_and_is_nobodys_component() -> None:
    alarm = heartbeat_alarm(ESTATE, HERE)
    second = ["arn:aws:sns:eu-west-1:111122223333:sloop-prod-second"]
    assert alarm.spec["AlarmActions"] == alarm.spec["OKActions"] == second
    assert alarm.name == "sloop/prod/heartbeat"
    assert (alarm.spec["TreatMissingData"], alarm.spec["WarmUpConfiguration"]) == (
        "breaching",
        {"WarmUpPeriodDurationInMinutes": 15},
    )
    assert COMPONENT not in alarm.tags
    assert alarm.belongs_to("prod")


def test_it_beats_in_every_place_that_has_its_alarm() -> None:
    other = replace(HERE, region="us-east-1")
    made = [heartbeat_alarm(ESTATE, HERE)]
    assert places_of(ESTATE, made, [HERE, other]) == (HERE,)
    assert places_of(ESTATE, [], [HERE]) == ()


def test_the_first_dead_letter_is_told_by_the_second_topic() -> None:
    alarm = undelivered_alarm(ESTATE, HERE)
    assert alarm.name == "sloop/prod/dead-letters"
    assert alarm.spec["AlarmActions"] == ["arn:aws:sns:eu-west-1:111122223333:sloop-prod-second"]
    assert alarm.spec["Dimensions"] == [{"Name": "QueueName", "Value": "sloop-prod-dead-letters"}]
    model = metric_alarm({"AlarmName": alarm.name, **alarm.spec}, alarm.region)
    assert evaluate(model, {"m1": {MINUTE - 1: 1.0}}, MINUTE, "OK").state == "ALARM"
    assert evaluate(model, {"m1": {}}, MINUTE, "OK").state == "OK"
