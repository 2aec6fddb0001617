"""A simulated AWS account behind real HTTP, which counts what it is asked: for anything that writes to it."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config

from app.simulator.account import Surroundings
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.courier import Courier, Post
from app.simulator.server import create_app
from app.simulator.sns import Sns
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from app.simulator.sns_topics import Topics

NOW = 1_800_000_005.0  # five seconds past a whole hour
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
READS = ("Describe", "List", "Get", "Lookup")


@dataclass
class Account:
    """`asked` counts requests by operation since the last `forget`."""

    url: str
    clock: ManualClock
    cloudwatch: CloudWatch
    sns: Sns
    around: Surroundings
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def written(self) -> int:
        return sum(count for name, count in self.asked.items() if not name.startswith(READS))

    @property
    def environment(self) -> dict[str, str]:
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def forget(self) -> None:
        self.asked.clear()

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """An unmodified boto3, as somebody else in the account would use it."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )


class Confirming(Courier):
    """An endpoint that confirms before its subscriber has the answer, and takes whatever comes."""

    topics: Topics

    def put(self, message: Post) -> None:
        told = json.loads(message.body)
        if told["Type"] == "SubscriptionConfirmation":
            self.topics.confirm(told["TopicArn"], told["Token"])


@contextmanager
def account(*, confirms: bool = True) -> Iterator[Account]:
    """`confirms`: whether whoever is subscribed to a topic confirms it."""
    found: list[Account] = []
    clock = ManualClock(NOW)

    def courier(url: str) -> Courier:
        if not confirms:
            return Courier(url, retry_seconds=0.01)
        made = Confirming(url)
        made.topics = sns.topics
        return made

    sns = Sns(lambda: found[0].url, courier=courier)
    cloudwatch = CloudWatch(clock, sns.publish, allow_aws_namespace=True)
    around = Surroundings(cloudwatch, sns, clock)
    app = create_app(
        cloudwatch,
        clock,
        query=around.before(sns.handle),
        routes=sns.routes(),
        regional=around.regional(),
        witness=around.trail.witness,
    )
    with serving(_counting(app, found)) as url:
        found.append(Account(url, clock, cloudwatch, sns, around))
        try:
            yield found[0]
        finally:
            sns.close()


def _counting(app: ASGIApp, found: list[Account]) -> ASGIApp:
    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        body = message.get("body", b"")
        while message.get("more_body"):
            message = await receive()
            body += message.get("body", b"")
        target = dict(scope["headers"]).get(b"x-amz-target", b"").decode()
        name = target.rpartition(".")[2] or parse_qs(body.decode("latin-1")).get("Action", ["?"])[0]
        found[0].asked[name] += 1
        sent = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Any:
            return sent.pop() if sent else await receive()

        await app(scope, replay, send)

    return counted
