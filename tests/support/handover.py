"""An estate's alarms in a simulated account, Sloop's heartbeat and a pager: minute by minute, with Sloop alive or not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from alerts.breach import Breach, Transition
from alerts.heartbeat import Pulse, Signs, places_of
from app.aws.alarms import AwsAlarms
from app.aws.metric_sink import AwsMetricSink
from app.aws.session import AwsSession
from app.aws.watchmen import AwsWatchmen
from app.heartbeat_worker import Beat, HeartbeatWorker
from app.keeper import Keeper
from app.memory.store import MemoryStore
from app.ports import Commit
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.pagerduty import PagerDuty
from app.simulator.server import create_app
from app.telling import Teller
from slo.judge.burn import rules_of
from slo.plan import make_plan
from slo.units import to_minute
from tests.support.clocks import FakeClock
from tests.support.serving import serving
from tests.support.simulated import environment
from tests.support.wishes import small_estate, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from slo.estate.spec import Estate

START = 1_800_000_005.0
"""Five seconds past a whole hour, so that a tick evaluates exactly the minute that just ended."""
BALANCER = ("LoadBalancer", "app/shop/50dc6c495c0c9188")
DATABASE = ("DBInstanceIdentifier", "shop-pg")
OBJECTIVE = "shop.availability"
PAGE = f"sloop/small/{OBJECTIVE}/page"
REGION = "eu-west-1"


@dataclass
class World:
    """`told` collects (topic's name, state, alarm) of what CloudWatch told; `pager` hears the pages topic and Sloop."""

    estate: Estate
    clock: ManualClock
    cloudwatch: CloudWatch
    pager: PagerDuty
    told: list[tuple[str, str, str]]
    more: tuple[str, ...] = ()
    """What the names of further alarms begin with: the whole estate takes long."""
    client: Any = field(init=False)
    worker: HeartbeatWorker = field(init=False)
    estate_clock: FakeClock = field(init=False)
    signs: Signs = field(init=False)
    beat: Beat = field(default_factory=Beat)
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        found = wanted(self.estate)
        session = AwsSession({a.name: a for a in self.estate.accounts})
        wished = ("sloop/small/shop.availability/", "sloop/small/heartbeat", *self.more)
        alarms = [r for r in found.resources if r.kind in ("alarm", "composite") and r.name.startswith(wished)]
        adapter = AwsAlarms(session, found.places, lambda: None)
        for change in make_plan(self.estate.name, found.places, alarms, ()).changes:
            adapter.write(change)
        self.client = session.client("cloudwatch", "main", REGION)
        self.estate_clock = FakeClock(START)
        self.well()
        self.worker = HeartbeatWorker(
            self.estate.name,
            lambda: places_of(self.estate, alarms, found.places),
            AwsMetricSink(session),
            self.estate_clock,
            lambda: self.signs,
            self.show,
        )
        self.teller = Teller(self.estate, "http://127.0.0.1:8000")
        watchmen = AwsWatchmen(session, lambda: places_of(self.estate, alarms, found.places))
        self.keeper = Keeper(self.store, self.estate, self.teller, lambda _: None, self.estate_clock, lambda: None, watchmen)

    def show(self, beat: Beat) -> None:
        self.beat = beat

    def well(self) -> None:
        now = self.clock.now()
        self.signs = Signs(now, [Pulse("cloudwatch", int(now // 60))], None, publishes=True)

    def minutes(self, count: int, *, alive: bool = True, bad: int = 0, database: bool = True) -> None:
        """Of a hundred requests each."""
        for _ in range(count):
            minute = int(self.clock.now() // 60)
            self.put("RequestCount", 100, minute)
            self.put("HTTPCode_Target_5XX_Count", bad, minute)
            if database:
                self.put("CPUUtilization", 20, minute, "AWS/RDS", DATABASE)
            if alive:
                self.worker.turn()
            self.clock.advance(60)
            self.estate_clock.move(60)
            self.cloudwatch.alarms[REGION].evaluate(minute + 1)

    def put(
        self,
        metric: str,
        value: float,
        minute: int,
        namespace: str = "AWS/ApplicationELB",
        dimension: tuple[str, str] = BALANCER,
    ) -> None:
        named = [{"Name": dimension[0], "Value": dimension[1]}]
        data = [{"MetricName": metric, "Dimensions": named, "Value": value, "Timestamp": minute * 60}]
        self.client.put_metric_data(Namespace=namespace, MetricData=data)

    def sloop_pages(self) -> None:
        """Sloop opens a breach of its own, and its page is sent."""
        at = to_minute(self.estate_clock.now())
        objective = next(o for o in self.estate.objectives if o.id == OBJECTIVE)
        breach = Breach(OBJECTIVE, "page", rules_of(objective)[0], at, Fraction(1, 30), notified_at=at)
        shard = self.store.open_shard("here", ["shop"], at)
        told = self.teller([Transition("opened", breach)], lambda _: None)
        self.store.commit(Commit(shard, at, transitions=told.transitions, messages=told.messages))
        self._send()

    def look_after(self) -> list[str]:
        """One turn of the keeper; the keys of what it told."""
        found = [message.key for message in self.keeper.turn()]
        self._send()
        return found

    def _send(self) -> None:
        for delivery in self.store.claim(self.estate_clock.now(), lease_seconds=30, limit=99):
            self.pager.fold(delivery.message.subject, delivery.message.body, {})
            self.store.mark_sent(delivery, "id", self.estate_clock.now())

    def state(self, name: str) -> str:
        """Of an alarm of this estate, by the end of its name."""
        found = self.client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        return str((found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"])

    def of(self, name: str) -> list[tuple[str, str]]:
        """(topic, state) of everything that was told under this name."""
        return [(topic, state) for topic, state, alarm in self.told if alarm == name]


@contextmanager
def handed_over(monkeypatch: pytest.MonkeyPatch, *more: str) -> Iterator[World]:
    """`more`: what the names of further alarms begin with."""
    clock, pager, told = ManualClock(START), PagerDuty(), list[tuple[str, str, str]]()

    def publish(topic: str, subject: str, message: str) -> None:
        alarm = json.loads(message)
        told.append((topic.rpartition(":")[2], alarm["NewStateValue"], alarm["AlarmName"]))
        if topic.endswith("-pages"):
            pager.fold(subject, message, {})

    cloudwatch = CloudWatch(clock, publish, allow_aws_namespace=True)
    with serving(create_app(cloudwatch, clock)) as url:
        for name, value in environment(url).items():
            monkeypatch.setenv(name, value)
        yield World(small_estate(), clock, cloudwatch, pager, told, more)
