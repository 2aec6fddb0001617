"""What every MetricSink does, on the in-memory twin and on CloudWatch: boto3 to the simulator over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import pytest

from app.aws.metric_sink import MOST_PER_CALL, AwsMetricSink
from app.aws.session import AwsSession
from app.memory.metric_sink import MemoryMetricSink
from app.ports import MetricPoint
from app.simulator.samples import Identity
from slo.errors import SourceError
from slo.estate.spec import Account
from slo.resource import Place
from tests.support.simulated import Account as Simulated
from tests.support.simulated import environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.ports import MetricSink

HERE = Place("main", "us-east-1", "111122223333")
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
DIMENSIONS = (("Estate", "prod"),)


class Sunk(Protocol):
    @property
    def sink(self) -> MetricSink: ...

    def values(self, metric: str) -> Sequence[float]:
        """Kept of this metric, by minute."""
        ...

    def fail(self) -> None:
        """Whatever is put from now on is refused."""
        ...


class Memory:
    def __init__(self) -> None:
        self.sink = self._sink = MemoryMetricSink()

    def values(self, metric: str) -> Sequence[float]:
        kept = self._sink.kept.get((HERE, "Sloop"), [])
        return [p.value for p in sorted(kept, key=lambda p: p.at) if p.metric == metric]

    def fail(self) -> None:
        self._sink.failures.append(SourceError("memory: no", retryable=True))


class Aws:
    def __init__(self, account: Simulated) -> None:
        self._account = account
        self.sink = AwsMetricSink(AwsSession({"main": Account("main", "111122223333", "us-east-1")}))

    def values(self, metric: str) -> Sequence[float]:
        kept = self._account.store.put.get(Identity("Sloop", metric, frozenset(DIMENSIONS)))
        return [cell.maximum for _, cell in sorted(kept.cells.items())] if kept else []

    def fail(self) -> None:
        self._account.clock.at -= 86_400  # everything is too far in the future then


@pytest.fixture(scope="module")
def account() -> Iterator[Simulated]:
    with simulated() as found:
        yield found


@pytest.fixture(params=["memory", "aws"])
def sunk(request: pytest.FixtureRequest, account: Simulated, monkeypatch: pytest.MonkeyPatch) -> Sunk:
    if request.param == "memory":
        return Memory()
    account.begin(NOW.timestamp())
    for name, value in environment(account.url).items():
        monkeypatch.setenv(name, value)
    return Aws(account)


def points(count: int) -> list[MetricPoint]:
    return [MetricPoint("Heartbeat", DIMENSIONS, float(n), NOW - timedelta(minutes=count - n)) for n in range(count)]


def test_every_point_arrives_however_many_there_are(sunk: Sunk) -> None:
    sunk.sink.put(HERE, "Sloop", points(MOST_PER_CALL + 5))
    assert sunk.values("Heartbeat") == [float(n) for n in range(MOST_PER_CALL + 5)]


def test_nothing_to_put_is_no_call(sunk: Sunk) -> None:
    sunk.sink.put(HERE, "Sloop", [])
    assert sunk.values("Heartbeat") == []


def test_a_refusal_is_a_source_error(sunk: Sunk) -> None:
    sunk.fail()
    with pytest.raises(SourceError):
        sunk.sink.put(HERE, "Sloop", points(3))
    assert sunk.values("Heartbeat") == []


def test_a_thousand_and_one_points_are_two_calls(account: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    account.begin(NOW.timestamp())
    for name, value in environment(account.url).items():
        monkeypatch.setenv(name, value)
    Aws(account).sink.put(HERE, "Sloop", points(MOST_PER_CALL + 1))
    assert [len(request["MetricData"]) for name, request in account.calls if name == "PutMetricData"] == [MOST_PER_CALL, 1]
