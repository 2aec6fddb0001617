"""An SNS topic over real HTTP that writes down what it accepted, in that order; when asked it refuses, or is not heard."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.simulator.courier import Courier, Post
from app.simulator.pagerduty import PagerDuty
from app.simulator.sns import Sns
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

SUBSCRIBER = "https://pager.test/"
LATE = 0.4
"""Seconds."""
Fate = str
"""Of a call: `taken`, `refused` before anything happened, `unheard` after it did, or `late`: answered after `LATE`."""


@dataclass(slots=True, eq=False)
class Topic:
    """`accepted` is (key, transition) in the order of SNS; `fate` is asked for each call."""

    url: str
    arn: str
    accepted: list[tuple[str, str]] = field(default_factory=list)
    pager: PagerDuty = field(default_factory=PagerDuty)
    fate: Callable[[], Fate] = lambda: "taken"

    def forget(self, fate: Callable[[], Fate]) -> None:
        self.accepted, self.pager, self.fate = [], PagerDuty(), fate

    def hear(self, envelope: dict[str, Any]) -> None:
        alarm = json.loads(envelope["Message"])
        self.accepted.append((alarm["AlarmName"], alarm["sloop"]["transition_id"]))
        self.pager.fold(envelope["Subject"], envelope["Message"], envelope.get("MessageAttributes", {}))


class _Ear(Courier):
    """Hears a message before its sender has the answer."""

    topic: Topic
    sns: Sns

    def put(self, message: Post) -> None:
        told = json.loads(message.body)
        if told["Type"] == "SubscriptionConfirmation":
            self.sns.topics.confirm(told["TopicArn"], told["Token"])
        else:
            self.topic.hear(told)


@contextmanager
def topic(name: str = "pages") -> Iterator[Topic]:
    made: list[Topic] = []

    def ear(url: str) -> Courier:
        heard = _Ear(url)
        heard.sns, heard.topic = sns, made[0]
        return heard

    async def answer(request: Request) -> Response:
        fate = made[0].fate()
        if fate == "refused":
            return PlainTextResponse("try again", 503)
        answered = await sns.handle(dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)))
        if fate == "late":
            await asyncio.sleep(LATE)
        return PlainTextResponse("lost on the way", 500) if fate == "unheard" else answered

    sns = Sns(lambda: made[0].url, courier=ear)
    with serving(Starlette(routes=[Route("/", answer, methods=["POST"])])) as url:
        made.append(Topic(url, sns.topics.create(name, {}, {}).arn))
        sns.topics.subscribe(made[0].arn, "https", SUBSCRIBER, {})
        try:
            yield made[0]
        finally:
            sns.close()
