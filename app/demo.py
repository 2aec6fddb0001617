"""`sloop demo`: the real service on a modelled estate. Only AWS and PagerDuty are stand-ins; at speed 1 Prometheus is real."""

from __future__ import annotations

import json
import os
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import typer

from app.aws.session import AwsSession
from app.bootstrap import build_app, build_service, listen, run_app
from app.clock import ScaledClock, WallClock
from app.demo_processes import start_prometheus, start_simulator
from app.files import packaged_spec, read_catalog
from app.settings import Settings
from app.simulator.faults import FAULTS
from app.simulator.pagerduty import PagerDuty
from app.telemetry import configure_logs, configure_traces
from slo.errors import UsageError
from slo.estate.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        os.environ |= {**_CREDENTIALS, "AWS_ENDPOINT_URL": simulator}
        prometheus = start_prometheus(stack, folder, simulator) if speed == 1 else None
        settings = _settings(folder, listener.getsockname()[1], prometheus or f"{simulator}/prometheus")
        estate = demo_estate()
        service = build_service(settings, estate, clock, _remarks(speed, prometheus))
        app = build_app(settings, service, clock)
        app.router.routes.extend(PagerDuty(allowed={simulator.removeprefix("http://")}).routes())
        story = Thread(target=_tell_story, args=(settings, service, clock, simulator, planned, started), daemon=True)
        story.start()
        run_app(app, service, listener)


def demo_estate() -> Estate:
    loaded = load((("demo.yaml", packaged_spec("demo")),), read_catalog())
    assert loaded.estate is not None, "the packaged estate is valid; a test holds it so"
    return loaded.estate


def _settings(folder: Path, port: int, prometheus_url: str) -> Settings:
    return Settings(
        host="127.0.0.1",
        port=port,
        base_url=f"http://127.0.0.1:{port}",
        database_url=os.environ.get("SLOOP_DATABASE_URL") or f"sqlite:///{folder / 'demo.sqlite'}",
        topic_arn=f"arn:aws:sns:us-east-1:111122223333:{TOPIC}",
        prometheus_url=prometheus_url,
        settle_seconds=30,
        prometheus_settle_seconds=30,
        poll_minutes=1,
        prometheus_poll_minutes=1,
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
    _subscribe(settings)
    while service.board.box.get().unjudged:
        time.sleep(0.05)
    ready = clock.monotonic()
    address = settings.address
    typer.echo(f"Sloop demo   {address}/   (ready after {ready - started:.1f} s; Ctrl-C stops it and removes its data)")
    typer.echo(f"  pager      {address}/demo/pagerduty")
    typer.echo(f"  database   SLOOP_DATABASE_URL={settings.database_url}")
    typer.echo(f"  faults     {', '.join(f'{f.name} in {f.after:g} s' for f in faults)}")
    for fault in sorted(faults, key=lambda f: f.after):
        time.sleep(max(0.0, ready + fault.after - clock.monotonic()))
        begin = {"name": fault.name, "start": clock.now().timestamp()}
        _post(f"{simulator}/_sloop/faults", begin)
        typer.echo(f"  {clock.now():%H:%M:%S}Z  fault {fault.name} begins")


def _subscribe(settings: Settings) -> None:
    sns = AwsSession({}).client("sns")
    topic = sns.create_topic(Name=TOPIC)["TopicArn"]
    assert topic == settings.topic_arn, f"the simulator made {topic}"
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{settings.address}/demo/pagerduty/sns")


def _post(url: str, document: dict[str, object]) -> None:
    request = Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})  # noqa: S310  # our own loopback address
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        answer.read()
