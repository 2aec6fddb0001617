"""`sloop demo`: the real service on a modelled estate. Only AWS and PagerDuty are stand-ins; at speed 1 Prometheus is real."""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib import request as http

import typer
from fastapi import APIRouter, Depends
from starlette.requests import Request  # noqa: TC002  # FastAPI reads the annotation at run time
from starlette.responses import Response  # noqa: TC002

from app.aws.session import AwsSession
from app.bootstrap import build_app, build_service, listen, run_app
from app.bootstrap_aws import provisioning
from app.clock import ScaledClock, WallClock
from app.demo_processes import start_prometheus, start_simulator
from app.files import packaged_spec, read_catalog
from app.guards import Requires
from app.logs import configure_logs
from app.settings import Settings
from app.simulator.faults import FAULTS
from app.simulator.pagerduty import PagerDuty
from app.telemetry import configure_traces
from slo.errors import UsageError
from slo.estate.load import load
from slo.plan import make_plan
from slo.resource import ESTATE, MANAGED_BY, MANAGER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from starlette.routing import Route

    from app.clock import Clock
    from app.service import Service
    from slo.estate.spec import Estate

TOPIC = "sloop-demo-pages"
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`after`: wall seconds after the service is ready."""

    name: str
    after: float

    @classmethod
    def parse(cls, text: str) -> Fault:
        name, at, seconds = text.partition("@")
        if name not in FAULTS:
            raise UsageError(f"--fault {text}: there is no fault {name!r}; there are: {', '.join(sorted(FAULTS))}")
        try:
            after = float(seconds)
        except ValueError:
            after = -1.0
        if not at or not 0 <= after <= 86400:
            raise UsageError(f"--fault {text}: write NAME@SECONDS, like api-5xx@30")
        return cls(name, after)


def run(*, speed: float, faults: Sequence[str], port: int, seed: int) -> None:
    """Until interrupted; everything it started is gone afterwards."""
    planned = [Fault.parse(text) for text in faults]
    configure_logs("warning")
    configure_traces()
    listener = listen("127.0.0.1", port)
    wall = WallClock()
    started, origin = wall.monotonic(), wall.wall().timestamp()
    with ExitStack() as stack:
        stack.callback(listener.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sloop-demo-")))
        clock = wall if speed == 1 else ScaledClock(origin, origin, speed)
        simulator = start_simulator(stack, seed, speed, origin)
        isolate(os.environ, simulator)
        prometheus = start_prometheus(stack, folder, simulator) if speed == 1 else None
        settings = _settings(folder, listener.getsockname()[1], prometheus or f"{simulator}/prometheus")
        estate = demo_estate()
        service = build_service(settings, estate, clock, _remarks(speed, prometheus), (packaged_spec("reference"),))
        app = build_app(settings, service, clock, (_pager_routes(simulator),))
        story = Thread(target=_tell_story, args=(settings, service, clock, simulator, planned, started), daemon=True)
        story.start()
        run_app(app, service, listener)


def isolate(environment: MutableMapping[str, str], simulator: str) -> None:
    """Lead every AWS call to the simulator, whatever profile, region or endpoints this machine has set."""
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]
    nothing = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    environment.update(_CREDENTIALS, AWS_ENDPOINT_URL=simulator, **nothing)


def _pager_routes(simulator: str) -> APIRouter:
    """The stand-in's pages, readable by anyone who may read ours; what SNS posts is checked by its signature."""
    router = APIRouter(dependencies=[Depends(Requires("viewer"))], include_in_schema=False)
    for route in PagerDuty(allowed={simulator.removeprefix("http://")}).routes():
        router.add_api_route(route.path, _as_endpoint(route), methods=sorted(route.methods or ()), response_model=None)
    return router


def _as_endpoint(route: Route) -> Callable[[Request], Awaitable[Response]]:
    """FastAPI looks up the annotations of what it calls, and those of the stand-in are there for the type checker only."""

    async def endpoint(request: Request) -> Response:
        answer: Response = await route.endpoint(request)
        return answer

    return endpoint


