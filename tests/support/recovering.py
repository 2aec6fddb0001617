"""The reference estate with its recovery worker, in front of the modelled account over HTTP; clocks that a test moves."""

from __future__ import annotations

from contextlib import contextmanager
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
from slo.judge.outage import outages
from tests.support.clocks import FakeClock
from tests.support.recoverable import NOW, nobody
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.spec import Estate
    from slo.judge.outage import RecoveryEvent
    from slo.judge.recovery import RecoveryVerdict

POLL = 60


@cache
def reference() -> Estate:
    estate = load((("reference.yaml", packaged_spec("reference")),), read_catalog()).estate
    assert estate is not None
    return estate


class Demo:
    def __init__(self, model: DemoModel, simulated: ManualClock, described: Describe) -> None:
        self.model, self.simulated, self.described = model, simulated, described
        self.store = MemoryStore()
        self.clock = FakeClock(NOW + 7)
        self.estate = estate = reference()
        session = AwsSession({a.name: a for a in estate.accounts})
        self.board = Board(estate, MemoryStore(), self.clock, indicators={})
        self.reader = AwsRecovery(session, CloudWatchSource(session))
        self.worker = RecoveryWorker(self.store, estate, self.reader, self.clock, self.board)

    def look_at(self, *seconds: int) -> None:
        """Seconds after NOW, ascending."""
        for second in seconds:
            self.clock.passed = second - 7
            self.simulated.at = NOW + second
            self.worker.turn()

    def verdict(self, component: str, scenario: str | None) -> RecoveryVerdict:
        return next(v for v in self.board.box.get().recovery if (v.component, v.scenario) == (component, scenario))

    def events(self, component: str, kind: str) -> list[RecoveryEvent]:
        return [e for e in self.store.recovery_events(0) if (e.component, e.kind) == (component, kind)]

    def felt(self, indicator: str, second: int) -> None:
        """The outages that the slices of this indicator show up to this second after NOW are found."""
        slices = self.model.truth(indicator, NOW // 60 - 60, (NOW + second) // 60)
        self.store.keep_recovery([], outages(indicator.partition(".")[0], slices, f"slices of {indicator}"))


@contextmanager
def recovering() -> Iterator[Demo]:
    model, clock = DemoModel(1), ManualClock(NOW)
    cloudwatch = CloudWatch(clock, lambda *_: None, provider=model, allow_aws_namespace=True)
    described = Describe(clock, lambda: Resources.of(reference()), lambda: model.faults)
    app = create_app(cloudwatch, clock, query=described.before(nobody), routes=described.routes(), targets=described.targets())
    with serving(app) as url, pytest.MonkeyPatch.context() as environment:
        for name, value in (("AWS_ENDPOINT_URL", url), ("AWS_ACCESS_KEY_ID", "t"), ("AWS_SECRET_ACCESS_KEY", "t")):
            environment.setenv(name, value)
        yield Demo(model, clock, described)
