"""The reference estate as an account on the simulator's wire: its metrics, its service map, and whatever describes it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from app.files import packaged_spec, read_catalog
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.describe import Describe
from app.simulator.disturbance import undisturbed
from app.simulator.inventory import Inventory
from app.simulator.listing import Listing
from app.simulator.model import DemoModel
from app.simulator.recoverable import Resources
from app.simulator.server import create_app
from app.simulator.sns import Sns
from app.simulator.xray import XRay
from slo.estate.load import load
from tests.support.serving import serving
from tests.support.simulated import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from app.simulator.disturbance import Disturb, Disturbance
    from slo.estate.spec import Estate

NOW = 30_000_000
"""Minutes: 2027-01-15T08:00:00Z."""
CATALOG = read_catalog()


@cache
def reference() -> Estate:
    loaded = load((("reference.yaml", packaged_spec("reference")),), CATALOG)
    assert loaded.estate is not None
    return loaded.estate


@dataclass(slots=True)
class World:
    """`deny` refuses IAM actions of describing calls; `disturb` is looked up at each call of CloudWatch."""

    model: DemoModel
    inventory: Inventory
    describe: Describe
    clock: ManualClock
    cloudwatch: CloudWatch
    url: str = ""
    disturb: Disturb = undisturbed

    def deny(self, *actions: str) -> None:
        self.inventory.denied.update(actions)
        self.describe.denied = actions

    def deny_nothing(self) -> None:
        self.inventory.denied.clear()
        self.describe.denied = ()

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.url)


@contextmanager
def discoverable(now: float = NOW * 60.0) -> Iterator[World]:
    clock, model, estate = ManualClock(now), DemoModel(1), reference()
    cloudwatch = CloudWatch(clock, lambda *_: None, provider=model, allow_aws_namespace=True)
    sns = Sns(lambda: "http://127.0.0.1")
    sns.topics.create("sloop-demo-pages", {}, {})
    described = Describe(clock, lambda: Resources.of(estate), lambda: model.faults)
    world = World(model, Inventory(estate), described, clock, cloudwatch)
    listed = Listing(lambda: world.inventory)

    def disturb(operation: str, request: Mapping[str, Any]) -> Disturbance | None:
        return world.disturb(operation, request)

    app = create_app(
        cloudwatch,
        clock,
        query=listed.before(described.before(sns.handle)),
        routes=[*XRay(model.stream, clock).routes(), *listed.routes(), *described.routes()],
        targets=listed.targets(),
        disturb=disturb,
    )
    with serving(app) as world.url:
        try:
            yield world
        finally:
            sns.close()
