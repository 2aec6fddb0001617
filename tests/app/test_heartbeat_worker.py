from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from alerts.heartbeat import Pulse, Signs
from app.heartbeat_worker import Beat, HeartbeatWorker
from app.memory.metric_sink import MemoryMetricSink
from slo.errors import ProvisionError, SourceError, StoreError
from slo.resource import Place
from tests.support.clocks import FakeClock

START = 1_800_000_030.0
HERE = Place("main", "us-east-1", "111122223333")
THERE = replace(HERE, region="eu-west-1")
WELL = Signs(START, [Pulse("cloudwatch", int(START // 60))], None, publishes=True)


@dataclass
class Rig:
    """`signs` and `places` are what the worker is told; an error is raised."""

    signs: Signs | Exception = WELL
    places: tuple[Place, ...] | Exception = (HERE, THERE)
    speed: float = 1.0
    sink: MemoryMetricSink = field(default_factory=MemoryMetricSink)
    beat: Beat = field(default_factory=Beat)

    def __post_init__(self) -> None:
        self.clock = FakeClock(START, self.speed)
        self.worker = HeartbeatWorker("prod", self._places, self.sink, self.clock, self._signs, self._show)

    def turns(self, count: int, minutes: float = 1) -> None:
        for _ in range(count):
            self.worker.turn()
            self.clock.move(minutes * 60)

    def at(self, place: Place = HERE) -> list[int]:
        """The minutes that were vouched for, counted from the start."""
        points = self.sink.kept.get((place, "Sloop"), [])
        assert all((p.metric, p.dimensions, p.value) == ("Heartbeat", (("Estate", "prod"),), 1.0) for p in points)
        return [int(p.at.timestamp() // 60 - START // 60) for p in points]

    def _signs(self) -> Signs:
        if isinstance(self.signs, Exception):
            raise self.signs
        return self.signs

    def _places(self) -> tuple[Place, ...]:
        if isinstance(self.places, Exception):
            raise self.places
        return self.places

    def _show(self, beat: Beat) -> None:
        self.beat = beat


def test_it_beats_once_a_minute_in_every_place() -> None:
    rig = Rig()
    rig.turns(3)
    assert rig.at(HERE) == rig.at(THERE) == [0, 1, 2]
    assert rig.beat == Beat(datetime(2027, 1, 15, 8, 2, 30, tzinfo=UTC), None, 2)


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        (replace(WELL, publishes=False), "set SLOOP_TOPIC_ARN"),
        (StoreError("the database does not answer"), "the database does not answer"),
    ],
)
def test_what_is_wrong_keeps_it_silent_and_is_shown_beside_the_last_beat(signs: Signs | Exception, why: str) -> None:
    rig = Rig()
    rig.turns(1)
    rig.signs = signs
    rig.turns(2)
    assert rig.at() == [0]
    assert rig.beat.last == datetime(2027, 1, 15, 8, 0, 30, tzinfo=UTC)
    assert why in (rig.beat.silent or "")


def test_an_estate_that_cannot_be_provisioned_is_asked_again_at_the_next_turn() -> None:
    rig = Rig(places=ProvisionError("two alarms would have one name"))
    rig.turns(1)
    assert rig.beat == Beat(None, "two alarms would have one name")
    rig.places = (HERE,)
    rig.turns(1)
    assert (rig.at(), rig.beat.silent) == ([1], None)


def test_a_place_that_cannot_be_reached_keeps_no_other_one_silent() -> None:
    rig = Rig()
    rig.sink.failures.append(SourceError("cloudwatch:PutMetricData: no", retryable=True))
    rig.turns(1)
    assert (rig.at(HERE), rig.at(THERE)) == ([], [0])
    assert rig.beat.silent == "main us-east-1: cloudwatch:PutMetricData: no"


def test_a_sped_up_estate_is_vouched_for_until_two_turns_later() -> None:
    rig = Rig(speed=600)
    rig.turns(3, minutes=1 / 60)
    assert sorted(set(rig.at())) == list(range(41))


def test_a_service_that_starts_is_no_news_and_one_that_never_beats_is_told_once() -> None:
    unread = replace(WELL, pulses=[Pulse("cloudwatch", None)])
    rig = Rig(signs=unread)
    with capture_logs() as logs:
        rig.turns(2, minutes=1 / 4)
        assert logs == []
        rig.turns(4)
    assert [(line["event"], line["why"]) for line in logs] == [("no heartbeat", "cloudwatch has judged no minute yet")]


def test_silence_after_a_beat_is_told_at_once_and_again_after_the_next_beat() -> None:
    rig = Rig()
    with capture_logs() as logs:
        for signs in (WELL, replace(WELL, pulses=[]), WELL, replace(WELL, pulses=[])):
            rig.signs = signs
            rig.turns(1, minutes=1 / 60)
    assert [line["why"] for line in logs] == ["nothing is measured"] * 2
