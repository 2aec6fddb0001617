"""Metrics of accounts that another one monitors: CloudWatch cross-account observability, against the simulator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.nearest import NearestMetric
from app.aws.retries import Retries
from app.aws.session import AwsSession
from app.binding import Feed, SourceKind, bind
from app.files import read_catalog
from app.memory.source import MemorySource
from app.ports import Span
from app.simulator.disturbance import Disturbance
from app.simulator.samples import Identity
from app.watch import Pace
from slo.estate.indicator import MetricQuery
from slo.estate.load import load
from slo.estate.spec import Account
from slo.judge.answer import Failed, Series
from tests.support.moto_account import ONE_TRY
from tests.support.simulated import environment, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.binding import Bound
    from slo.estate.indicator import Query
    from slo.judge.answer import Answer
    from tests.support import simulated as support

NOW = 1_794_000_000.0
MINUTE = int(NOW) // 60
LAST_HOUR = Span(MINUTE - 60, MINUTE)
HUB = Account("hub", "111122223333", "us-east-1")
SHOP = Account("shop", "444455556666", "us-east-1", None, "hub")
BANK = Account("bank", "777788889999", "us-east-1", None, "hub")
STRANGER = Account("stranger", "000011112222", "us-east-1", None, "hub")
ACCOUNTS = {account.name: account for account in (HUB, SHOP, BANK, STRANGER)}
REQUESTS = MetricQuery("hub", "us-east-1", "AWS/ApplicationELB", "RequestCount", (("LoadBalancer", "app/a/1"),), "Sum")
OF_SHOP, OF_BANK, OF_STRANGER = (replace(REQUESTS, account=name) for name in ("shop", "bank", "stranger"))


@pytest.fixture(scope="module")
def server() -> Iterator[support.Account]:
    with simulated() as account:
        yield account


@pytest.fixture
def account(server: support.Account, monkeypatch: pytest.MonkeyPatch) -> support.Account:
    """The monitoring one, with the same metric of its own and of each account that is linked to it: 1, 2 and 3."""
    server.begin(NOW + 5)
    for name, value in environment(server.url).items():
        monkeypatch.setenv(name, value)
    for number, store in enumerate((server.store, server.store.link(SHOP.id), server.store.link(BANK.id)), 1):
        put(store, REQUESTS, MINUTE - 1, number)
    return server


@pytest.fixture
def session(account: support.Account) -> Iterator[AwsSession]:
    del account  # its environment is there
    session = AwsSession(ACCOUNTS, config=ONE_TRY)
    yield session
    for client in session._clients.values():
        client.close()


@pytest.fixture
def source(session: AwsSession) -> CloudWatchSource:
    return CloudWatchSource(session, Retries(lambda _: None))


def put(store: Any, query: MetricQuery, minute: int, value: float) -> None:
    identity = Identity(query.namespace, query.metric, frozenset(query.dimensions))
    store.samples(identity).cell(minute).add_values([(value, 1)])


def newest(answers: Mapping[Query, Answer]) -> list[float]:
    found = [answer.values.tolist() for answer in answers.values() if isinstance(answer, Series)]
    assert all(len(values) == 1 for values in found)
    return [values[0] for values in found]


def asked(account: support.Account) -> list[list[str | None]]:
    """The AccountId of every query of every GetMetricData."""
    bodies = [request for operation, request in account.calls if operation == "GetMetricData"]
    return [[query.get("AccountId") for query in body["MetricDataQueries"]] for body in bodies]


def test_one_call_reads_the_metrics_of_every_account_that_is_linked(account: support.Account, source: CloudWatchSource) -> None:
    answers = source.fetch([REQUESTS, OF_SHOP, OF_BANK], LAST_HOUR)
    assert newest(answers) == [1, 2, 3]
    assert asked(account) == [[None, SHOP.id, BANK.id]]


def test_plain_boto3_is_told_the_same(account: support.Account, source: CloudWatchSource) -> None:
    answers = source.fetch([OF_SHOP, OF_BANK], LAST_HOUR)
    client = boto3.Session().client("cloudwatch", region_name="us-east-1")
    metric = {"Namespace": REQUESTS.namespace, "MetricName": REQUESTS.metric}
    metric |= {"Dimensions": [{"Name": n, "Value": v} for n, v in REQUESTS.dimensions]}  # type: ignore[dict-item]
    stat = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": f"q{n}", "MetricStat": stat, "AccountId": one.id} for n, one in enumerate((SHOP, BANK))]
    told = client.get_metric_data(
        MetricDataQueries=queries,
        StartTime=LAST_HOUR.start * 60,
        EndTime=LAST_HOUR.end * 60,
        ScanBy="TimestampAscending",
        MaxDatapoints=100_800,
    )
    client.close()
    assert [result["Values"] for result in told["MetricDataResults"]] == [[2], [3]]
    assert newest(answers) == [2, 3]
    ours, theirs = (request for operation, request in account.calls if operation == "GetMetricData")
    assert ours == theirs


def test_an_account_that_is_not_linked_fails_alone(account: support.Account, source: CloudWatchSource) -> None:
    answers = source.fetch([REQUESTS, OF_STRANGER, OF_SHOP], LAST_HOUR)
    refused = answers[OF_STRANGER]
    assert isinstance(refused, Failed)
    assert STRANGER.id in refused.message
    assert newest(answers) == [1, 2]
    assert len(asked(account)) > 1


def test_an_account_for_which_aws_denies_the_whole_call_fails_alone(account: support.Account, source: CloudWatchSource) -> None:
    def deny(_: str, request: Mapping[str, Any]) -> Disturbance | None:
        owners = {query.get("AccountId") for query in request.get("MetricDataQueries", ())}
        return Disturbance("forbidden") if BANK.id in owners else None

    account.disturb = deny
    answers = source.fetch([REQUESTS, OF_SHOP, OF_BANK], LAST_HOUR)
    assert isinstance(answers[OF_BANK], Failed)
    assert newest(answers) == [1, 2]


def test_the_bucket_of_calls_is_that_of_the_account_that_is_asked(session: AwsSession, source: CloudWatchSource) -> None:
    source.fetch([OF_SHOP, OF_BANK], LAST_HOUR)
    assert set(session._buckets) == {("hub", "us-east-1")}


def test_the_nearest_metric_is_looked_for_in_the_account_that_owns_it(account: support.Account, session: AwsSession) -> None:
    put(account.store.link(SHOP.id), replace(REQUESTS, dimensions=(("LoadBalancer", "app/b/2"),)), MINUTE - 1, 1)
    found = NearestMetric(session).nearest(OF_SHOP)
    assert found is not None
    assert "app/b/2" in found
    listed = next(request for operation, request in account.calls if operation == "ListMetrics")
    assert (listed["IncludeLinkedAccounts"], listed["OwningAccount"]) == (True, SHOP.id)
    assert NearestMetric(session).nearest(OF_BANK) == (
        "CloudWatch lists no other one like it, and this one still: it reported within three hours"
    )


ESTATE = """\
apiVersion: sloop/v1
kind: Estate
metadata: {{name: linked}}
accounts:
  shop: {{id: "444455556666", region: us-east-1{shop}}}
  bank: {{id: "777788889999", region: us-east-1{bank}}}
  hub: {{id: "111122223333", region: us-east-1}}
