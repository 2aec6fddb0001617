from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from alerts.alarms import default_alarm, tag_value
from app.simulator.alarm_config import metric_alarm
from slo.catalog.signal import DefaultAlarm
from slo.errors import ProvisionError
from slo.estate.indicator import MetricQuery
from slo.estate.spec import Account, Component, Estate
from slo.resource import Place

HERE = Place("main", "us-east-1", "111122223333")
DATABASE = Component("database", "rds", display_name="PostgreSQL", owner="team data", runbook="https://runbooks.example/db")
ESTATE = Estate("prod", (Account("main", "111122223333", "us-east-1"),), (DATABASE,))
CPU = MetricQuery("main", "us-east-1", "AWS/RDS", "CPUUtilization", (("DBInstanceIdentifier", "pg"),), "Average")
HIGH = DefaultAlarm("cpu-high", {"m1": CPU}, None, ">", Decimal(90), 60, 4, 5, "breaching", "ticket", "CPU above 90 %.", "AWS")


def test_a_default_alarm_is_the_request_that_cloudwatch_takes() -> None:
    made = default_alarm(ESTATE, DATABASE, HIGH, HERE)
    assert made.name == "sloop/prod/database/cpu-high"
    assert made.spec == {
        "ActionsEnabled": True,
        "AlarmActions": ["arn:aws:sns:us-east-1:111122223333:sloop-prod-tickets"],
        "AlarmDescription": "ticket: PostgreSQL: CPU above 90 %. Source: AWS Runbook: https://runbooks.example/db",
        "ComparisonOperator": "GreaterThanThreshold",
        "DatapointsToAlarm": 4,
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "pg"}],
        "EvaluationPeriods": 5,
        "InsufficientDataActions": [],
        "MetricName": "CPUUtilization",
        "Namespace": "AWS/RDS",
        "OKActions": ["arn:aws:sns:us-east-1:111122223333:sloop-prod-tickets"],
        "Period": 60,
        "Statistic": "Average",
        "Threshold": 90,
        "TreatMissingData": "breaching",
    }
    assert metric_alarm({"AlarmName": made.name, **made.spec}, "us-east-1").threshold == 90.0


def test_what_pages_goes_to_the_pages_topic_and_tells_when_it_is_over() -> None:
    spec = default_alarm(ESTATE, DATABASE, replace(HIGH, severity="page"), HERE).spec
    assert spec["AlarmActions"] == spec["OKActions"] == ["arn:aws:sns:us-east-1:111122223333:sloop-prod-pages"]
    assert spec["AlarmDescription"].startswith("page: ")


def test_it_is_tagged_with_its_owner_and_with_what_it_was_made_from() -> None:
    made = default_alarm(ESTATE, DATABASE, HIGH, HERE)
    assert made.tags == {
        "sloop:managed-by": "sloop",
        "sloop:estate": "prod",
        "sloop:component": "database",
        "sloop:owner": "team data",
        "sloop:spec-sha": made.spec_sha,
    }
    assert default_alarm(ESTATE, DATABASE, replace(HIGH, threshold=Decimal(91)), HERE).spec_sha != made.spec_sha


def test_a_percentile_is_an_extended_statistic() -> None:
    spec = default_alarm(ESTATE, DATABASE, replace(HIGH, queries={"m1": replace(CPU, stat="p99")}), HERE).spec
    assert spec["ExtendedStatistic"] == "p99"
    assert "Statistic" not in spec


def test_an_expression_makes_a_math_alarm_whose_result_is_watched() -> None:
    alarm = replace(HIGH, queries={"m1": CPU, "m2": replace(CPU, metric="Other")}, expression="m1 / m2")
    spec = default_alarm(ESTATE, DATABASE, alarm, HERE).spec
    assert [(q["Id"], q["ReturnData"]) for q in spec["Metrics"]] == [("m1", False), ("m2", False), ("result", True)]
    assert "MetricName" not in spec


def test_a_description_stays_one_line_within_the_limit() -> None:
    loud = replace(HIGH, reason="so\nloud " * 400)
    text = default_alarm(ESTATE, DATABASE, loud, HERE).spec["AlarmDescription"]
    assert len(text) <= 1024
    assert "\n" not in text


def test_what_cloudwatch_would_refuse_is_refused_here_with_the_name() -> None:
    with pytest.raises(ProvisionError, match="sloop/prod/database/cpu-high"):
        default_alarm(ESTATE, DATABASE, replace(HIGH, period=86_400, periods=8, datapoints=8), HERE)


def test_a_tag_holds_only_what_aws_takes() -> None:
    assert tag_value("Équipe <données> & co, a@b.c") == "_quipe _donn_es_ _ co_ a@b.c"
    assert len(tag_value("x" * 300)) == 256
