"""GetMetricData of 500 series: client CPU of plain boto3 and of Sloop's source, the same bytes from a stub, side by side.

The two take turns, a few calls each. boto3 is asked for its answer only; the source's answer is one array per series.
"""

from __future__ import annotations

import gc
import json
import os
import time
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import stub
from figures import Figure, of_samples, report

from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.ports import Span
from slo.estate.indicator import MetricQuery
from slo.judge.answer import Series

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

SERIES = 500
START = 29_900_000
GOALS = {5: 20, 180: 80}
"""Points per series, and how many times less CPU than plain boto3."""
RUNS = 10
CALLS = {5: 10, 180: 2}
"""Per turn: what one leaves of the processor's caches is not what the other begins with."""


def main() -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    address = ours.recv()
    os.environ |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    figures = [figure for points, goal in GOALS.items() for figure in measured(f"{address}/{points}", points, goal)]
    server.terminate()
    server.join()
    report(figures)


def measured(address: str, points: int, goal: int) -> list[Figure]:
    os.environ["AWS_ENDPOINT_URL"] = address
    plain, source = boto3.Session().client("cloudwatch", region_name="us-east-1"), CloudWatchSource(AwsSession({}))
    queries, span = tuple(query(n) for n in range(SERIES)), Span(START, START + points)
    request = as_boto3_takes_it(queries, span)
    agree(plain.get_metric_data(**request), source.fetch(queries, span), queries)
    by_boto3, by_us = [], []
    for _ in range(RUNS):
        by_boto3.append(cpu(lambda: plain.get_metric_data(**request), CALLS[points]))
        by_us.append(cpu(lambda: source.fetch(queries, span), CALLS[points]))
    times = [theirs / ours for theirs, ours in zip(by_boto3, by_us, strict=True)]
    name = f"GetMetricData, {SERIES} series x {points} points"
    return [
        of_samples(f"{name}: client CPU of plain boto3", by_boto3, "ms", "-"),
        of_samples(f"{name}: client CPU of Sloop", by_us, "ms", "-"),
        of_samples(f"{name}: times less", times, "x", f">= {goal}"),
    ]


def cpu(ask: Callable[[], object], calls: int) -> float:
    """Milliseconds a call, and none for the garbage of whoever came before."""
    gc.collect()
    before = time.process_time()
    for _ in range(calls):
        ask()
    return (time.process_time() - before) * 1e3 / calls


def query(number: int) -> MetricQuery:
    dimensions = (
        ("LoadBalancer", f"app/shop-{number}/0123456789abcdef"),
        ("TargetGroup", f"targetgroup/shop-{number}/0123456789abcdef"),
    )
    return MetricQuery(None, "us-east-1", "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions, "Sum")


def as_boto3_takes_it(queries: tuple[MetricQuery, ...], span: Span) -> dict[str, Any]:
    metrics = [
        {"Namespace": q.namespace, "MetricName": q.metric, "Dimensions": [{"Name": n, "Value": v} for n, v in q.dimensions]}
        for q in queries
    ]
    asked = [{"Id": f"q{n}", "MetricStat": {"Metric": m, "Period": 60, "Stat": "Sum"}} for n, m in enumerate(metrics)]
    return {"MetricDataQueries": asked, "StartTime": span.start * 60, "EndTime": span.end * 60, "ScanBy": "TimestampAscending"}


def agree(plain: Any, answers: Any, queries: tuple[MetricQuery, ...]) -> None:
    """Both read the same numbers, or there is nothing to compare."""
    for asked, result in zip(queries, plain["MetricDataResults"], strict=True):
        found = answers[asked]
        assert isinstance(found, Series)
        assert found.minutes.tolist() == [int(t.timestamp()) // 60 for t in result["Timestamps"]]
        assert np.array_equal(found.values, result["Values"])


def serve(where: Connection) -> None:
    bodies = {f"/{points}/": canned(points) for points in GOALS}
    stub.serve(where, lambda path, _: bodies[path.rstrip("/") + "/"])


def canned(points: int) -> bytes:
    luck = Random(7)
    stamps = [float((START + n) * 60) for n in range(points)]
    results = [
        {
            "Id": f"q{n}",
            "Label": "HTTPCode_Target_5XX_Count",
            "Timestamps": stamps,
            "Values": [float(luck.randrange(100_000)) for _ in stamps],
            "StatusCode": "Complete",
        }
        for n in range(SERIES)
    ]
    return json.dumps({"MetricDataResults": results, "Messages": []}, separators=(",", ":")).encode()


if __name__ == "__main__":
    main()
