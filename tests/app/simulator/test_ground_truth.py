"""What Sloop's own sources and catalogue measure of the reference estate over the wire is what the model knows to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest

from app.aws.metrics import CloudWatchSource
from app.aws.session import AwsSession
from app.aws.xray import XRaySource
from app.files import packaged_spec, read_catalog
from app.ports import Span
from app.prometheus.source import PrometheusSource
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.faults import FAULTS
from app.simulator.model import DemoModel
from app.simulator.server import create_app
from app.simulator.xray import XRay
from slo.estate.indicator import Unbound
from slo.estate.load import load
from slo.judge.sli import measure

if TYPE_CHECKING:
    from slo.estate.spec import Estate
    from slo.judge.series import Slices

END = 30_000_000
START = END - 60 - 90 * len(FAULTS)
CATALOG = read_catalog()


def estate_of(name: str) -> Estate:
    estate = load([(f"{name}.yaml", packaged_spec(name))], CATALOG).estate
    assert estate is not None
    return estate


ESTATE = estate_of("reference")
INDICATORS = sorted({o.indicator_id for o in ESTATE.objectives})


@pytest.fixture
def model(switch: Any, monkeypatch: pytest.MonkeyPatch) -> DemoModel:
    """Served by the simulator; every fault strikes at a time of its own."""
    model = DemoModel(11)
    for place, name in enumerate(FAULTS):
        model.inject(name, (START + 30 + 90 * place) * 60 + 47)
    clock = ManualClock(END * 60 + 30)
    cloudwatch = CloudWatch(clock, lambda *_: None, provider=model)
    switch.app = create_app(
        cloudwatch, clock, inject=model.inject, routes=[*model.routes(clock), *XRay(model.stream, clock).routes()]
    )
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
        source = XRaySource(session) if component.kind == "xray" else CloudWatchSource(session)
        answers = source.fetch(bound.queries, Span(START, END))
        session.client("xray" if component.kind == "xray" else "cloudwatch", "main").close()
    result = measure(bound, answers, START, END)
    assert result.failure is None
    assert result.quarantined == 0
    return result.slices


@pytest.mark.parametrize("indicator_id", INDICATORS)
def test_every_indicator_of_the_reference_estate_is_measured_exactly(model: DemoModel, switch: Any, indicator_id: str) -> None:
    truth, found = model.truth(indicator_id, START, END), measured(indicator_id, switch.url)
    assert np.array_equal(found.minutes, truth.minutes)
    assert np.array_equal(found.total, truth.total)
    assert np.array_equal(found.bad, truth.bad)


def test_the_demo_estate_is_a_part_of_the_reference_estate() -> None:
    demo = estate_of("demo")
    assert {o.indicator_id for o in demo.objectives} <= set(INDICATORS)
    for small in demo.components:
        whole = ESTATE.component(small.name)
        assert (small.kind, dict(small.resource)) == (whole.kind, {k: whole.resource[k] for k in small.resource})


def test_faults_reach_every_kind_of_indicator(model: DemoModel) -> None:
    bad = {name for name in INDICATORS if model.truth(name, START, END).bad.any()}
    never = {"api.capacity", "web.capacity", "workers.capacity", "tools.capacity", "payment.availability"}
    assert set(INDICATORS) - bad == never | {"pager.availability", "vpn-onprem.availability"}
