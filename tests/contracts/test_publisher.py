"""What every Publisher does, on the in-memory twin and on SNS: boto3 over HTTP to the simulator, which posts to a pager, and
to moto, which sends to a queue.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

import boto3
import httpx
import pytest
from botocore.config import Config
from starlette.applications import Starlette
from starlette.routing import Route

from alerts.breach import Breach
from alerts.envelope import Origin
from alerts.message import page_message
from app.aws.sns import SnsPublisher
from app.memory.publisher import MemoryPublisher
from app.simulator.courier import Courier
from app.simulator.pagerduty import PagerDuty
from app.simulator.sns import Sns
from slo.errors import DeliveryError
from slo.estate.spec import Component, Objective
from slo.judge.burn import Rule
from slo.units import parse_share
from tests.support.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from alerts.envelope import Message
    from app.ports import Publisher
    from tests.support.moto_account import Moto

FIRED = 29_922_480
BREACH = Breach("api.availability", "page", Rule("page", 60, 5, Fraction(72, 5)), FIRED, Fraction(1, 30), notified_at=FIRED)
API = Component("api", "ecs", tier=1, display_name="API")
OBJECTIVE = Objective("api.availability", "api", "availability", parse_share("99.9%"), 43_200, ())
ORIGIN = Origin("demo", "http://127.0.0.1:8000", "us-east-1", "111122223333")
OPENED = page_message(ORIGIN, BREACH, "opened", API, OBJECTIVE)
RESOLVED = page_message(ORIGIN, replace(BREACH, resolved_at=FIRED + 21), "resolved", API, OBJECTIVE)


class World(Protocol):
    @property
    def publisher(self) -> Publisher: ...

    def received(self, count: int) -> list[str]:
        """The states that arrived, in order, once there are `count` of them."""
        ...

    def delete_topic(self) -> None: ...


class MemoryWorld:
    def __init__(self) -> None:
        self.publisher = MemoryPublisher()

    def received(self, count: int) -> list[str]:
        return [str(m.state) for m in self.publisher.messages][:count]

    def delete_topic(self) -> None:
        self.publisher.exists = False


class SnsWorld:
    """A subscribed and confirmed pager; `seen` are the raw bodies it was sent."""

    def __init__(self, stack: ExitStack) -> None:
        self.url = ""
        self.sns = Sns(lambda: self.url, courier=lambda url: Courier(url, retry_seconds=0.01))
        self.url = stack.enter_context(serving(Starlette(routes=[Route("/", self._aws, methods=["POST"]), *self.sns.routes()])))
        stack.callback(self.sns.close)
        self.pager = PagerDuty([urlsplit(self.url).netloc])
        self.pager_url = stack.enter_context(serving(Starlette(routes=list(self.pager.routes()))))
        self.client: Any = boto3.client(
            "sns",
            region_name="us-east-1",
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        stack.callback(self.client.close)
        self.topic = self.client.create_topic(Name="pages")["TopicArn"]
        self.client.subscribe(TopicArn=self.topic, Protocol="http", Endpoint=f"{self.pager_url}/demo/pagerduty/sns")
        eventually(lambda: self.pager.confirmed == 1)
        self.publisher = SnsPublisher(self.client, self.topic)

    async def _aws(self, request: Request) -> Response:
        return await self.sns.handle(dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)))

    def received(self, count: int) -> list[str]:
        """Read from the incidents: ALARM for each message, OK at the end of a resolved one."""
        eventually(lambda: sum(i["messages"] for i in self.incidents()) == count)
        states = []
        for incident in self.incidents():
            resolved = incident["status"] == "resolved"
            states += ["ALARM"] * (incident["messages"] - resolved) + ["OK"] * resolved
        return states

    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(f"{self.pager_url}/demo/pagerduty/incidents", trust_env=False).json()
        return found

    def delete_topic(self) -> None:
        self.client.delete_topic(TopicArn=self.topic)


class MotoWorld:
    """A queue that is subscribed: moto posts to http endpoints without asking them first."""

    def __init__(self, moto: Moto) -> None:
        self.client, self.queues = moto.client("sns"), moto.client("sqs")
        self.topic = self.client.create_topic(Name="pages")["TopicArn"]
        self.queue = self.queues.create_queue(QueueName="pages")["QueueUrl"]
        attributes = self.queues.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        self.client.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        self.publisher = SnsPublisher(self.client, self.topic)

    def received(self, count: int) -> list[str]:
        told = self.queues.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=count).get("Messages", ())
        return [json.loads(json.loads(one["Body"])["Message"])["NewStateValue"] for one in told]

    def delete_topic(self) -> None:
        self.client.delete_topic(TopicArn=self.topic)


def eventually(holds: Callable[[], bool]) -> None:
    """Within 5 s; asks every 2 ms."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture
def sns() -> Iterator[SnsWorld]:
    with ExitStack() as stack:
        yield SnsWorld(stack)


