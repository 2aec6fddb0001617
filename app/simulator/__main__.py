"""`python -m app.simulator`: the whole simulated account on one loopback port."""

from __future__ import annotations

import argparse
import sys
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

import uvicorn

from app.files import packaged_spec, read_catalog
from app.simulator.account import Surroundings
from app.simulator.clock import SimClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.describe import Describe
from app.simulator.inventory import Inventory
from app.simulator.listing import Listing
from app.simulator.logs import Logs
from app.simulator.model import DemoModel
from app.simulator.recoverable import Resources
from app.simulator.server import HOST, create_app, listen
from app.simulator.services import TARGET as ECS
from app.simulator.sns import Sns
from app.simulator.xray import XRay
from slo.estate.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.applications import Starlette


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    listener = listen(options.port)
    address = f"http://{HOST}:{listener.getsockname()[1]}"
    sns = Sns(lambda: address)
    server = uvicorn.Server(uvicorn.Config(_app(options, sns), log_level="warning", timeout_graceful_shutdown=1))
    if options.exit_with_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, args=[server], daemon=True).start()
    print(f"listening on {address}", flush=True)  # noqa: T201 - the parent reads the port from here
    try:
        server.run([listener])
    finally:
        sns.close()


def _app(options: argparse.Namespace, sns: Sns) -> Starlette:
    clock = SimClock(options.origin_wall, options.origin_estate, options.speed)
    model = DemoModel(options.seed) if options.model == "demo" else None
    cloudwatch = CloudWatch(clock, sns.publish, provider=model, allow_aws_namespace=True)
    if model is None:
        around = Surroundings(cloudwatch, sns, clock)
        return create_app(
            cloudwatch,
            clock,
            query=around.before(sns.handle),
            routes=sns.routes(),
            regional=around.regional(),
            witness=around.trail.witness,
            ticking=True,
        )
    described, listed = Describe(clock, _recoverable, lambda: model.faults), Listing(_inventory)
    around = Surroundings(cloudwatch, sns, clock, tagged=lambda: _inventory().tagged(), queues=listed.targets()["AmazonSQS"])
    traced = XRay(model.stream, clock, model.outages).routes()
    return create_app(
        cloudwatch,
        clock,
        query=around.before(listed.before(described.before(sns.handle))),
        inject=model.inject,
        routes=[*sns.routes(), *model.routes(clock), *traced, *listed.routes(), *described.routes()],
        targets={**listed.targets(), **described.targets(listed.targets()[ECS]), **Logs(model.stream, clock).targets()},
        regional=around.regional(),
        witness=around.trail.witness,
        ticking=True,
    )


@cache
def _inventory() -> Inventory:
    """What the packaged reference estate declares; read when it is first asked for."""
    loaded = load((("reference.yaml", packaged_spec("reference")),), read_catalog())
    assert loaded.estate is not None, f"the packaged estate is valid; a test holds it so: {loaded.problems[:1]}"
    return Inventory(loaded.estate)


@cache
def _recoverable() -> Resources:
    return Resources.of(_inventory().estate)


def _parser() -> argparse.ArgumentParser:
    now = time.time()
    parser = argparse.ArgumentParser(prog="python -m app.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one; the address is printed")
    parser.add_argument("--seed", type=int, default=1, help="of the traffic model")
    parser.add_argument("--speed", type=float, default=1.0, help="estate seconds per second of wall clock")
    parser.add_argument("--origin-wall", type=float, default=now, metavar="SECONDS", help="wall time of the origin")
    parser.add_argument("--origin-estate", type=float, default=now, metavar="SECONDS", help="estate time of the origin")
    parser.add_argument("--model", choices=["demo", "none"], default="demo", help="what computes metrics nobody put")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when the parent closes standard input")
    return parser


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(1024):
        pass
    server.should_exit = True


if __name__ == "__main__":
    main()
