from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.logs import AT_ONCE, BYTES, Logs
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from tests.support.serving import serving
from tests.support.simulated import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 29_900_160
COUNT = "stats count(*) as n by bin(1m)"


@pytest.fixture
def client() -> Iterator[Any]:
    clock = ManualClock(NOW * 60.0)
    app = create_app(CloudWatch(clock, lambda *_: None), clock, targets=Logs(DemoModel(7).stream, clock, page=2).targets())
    with serving(app) as url:
        yield boto3.client(
            "logs",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )


def start(client: Any, query: str = COUNT, group: str = "/aws/ecs/api", minutes: int = 3) -> str:
    begin = (NOW - minutes) * 60
    answer = client.start_query(logGroupIdentifiers=[group], startTime=begin, endTime=NOW * 60, queryString=query)
    return str(answer["queryId"])


def test_a_query_runs_and_then_has_a_row_for_each_minute_page_by_page(client: Any) -> None:
    query = start(client)
    assert client.get_query_results(queryId=query)["status"] == "Running"
    first = client.get_query_results(queryId=query)
    more = client.get_query_results(queryId=query, nextToken=first["nextToken"])
    rows = [*first["results"], *more["results"]]
    assert (first["status"], len(rows), "nextToken" in more) == ("Complete", 3, False)
    assert [cell["field"] for cell in rows[0]] == ["bin(1m)", "n"]
    counted = sum(int(row[1]["value"]) for row in rows)
    assert first["statistics"]["bytesScanned"] == counted * BYTES == first["statistics"]["recordsMatched"] * BYTES


def test_a_filter_scans_as_much_and_matches_less(client: Any) -> None:
    found = {}
    for query in (COUNT, f"filter status >= 500\n| {COUNT}", f"filter status < 500\n| {COUNT}"):
        name = start(client, query, minutes=60)
        client.get_query_results(queryId=name)
        found[query] = client.get_query_results(queryId=name)["statistics"]
    every, bad, good = (found[query]["recordsMatched"] for query in found)
    assert 0 < bad < good
    assert bad + good == every
    assert len({statistics["bytesScanned"] for statistics in found.values()}) == 1


def test_only_a_running_query_can_be_stopped_and_then_it_has_no_result(client: Any) -> None:
    query = start(client)
    assert client.stop_query(queryId=query)["success"] is True
    assert client.get_query_results(queryId=query)["status"] == "Cancelled"
    assert refusal(client.stop_query, queryId=query) == "InvalidParameterException"


def test_what_it_does_not_know_is_refused_as_aws_would(client: Any) -> None:
    assert refusal(client.get_query_results, queryId="none") == "ResourceNotFoundException"
    assert refusal(client.describe_log_groups) == "UnknownOperationException"
    request = {"logGroupIdentifiers": ["/aws/ecs/api"], "queryString": COUNT}
    assert refusal(client.start_query, **request, startTime=120, endTime=60) == "InvalidParameterException"
    times = {"startTime": 0, "endTime": 60}
    assert refusal(client.start_query, **(request | times | {"queryString": "limit 5"})) == "MalformedQueryException"
    gone = request | times | {"logGroupIdentifiers": ["/gone"]}
    assert refusal(client.start_query, **gone) == "ResourceNotFoundException"


def test_it_runs_thirty_queries_at_once(client: Any) -> None:
    for _ in range(AT_ONCE):
        start(client)
    request = {"logGroupIdentifiers": ["/aws/ecs/api"], "queryString": COUNT, "startTime": 0, "endTime": 60}
    assert refusal(client.start_query, **request) == "LimitExceededException"
