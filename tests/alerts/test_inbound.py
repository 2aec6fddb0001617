"""Messages of AWS as they are documented or were seen, and anything else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.inbound import Notice, event_of
from slo.estate.spec import Account, Component, Estate
from tests.support.objectives import objective

if TYPE_CHECKING:
    from alerts.events import Event

NOW = 1_795_000_000
ESTATE = Estate(
    "prod",
    accounts=(Account("main", "111122223333", "us-east-1"),),
    components=(
        Component("database", "rds", resource={"instance": "prod-pg", "replicas": ("prod-pg-r1",)}),
        Component("documents", "docdb", resource={"cluster": "prod-docs", "instances": ("prod-docs-1",)}),
        Component("api", "ecs", resource={"cluster": "demo", "service": "api"}, objectives=(objective("api", target="0.99"),)),
        Component("cache", "elasticache", resource={"replication_group": "prod-cache", "nodes": ("prod-cache-0001-001",)}),
        Component("media", "s3", resource={"bucket": "prod-media"}),
    ),
)


def read(message: object, subject: str = "") -> Event:
    body = message if isinstance(message, str) else json.dumps(message)
    return event_of(Notice("1", "arn:aws:sns:us-east-1:111122223333:events", subject, body, NOW - 5), ESTATE, NOW)


def envelope(detail_type: str, detail: dict[str, Any], *resources: str) -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": detail_type,
        "account": "111122223333",
        "region": "us-east-1",
        "time": "2026-11-18T10:00:00Z",
        "resources": list(resources),
        "detail": detail,
    }


ALARM: dict[str, Any] = {
    "AlarmName": "queue too old",
    "AWSAccountId": "111122223333",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed",
    "StateChangeTime": "2026-11-18T10:00:00.000+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:queue too old",
}
METRIC = {"MetricName": "Requests", "Namespace": "AWS/S3", "Dimensions": [{"value": "prod-media", "name": "BucketName"}]}
MATH = {"Metrics": [{"Id": "e", "Expression": "m"}, {"Id": "m", "MetricStat": {"Metric": METRIC, "Period": 60}}]}


@pytest.mark.parametrize(
    "more",
    [
        {"Trigger": METRIC},
        {"Trigger": MATH},
        {"AlarmName": "sloop/prod/media/errors", "AlarmRule": "ALARM(x)", "TriggeringChildren": []},
        {"AlarmName": "sloop/prod/media/errors", "TriggeringChildren": ["a"]},
        {"AlarmName": "sloop/prod/recovery/media/region-loss", "TriggeringChildren": "a"},
        {"AlarmName": "sloop/prod/test/media", "Trigger": None},
    ],
)
def test_alarms_of_every_kind_are_of_their_component(more: dict[str, Any]) -> None:
    event = read(ALARM | more)
    assert (event.kind, event.component, event.at) == ("alarm", "media", 1_794_996_000)
    assert event.document["state"] == "ALARM"
    assert event.document["region"] == "us-east-1"
    assert event.document["account"] == "111122223333"
    assert event.document["reason"] == "Threshold Crossed"


def test_an_alarm_of_an_objective_is_of_its_component_and_a_stranger_of_none() -> None:
    (declared,) = ESTATE.component("api").objectives
    assert read(ALARM | {"AlarmName": f"sloop/prod/{declared.id}/page"}).component == "api"
    assert read(ALARM | {"AlarmName": f"sloop/other/{declared.id}/page"}).component is None
    assert read(ALARM | {"AlarmName": "sloop/prod/heartbeat"}).component is None


def test_an_alarm_by_eventbridge_is_the_same() -> None:
    state = {"value": "ALARM", "reason": "5xx", "timestamp": "2026-11-18T10:00:00.000+0000"}
    metric = {"metricStat": {"metric": {"name": "5xx", "dimensions": {"BucketName": "prod-media"}}}}
    detail = {"alarmName": "x", "state": state, "configuration": {"metrics": [metric]}}
    event = read(envelope("CloudWatch Alarm State Change", detail))
    assert (event.kind, event.component, event.title) == ("alarm", "media", "x is ALARM: 5xx")


def rds(number: str, message: str = "m", source: str = "prod-pg", *categories: str) -> Event:
    detail = {"EventID": f"RDS-EVENT-{number}", "Message": message, "SourceIdentifier": source}
    return read(envelope("RDS DB Instance Event", detail | {"EventCategories": list(categories)}))


@pytest.mark.parametrize(
    ("number", "kind", "phase"),
    [
        ("0013", "failover", "started"),
        ("0072", "failover", "started"),
        ("0049", "failover", "completed"),
        ("0071", "failover", "completed"),
        ("0034", "failover", "abandoned"),
        ("0069", "failover", None),
        ("0006", "restart", None),
        ("0043", "restore", "completed"),
        ("0002", "backup", None),
        ("0025", "configuration", None),
        ("0266", "maintenance", None),
        ("9999", "other", None),
    ],
)
def test_the_number_of_an_rds_event_says_what_it_means(number: str, kind: str, phase: str | None) -> None:
    event = rds(number)
    assert (event.kind, event.document.get("phase"), event.component) == (kind, phase, "database")


def test_an_unknown_number_goes_by_its_category() -> None:
    assert rds("9999", "m", "prod-pg", "Backup").kind == "backup"


def test_the_documented_prefix_of_a_source_is_no_part_of_its_name() -> None:
    assert rds("0049", "A Multi-AZ failover has completed.", "rds:prod-pg-r1").component == "database"


def test_a_subscription_of_rds_says_the_same_in_other_words() -> None:
    event = read(
        {
            "Event Source": "db-instance",
            "Event Time": "2026-11-18 10:00:00.046",
            "Source ID": "prod-docs-1",
            "Source ARN": "arn:aws:rds:us-east-1:111122223333:db:prod-docs-1",
            "Event ID": "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-0049",
            "Event Message": "Multi-AZ instance failover completed",
        }
    )
    assert (event.kind, event.component, event.at) == ("failover", "documents", 1_794_996_000)
    assert event.document["event_id"] == "RDS-EVENT-0049"
    assert event.title == "prod-docs-1: Multi-AZ instance failover completed (RDS-EVENT-0049)"


def test_elasticache_tells_of_a_node() -> None:
    event = read({"ElastiCache:FailoverComplete": "prod-cache", "Cache Cluster ID": "prod-cache-0001-001"})
    assert (event.kind, event.component, event.document["phase"]) == ("failover", "cache", "completed")
    assert read({"ElastiCache:Surprise": "prod-cache"}).kind == "other"


SERVICE = "arn:aws:ecs:us-east-1:111122223333:service/demo/api"


def test_a_deployment_has_its_id_and_state() -> None:
    detail = {"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": "ecs-svc/1", "reason": "breaker"}
    event = read(envelope("ECS Deployment State Change", detail | {"updatedAt": "2026-11-18T10:00:01Z"}, SERVICE))
    assert (event.kind, event.component, event.at) == ("deployment", "api", 1_794_996_001)
    assert (event.document["deployment"], event.document["state"]) == ("ecs-svc/1", "failed")
    assert event.title == "deployment of api failed: breaker"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("SERVICE_TASK_PLACEMENT_FAILURE", "scaling"), ("SERVICE_STEADY_STATE", "other"), ("SOMETHING_NEW", "other")],
)
def test_an_action_of_a_service_is_of_its_kind(name: str, kind: str) -> None:
    event = read(envelope("ECS Service Action", {"eventName": name}, SERVICE))
    assert (event.kind, event.component) == (kind, "api")


def test_a_task_that_died_is_a_restart_and_one_that_was_stopped_is_not() -> None:
    detail = {
        "clusterArn": "arn:aws:ecs:us-east-1:111122223333:cluster/demo",
        "group": "service:api",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [{"reason": "OutOfMemoryError: Container killed due to memory usage"}],
    }
    died = read(envelope("ECS Task State Change", detail))
    assert (died.kind, died.component) == ("restart", "api")
    assert "OutOfMemoryError" in died.title
    assert read(envelope("ECS Task State Change", detail | {"stopCode": "ServiceSchedulerInitiated"})).kind == "other"


@pytest.mark.parametrize(
    ("what", "detail", "kind", "phase"),
    [
        ("Backup", {"state": "COMPLETED"}, "backup", None),
        ("Copy", {"state": "FAILED"}, "backup", None),
        ("Restore", {"status": "COMPLETED"}, "restore", "completed"),
        ("Restore", {"status": "RUNNING"}, "restore", None),
    ],
)
def test_jobs_of_aws_backup(what: str, detail: dict[str, Any], kind: str, phase: str | None) -> None:
    times = {"creationDate": "2026-11-18T09:00:00Z", "completionDate": "2026-11-18T09:40:00Z"}
    about = {"resourceArn": "arn:aws:s3:::prod-media", "restoreJobId": "j1"}
    event = read(envelope(f"{what} Job State Change", {**detail, **times, **about}))
    assert (event.kind, event.component, event.document.get("phase")) == (kind, "media", phase)
    assert event.document.get("ended_at", 0) - event.document.get("started_at", 0) == (2400 if phase else 0)


def test_of_an_api_call_who_and_what_are_kept_and_no_parameter() -> None:
    detail = {
        "eventName": "ModifyDBInstance",
        "eventSource": "rds.amazonaws.com",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/kim"},
        "requestParameters": {"dBInstanceIdentifier": "prod-pg", "masterUserPassword": "hunter2"},
    }
    event = read(envelope("AWS API Call via CloudTrail", detail))
    assert (event.kind, event.component) == ("configuration", "database")
    assert event.title == "rds:ModifyDBInstance by arn:aws:iam::111122223333:user/kim"
    assert "hunter2" not in repr(event)
    assert read(envelope("AWS API Call via CloudTrail", detail | {"errorCode": "AccessDenied"})).kind == "other"
    assert read(envelope("AWS API Call via CloudTrail", detail | {"eventName": "DescribeDBInstances"})).kind == "other"


def test_anything_else_is_an_event_too() -> None:
    assert read("the house burns").title == "the house burns"
    assert read("", "a subject").title == "a subject"
    assert read("").title == "an empty message"
    event = read(envelope("EC2 Spot Instance Interruption Warning", {}, "arn:aws:s3:::prod-media"))
    assert (event.kind, event.component, event.title) == ("other", "media", "EC2 Spot Instance Interruption Warning")


def test_what_claims_to_be_of_the_future_happened_when_it_came() -> None:
    assert read(ALARM | {"StateChangeTime": "2099-01-01T00:00:00Z"}).at == NOW
    assert read(ALARM | {"StateChangeTime": "soon"}).at == NOW - 5


def test_text_is_one_line_of_bounded_length_without_hidden_characters() -> None:
    event = read(ALARM | {"NewStateReason": "a\nb\u0000\u202e" + "x" * 5000})
    assert len(event.title) <= 300
    assert not set("\n\u0000\u202e") & set(repr(event.document) + event.title)


def test_a_deeply_nested_message_is_an_event() -> None:
    assert read("[" * 100_000).kind == "other"
    deep = '{"Dimensions":' * 200 + "1" + "}" * 200
    assert read(json.dumps(ALARM)[:-1] + f', "Trigger": {deep}' + "}").kind == "alarm"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["AlarmName", "NewStateValue", "Trigger", "detail-type", "detail", "resources", "time", "Event Source", "Event Message"]
)
TYPES = st.sampled_from(["ECS Task State Change", "RDS DB Instance Event", "Restore Job State Change", "ECS Service Action"])
NAMES = st.sampled_from(["containers", "state", "EventCategories", "creationDate", "EventID", "requestParameters", "group"])


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(FIELDS, JSON), TYPES, st.dictionaries(NAMES, JSON))
def test_no_message_breaks_the_reading(message: dict[str, Any], detail_type: str, detail: dict[str, Any]) -> None:
    for told in (message, {**message, "detail-type": detail_type, "detail": detail}):
        event = read(told)
        assert event.id == "sns/1"
        assert 0 <= event.at <= NOW + 300
        json.dumps(dict(event.document))
