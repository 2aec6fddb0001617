"""From an estate that counts logs to its verdicts: what is judged is what the service wrote."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from botocore.config import Config

from app.aws.budget import ByteBudget
from app.aws.logs import LogsSource
from app.aws.session import AwsSession
from app.binding import Bound, Feed, SourceKind, bind
from app.files import read_catalog
from app.memory.source import MemorySource
from app.opensearch import OpenSearchSource
from app.paces import pace_of
from app.settings import Settings
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.logs import Logs
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from slo.estate.load import load
from slo.judge.verdict import Circumstances
from slo.units import to_minute
from tests.support.opensearch import Index, searching
from tests.support.rig import Rig
from tests.support.serving import serving
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Store
    from slo.estate.spec import Estate

T = to_minute(datetime(2026, 3, 1, 12, tzinfo=UTC))
FAULT = T - 100
ESTATE = b"""\
apiVersion: sloop/v1
kind: Estate
metadata: {name: prod}
accounts: {main: {id: "111122223333", region: us-east-1}}
components:
  - name: api
    kind: container
    resource: {group: /aws/ecs/api}
    indicators:
      answers:
        type: event_ratio
        total: [{logs: {groups: ["{group}"]}}]
        bad: [{logs: {groups: ["{group}"], filter: status >= 500}}]
      calm:
        type: time_slice
        logs: {groups: ["{group}"], filter: status >= 500}
        op: "<="
        threshold: 100
    objectives:
      - {indicator: answers, target: 99%, window: 1d}
      - {indicator: calm, target: 99%, window: 1d}
  - name: shop
    kind: container
    resource: {index: "api-*"}
    indicators:
      orders:
        type: event_ratio
        total: [{search: {index: "{index}", query: {match_all: {}}}}]
        bad: [{search: {index: "{index}", query: "status:>=500"}}]
      mixed:
        type: event_ratio
        total: [{search: {index: "{index}", query: {match_all: {}}}}]
        bad: [{logs: {groups: [/aws/ecs/api], filter: status >= 500}}]
    objectives:
      - {indicator: orders, target: 99%, window: 1d}
      - {indicator: mixed, target: 99%, window: 1d}
"""


class Run:
    """The service's shards over a simulated account and a real loopback index."""

    def __init__(self, model: DemoModel, index: Index, index_url: str) -> None:
        self.model, self.index = model, index
        self.budget = ByteBudget(0, lambda: datetime(2026, 3, 1, tzinfo=UTC))
        session = AwsSession({}, config=Config(retries={"total_max_attempts": 1}))
        self.search = OpenSearchSource(index_url)
        settings = Settings()
        source = LogsSource(session, self.budget, monotonic=lambda: 0.0, sleep=lambda _: None)
        self.feeds: dict[SourceKind, Feed] = {
            "cloudwatch": Feed(MemorySource(), pace_of("cloudwatch", settings)),
            "logs": Feed(source, pace_of("logs", settings)),
            "opensearch": Feed(self.search, pace_of("opensearch", settings)),
        }

    def bound(self) -> Bound:
        return bind(estate(), read_catalog(), self.feeds, retention_days=90, quiet_minutes=15)

    def rig(self, store: Store, shard: str) -> Rig:
        [watch] = (watch for watch in self.bound().watches if watch.name == shard)
        return Rig(store, watch)

    def truth(self, start: int, end: int) -> tuple[list[int], list[int]]:
        marks = np.arange(start, end + 1, dtype=np.float64) * 60
        total, bad = self.model.stream("api").requests(marks), self.model.stream("api").errors(marks)
        return (total[1:] - total[:-1]).tolist(), (bad[1:] - bad[:-1]).tolist()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    clock = ManualClock(T * 60.0)
    clock.advance(3600)
    model = DemoModel(7)
    model.inject("api-5xx", FAULT * 60.0)
    app = create_app(CloudWatch(clock, lambda *_: None), clock, targets=Logs(model.stream, clock).targets())
    with serving(app) as url, searching() as (index, at):
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        made = Run(model, index, at)
        with closing(made.search):
            yield made


def estate() -> Estate:
    loaded = load((("estate.yaml", ESTATE),), read_catalog())
    assert loaded.estate is not None, loaded.problems
    return loaded.estate


def test_a_shard_of_logs_has_a_pace_of_its_own_and_mixed_sources_are_refused(run: Run) -> None:
    bound = run.bound()
    watches = {watch.name: watch.pace for watch in bound.watches}
    assert set(watches) == {"logs/main/us-east-1", "opensearch"}
    assert {(pace.settle, pace.poll, pace.reread) for pace in watches.values()} == {(300, 5, 10)}
    [(objective, reason)] = bound.unbound
    assert (objective.id, "reads opensearch and logs, which are read apart" in reason) == ("shop.mixed", True)


def test_without_its_setting_opensearch_is_not_read(run: Run) -> None:
    del run.feeds["opensearch"]
    reasons = {objective.id: reason for objective, reason in run.bound().unbound}
    assert reasons["shop.orders"] == "reads OpenSearch, but SLOOP_OPENSEARCH_URL is not set"


def test_a_ratio_over_logs_is_judged_by_what_the_service_wrote(run: Run, store: Store) -> None:
    rig = run.rig(store, "logs/main/us-east-1").start(T - 20)
    rig.polls(T - 15, T, 5)
    total, bad = run.truth(T - 20 - 1440, T)
    slices = rig.slices()["api.answers"]
    assert slices.minutes.tolist() == list(range(T - 20 - 1440, T))
    assert (slices.total.tolist(), slices.bad.tolist()) == (total, bad)
    [answers, _] = rig.verdicts()
    assert (answers.counts.total, answers.counts.bad) == (sum(total[-1440:]), sum(bad[-1440:]))


def test_a_time_slice_over_logs_is_bad_in_the_minutes_of_the_outage(run: Run, store: Store) -> None:
    rig = run.rig(store, "logs/main/us-east-1").start(T)
    _, bad = run.truth(T - 1440, T)
    assert rig.slices()["api.calm"].bad.tolist() == [int(count > 100) for count in bad]
    assert 0 < sum(rig.slices()["api.calm"].bad.tolist()) < 10


def test_documents_of_an_index_are_judged(run: Run, store: Store) -> None:
    for minute in range(T - 300, T):
        run.index.put(minute, 200, 200, 200, 500 if minute >= T - 10 else 200)
    rig = run.rig(store, "opensearch").start(T)
    slices = rig.slices()["shop.orders"]
    assert (int(slices.total.sum()), int(slices.bad.sum())) == (1200, 10)
    [orders] = rig.verdicts()
    assert (orders.counts.total, orders.counts.bad) == (1200, 10)


def test_a_spent_budget_is_a_source_error_and_its_minutes_come_in_the_next_day(run: Run, store: Store) -> None:
    rig = run.rig(store, "logs/main/us-east-1").start(T - 20)
    run.budget.per_day = 1
    rig.poll(T - 15)
    rig.poll(T - 10)
    assert all("budget of 1 bytes of logs is spent" in reason for reason in rig.held.failures.values())
    [answers, _] = rig.verdicts(lambda _, key: Circumstances(source_error=rig.held.failures.get(key)))
    assert answers.state == "source_error"
    assert rig.slices()["api.answers"].minutes.max() == T - 21
    run.budget.per_day = 0
    rig.poll(T)
    slices, (total, bad) = rig.slices()["api.answers"], run.truth(T - 60, T)
    assert (slices.total[-60:].tolist(), slices.bad[-60:].tolist()) == (total, bad)
