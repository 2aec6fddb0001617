"""Series recorded in production accounts, put through real boto3 into the simulator and read back as slices.

Their stamps are 5 minutes apart, but at :04 and :09 or after a gap: they are read minute by minute, so that every stamp
keeps its place. A stamp that a file holds several times was put as often: Sum adds them all, Average is their mean,
SampleCount tells how many.
"""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from slo.estate.indicator import EventRatio, MetricQuery, TimeSlice
from slo.judge.answer import Series
from slo.judge.sli import measure
from tests import programs
from tests.support.simulated import Account, environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Span
    from slo.judge.answer import Answer

FOLDER = Path(__file__).parents[2] / "../shared/data/cloudwatch-real"
DAY = 1440
NAMES = (
    "ec2_cpu_utilization_24ae8d",
    "ec2_cpu_utilization_53ea38",
    "ec2_cpu_utilization_825cc2",
    "ec2_disk_write_bytes_1ef3de",
    "ec2_network_in_257a54",
    "elb_request_count_8c0756",
    "rds_cpu_utilization_cc0c53",
)
Rows = list[tuple[int, float]]


def rows_of(name: str) -> Rows:
    """(minute, value) as the file has them."""
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        missing = pytest.fail if programs.must_run() else pytest.skip
        missing("needs the recorded series of ../shared/data/cloudwatch-real")
    with path.open(newline="") as file:
        rows = [(datetime.fromisoformat(r["timestamp"]).replace(tzinfo=UTC), float(r["value"])) for r in csv.DictReader(file)]
    assert all(when.second == 0 for when, _ in rows)
    return [(int(when.timestamp()) // 60, value) for when, value in rows]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with simulated() as account:
        yield account


@pytest.fixture
def session(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsSession]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment(account.url).items():
        monkeypatch.setenv(name, value)
    session = AwsSession({})
    yield session
    session.client("cloudwatch").close()


def record(account: Account, session: AwsSession, name: str, rows: Rows) -> None:
    """Day by day, as it happened: CloudWatch takes nothing that is older than two weeks or much in the future."""
    account.begin(rows[0][0] * 60.0)
    for day, group in groupby(rows, key=lambda row: row[0] // DAY):
        account.clock.at = (day + 1) * DAY * 60.0
        data = [{"MetricName": name, "Timestamp": minute * 60, "Value": value} for minute, value in group]
        session.client("cloudwatch").put_metric_data(Namespace="Recorded", MetricData=data)
    account.clock.at = (rows[-1][0] + 1) * 60.0 + 5


def read_back(session: AwsSession, query: MetricQuery, rows: Rows) -> list[tuple[Span, Answer]]:
    """From the first to the last minute, at the resolution that is still kept."""
    source = CloudWatchSource(session)
    spans = source.spans(rows[0][0], rows[-1][0] + 1, rows[-1][0] + 1)
    return [(span, source.fetch([query], span)[query]) for span in spans]


def query(name: str, stat: str) -> MetricQuery:
    return MetricQuery(None, "us-east-1", "Recorded", name, (), stat)


def bucketed(rows: Rows, span: Span) -> dict[int, list[float]]:
    """First minute of the bucket -> its values."""
    found: dict[int, list[float]] = defaultdict(list)
    for minute, value in rows:
        if span.start <= minute < span.end:
            found[minute - minute % span.period].append(value)
    return found


def test_requests_of_a_real_load_balancer_are_counted_to_the_last_one_and_its_gaps_stay_gaps(
    account: Account, session: AwsSession
) -> None:
    rows = rows_of("elb_request_count_8c0756")
    record(account, session, "RequestCount", rows)
    total = query("RequestCount", "Sum")
    ((span, answer),) = read_back(session, total, rows)
    assert span.period == 1
    found = measure(
        EventRatio((total,), bad=(query("Errors", "Sum"),)),
        {total: answer, query("Errors", "Sum"): EMPTY},
        span.start,
        span.end,
    )
    assert found.slices.minutes.tolist() == [minute for minute, _ in rows]
    assert found.slices.total.tolist() == [int(value) for _, value in rows]
    assert (found.quarantined, int(found.slices.bad.sum()), int(found.slices.total.sum())) == (0, 0, 249_327)
    # 4,031 steps of 5 minutes, 8 of them twice as long: what was not recorded was not measured.
    assert span.end - span.start == 5 * (4031 + 8) + 1


EMPTY = Series(np.array([], np.int64), np.array([], np.float64))


@pytest.mark.parametrize("name", NAMES)
def test_averages_come_back_as_the_very_doubles_that_were_recorded(account: Account, session: AwsSession, name: str) -> None:
    rows = rows_of(name)
    record(account, session, name, rows)
    seen = 0
    for span, answer in read_back(session, query(name, "Average"), rows):
        assert isinstance(answer, Series)
        recorded = bucketed(rows, span)
        assert answer.minutes.tolist() == sorted(recorded)
        assert answer.values.tolist() == [sum(recorded[m]) / len(recorded[m]) for m in sorted(recorded)]
        seen += sum(map(len, recorded.values()))
    assert seen == len(rows)


def test_time_slices_of_a_real_database_are_good_where_its_cpu_was_at_most_the_threshold(
    account: Account, session: AwsSession
) -> None:
    rows = rows_of("rds_cpu_utilization_cc0c53")
    record(account, session, "cpu", rows)
    cpu = query("cpu", "Average")
    ((span, answer),) = read_back(session, cpu, rows)
    threshold = 15.5567  # the last recorded value: at the threshold is good
    slices = measure(TimeSlice(cpu, "<=", Decimal("15.5567")), {cpu: answer}, span.start, span.end).slices
    assert slices.minutes.tolist() == [minute for minute, _ in rows]
    assert slices.bad.tolist() == [int(value > threshold) for _, value in rows]
    assert 0 < slices.bad.sum() < len(rows)
    assert (rows[-1][1], slices.bad.tolist()[-1]) == (threshold, 0)


def test_a_stamp_that_was_recorded_twelve_times_is_one_minute_with_twelve_samples(
    account: Account, session: AwsSession
) -> None:
    rows = rows_of("ec2_disk_write_bytes_1ef3de")
    twice = [(minute, value) for minute, value in rows if [m for m, _ in rows].count(minute) > 1]
    assert len(twice) == 12
    ((minute, _),) = {(m, None) for m, _ in twice}
    record(account, session, "bytes", rows)
    for stat, expected in (("Sum", sum(v for _, v in twice)), ("SampleCount", 12.0), ("Maximum", max(v for _, v in twice))):
        answers = read_back(session, query("bytes", stat), rows)
        values = {m: v for _, a in answers if isinstance(a, Series) for m, v in zip(a.minutes, a.values, strict=True)}
        assert values[minute] == expected
