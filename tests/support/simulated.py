"""One simulated AWS account behind a real socket, for an unmodified boto3: the clock stands until the test moves it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.disturbance import undisturbed
from app.simulator.server import create_app
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.types import Receive, Scope, Send

    from app.simulator.disturbance import Disturb, Disturbance
    from app.simulator.samples import Provider


class Account:
    """`calls` collects (operation, request); `disturb` is looked up at each."""

    def __init__(self) -> None:
        self.url = ""
        self.begin(0.0)

    def begin(self, now: float, provider: Provider | None = None) -> None:
        """Everything forgotten, and the clock set to `now` (epoch seconds)."""
        self.clock = ManualClock(now)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.disturb: Disturb = undisturbed
        cloudwatch = CloudWatch(self.clock, lambda *_: None, provider=provider, allow_aws_namespace=True)
        self.store = cloudwatch.store
        self._app = create_app(cloudwatch, self.clock, disturb=self._noted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def _noted(self, operation: str, request: Mapping[str, Any]) -> Disturbance | None:
        self.calls.append((operation, request))
        return self.disturb(operation, request)


@contextmanager
def simulated() -> Iterator[Account]:
    account = Account()
    with serving(account) as account.url:
        yield account


def environment(url: str) -> dict[str, str]:
    """For an AwsSession that finds credentials and the endpoint here, and nothing of the machine's own."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIDOWN",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """The code with which AWS, or who plays it, refuses this call."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])
