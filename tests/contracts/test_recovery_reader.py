"""What every RecoveryReader promises: points as old as they are, failovers as pairs, a refusal that names its permission."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.memory.recovery import MemoryRecovery, Point
from app.simulator.faults import Fault
from slo.estate.spec import Component
from slo.judge.outage import RecoveryEvent, Told
from slo.judge.recovery_point import Unknown
from tests.support.recoverable import DATABASE, MAIN, NOW, wired

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.ports import Findings
    from slo.judge.recovery_point import MechanismName, Reading
    from tests.support.recoverable import Wire

INSTANCES, EVENTS = "rds:DescribeDBInstances", "rds:DescribeEvents"


class World(Protocol):
    """The same truth behind either reader."""

    def read(self, component: Component, at: int) -> Findings: ...

    def fail_over(self, start: int, end: int) -> None: ...

    def deny(self, *actions: str) -> None: ...


class OnMemory:
    def __init__(self) -> None:
        self.reader = MemoryRecovery()
        self.reader.points["database", "point-in-time-restore"] = Point(INSTANCES, lambda at: at // 300 * 300)
        self.reader.points["database", "multi-az"] = Point(INSTANCES, lambda at: at)
        self.reader.told["database"] = (EVENTS, [])

    def read(self, component: Component, at: int) -> Findings:
        return self.reader.read(component, MAIN, datetime.fromtimestamp(at, UTC))

    def fail_over(self, start: int, end: int) -> None:
        self.reader.told["database"][1].extend(
            (
                Told(end, "prod-pg", "Multi-AZ instance failover completed."),
                Told(start, "prod-pg", "Multi-AZ instance failover started."),
            )
        )

    def deny(self, *actions: str) -> None:
        self.reader.denied |= set(actions)


class OnAws:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        session = AwsSession({"main": MAIN})
        self.reader = AwsRecovery(session, CloudWatchSource(session))

    def read(self, component: Component, at: int) -> Findings:
        self.wire.clock.at = at
        return self.reader.read(component, MAIN, datetime.fromtimestamp(at, UTC))

    def fail_over(self, start: int, end: int) -> None:
        self.wire.faults.append(Fault("rds-failover", start, end))

    def deny(self, *actions: str) -> None:
        self.wire.describe.denied = set(actions)


@pytest.fixture(params=["memory", "aws"])
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if request.param == "memory":
        yield OnMemory()
        return
    with wired() as wire:
        for name, value in (("AWS_ENDPOINT_URL", wire.url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
            monkeypatch.setenv(name, value)
        yield OnAws(wire)


def reading(findings: Findings, mechanism: MechanismName) -> Reading:
    return next(r for r in findings.readings if r.mechanism == mechanism)


@pytest.mark.parametrize("seconds", [0, 1, 150, 299])
def test_the_exposure_saw_tooths_with_the_uploads_of_the_log(world: World, seconds: int) -> None:
    found = reading(world.read(DATABASE, NOW + seconds), "point-in-time-restore")
    assert (found.component, found.at, found.newest, found.exposure) == ("database", NOW + seconds, NOW, seconds)


def test_a_synchronous_standby_is_never_behind(world: World) -> None:
    assert reading(world.read(DATABASE, NOW + 123), "multi-az").exposure == 0


def test_a_failover_is_one_event_from_start_to_completion(world: World) -> None:
    world.fail_over(NOW + 10, NOW + 82)
    (event,) = world.read(DATABASE, NOW + 600).events
    assert event == RecoveryEvent("database", "failover", NOW + 10, NOW + 82, event.source)
    assert event.source.startswith(EVENTS)


def test_a_failover_without_completion_still_lasts_and_gets_its_end_at_a_later_look(world: World) -> None:
    world.fail_over(NOW + 10, NOW + 82)
    assert [e.end for e in world.read(DATABASE, NOW + 50).events] == [None]
    assert [(e.start, e.end) for e in world.read(DATABASE, NOW + 90).events] == [(NOW + 10, NOW + 82)]


def test_a_refused_call_names_its_permission_and_stops_nothing_else(world: World) -> None:
    world.fail_over(NOW + 10, NOW + 82)
    world.deny(INSTANCES)
    found = world.read(DATABASE, NOW + 600)
    newest = reading(found, "point-in-time-restore").newest
    assert newest == Unknown("access_denied", "not evidenced: needs rds:DescribeDBInstances")
    assert newest in found.gaps
    assert len(found.events) == 1


def test_refused_events_leave_the_points_and_a_gap(world: World) -> None:
    world.fail_over(NOW + 10, NOW + 82)
    world.deny(EVENTS)
    found = world.read(DATABASE, NOW + 600)
    assert reading(found, "point-in-time-restore").exposure == 0
    assert found.events == ()
    assert Unknown("access_denied", "not evidenced: needs rds:DescribeEvents") in found.gaps


def test_a_kind_without_recovery_points_gives_nothing(world: World) -> None:
    found = world.read(Component("edge", "alb"), NOW)
    assert (found.readings, found.events, found.gaps) == ((), (), ())