components:
  - name: web
    kind: sqs
    account: shop
    resource: {{queue: a}}
    objectives: [{{indicator: freshness, target: 99%, window: 7d}}]
  - name: pay
    kind: sqs
    account: bank
    resource: {{queue: b}}
    objectives: [{{indicator: freshness, target: 99%, window: 7d}}]
"""


def bound(**monitored: str) -> Bound:
    more = {name: f", monitored_by: {monitored[name]}" if name in monitored else "" for name in ("shop", "bank")}
    catalog = read_catalog()
    estate = load((("linked.yaml", ESTATE.format(**more).encode()),), catalog).estate
    assert estate is not None
    feeds: dict[SourceKind, Feed] = {"cloudwatch": Feed(MemorySource(), Pace(0))}
    return bind(estate, catalog, feeds, retention_days=90, quiet_minutes=15)


def test_accounts_that_one_monitors_are_one_shard() -> None:
    assert [w.name for w in bound().watches] == ["cloudwatch/shop/us-east-1", "cloudwatch/bank/us-east-1"]
    assert [w.name for w in bound(shop="hub", bank="hub").watches] == ["cloudwatch/hub/us-east-1"]


def test_who_is_asked_is_no_part_of_what_is_counted() -> None:
    alone, linked = bound(), bound(shop="hub", bank="hub")
    assert {key for w in alone.watches for key in w.slot_keys} == {key for w in linked.watches for key in w.slot_keys}