@pytest.fixture(params=["memory", "sns", "moto"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "memory":
        return MemoryWorld()
    if request.param == "moto":
        return MotoWorld(request.getfixturevalue("moto"))
    found: SnsWorld = request.getfixturevalue("sns")
    return found


def test_messages_arrive_in_the_order_they_were_published(world: World) -> None:
    messages = (OPENED, OPENED, RESOLVED, OPENED)
    identities = [world.publisher.publish(m) for m in messages]
    assert len(set(identities)) == len(messages)
    assert all(identities)
    assert world.received(4) == [m.state for m in messages]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(replace(OPENED, subject="ALARM: " + "x" * 100), id="long subject"),
        pytest.param(replace(OPENED, subject="two\nlines"), id="subject of two lines"),
        pytest.param(replace(OPENED, subject="ALARM: käse"), id="subject beyond ASCII"),
        pytest.param(replace(OPENED, subject=""), id="empty subject"),
        pytest.param(replace(OPENED, body="x" * (256 * 1024 + 1)), id="long body"),
        pytest.param(replace(OPENED, body=""), id="empty body"),
    ],
)
def test_what_sns_would_refuse_is_a_permanent_error(world: World, broken: Message) -> None:
    with pytest.raises(DeliveryError, match="InvalidParameter") as error:
        world.publisher.publish(broken)
    assert not error.value.retryable


def test_a_deleted_topic_is_a_permanent_error_in_one_line(world: World) -> None:
    world.delete_topic()
    with pytest.raises(DeliveryError, match="NotFound") as error:
        world.publisher.publish(OPENED)
    assert not error.value.retryable
    assert "\n" not in str(error.value)


def test_the_twin_fails_as_often_as_it_is_told() -> None:
    publisher = MemoryPublisher(failures=[DeliveryError("throttled", retryable=True)])
    with pytest.raises(DeliveryError, match="throttled"):
        publisher.publish(OPENED)
    assert publisher.publish(OPENED)
    assert publisher.messages == [OPENED]


def test_a_page_and_its_resolve_are_one_incident_at_the_pager(sns: SnsWorld) -> None:
    sns.publisher.publish(OPENED)
    sns.publisher.publish(RESOLVED)
    sns.received(2)
    (incident,) = sns.incidents()
    assert incident == {
        "dedup_key": "sloop/demo/api.availability/page",
        "status": "resolved",
        "title": OPENED.subject,
        "severity": "page",
        "opened_at": "2026-11-22T12:00:00Z",
        "resolved_at": "2026-11-22T12:21:00Z",
        "messages": 2,
    }
    assert (sns.pager.forged, sns.pager.discarded) == (0, 0)


def test_a_message_tampered_with_on_the_way_is_refused(sns: SnsWorld) -> None:
    captured: list[bytes] = []

    async def listen(request: Request) -> Response:
        captured.append(await request.body())
        return await sns.sns.handle({"Action": "ListTopics"})

    with serving(Starlette(routes=[Route("/", listen, methods=["POST"])])) as url:
        sns.client.subscribe(TopicArn=sns.topic, Protocol="http", Endpoint=f"{url}/")
        eventually(lambda: len(captured) == 1)
        token = httpx.Response(200, content=captured[0]).json()["Token"]
        sns.client.confirm_subscription(TopicArn=sns.topic, Token=token)
        sns.publisher.publish(OPENED)
        eventually(lambda: len(captured) == 2)
    tampered = captured[1].replace(b"api.availability", b"web.availability")
    answer = httpx.post(f"{sns.pager_url}/demo/pagerduty/sns", content=tampered, trust_env=False)
    assert answer.status_code == 403
    assert sns.received(1) == ["ALARM"]
    assert [i["dedup_key"] for i in sns.incidents()] == ["sloop/demo/api.availability/page"]
    assert sns.pager.forged == 1


def test_a_batch_is_answered_one_by_one_and_what_is_refused_keeps_no_other_back(world: World) -> None:
    broken = replace(OPENED, subject="ALARM: " + "x" * 100)
    answers = world.publisher.publish_all([OPENED, broken, RESOLVED])
    assert [isinstance(answer, str) for answer in answers] == [True, False, True]
    assert isinstance(answers[1], DeliveryError)
    assert answers[0] != answers[2]
    assert world.received(2) == ["ALARM", "OK"]


def test_a_batch_to_a_topic_that_is_gone_fails_whole(world: World) -> None:
    world.delete_topic()
    answers = world.publisher.publish_all([OPENED, RESOLVED])
    assert [isinstance(a, DeliveryError) and not a.retryable for a in answers] == [True, True]


def test_messages_too_large_for_one_call_go_out_one_by_one(world: World) -> None:
    large = replace(OPENED, body=json.dumps({**json.loads(OPENED.body), "pad": "x" * 150_000}))
    assert all(isinstance(a, str) for a in world.publisher.publish_all([large, replace(RESOLVED)]))
    assert world.received(2) == ["ALARM", "OK"]
