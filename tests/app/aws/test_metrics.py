"""CloudWatchSource through a real socket: against the simulator, and against canned answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pytest
from botocore.config import Config

from app.ports import Span
from app.simulator.disturbance import Disturbance
from app.simulator.samples import MinuteSums
from slo.errors import AccessDenied, SourceError, Throttled
from slo.estate.indicator import EventRatio, GaugeQuery, MetricQuery
from slo.judge.answer import Failed, Series
from slo.judge.sli import measure
from tests.support.answering import Said, answering
from tests.support.simulated import Account, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.aws.metrics import CloudWatchSource
    from app.simulator.samples import Dimensions, Identity
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from slo.judge.series import Floats, Ints

NOW = 1_794_000_000.0
MINUTE = int(NOW) // 60
LAST_HOUR = Span(MINUTE - 60, MINUTE)


@pytest.fixture(scope="module")
def server() -> Iterator[Account]:
    with simulated() as account:
        yield account


@pytest.fixture
def account(server: Account) -> Account:
    server.begin(NOW + 5)
    return server


@pytest.fixture
def source(account: Account, source_at: Callable[..., CloudWatchSource]) -> CloudWatchSource:
    return source_at(account.url)


def query(metric: str = "Errors", stat: str = "Sum", **dimensions: str) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Shop", metric, tuple(dimensions.items()), stat)


def put(source: CloudWatchSource, *data: tuple[MetricQuery, int, float]) -> None:
    client = source._session.client("cloudwatch", None, "us-east-1")
    rows = [
        {
            "MetricName": q.metric,
            "Dimensions": [{"Name": n, "Value": v} for n, v in q.dimensions],
            "Timestamp": m * 60,
            "Value": value,
        }
        for q, m, value in data
    ]
    for first in range(0, len(rows), 1000):
        client.put_metric_data(Namespace="Shop", MetricData=rows[first : first + 1000])


def values(answer: Answer) -> dict[int, float]:
    assert isinstance(answer, Series), answer
    return dict(zip(answer.minutes.tolist(), answer.values.tolist(), strict=True))


def reason(answer: Answer) -> str:
    assert isinstance(answer, Failed)
    assert "\n" not in answer.message
    return answer.message


def counts_of(calls: Sequence[tuple[str, Any]]) -> list[int]:
    return [len(request["MetricDataQueries"]) for operation, request in calls if operation == "GetMetricData"]


def test_values_stand_at_their_minutes_and_a_minute_without_a_datapoint_is_absent(source: CloudWatchSource) -> None:
    put(source, (query(), MINUTE - 3, 7), (query(), MINUTE - 3, 0.5), (query(), MINUTE - 1, 2))
    asked = [query(), query(stat="SampleCount"), query(stat="Maximum"), query("Nobody")]
    answers = source.fetch(asked, LAST_HOUR)
    assert [values(answers[q]) for q in asked] == [
        {MINUTE - 3: 7.5, MINUTE - 1: 2.0},
        {MINUTE - 3: 2.0, MINUTE - 1: 1.0},
        {MINUTE - 3: 7.0, MINUTE - 1: 2.0},
        {},
    ]


def test_start_is_inside_the_span_and_end_is_not(source: CloudWatchSource) -> None:
    put(source, *((query(), MINUTE - ago, ago) for ago in range(1, 8)))
    assert values(source.fetch([query()], Span(MINUTE - 5, MINUTE - 2))[query()]) == {MINUTE - ago: ago for ago in (5, 4, 3)}


def test_buckets_of_5_minutes_stand_at_their_first_minute(account: Account, source: CloudWatchSource) -> None:
    assert MINUTE % 5 == 0
    put(source, *((query(), MINUTE - ago, ago) for ago in range(1, 11)))
    account.clock.advance(20 * 86400)
    assert values(source.fetch([query()], LAST_HOUR)[query()]) == {}
    coarse = Span(MINUTE - 60, MINUTE, 5)
    answers = source.fetch([query()], coarse)
    assert values(answers[query()]) == {MINUTE - 10: 40, MINUTE - 5: 15}
    found = measure(EventRatio((query(),), bad=(query(),)), answers, coarse.start, coarse.end, period=5).slices
    assert (len(found), int(found.total.sum()), bool(found.coarse.all())) == (10, 55, True)


def test_more_than_500_queries_go_in_several_calls_and_each_gets_its_own_values(
    account: Account, source: CloudWatchSource
) -> None:
    many = [query(Host=f"h{n}") for n in range(1100)]
    put(source, *((q, MINUTE - 2, n) for n, q in enumerate(many)))
    answers = source.fetch([*many, many[0]], LAST_HOUR)
    assert counts_of(account.calls) == [500, 500, 100]
    assert [values(answers[q]) for q in many] == [{MINUTE - 2: n} for n in range(1100)]


def test_regions_are_asked_apart(account: Account, source: CloudWatchSource) -> None:
    abroad = MetricQuery(None, "eu-west-1", "Shop", "Errors", (), "Sum")
    assert set(source.fetch([query(), abroad], LAST_HOUR)) == {query(), abroad}
    assert counts_of(account.calls) == [1, 1]


@dataclass(frozen=True, slots=True)
class Endless:
    """A metric with a datapoint in every minute there is: the minute plus `number`, modulo 97."""

    number: int

    def sums(self, start: int, end: int) -> MinuteSums:
        values = self.at(np.arange(start, end))
        return MinuteSums(values, np.ones(end - start), values, values)

    def at(self, minutes: Ints) -> Floats:
        return ((minutes + self.number) % 97).astype(np.float64)

    def distribution(self, start: int, end: int) -> None:
        """Not asked for."""


class AnyNumber:
    """Provides a metric for every number that is a name."""

    def series(self, _namespace: str, metric: str, _dimensions: Dimensions) -> Endless:
        return Endless(int(metric))

    def identities(self) -> tuple[Identity, ...]:
        return ()


def test_more_than_100800_datapoints_come_in_pages_that_fit_together(account: Account, source: CloudWatchSource) -> None:
    account.begin(NOW + 30, AnyNumber())
    span = Span(MINUTE - 14 * 1440, MINUTE)
    asked = [query(str(n)) for n in range(11)]
    answers = source.fetch(asked, span)
    assert counts_of(account.calls) == [11, 11, 11]  # 11 x 20,160 datapoints
    assert ["NextToken" in request for _, request in account.calls] == [False, True, True]
    minutes = np.arange(span.start, span.end)
    for number, one in enumerate(asked):
        found = answers[one]
        assert isinstance(found, Series)
        assert np.array_equal(found.minutes, minutes)
        assert np.array_equal(found.values, Endless(number).at(minutes))


def test_the_simulator_tells_boto3_the_same(account: Account, source: CloudWatchSource) -> None:
    account.begin(NOW + 30, AnyNumber())
    span, asked = Span(MINUTE - 2 * 1440, MINUTE), [query(str(n)) for n in range(40)]
    client = boto3.Session().client("cloudwatch", region_name="us-east-1")
    metrics = [{"Namespace": "Shop", "MetricName": q.metric} for q in asked]
    stats: list[dict[str, Any]] = [
        {"Id": f"q{n}", "MetricStat": {"Metric": m, "Period": 60, "Stat": "Sum"}} for n, m in enumerate(metrics)
    ]
    told: dict[str, dict[int, float]] = {stat["Id"]: {} for stat in stats}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=stats, StartTime=span.start * 60, EndTime=span.end * 60, ScanBy="TimestampAscending"
    )
    for one in (one for page in pages for one in page["MetricDataResults"]):
        told[one["Id"]] |= {int(t.timestamp()) // 60: v for t, v in zip(one["Timestamps"], one["Values"], strict=True)}
    client.close()
    answers = source.fetch(asked, span)
    assert [values(answers[q]) for q in asked] == list(told.values())
    assert len(account.calls) == 4


def test_one_impossible_query_fails_alone_although_aws_refuses_the_whole_call(
    account: Account, source: CloudWatchSource
) -> None:
    good = [query(Host=f"h{n}") for n in range(20)]
    put(source, *((q, MINUTE - 1, 1) for q in good))
    no_such_stat, no_value = query(stat="TM(10%:90%)"), query(Host="")
    answers = source.fetch([*good[:7], no_such_stat, *good[7:], no_value], LAST_HOUR)
    assert "TM(10%:90%)" in reason(answers[no_such_stat])
    assert "Dimensions[0].Value" in reason(answers[no_value])
    assert all(values(answers[q]) == {MINUTE - 1: 1} for q in good)
    assert len(counts_of(account.calls)) < 20


def test_half_an_answer_is_a_failure_and_not_a_gap(account: Account, source: CloudWatchSource) -> None:
    put(source, (query(), MINUTE - 2, 1), (query(), MINUTE - 1, 1))
    account.disturb = lambda *_: Disturbance("partial")
    assert reason(source.fetch([query()], LAST_HOUR)[query()]) == "Shop Errors: PartialData"


def test_throttling_is_tried_again_and_then_retryable(account: Account, source_at: Callable[..., CloudWatchSource]) -> None:
    source = source_at(account.url, Config(retries={"mode": "standard", "total_max_attempts": 2}))
    account.disturb = lambda *_: Disturbance("throttle")
    with pytest.raises(Throttled, match="cloudwatch:GetMetricData: Throttling: Rate exceeded") as caught:
        source.fetch([query()], LAST_HOUR)
    assert caught.value.retryable
    assert counts_of(account.calls) == [1, 1]


def test_one_throttled_try_is_not_noticed(account: Account, source_at: Callable[..., CloudWatchSource]) -> None:
    source = source_at(account.url, Config(retries={"mode": "standard", "total_max_attempts": 2}))
    put(source, (query(), MINUTE - 1, 3))
    account.disturb = lambda *_: Disturbance("throttle") if len(account.calls) == 2 else None
    assert values(source.fetch([query()], LAST_HOUR)[query()]) == {MINUTE - 1: 3}


@pytest.mark.parametrize(
    ("kind", "error", "text", "retryable"),
    [
        ("error", SourceError, "InternalServiceError", True),
        ("forbidden", AccessDenied, "allow the IAM action cloudwatch:GetMetricData", False),
    ],
)
def test_a_call_that_aws_refuses_is_an_error_with_its_cause(
    account: Account, source: CloudWatchSource, kind: Any, error: type[SourceError], text: str, retryable: bool
) -> None:
    account.disturb = lambda *_: Disturbance(kind)
    with pytest.raises(error, match=text) as caught:
        source.fetch([query()], LAST_HOUR)
    assert caught.value.retryable is retryable
    assert "\n" not in str(caught.value)


def test_a_region_that_fails_does_not_stop_the_others(account: Account, source: CloudWatchSource) -> None:
    abroad = MetricQuery(None, "eu-west-1", "Shop", "Errors", (), "Sum")
    nowhere = MetricQuery(None, "no/where", "Shop", "Errors", (), "Sum")
    put(source, (query(), MINUTE - 1, 3))
    account.disturb = lambda *_: Disturbance("error") if len(account.calls) == 2 else None
    answers = source.fetch([abroad, nowhere, query()], LAST_HOUR)
    assert "InternalServiceError" in reason(answers[abroad])
    assert "no/where" in reason(answers[nowhere])
    assert values(answers[query()]) == {MINUTE - 1: 3}


def test_an_endpoint_that_is_not_there_is_one_line_and_retryable(source_at: Callable[..., CloudWatchSource]) -> None:
    with answering(lambda _: Said(200, [])) as url:
        source = source_at(url)
    with pytest.raises(SourceError, match="cloudwatch:GetMetricData: Could not connect") as caught:
        source.fetch([query()], LAST_HOUR)
    assert caught.value.retryable
    assert "\n" not in str(caught.value)


def test_an_endpoint_that_is_no_address_is_an_error_too(source_at: Callable[..., CloudWatchSource]) -> None:
    with pytest.raises(SourceError, match="cloudwatch in us-east-1: ") as caught:
        source_at("not an address").fetch([query()], LAST_HOUR)
    assert not caught.value.retryable


def result(number: int, *points: tuple[int, float], status: str = "Complete", **more: Any) -> dict[str, Any]:
    stamps, found = [m * 60.0 for m, _ in points], [v for _, v in points]
    return {"Id": f"q{number}", "Label": "x", "Timestamps": stamps, "Values": found, "StatusCode": status, **more}


def canned(*pages: dict[str, Any]) -> Callable[[object], Said]:
    """One page after the other, the last one for ever."""
    left = list(pages)

    def answer(_asked: object) -> Said:
        page = left.pop(0) if len(left) > 1 else left[0]
        return Said(200, [json.dumps(page).encode()], "application/x-amz-json-1.0")

    return answer


def test_a_forbidden_series_names_the_missing_permission_and_the_others_answer(
    source_at: Callable[..., CloudWatchSource],
) -> None:
    notes = [{"Code": "Forbidden", "Value": "not yours"}]
    page = {"MetricDataResults": [result(0, status="Forbidden", Messages=notes), result(1, (MINUTE - 1, 5))]}
    with answering(canned(page)) as url:
        answers = source_at(url).fetch([query("Theirs"), query()], LAST_HOUR)
    assert reason(answers[query("Theirs")]) == "Shop Theirs: forbidden not yours; allow the IAM action cloudwatch:GetMetricData"
    assert values(answers[query()]) == {MINUTE - 1: 5}


def test_an_internal_error_of_one_series_and_a_series_that_was_left_out_are_failures(
    source_at: Callable[..., CloudWatchSource],
) -> None:
    page = {"MetricDataResults": [result(0, (MINUTE - 2, 1), status="InternalError"), result(2, (MINUTE - 1, 5))]}
    asked = [query("Broken"), query("Forgotten"), query()]
    with answering(canned(page)) as url:
        answers = source_at(url).fetch(asked, LAST_HOUR)
    assert [reason(answers[q]) for q in asked[:2]] == ["Shop Broken: InternalError", "Shop Forgotten: missing from the answer"]
    assert values(answers[query()]) == {MINUTE - 1: 5}


def test_pages_in_any_order_with_repeated_and_foreign_points_make_one_ascending_series(
    source_at: Callable[..., CloudWatchSource],
) -> None:
    first = result(0, (MINUTE - 1, 1), (MINUTE - 3, 3), status="PartialData")
    second = result(0, (MINUTE - 2, 2), (MINUTE - 3, 3), (MINUTE, 9), (MINUTE - 61, 9))
    pages = [{"MetricDataResults": [first], "NextToken": "2"}, {"MetricDataResults": [second], "NextToken": ""}]
    with answering(canned(*pages)) as url:
        answer = source_at(url).fetch([query()], LAST_HOUR)[query()]
    assert list(values(answer).items()) == [(MINUTE - 3, 3), (MINUTE - 2, 2), (MINUTE - 1, 1)]


def test_a_token_that_comes_twice_would_page_for_ever_so_it_is_an_error(source_at: Callable[..., CloudWatchSource]) -> None:
    page = {"MetricDataResults": [result(0, (MINUTE - 1, 5))], "NextToken": "again"}
    with answering(canned(page)) as url, pytest.raises(SourceError, match="the same NextToken came twice") as caught:
        source_at(url).fetch([query()], LAST_HOUR)
    assert caught.value.retryable


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"{}", b"[]", b""])
def test_an_answer_that_is_none_is_never_read_as_no_traffic(source_at: Callable[..., CloudWatchSource], body: bytes) -> None:
    with answering(lambda _: Said(200, [body], "text/html")) as url:
        try:
            answer: Answer = source_at(url).fetch([query()], LAST_HOUR)[query()]
        except SourceError as error:
            answer = Failed(str(error))
    assert reason(answer)


def test_other_kinds_of_queries_are_a_mistake_of_ours(source: CloudWatchSource) -> None:
    foreign: Query = GaugeQuery("up")
    with pytest.raises(TypeError, match="not for CloudWatch"):
        source.fetch([foreign], LAST_HOUR)
