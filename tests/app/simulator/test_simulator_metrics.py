from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from app.simulator.disturbance import Disturbance
from app.simulator.samples import Identity
from tests.support.simulated import refusal

if TYPE_CHECKING:
    from tests.app.simulator.conftest import Account

NOW = 1_800_000_000.0
MINUTE = int(NOW) // 60


def stat(name: str, statistic: str, *, period: int = 60, metric: str = "Errors", returned: bool = True) -> dict[str, Any]:
    query = {"Metric": {"Namespace": "Shop", "MetricName": metric}, "Period": period, "Stat": statistic}
    return {"Id": name, "MetricStat": query, "ReturnData": returned}


def read(account: Account, *queries: dict[str, Any], start: int = MINUTE - 60, end: int = MINUTE, **more: Any) -> Any:
    answer = account.client.get_metric_data(
        MetricDataQueries=list(queries), StartTime=start * 60, EndTime=end * 60, ScanBy="TimestampAscending", **more
    )
    return {r["Id"]: r for r in answer["MetricDataResults"]}


def test_what_was_put_is_read_back_per_minute_and_a_silent_minute_has_no_datapoint(account: Account) -> None:
    account.put(MINUTE - 3, 7)
    account.put(MINUTE - 1, 2)
    result = read(account, stat("a", "Sum"))["a"]
    assert result["Values"] == [7.0, 2.0]
    assert result["Timestamps"] == [datetime.fromtimestamp((MINUTE - m) * 60, UTC) for m in (3, 1)]
    assert (result["StatusCode"], result["Label"]) == ("Complete", "Errors")


def test_a_timestamp_inside_a_minute_belongs_to_that_minute(account: Account) -> None:
    data = [{"MetricName": "Errors", "Value": 1, "Timestamp": MINUTE * 60 - 0.5}]
    account.client.put_metric_data(Namespace="Shop", MetricData=data)
    assert read(account, stat("a", "Sum"))["a"]["Timestamps"] == [datetime.fromtimestamp((MINUTE - 1) * 60, UTC)]


def test_every_statistic_of_one_minute_comes_from_the_same_samples(account: Account) -> None:
    data = [{"MetricName": "Errors", "Values": [0.1, 0.3, 0.5], "Counts": [4.0, 5.0, 1.0], "Timestamp": (MINUTE - 1) * 60}]
    account.client.put_metric_data(Namespace="Shop", MetricData=data)
    stats = ["Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p99", "TC(:0.3)", "TC(0.1:0.3)", "PR(:0.3)"]
    results = read(account, *(stat(f"m{i}", s) for i, s in enumerate(stats)))
    values = [results[f"m{i}"]["Values"] for i in range(len(stats))]
    expected = [2.4, 0.24, 0.1, 0.5, 10.0, 0.3, 0.5, 9.0, 5.0, 90.0]
    assert [v for (v,) in values] == pytest.approx(expected)


def test_periods_are_aligned_to_themselves_and_aggregate_their_minutes(account: Account) -> None:
    for ago in range(1, 11):
        account.put(MINUTE - ago, ago)
    result = read(account, stat("a", "Sum", period=300), start=MINUTE - 12)["a"]
    assert result["Values"] == [40.0, 15.0]
    assert result["Timestamps"][0] == datetime.fromtimestamp((MINUTE - 10) * 60, UTC)


def test_a_minute_is_hidden_until_it_has_ended(account: Account) -> None:
    account.put(MINUTE, 1)
    assert read(account, stat("a", "Sum"), end=MINUTE + 5)["a"]["Values"] == []
    account.clock.advance(60)
    assert read(account, stat("a", "Sum"), end=MINUTE + 5)["a"]["Values"] == [1.0]


def test_fine_periods_are_forgotten_after_15_days_and_coarse_ones_are_kept(account: Account) -> None:
    account.put(MINUTE - 10, 3)
    account.clock.advance(15 * 86400)
    assert read(account, stat("a", "Sum"), stat("b", "Sum", period=300))["a"]["Values"] == []
    assert read(account, stat("a", "Sum"), stat("b", "Sum", period=300))["b"]["Values"] == [3.0]


