"""What Sloop's own sources and catalogue measure of the demo's estate over the wire is what the model knows to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.files import packaged_spec, read_catalog
from app.ports import Span
from app.prometheus import PrometheusSource
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.faults import FAULTS
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from slo.catalog.template import Unbound
from slo.estate.load import load
from slo.judge.sli import measure

if TYPE_CHECKING:
    from slo.estate.spec import Estate
    from slo.judge.series import Slices

END = 30_000_000
START = END - 600
CATALOG = read_catalog()
# The last minute of the gap: proof of life at its end makes PrometheusSource call it idle, though its first mark is missing.
GAP = START + 60 + 90 * list(FAULTS).index("metrics-gap")
LATE_PROOF = (GAP + 20, GAP + 21)


def demo_estate() -> Estate:
    estate = load([("demo.yaml", packaged_spec("demo"))], CATALOG).estate
    assert estate is not None
    return estate


ESTATE = demo_estate()


@pytest.fixture
def model(switch: Any, monkeypatch: pytest.MonkeyPatch) -> DemoModel:
    """Served by the simulator; every fault strikes at a time of its own."""
    model = DemoModel(11)
    for place, name in enumerate(FAULTS):
        model.inject(name, (START + 60 + 90 * place) * 60 + 7)
    clock = ManualClock(END * 60 + 30)
    cloudwatch = CloudWatch(clock, lambda *_: None, provider=model.provider())
    switch.app = create_app(cloudwatch, clock, inject=model.inject, routes=model.routes(clock))
    settings = {"ENDPOINT_URL": switch.url, "ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    return model


def measured(indicator_id: str, url: str) -> Slices:
    component = ESTATE.component(indicator_id.split(".", maxsplit=1)[0])
    bound = CATALOG.bind(component, indicator_id.split(".")[1], ESTATE.account(component.account))
    assert not isinstance(bound, Unbound)
    if component.kind == "prometheus":
        with httpx.Client(trust_env=False) as client:
            answers = PrometheusSource(f"{url}/prometheus", client=client).fetch(bound.queries, Span(START, END))
    else:
        session = AwsSession({a.name: a for a in ESTATE.accounts})
        answers = CloudWatchSource(session).fetch(bound.queries, Span(START, END))
        session.client("cloudwatch", "main").close()
    result = measure(bound, answers, START, END)
    assert result.failure is None
    assert result.quarantined == 0
    return result.slices


@pytest.mark.parametrize("indicator_id", sorted({o.indicator_id for o in ESTATE.objectives}))
def test_every_indicator_of_the_demo_is_measured_exactly(model: DemoModel, switch: Any, indicator_id: str) -> None:
    truth, found = model.truth(indicator_id, START, END), measured(indicator_id, switch.url)
    if indicator_id == "orders.availability":
        assert found.between(*LATE_PROOF).total.sum() == 0
        found = found.without([LATE_PROOF])
    assert np.array_equal(found.minutes, truth.minutes)
    assert np.array_equal(found.total, truth.total)
    assert np.array_equal(found.bad, truth.bad)