def demo_estate() -> Estate:
    """The whole reference estate; the environment it is watched in is called `demo`."""
    loaded = load((("reference.yaml", packaged_spec("reference")),), read_catalog())
    assert loaded.estate is not None, "the packaged estate is valid; a test holds it so"
    return replace(loaded.estate, name="demo")


def _settings(folder: Path, port: int, prometheus_url: str) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=port,
        base_url=f"http://127.0.0.1:{port}",
        database_url=f"sqlite:///{folder / 'demo.sqlite'}",
        topic_arn=f"arn:aws:sns:us-east-1:111122223333:{TOPIC}",
        reports_dir=str(folder / "reports"),
        prometheus_url=prometheus_url,
        settle_seconds=30,
        prometheus_settle_seconds=30,
        poll_minutes=1,
        prometheus_poll_minutes=1,
        pager_endpoint=f"http://127.0.0.1:{port}/demo/pagerduty/sns",
        writes_per_second=1000,
    )


def _remarks(speed: float, prometheus: str | None) -> tuple[str, ...]:
    told = ["Demo: AWS and PagerDuty are stand-ins on this machine; traffic and faults come from a model."]
    if speed != 1:
        told.append(f"Speed {speed:g}: Prometheus is a stub of its HTTP API that reads the model.")
    elif prometheus is None:
        told.append("No prometheus binary here (apt-get install prometheus): a stub of its HTTP API reads the model.")
    return tuple(told)


def _tell_story(
    settings: Settings, service: Service, clock: Clock, simulator: str, faults: Sequence[Fault], started: float
) -> None:
    """Once the server answers: subscribe the pager, say where everything is, and let the faults happen when they are due."""
    estate = service.board.box.get().estate
    _subscribe(settings, estate)
    while service.board.box.get().unjudged:
        time.sleep(0.05)
    ready = clock.monotonic()
    address = settings.address
    typer.echo(f"Sloop demo   {address}/   (ready after {ready - started:.1f} s; Ctrl-C stops it and removes its data)")
    typer.echo(f"  pager      {address}/demo/pagerduty")
    typer.echo(f"  database   SLOOP_DATABASE_URL={settings.database_url}")
    typer.echo(f"  alarms     {address}/alarms ({_provision(settings, estate)} made by sloop apply)")
    typer.echo(f"  faults     {', '.join(f'{f.name} in {f.after:g} s' for f in faults)}")
    for fault in sorted(faults, key=lambda f: f.after):
        time.sleep(max(0.0, ready + fault.after - clock.monotonic()))
        begin = {"name": fault.name, "start": clock.now().timestamp()}
        _post(f"{simulator}/_sloop/faults", begin)
        typer.echo(f"  {clock.now():%H:%M:%S}Z  fault {fault.name} begins")


def _subscribe(settings: Settings, estate: Estate) -> None:
    """Before anything can page; the rest of what `sloop apply` makes can wait until the pages are up."""
    sns = AwsSession({}).client("sns")
    tags = [{"Key": key, "Value": value} for key, value in ((MANAGED_BY, MANAGER), (ESTATE, estate.name))]
    topic = sns.create_topic(Name=TOPIC, Tags=tags)["TopicArn"]
    assert topic == settings.topic_arn, f"the simulator made {topic}"
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=settings.pager_endpoint)


def _provision(settings: Settings, estate: Estate) -> int:
    """How many resources `sloop apply` made."""
    world = provisioning(settings, estate, read_catalog(), dashboards=False)
    plan = make_plan(estate.name, world.places, world.desired, world.provisioner.read(estate.name))
    outcome = world.provisioner.apply(plan)
    for failure in outcome.failed:
        typer.echo(f"  not made: {failure.change.resource.name}: {failure.error}", err=True)
    return len(outcome.done)


def _post(url: str, document: dict[str, object]) -> None:
    request = http.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})  # noqa: S310  # loopback
    with http.urlopen(request, timeout=10) as answer:  # noqa: S310
        answer.read()
