"""Faults of the catalogue where a metric vanishes or the clock is wrong, against the simulated AWS: named after the fault."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from app.aws.metrics import CloudWatchSource
from app.aws.nearest import NearestMetric
from app.aws.session import AwsSession
from app.board import Board
from app.exposition import meters
from app.memory.source import MemorySource
from app.memory.store import MemoryStore
from app.missing import MissingMetrics
from app.telling import Told
from app.watch import Pace, slot_key
from app.worker import ShardWorker
from slo.errors import SourceError
from slo.estate.indicator import CounterQuery, EventRatio, MetricQuery, TimeSlice
from slo.estate.spec import Account as Declared
from slo.units import format_minute
from tests.support.rig import API, START, watch
from tests.support.simulated import Account, environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.watch import Watch
    from slo.judge.verdict import Verdict

LOAD_BALANCER = "app/shop/50dc6c495c0c9188"
REDEPLOYED = "app/shop/943f017f100becff"
REQUESTS = MetricQuery(None, "us-east-1", "AWS/ApplicationELB", "RequestCount", (("LoadBalancer", LOAD_BALANCER),), "Sum")
RATIO = EventRatio((REQUESTS,), bad=(replace(REQUESTS, metric="HTTPCode_Target_5XX_Count"),))
POLL = 5


@dataclass(slots=True)
class At:
    """Estate time, the wall and the monotonic seconds are all the account's."""

    account: Account
    speed: float = 1.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.account.clock.now(), UTC)

    def wall(self) -> datetime:
        return self.now()

    def monotonic(self) -> float:
        return self.account.clock.now()


@pytest.fixture(scope="module")
def running() -> Iterator[Account]:
    with simulated() as account:
        yield account


@pytest.fixture
def account(running: Account, monkeypatch: pytest.MonkeyPatch) -> Account:
    running.begin(START * 60.0)
    for name, value in environment(running.url).items():
        monkeypatch.setenv(name, value)
    return running


def put(session: AwsSession, minute: int, load_balancer: str, metric: str = "RequestCount") -> None:
    data = [
        {
            "MetricName": metric,
            "Dimensions": [{"Name": "LoadBalancer", "Value": load_balancer}],
            "Timestamp": minute * 60,
            "Value": 100.0,
        }
    ]
    session.client("cloudwatch").put_metric_data(Namespace=REQUESTS.namespace, MetricData=data)


@dataclass(slots=True)
class Desk:
    """One shard's worker over the account, five minutes a poll."""

    account: Account
    session: AwsSession = field(default_factory=lambda: AwsSession({}))
    board: Board = field(init=False)
    worker: ShardWorker = field(init=False)

    def __post_init__(self) -> None:
        clock, store, watched = At(self.account), MemoryStore(), self.watch()
        missing = MissingMetrics(NearestMetric(self.session), clock)
        self.board = Board(watched.estate, store, clock, indicators={}, skew=self.session.skew.seconds)
        counters = meters(CollectorRegistry())
        self.worker = ShardWorker(store, watched, clock, self.board, lambda *_: Told(), Event(), counters, missing)

    def watch(self) -> Watch:
        key = slot_key(API.indicator_id, RATIO)
        source = CloudWatchSource(self.session)
        plain = watch(MemorySource(), pace=Pace(settle=0, poll=POLL))
        return replace(plain, source=source, indicators={key: RATIO}, objectives=((API, key),))

    def poll(self, minutes: int = POLL) -> Verdict:
        self.account.clock.advance(minutes * 60.0)
        self.worker.turn()
        return self.board.box.get().verdicts[API.id]

    @property
    def listed(self) -> int:
        return sum(operation == "ListMetrics" for operation, _ in self.account.calls)


def reasons(verdict: Verdict) -> dict[str, str]:
    return {reason.code: reason.text for reason in verdict.reasons}