def test_an_unknown_metric_is_an_empty_complete_answer(account: Account) -> None:
    result = read(account, stat("a", "Sum", metric="Nobody"))["a"]
    assert (result["Values"], result["StatusCode"]) == ([], "Complete")


def test_a_statistic_set_has_sums_but_no_percentiles(account: Account) -> None:
    summary = {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 5.0}
    account.client.put_metric_data(
        Namespace="Shop", MetricData=[{"MetricName": "Errors", "StatisticValues": summary, "Timestamp": (MINUTE - 1) * 60}]
    )
    results = read(account, stat("a", "Average"), stat("b", "p90"), stat("c", "TC(:2)"))
    assert [results[n]["Values"] for n in "abc"] == [[2.5], [], []]


def test_a_paginator_follows_small_pages_to_the_same_answer(account: Account) -> None:
    for ago in range(1, 21):
        account.put(MINUTE - ago, ago)
        account.put(MINUTE - ago, 2 * ago, "Requests")
    queries = [stat("a", "Sum"), stat("n", "Sum", metric="Nobody"), stat("b", "Sum", metric="Requests")]
    whole = read(account, *queries)
    pages = list(
        account.client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=(MINUTE - 60) * 60,
            EndTime=NOW,
            ScanBy="TimestampAscending",
            PaginationConfig={"PageSize": 7},
        )
    )
    results = [r for page in pages for r in page["MetricDataResults"]]
    assert len(pages) == 6
    assert all(sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 7 for page in pages)
    for name in "anb":
        assert [v for r in results if r["Id"] == name for v in r["Values"]] == whole[name]["Values"]
    assert [r["StatusCode"] for r in results if r["Id"] == "a"] == ["PartialData", "PartialData", "Complete"]


def test_pages_fit_together_although_new_datapoints_arrive_between_them(account: Account) -> None:
    for ago in range(1, 5):
        account.put(MINUTE - ago, ago)
    request = {
        "MetricDataQueries": [stat("a", "Sum")],
        "StartTime": (MINUTE - 9) * 60,
        "EndTime": NOW + 600,
        "MaxDatapoints": 2,
    }
    first = account.client.get_metric_data(**request)
    account.put(MINUTE, 99)
    account.clock.advance(60)
    second = account.client.get_metric_data(**request, NextToken=first["NextToken"])
    assert [v for page in (first, second) for v in page["MetricDataResults"][0]["Values"]] == [1.0, 2.0, 3.0, 4.0]


def test_a_token_of_another_request_is_refused(account: Account) -> None:
    account.put(MINUTE - 1, 1)
    account.put(MINUTE - 2, 1)
    request = {"MetricDataQueries": [stat("a", "Sum")], "StartTime": (MINUTE - 9) * 60, "EndTime": NOW, "MaxDatapoints": 1}
    token = account.client.get_metric_data(**request)["NextToken"]
    other = {**request, "MetricDataQueries": [stat("b", "Sum")], "NextToken": token}
    with pytest.raises(account.client.exceptions.InvalidNextToken):
        account.client.get_metric_data(**other)
    assert refusal(account.client.get_metric_data, **{**request, "NextToken": "nonsense"}) == "InvalidNextToken"


def test_newest_first_is_the_default_order(account: Account) -> None:
    account.put(MINUTE - 2, 2)
    account.put(MINUTE - 1, 1)
    answer = account.client.get_metric_data(MetricDataQueries=[stat("a", "Sum")], StartTime=(MINUTE - 9) * 60, EndTime=NOW)
    assert answer["MetricDataResults"][0]["Values"] == [1.0, 2.0]


