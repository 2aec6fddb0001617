from __future__ import annotations

import json
import queue
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from app.hooks.signature import certificate_of, check_shape, check_signature
from app.simulator.account import Surroundings
from app.simulator.clock import ManualClock
from app.simulator.cloudwatch import CloudWatch
from app.simulator.courier import Courier
from app.simulator.server import create_app
from app.simulator.sns import Sns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGER = "http://pager.example/sns"


class World:
    """SNS behind boto3, and an endpoint that keeps every POST."""

    def __init__(self, switch: Any, client: Any) -> None:
        self.client = client
        self.url = switch.url
        self.posts: queue.Queue[httpx.Request] = queue.Queue()
        transport = httpx.MockTransport(self._answer)
        self.status = 200
        self.sns = Sns(lambda: switch.url, courier=lambda url: Courier(url, retry_seconds=0.001, transport=transport))
        clock = ManualClock(1_800_000_000.0)
        cloudwatch = CloudWatch(clock, self.sns.publish)
        self.around = Surroundings(cloudwatch, self.sns, clock)
        regional = self.around.regional()
        switch.app = create_app(cloudwatch, clock, query=self.sns.handle, routes=self.sns.routes(), regional=regional)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.posts.put(request)
        return httpx.Response(self.status)

    def take(self) -> tuple[dict[str, Any], httpx.Headers]:
        request = self.posts.get(timeout=5)
        return json.loads(request.content), request.headers

    def topic(self, name: str = "pages") -> str:
        return str(self.client.create_topic(Name=name)["TopicArn"])

    def subscribed(self, name: str = "pages") -> str:
        """A topic whose pager has confirmed."""
        topic = self.topic(name)
        self.client.subscribe(TopicArn=topic, Protocol="http", Endpoint=PAGER)
        handshake, _ = self.take()
        self.client.confirm_subscription(TopicArn=topic, Token=handshake["Token"])
        return topic

    def listed(self, topic: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        return found


@pytest.fixture
def world(switch: Any, boto: Callable[[str], Any]) -> Iterator[World]:
    world = World(switch, boto("sns"))
    yield world
    world.sns.close()


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_the_handshake_confirms_by_its_link(world: World) -> None:
    topic = world.topic()
    answer = world.client.subscribe(TopicArn=topic, Protocol="http", Endpoint=PAGER)
    assert answer["SubscriptionArn"] == "pending confirmation"
    handshake, headers = world.take()
    assert headers["x-amz-sns-message-type"] == handshake["Type"] == "SubscriptionConfirmation"
    assert "x-amz-sns-subscription-arn" not in headers
    assert [s["SubscriptionArn"] for s in world.listed(topic)] == ["PendingConfirmation"]
    assert httpx.get(handshake["SubscribeURL"], trust_env=False).status_code == 200
    (confirmed,) = world.listed(topic)
    assert confirmed["SubscriptionArn"].startswith(f"{topic}:")
    assert confirmed == confirmed | {"Endpoint": PAGER, "Protocol": "http", "Owner": "111122223333", "TopicArn": topic}


def test_a_notification_has_the_documented_envelope_and_headers(world: World) -> None:
    topic = world.subscribed()
    attributes = {"severity": {"DataType": "String", "StringValue": "page"}}
    answer = world.client.publish(TopicArn=topic, Subject='OK: "x"', Message="<ä>&", MessageAttributes=attributes)
    envelope, headers = world.take()
    assert set(envelope) == {
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion", "Signature"),
        *("SigningCertURL", "UnsubscribeURL", "MessageAttributes"),
    }
    assert envelope["MessageId"] == answer["MessageId"] == headers["x-amz-sns-message-id"]
    assert (envelope["Subject"], envelope["Message"]) == ('OK: "x"', "<ä>&")
    assert envelope["MessageAttributes"] == {"severity": {"Type": "String", "Value": "page"}}
    assert headers["content-type"] == "text/plain; charset=UTF-8"
    assert headers["x-amz-sns-message-type"] == "Notification"
    assert headers["x-amz-sns-topic-arn"] == topic
    assert headers["x-amz-sns-subscription-arn"] == world.listed(topic)[0]["SubscriptionArn"]


def dead_letters(world: World, boto: Callable[[str], Any], topic: str) -> str:
    """The ARN of a queue that takes what this topic could not deliver."""
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Statement": [{**allow, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
    sqs = boto("sqs")
    url = sqs.create_queue(QueueName="dead", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    assert world.around.sqs.queues[url].messages == []
    return str(found["QueueArn"])


def waiting(world: World) -> list[str]:
    (queue_,) = world.around.sqs.queues.values()
    for _ in range(200):
        if queue_.messages:
            break
        time.sleep(0.005)
    return queue_.messages


def test_f48_what_a_dead_pager_did_not_take_waits_in_the_queue(world: World, boto: Callable[[str], Any]) -> None:
    topic = world.subscribed()
    subscription = world.listed(topic)[0]["SubscriptionArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_letters(world, boto, topic)})
    world.client.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RedrivePolicy", AttributeValue=redrive
    )
    retries = {"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}
    world.client.set_topic_attributes(TopicArn=topic, AttributeName="DeliveryPolicy", AttributeValue=json.dumps(retries))
    attributes = world.client.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    assert (attributes["RedrivePolicy"], attributes["RawMessageDelivery"]) == (redrive, "false")
    world.status = 503
    world.client.publish(TopicArn=topic, Message="the house burns")
    assert [json.loads(body)["Message"] for body in waiting(world)] == ["the house burns"]
    assert world.posts.qsize() == 1 + 5
    assert world.sns.topics.redriven == 1


def test_a_queue_whose_policy_names_another_topic_takes_nothing(world: World, boto: Callable[[str], Any]) -> None:
    topic = world.subscribed()
    arn = dead_letters(world, boto, f"{topic}-other")
    assert not world.around.sqs.leave(arn, topic, "x")
    assert not world.around.sqs.leave(f"{arn}-other", topic, "x")


def test_its_signature_verifies_with_the_certificate_it_serves(world: World) -> None:
    topic = world.subscribed()
    world.client.publish(TopicArn=topic, Message="no subject")
    envelope, _ = world.take()
    assert "Subject" not in envelope
    certificate = certificate_of(httpx.get(envelope["SigningCertURL"], trust_env=False).content, of_aws=False)
    check_shape(envelope, datetime.now(UTC))
    assert check_signature(envelope, certificate, datetime.now(UTC)) is None  # type: ignore[func-returns-value]
    other = f"{world.url}/SimpleNotificationService-{'0' * 32}.pem"
    assert httpx.get(other, trust_env=False).status_code == 404


def test_nothing_is_sent_to_a_pending_subscription(world: World) -> None:
    topic = world.topic()
    world.client.subscribe(TopicArn=topic, Protocol="http", Endpoint=PAGER)
    world.client.publish(TopicArn=topic, Message="hello")
    world.client.subscribe(TopicArn=topic, Protocol="http", Endpoint=PAGER)
    assert [world.take()[0]["Type"] for _ in range(2)] == ["SubscriptionConfirmation"] * 2
    assert world.posts.empty()


def test_subscribing_again_gives_the_subscription_that_stands(world: World) -> None:
    topic = world.subscribed()
    again = world.client.subscribe(TopicArn=topic, Protocol="http", Endpoint=PAGER)
    assert [again["SubscriptionArn"]] == [s["SubscriptionArn"] for s in world.listed(topic)]


def test_the_unsubscribe_link_ends_the_subscription(world: World) -> None:
    topic = world.subscribed()
    world.client.publish(TopicArn=topic, Message="hello")
    envelope, _ = world.take()
    httpx.get(envelope["UnsubscribeURL"], trust_env=False)
    assert world.listed(topic) == []
    assert world.client.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsDeleted"] == "1"


@pytest.mark.parametrize(
    "message",
    [
        {"Message": ""},
        {"Message": "x", "Subject": "x" * 100},
        {"Message": "x", "Subject": "two\nlines"},
        {"Message": "x", "Subject": "käse"},
        {"Message": "x", "Subject": " space first"},
        {"Message": "x", "Subject": ""},
        {"Message": "x" * (256 * 1024 + 1)},
    ],
)
def test_messages_beyond_the_limits_are_invalid(world: World, message: dict[str, str]) -> None:
    topic = world.topic()
    with pytest.raises(ClientError) as error:
        world.client.publish(TopicArn=topic, **message)
    assert code(error) == "InvalidParameter"


def test_messages_at_the_limits_are_taken(world: World) -> None:
    topic = world.topic()
    assert world.client.publish(TopicArn=topic, Message="x" * 256 * 1024, Subject="x" * 99)["MessageId"]


def test_an_empty_attribute_value_is_refused(world: World) -> None:
    topic = world.topic()
    with pytest.raises(ClientError) as error:
        world.client.publish(TopicArn=topic, Message="x", MessageAttributes={"tier": {"DataType": "String", "StringValue": ""}})
    assert code(error) == "ParameterValueInvalid"


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("publish", {"Message": "x"}),
        ("get_topic_attributes", {}),
        ("list_subscriptions_by_topic", {}),
        ("subscribe", {"Protocol": "http", "Endpoint": PAGER}),
    ],
)
def test_an_unknown_topic_is_not_found(world: World, call: str, arguments: dict[str, str]) -> None:
    with pytest.raises(world.client.exceptions.NotFoundException) as error:
        getattr(world.client, call)(TopicArn="arn:aws:sns:us-east-1:111122223333:none", **arguments)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("subscribe", {"Protocol": "email", "Endpoint": "a@b.example"}),
        ("subscribe", {"Protocol": "https", "Endpoint": PAGER}),
        ("confirm_subscription", {"Token": "guess"}),
        ("set_topic_attributes", {"AttributeName": "Colour", "AttributeValue": "blue"}),
        ("set_topic_attributes", {"AttributeName": "SignatureVersion", "AttributeValue": "1"}),
    ],
)
def test_wrong_parameters_are_invalid(world: World, call: str, arguments: dict[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        getattr(world.client, call)(TopicArn=world.topic(), **arguments)
    assert code(error) == "InvalidParameter"


def test_a_topic_is_made_once_and_keeps_its_attributes(world: World) -> None:
    topic = world.client.create_topic(
        Name="pages", Attributes={"DisplayName": "Sloop & co"}, Tags=[{"Key": "sloop:estate", "Value": "demo"}]
    )
    assert world.topic() == topic["TopicArn"] == "arn:aws:sns:us-east-1:111122223333:pages"
    attributes = world.client.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    assert attributes["DisplayName"] == "Sloop & co"
    assert attributes["SignatureVersion"] == "2"
    with pytest.raises(ClientError) as error:
        world.client.create_topic(Name="pages", Attributes={"DisplayName": "other"})
    assert code(error) == "InvalidParameter"
    with pytest.raises(ClientError):
        world.client.create_topic(Name="no spaces")


def test_attributes_and_tags_can_be_set_and_topics_deleted(world: World) -> None:
    topic = world.topic()
    world.client.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="later")
    world.client.tag_resource(ResourceArn=topic, Tags=[{"Key": "sloop:estate", "Value": "demo"}])
    assert world.client.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "later"
    assert world.client.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "sloop:estate", "Value": "demo"}]
    assert world.client.list_topics()["Topics"] == [{"TopicArn": topic}]
    world.client.delete_topic(TopicArn=topic)
    world.client.delete_topic(TopicArn=topic)
    assert world.client.list_topics()["Topics"] == []


def test_an_action_it_does_not_play_is_named(world: World) -> None:
    with pytest.raises(ClientError, match="not 'CheckIfPhoneNumberIsOptedOut'"):
        world.client.check_if_phone_number_is_opted_out(phoneNumber="1")


def test_alarms_of_the_simulator_notice_nothing_of_a_missing_topic(world: World) -> None:
    assert world.sns.publish("arn:aws:sns:us-east-1:111122223333:none", "ALARM: x", "{}") is None
    assert world.sns.undeliverable == 1
    topic = world.subscribed()
    assert world.sns.publish(topic, "ALARM: x", "{}") == world.take()[0]["MessageId"]


def test_links_and_certificates_are_at_the_simulators_own_address(world: World) -> None:
    topic = world.subscribed()
    world.client.publish(TopicArn=topic, Message="hello")
    envelope, _ = world.take()
    assert {urlsplit(envelope[name]).netloc for name in ("SigningCertURL", "UnsubscribeURL")} == {urlsplit(world.url).netloc}