def test_f14_a_redeployed_load_balancer_is_missing_since_then_and_the_new_one_is_suggested(account: Account) -> None:
    desk = Desk(account)
    for minute in range(START - 30, START):
        put(desk.session, minute, LOAD_BALANCER)
    first = desk.poll(0)
    put(desk.session, START, REDEPLOYED)
    put(desk.session, START, "net/other/0000000000000000", "ActiveFlowCount")

    polls = [desk.poll() for _ in range(4)]

    assert (first.state, first.counts.total) == ("insufficient_history", 3000)
    assert [p.state for p in polls] == ["insufficient_history", "insufficient_history", "stale", "stale"]
    told = reasons(polls[-1])["metric_missing"]
    assert told.startswith(
        f"metric missing since {format_minute(START)}: AWS/ApplicationELB RequestCount {{LoadBalancer=app/shop/50dc"
    )
    assert told.endswith(
        f"; the nearest other one that reports is AWS/ApplicationELB RequestCount {{LoadBalancer={REDEPLOYED}}}"
    )
    assert polls[-1].coverage < 1
    assert polls[-1].counts.measured == first.counts.measured


def test_f14_cloudwatch_is_asked_for_names_once_an_hour_and_no_more_when_the_metric_is_back(account: Account) -> None:
    desk = Desk(account)
    for minute in range(START - 30, START):
        put(desk.session, minute, LOAD_BALANCER)
    desk.poll(0)
    put(desk.session, START, REDEPLOYED)

    for _ in range(14):
        desk.poll()
    once = desk.listed
    desk.poll()
    put(desk.session, START + 74, LOAD_BALANCER)
    back = desk.poll()
    desk.poll()

    assert (once, desk.listed) == (1, 2)
    assert "metric_missing" not in reasons(back)


@pytest.mark.usefixtures("account")
def test_f14_a_renamed_metric_is_found_by_its_dimensions() -> None:
    session = AwsSession({})
    put(session, START - 1, LOAD_BALANCER, "RequestCounts")
    put(session, START - 1, LOAD_BALANCER, "ProcessedBytes")

    told = NearestMetric(session).nearest(REQUESTS)
    nothing = NearestMetric(session).nearest(replace(REQUESTS, metric="UnHealthyHostCount"))

    assert told == f"the nearest other one that reports is AWS/ApplicationELB RequestCounts {{LoadBalancer={LOAD_BALANCER}}}"
    assert nothing is None


def test_f14_a_metric_that_reports_seldom_is_no_renamed_one(account: Account) -> None:
    session = AwsSession({})
    put(session, START - 60, LOAD_BALANCER)

    assert "and this one still" in str(NearestMetric(session).nearest(REQUESTS))
    account.clock.advance(180 * 60.0)
    assert NearestMetric(session).nearest(REQUESTS) is None


def test_f14_the_metric_of_a_linked_account_is_looked_for_in_the_monitoring_one(account: Account) -> None:
    accounts = {
        "shop": Declared("shop", "444455556666", "us-east-1", monitored_by="hub"),
        "hub": Declared("hub", "111122223333", "us-east-1"),
    }

    assert NearestMetric(AwsSession(accounts)).nearest(replace(REQUESTS, account="shop")) is None

    asked = [request for operation, request in account.calls if operation == "ListMetrics"]
    assert [(r["IncludeLinkedAccounts"], r["OwningAccount"]) for r in asked] == [(True, "444455556666")] * 2


def test_f14_a_refused_look_leaves_the_reason_without_a_suggestion(account: Account) -> None:
    class Refusing:
        def nearest(self, query: MetricQuery) -> str | None:
            raise SourceError(f"cloudwatch:ListMetrics: AccessDenied: {query.metric}", retryable=False)

    missing = MissingMetrics(Refusing(), At(account))
    missing.reason(RATIO, START)
    missing.look()

    assert str(missing.reason(RATIO, START)).endswith(f"{{LoadBalancer={LOAD_BALANCER}}}")


def test_what_cloudwatch_does_not_count_is_not_looked_for(account: Account) -> None:
    counted = TimeSlice(CounterQuery("up"), ">=", Decimal(1))

    assert MissingMetrics(NearestMetric(AwsSession({})), At(account)).reason(counted, START) is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_f27_a_clock_that_differs_from_awss_is_seen_while_calls_succeed(account: Account, hours: int) -> None:
    session = AwsSession({}, wall=lambda: datetime.now(UTC) + timedelta(hours=hours))
    desk = Desk(account, session)
    assert session.skew.seconds() is None

    desk.poll(0)

    skew = desk.board.box.get().skew
    assert skew is not None
    assert abs(skew - hours * 3600) < 2
    assert desk.worker._error is None
