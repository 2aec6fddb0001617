"""The whole way from the modelled account to the verdict: what is measured is what was done to it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.recovery import AwsRecovery
from app.aws.session import AwsSession
from app.board import Board
from app.files import packaged_spec, read_catalog
from app.memory.store import MemoryStore
from app.recovery_worker import RecoveryWorker
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.describe import Describe
from app.simulator.model import DemoModel
from app.simulator.recoverable import Resources
from app.simulator.server import create_app
from slo.estate.load import load
from tests.support.clocks import FakeClock
from tests.support.recoverable import NOW, nobody
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.spec import Estate
    from slo.judge.recovery import RecoveryVerdict

POLL = 60


@cache
def reference() -> Estate:
    estate = load((("reference.yaml", packaged_spec("reference")),), read_catalog()).estate
    assert estate is not None
    return estate


class Demo:
    def __init__(self, model: DemoModel, simulated: ManualClock) -> None:
        self.model, self.simulated = model, simulated
        self.clock = FakeClock(NOW + 7)
        estate = reference()
        session = AwsSession({a.name: a for a in estate.accounts})
        self.board = Board(estate, MemoryStore(), self.clock, indicators={})
        reader = AwsRecovery(session, CloudWatchSource(session))
        self.worker = RecoveryWorker(MemoryStore(), estate, reader, self.clock, self.board)

    def look_at(self, *seconds: int) -> None:
        """Seconds after NOW, ascending."""
        for second in seconds:
            self.clock.passed = second - 7
            self.simulated.at = NOW + second
            self.worker.turn()

    def verdict(self, component: str, scenario: str | None) -> RecoveryVerdict:
        return next(v for v in self.board.box.get().recovery if (v.component, v.scenario) == (component, scenario))


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    model, clock = DemoModel(1), ManualClock(NOW)
    cloudwatch = CloudWatch(clock, lambda *_: None, provider=model, allow_aws_namespace=True)
    described = Describe(clock, lambda: Resources.of(reference()), lambda: model.faults)
    app = create_app(cloudwatch, clock, query=described.before(nobody), routes=described.routes())
    with serving(app) as url:
        for name, value in (("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
            monkeypatch.setenv(name, value)
        yield Demo(model, clock)


def test_the_reference_estate_on_an_everyday_has_the_verdicts_it_deserves(demo: Demo) -> None:
    demo.look_at(7)
    found = {(v.component, v.scenario): v.state for v in demo.board.box.get().recovery if v.target is not None}
    assert found == {
        ("api", "az-loss"): "not_measured",
        ("web", "az-loss"): "not_measured",
        ("workers", "az-loss"): "not_measured",
        ("database", "az-loss"): "not_measured",
        ("database", "point-in-time-restore"): "not_measured",
        ("media", "region-loss"): "not_measured",
        ("assets", "region-loss"): "not_measured",
        ("backups", "region-loss"): "not_measured",
        ("archive", "region-loss"): "impossible",
    }
    assert all(demo.verdict(name, "region-loss").rpo.state == "met" for name in ("media", "assets", "backups"))
    assert demo.verdict("documents", None).exposure == 7


def test_a_failover_took_what_it_took(demo: Demo) -> None:
    fault = demo.model.inject("rds-failover", NOW + 20)
    demo.look_at(60, 120, 180)
    verdict = demo.verdict("database", "az-loss")
    assert verdict.rto.achieved == fault.end - fault.start
    assert (verdict.rpo.state, verdict.rto.state, verdict.exposure) == ("met", "met", 0)


def test_a_backup_that_stops_is_seen_within_one_poll_of_the_truth(demo: Demo) -> None:
    fault = demo.model.inject("backup-stopped", NOW + 20)
    demo.look_at(*range(7, 1200, POLL))
    verdict = demo.verdict("database", "point-in-time-restore")
    assert isinstance(verdict.exposure, int)
    truth = 1200 - (fault.start - 20 - NOW)  # the last upload was at NOW, the next one never came
    assert truth - POLL <= verdict.exposure <= truth
    assert verdict.rpo.state == "breached"


def test_one_lagging_replica_does_not_hide_the_one_that_keeps_up(demo: Demo) -> None:
    demo.model.inject("replica-lag", NOW)
    demo.look_at(1500)
    assert [r.code for r in demo.verdict("database", "az-loss").rpo.reasons] == ["no_event"]


def test_replication_that_is_stuck_ages_with_the_clock(demo: Demo) -> None:
    fault = demo.model.inject("s3-replication-stuck", NOW + 60)
    later = 25 * 3600
    demo.look_at(7, later)
    verdict = demo.verdict("media", "region-loss")
    assert isinstance(verdict.exposure, int)
    assert abs(verdict.exposure - (NOW + later - fault.start)) <= 10 * POLL
    assert verdict.rpo.state == "breached"
    assert demo.verdict("assets", "region-loss").rpo.state == "met"
