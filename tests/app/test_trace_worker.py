from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from app.aws.session import AwsSession
from app.aws.xray import XRaySource
from app.simulator.clock import ManualClock
from app.simulator.model import DemoModel
from app.simulator.xray import XRay
from app.trace_map import RECENT, WHOLE, Flow, TraceMap, watched_places
from app.trace_worker import LATE, TraceWorker
from slo.errors import SourceError
from slo.estate.spec import Component, Estate
from slo.units import to_minute
from tests.app import reference
from tests.support.clocks import FakeClock
from tests.support.serving import serving
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from slo.units import Minute

NOW = datetime(2026, 11, 22, 12, 3, tzinfo=UTC)
ESTATE = Estate("demo", components=(Component("api", "ecs", depends_on=("database",)), Component("database", "rds")))
PLACE = ("main", "us-east-1")


@dataclass(slots=True)
class Scripted:
    """Answers as long as nothing is wrong, and notes the ranges."""

    wrong: SourceError | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def flows(self, account: str | None, region: str, start: Minute, end: Minute) -> Sequence[Flow]:
        assert (account, region) == PLACE
        self.asked.append((start, end))
        if self.wrong is not None:
            raise self.wrong
        return (Flow("api", "database", 100 * (end - start), 3),)


def test_the_last_half_hour_and_the_last_six_hours_are_read_up_to_what_has_settled() -> None:
    tracer, shown = Scripted(), list[TraceMap]()

    TraceWorker(ESTATE, tracer, [PLACE], FakeClock(NOW.timestamp()), shown.append).turn()

    end = to_minute(NOW) - LATE
    assert tracer.asked == [(end - RECENT, end), (end - WHOLE, end)]
    (call,) = shown[0].of("database")
    assert call.whole is not None
    assert (call.recent.calls, call.whole.calls, shown[0].read_at) == (3000, 36_000, NOW)


def test_an_error_stands_beside_what_was_known() -> None:
    tracer, shown = Scripted(), list[TraceMap]()
    worker = TraceWorker(ESTATE, tracer, [PLACE], FakeClock(NOW.timestamp()), shown.append)
    worker.turn()
    tracer.wrong = SourceError("xray:GetServiceGraph: denied", retryable=False)

    worker.turn()

    assert (shown[1].error, shown[1].calls) == ("xray:GetServiceGraph: denied", shown[0].calls)


def test_without_a_place_nothing_is_asked_and_the_thread_ends() -> None:
    tracer, shown = Scripted(), list[TraceMap]()

    TraceWorker(ESTATE, tracer, [], FakeClock(NOW.timestamp()), shown.append).run(Event())

    assert (tracer.asked, shown) == ([], [])


def test_f13_while_the_database_of_the_reference_estate_is_down_its_edge_is_the_one_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, now = DemoModel(7), 29_900_000 * 60.0
    model.inject("database-down", now - 900)
    shown = list[TraceMap]()
    with serving(Starlette(routes=XRay(model.stream, ManualClock(now), model.outages).routes())) as address:
        for name, value in environment(address).items():
            monkeypatch.setenv(name, value)
        estate = reference.estate()
        session = AwsSession({account.name: account for account in estate.accounts})
        places = watched_places(estate, every=False)
        TraceWorker(estate, XRaySource(session), places, FakeClock(now), shown.append).turn()

    worst, second = shown[0].calls[:2]
    assert (worst.caller, worst.callee) == ("api", "database")
    assert worst.recent.faults > 100 * second.recent.faults
    assert (shown[0].error, shown[0].suggestions) == (None, ())
