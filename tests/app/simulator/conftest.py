"""A simulated account on loopback for an unmodified boto3: one server for all tests, one app for each."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.disturbance import Disturbance, undisturbed
from app.simulator.server import create_app, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z, a whole hour
MINUTE = int(NOW) // 60


@dataclass
class Switch:
    """Hands every request to the app of the test that runs."""

    url: str = ""
    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@dataclass
class Account:
    """The simulated account with a clock that the test moves; `published` collects (topic, subject, message)."""

    client: Any
    clock: ManualClock
    cloudwatch: CloudWatch
    published: list[tuple[str, str, str]]
    disturb: Callable[[str, Any], Disturbance | None] = undisturbed
    injected: list[tuple[str, float]] = field(default_factory=list)
    url: str = ""

    def put(self, minute: int, value: float, metric: str = "Errors") -> None:
        data = [{"MetricName": metric, "Value": value, "Timestamp": minute * 60}]
        self.client.put_metric_data(Namespace="Shop", MetricData=data)

    def disturbed(self, operation: str, request: Any) -> Disturbance | None:
        """Looks `disturb` up at each request: a test sets it when it wants."""
        return self.disturb(operation, request)

    def tick(self, minutes: int = 1) -> None:
        """Let estate minutes pass one by one, alarms evaluated at each."""
        for _ in range(minutes):
            self.clock.advance(60)
            self.cloudwatch.tick(self.clock.now())


@pytest.fixture(scope="session")
def switch() -> Iterator[Switch]:
    listener = listen()
    switch = Switch(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(switch, lifespan="off", log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    yield switch
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="session")
def boto(switch: Switch) -> Iterator[Callable[[str], Any]]:
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = boto3.client(
                service,
                region_name="us-east-1",
                endpoint_url=switch.url,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return clients[service]

    yield client
    for opened in clients.values():
        opened.close()


@pytest.fixture
def account(switch: Switch, boto: Callable[[str], Any]) -> Account:
    """Five seconds past a whole minute, so that a tick evaluates exactly the minute that just ended."""
    clock = ManualClock(NOW + 5)
    published: list[tuple[str, str, str]] = []
    cloudwatch = CloudWatch(clock, lambda *message: published.append(message), allow_aws_namespace=True)
    account = Account(boto("cloudwatch"), clock, cloudwatch, published, url=switch.url)
    switch.app = create_app(
        cloudwatch,
        clock,
        inject=lambda name, start: account.injected.append((name, start)),
        disturb=account.disturbed,
    )
    return account