def test_metric_math_treats_missing_as_zero_and_drops_division_by_zero(account: Account) -> None:
    account.put(MINUTE - 3, 1)
    account.put(MINUTE - 3, 4, "Requests")
    account.put(MINUTE - 2, 8, "Requests")
    account.put(MINUTE - 1, 5)
    hidden = [stat("e", "Sum", returned=False), stat("r", "Sum", metric="Requests", returned=False)]
    results = read(account, *hidden, {"Id": "ratio", "Expression": "e / r", "Label": "error ratio"})
    assert list(results) == ["ratio"]
    assert (results["ratio"]["Values"], results["ratio"]["Label"]) == ([0.25, 0.0], "error ratio")


def test_expressions_may_use_expressions_but_not_themselves(account: Account) -> None:
    account.put(MINUTE - 1, 6)
    doubled = {"Id": "d", "Expression": "h * 2"}
    assert read(account, doubled, {"Id": "h", "Expression": "a / 2"}, stat("a", "Sum"))["d"]["Values"] == [6.0]
    circle = [{"Id": "x", "Expression": "y + 1"}, {"Id": "y", "Expression": "x + 1"}]
    with pytest.raises(ClientError, match="is not another query"):
        read(account, *circle)


@pytest.mark.parametrize(
    "queries",
    [
        [stat(f"m{i}", "Sum") for i in range(501)],
        [stat("Upper", "Sum")],
        [stat("a", "Sum"), stat("a", "Average")],
        [stat("a", "p101")],
        [stat("a", "TM(10%:90%)")],
        [stat("a", "Sum", period=90)],
        [{"Id": "a"}],
        [{"Id": "a", "Expression": "nobody + 1"}],
        [{"Id": "a", "Expression": "1 + 1", "Period": 60}],
        [stat("a", "Sum"), stat("b", "Sum", period=300), {"Id": "c", "Expression": "a + b"}],
    ],
)
def test_what_aws_refuses_is_a_validation_error(account: Account, queries: list[dict[str, Any]]) -> None:
    arguments = {"MetricDataQueries": queries, "StartTime": NOW - 600, "EndTime": NOW}
    assert refusal(account.client.get_metric_data, **arguments) == "ValidationError"


def test_500_queries_in_one_call_are_answered(account: Account) -> None:
    account.put(MINUTE - 1, 1)
    results = read(account, *(stat(f"m{i}", "Sum") for i in range(500)))
    assert len(results) == 500
    assert all(r["Values"] == [1.0] for r in results.values())


def test_an_interval_that_ends_before_it_starts_is_refused(account: Account) -> None:
    arguments = {"MetricDataQueries": [stat("a", "Sum")], "StartTime": NOW, "EndTime": NOW}
    assert refusal(account.client.get_metric_data, **arguments) == "ValidationError"


@pytest.mark.parametrize(
    "datum",
    [
        {"Value": float("nan")},
        {"Value": float("inf")},
        {"Value": 1.0, "Timestamp": NOW - 15 * 86400},
        {"Value": 1.0, "Timestamp": NOW + 3 * 3600},
        {"Values": [1.0] * 151},
        {"Values": [1.0, 2.0], "Counts": [1.0]},
        {},
    ],
)
def test_data_that_aws_would_not_take_is_refused_as_a_whole(account: Account, datum: dict[str, Any]) -> None:
    good = {"MetricName": "Errors", "Value": 1.0, "Timestamp": NOW - 60}
    code = refusal(account.client.put_metric_data, Namespace="Shop", MetricData=[good, {"MetricName": "Errors", **datum}])
    assert code == "InvalidParameterValue"
    assert read(account, stat("a", "Sum"))["a"]["Values"] == []


def test_a_thousand_metrics_fit_in_one_compressed_put_and_one_more_does_not(account: Account) -> None:
    data = [{"MetricName": "Errors", "Value": 1.0, "Timestamp": NOW - 60}] * 1000
    account.client.put_metric_data(Namespace="Shop", MetricData=data)
    assert read(account, stat("a", "Sum"))["a"]["Values"] == [1000.0]
    assert refusal(account.client.put_metric_data, Namespace="Shop", MetricData=[*data, data[0]]) == "InvalidParameterValue"


