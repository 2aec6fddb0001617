from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.heartbeat import Pulse, why_silent
from app.memory.store import MemoryStore
from app.signs import pulses, signs, spare
from app.snapshot import Snapshot, SourceStatus
from slo.estate.spec import Estate
from tests.support.clocks import FakeClock

START = 1_800_000_000.0
MINUTE = int(START // 60)


def snapshot(*sources: SourceStatus) -> Snapshot:
    return Snapshot(Estate("prod"), datetime.fromtimestamp(START, UTC), sources=sources)


def test_every_shard_that_runs_has_a_pulse_even_if_it_has_told_nothing_yet() -> None:
    seen = snapshot(SourceStatus("cloudwatch", 3, MINUTE, settle=180, poll=5))
    assert pulses(seen, ["cloudwatch", "prometheus"]) == (Pulse("cloudwatch", MINUTE, 180, 5), Pulse("prometheus", None))


def test_an_evaluator_that_hangs_is_seen_on_a_board_that_nobody_renews() -> None:
    clock = FakeClock(START)
    still = snapshot(SourceStatus("cloudwatch", 3, MINUTE))
    look = signs(lambda: still, MemoryStore(), clock, ["cloudwatch"], publishes=True)
    assert why_silent(look()) is None
    clock.move(600)
    assert why_silent(look()) == "cloudwatch has judged nothing since 2027-01-15T08:00:00Z"


class Waiting(MemoryStore):
    def __init__(self, since: datetime) -> None:
        super().__init__()
        self._since = since

    def outbox_oldest(self) -> datetime | None:
        return self._since


@pytest.mark.parametrize(("speed", "waited"), [(1.0, 900.0), (60.0, 15.0)])
def test_how_long_a_message_waits_is_told_in_time_of_the_wall(speed: float, waited: float) -> None:
    clock = FakeClock(START, speed)
    look = signs(snapshot, Waiting(clock.now() - timedelta(minutes=15)), clock, [], publishes=True)
    assert look().unsent_seconds == waited


def test_a_sped_up_estate_has_more_of_its_own_time_to_spare() -> None:
    assert [spare(FakeClock(START, speed)) for speed in (1.0, 10.0, 600.0)] == [300.0, 300.0, 9000.0]
