"""What every source of metrics does, on the in-memory twin and on CloudWatch: boto3 over HTTP to the simulator and to moto."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.retries import Retries
from app.aws.session import AwsSession
from app.memory.source import MemorySource
from app.ports import Span
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Failed, Series
from tests.support.moto_account import ONE_TRY
from tests.support.simulated import environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Source
    from slo.judge.answer import Answer

MINUTE = 29_900_000
"""A multiple of 5."""
LAST_HOUR = Span(MINUTE - 60, MINUTE)
REQUESTS = MetricQuery(None, "us-east-1", "AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/shop/1"),), "Sum")


class World(Protocol):
    @property
    def source(self) -> Source: ...

    def put(self, query: MetricQuery, minute: int, *samples: float) -> None:
        """A minute's samples of the query's metric."""
        ...


class MemoryWorld:
    def __init__(self) -> None:
        self.source = MemorySource()

    def put(self, query: MetricQuery, minute: int, *samples: float) -> None:
        self.source.report(query, minute, sum(samples))


class AwsWorld:
    def __init__(self) -> None:
        self.session = AwsSession({}, config=ONE_TRY)
        self.source = CloudWatchSource(self.session, Retries(lambda _: None))

    def put(self, query: MetricQuery, minute: int, *samples: float) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions]
        rows = [
            {"MetricName": query.metric, "Dimensions": dimensions, "Timestamp": minute * 60 + 7, "Value": sample}
            for sample in samples
        ]
        self.session.client("cloudwatch").put_metric_data(Namespace=query.namespace, MetricData=rows)


def _on_aws(request: pytest.FixtureRequest) -> Iterator[AwsWorld]:
    if request.param == "moto":
        request.getfixturevalue("moto")
        yield AwsWorld()
        return
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    with simulated() as account:
        account.begin(MINUTE * 60.0 + 30)
        for name, value in environment(account.url).items():
            patch.setenv(name, value)
        yield AwsWorld()


@pytest.fixture(params=["simulator", "moto"])
def cloudwatch(request: pytest.FixtureRequest) -> Iterator[AwsWorld]:
    yield from _on_aws(request)


@pytest.fixture(params=["memory", "simulator", "moto"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
    else:
        yield from _on_aws(request)


def values(answer: Answer) -> dict[int, float]:
    assert isinstance(answer, Series), answer
    return dict(zip(answer.minutes.tolist(), answer.values.tolist(), strict=True))


def test_a_value_stands_at_its_minute_and_a_minute_without_a_datapoint_is_absent(world: World) -> None:
    world.put(REQUESTS, MINUTE - 3, 7)
    world.put(REQUESTS, MINUTE - 1, 2)
    assert values(world.source.fetch([REQUESTS], LAST_HOUR)[REQUESTS]) == {MINUTE - 3: 7, MINUTE - 1: 2}


def test_a_metric_that_nobody_sent_has_no_values_and_is_no_failure(world: World) -> None:
    assert values(world.source.fetch([REQUESTS], LAST_HOUR)[REQUESTS]) == {}


def test_the_first_minute_of_a_span_is_told_and_the_one_at_its_end_is_not(world: World) -> None:
    for ago in range(1, 8):
        world.put(REQUESTS, MINUTE - ago, ago)
    answer = world.source.fetch([REQUESTS], Span(MINUTE - 5, MINUTE - 2))[REQUESTS]
    assert values(answer) == {MINUTE - 5: 5, MINUTE - 4: 4, MINUTE - 3: 3}


def test_buckets_of_5_minutes_are_sums_at_their_first_minute(world: World) -> None:
    for ago in range(1, 11):
        world.put(REQUESTS, MINUTE - ago, ago)
    answer = world.source.fetch([REQUESTS], Span(MINUTE - 10, MINUTE, 5))[REQUESTS]
    assert values(answer) == {MINUTE - 10: 40, MINUTE - 5: 15}


def test_a_late_sample_corrects_the_minute_that_was_read_before(world: World) -> None:
    world.put(REQUESTS, MINUTE - 2, 4)
    world.source.fetch([REQUESTS], LAST_HOUR)
    world.put(REQUESTS, MINUTE - 2, *(() if isinstance(world, AwsWorld) else (4,)), 5)
    assert values(world.source.fetch([REQUESTS], LAST_HOUR)[REQUESTS]) == {MINUTE - 2: 9}


def test_more_series_than_one_call_takes_are_each_answered(world: World) -> None:
    many = [replace(REQUESTS, dimensions=(("LoadBalancer", f"app/shop/{n}"),)) for n in range(501)]
    world.put(many[0], MINUTE - 1, 3)
    world.put(many[-1], MINUTE - 1, 5)
    answers = world.source.fetch(many, Span(MINUTE - 5, MINUTE))
    found = {query: values(answer) for query, answer in answers.items()}
    assert (len(found), found[many[0]], found[many[-1]]) == (501, {MINUTE - 1: 3}, {MINUTE - 1: 5})


def test_a_metric_is_another_one_without_its_dimensions(world: World) -> None:
    world.put(REQUESTS, MINUTE - 1, 3)
    bare = replace(REQUESTS, dimensions=())
    assert values(world.source.fetch([bare], LAST_HOUR)[bare]) == {}


def test_a_metric_is_another_one_in_another_namespace(world: World) -> None:
    world.put(REQUESTS, MINUTE - 1, 3)
    other = replace(REQUESTS, namespace="Shop")
    assert values(world.source.fetch([other], LAST_HOUR)[other]) == {}


@pytest.mark.parametrize(("stat", "value"), [("Sum", 12), ("SampleCount", 3), ("Average", 4), ("Minimum", 1), ("Maximum", 9)])
def test_a_statistic_is_of_the_samples_of_the_minute(cloudwatch: AwsWorld, stat: str, value: float) -> None:
    query = replace(REQUESTS, stat=stat)
    cloudwatch.put(query, MINUTE - 1, 1, 2, 9)
    assert values(cloudwatch.source.fetch([query], LAST_HOUR)[query]) == {MINUTE - 1: value}


@pytest.mark.parametrize(("stat", "value"), [("TC(:2)", 2), ("p50", 2)])
def test_an_extended_statistic_is_of_the_samples_of_the_minute(cloudwatch: AwsWorld, stat: str, value: float) -> None:
    query = replace(REQUESTS, stat=stat)
    cloudwatch.put(query, MINUTE - 1, 1, 2, 9)
    assert values(cloudwatch.source.fetch([query], LAST_HOUR)[query]) == {MINUTE - 1: pytest.approx(value, rel=0.02)}


def test_a_query_that_botocore_refuses_fails_alone(cloudwatch: AwsWorld) -> None:
    nameless = replace(REQUESTS, dimensions=(("LoadBalancer", ""),))
    cloudwatch.put(REQUESTS, MINUTE - 1, 3)
    answers = cloudwatch.source.fetch([nameless, REQUESTS], LAST_HOUR)
    assert isinstance(answers[nameless], Failed)
    assert values(answers[REQUESTS]) == {MINUTE - 1: 3}