def test_metrics_are_listed_by_name_and_dimension(account: Account) -> None:
    for queue in ("jobs", "mail"):
        dimensions = [{"Name": "Queue", "Value": queue}]
        data = [{"MetricName": "Age", "Value": 1.0, "Dimensions": dimensions, "Timestamp": NOW}]
        account.client.put_metric_data(Namespace="AWS/SQS", MetricData=data)
    account.put(MINUTE, 1)
    everything = account.client.list_metrics()["Metrics"]
    assert {m["MetricName"] for m in everything} == {"Age", "Errors"}
    found = account.client.list_metrics(Namespace="AWS/SQS", Dimensions=[{"Name": "Queue", "Value": "mail"}])["Metrics"]
    assert found == [{"Namespace": "AWS/SQS", "MetricName": "Age", "Dimensions": [{"Name": "Queue", "Value": "mail"}]}]


def test_metrics_of_linked_accounts_are_listed_with_their_owners_only_when_they_are_asked_for(account: Account) -> None:
    account.put(MINUTE - 1, 1)
    theirs = Identity("Shop", "Errors", frozenset({("Host", "theirs")}))
    account.cloudwatch.store.link("444455556666").samples(theirs).cell(MINUTE - 1).add_values([(2.0, 1)])
    ask = account.client.list_metrics
    assert [m["Dimensions"] for m in ask()["Metrics"]] == [[]]
    assert ask(IncludeLinkedAccounts=True)["OwningAccounts"] == [account.cloudwatch.store.account, "444455556666"]
    found = ask(IncludeLinkedAccounts=True, OwningAccount="444455556666")
    assert [m["Dimensions"] for m in found["Metrics"]] == [[{"Name": "Host", "Value": "theirs"}]]
    assert refusal(ask, OwningAccount="444455556666") == "ValidationError"


def test_a_query_is_of_the_account_that_it_names_and_of_no_other(account: Account) -> None:
    account.put(MINUTE - 1, 1)
    theirs = Identity("Shop", "Errors", frozenset())
    account.cloudwatch.store.link("444455556666").samples(theirs).cell(MINUTE - 1).add_values([(2.0, 1)])
    own = account.cloudwatch.store.account
    asked = [stat("a", "Sum"), {**stat("b", "Sum"), "AccountId": "444455556666"}, {**stat("c", "Sum"), "AccountId": own}]
    assert [r["Values"] for r in read(account, *asked).values()] == [[1], [2], [1]]
    unlinked = {**stat("a", "Sum"), "AccountId": "000011112222"}
    arguments = {"MetricDataQueries": [unlinked], "StartTime": NOW - 600, "EndTime": NOW}
    assert refusal(account.client.get_metric_data, **arguments) == "ValidationError"


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "Throttling"), ("error", "InternalServiceError"), ("forbidden", "AccessDenied")]
)
def test_a_disturbed_request_fails_as_aws_fails(account: Account, kind: Any, code: str) -> None:
    account.disturb = lambda operation, _: Disturbance(kind) if operation == "GetMetricData" else None
    account.put(MINUTE - 1, 1)
    arguments = {"MetricDataQueries": [stat("a", "Sum")], "StartTime": NOW - 600, "EndTime": NOW}
    assert refusal(account.client.get_metric_data, **arguments) == code


def test_a_partial_answer_says_so(account: Account) -> None:
    account.put(MINUTE - 2, 1)
    account.put(MINUTE - 1, 2)
    account.disturb = lambda operation, _: Disturbance("partial") if operation == "GetMetricData" else None
    result = read(account, stat("a", "Sum"))["a"]
    assert (result["Values"], result["StatusCode"]) == ([1.0], "PartialData")


def test_an_interval_of_decades_reads_only_what_is_kept(account: Account) -> None:
    account.put(MINUTE - 1, 4)
    result = read(account, stat("a", "Sum"), stat("d", "Sum", period=86400), start=0, end=2 * MINUTE)
    assert result["a"]["Values"] == result["d"]["Values"] == [4.0]
