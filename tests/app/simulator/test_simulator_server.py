from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.app.simulator.conftest import Account

NAMES = ("boto3", "botocore", "sqlalchemy", "fastapi", "pydantic")


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The simulator as the demo starts it, a thousand times as fast as time, and its address."""
    command = [sys.executable, "-m", "app.simulator", "--exit-with-stdin", "--speed", "1000", "--origin-estate", "1800000000"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        line = started.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:")
        yield started, line.split()[-1]
        started.stdin.close()
        assert started.wait(10) == 0


def client(service: Any, address: str) -> Any:
    return boto3.client(
        service, region_name="us-east-1", endpoint_url=address, aws_access_key_id="test", aws_secret_access_key="test"
    )


def test_a_process_serves_the_model_sns_and_alarms_on_one_port_and_ends_with_its_parent(
    process: tuple[subprocess.Popen[str], str],
) -> None:
    _, address = process
    assert httpx.get(f"{address}/healthz").text == "ok"
    cloudwatch, sns = client("cloudwatch", address), client("sns", address)
    topic = sns.create_topic(Name="pager")["TopicArn"]
    metric = next(m for m in cloudwatch.list_metrics()["Metrics"] if m["MetricName"] == "RequestCount")
    cloudwatch.put_metric_alarm(
        AlarmName="traffic",
        **metric,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    deadline = time.monotonic() + 10
    while cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"] != "ALARM":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kinds = {i["HistoryItemType"] for i in cloudwatch.describe_alarm_history()["AlarmHistoryItems"]}
    cloudwatch.close()
    sns.close()
    assert kinds == {"ConfigurationUpdate", "StateUpdate", "Action"}


def test_the_simulator_stays_small_by_what_it_does_not_import() -> None:
    code = f"import sys, app.simulator.__main__; print([n for n in {NAMES} if n in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def test_a_fault_is_handed_to_the_model_with_its_estate_time(account: Account) -> None:
    answer = httpx.post(f"{account.url}/_sloop/faults", json={"name": "api-5xx", "start": 1_800_000_030.5})
    assert (answer.status_code, account.injected) == (200, [("api-5xx", 1_800_000_030.5)])


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"name": "x", "start": "soon"}'])
def test_a_fault_without_name_or_start_is_refused_with_a_reason(account: Account, body: bytes) -> None:
    answer = httpx.post(f"{account.url}/_sloop/faults", content=body)
    assert (answer.status_code, account.injected) == (400, [])
    assert "start" in answer.json()["detail"]


def test_a_call_to_a_service_that_is_not_here_is_an_error(account: Account) -> None:
    answer = httpx.post(f"{account.url}/", data={"Action": "ListQueues"})
    assert answer.status_code == 400
    assert json.loads(answer.text)["__type"].endswith("InvalidAction")
