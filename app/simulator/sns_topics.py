"""Topics, subscriptions and what is published to them: SNS without its wire protocol."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from app.simulator.courier import Courier, Post
from app.simulator.signing import VERSION, Signer

if TYPE_CHECKING:
    from collections.abc import Mapping

Leave = Callable[[str, str, str], bool]
"""(queue ARN, topic ARN, message): whether the queue took it."""
MAX_BYTES = 256 * 1024
TOPIC_ATTRIBUTES = frozenset(
    {"DisplayName", "Policy", "DeliveryPolicy", "KmsMasterKeyId", "SignatureVersion", "TracingConfig", "MaximumMessageSize"}
)
SUBSCRIPTION_ATTRIBUTES = frozenset(
    {"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"}
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
# Printable ASCII that does not begin with a space, at most 99 characters.
_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")


class RefusedError(Exception):
    """An error as SNS answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(message)


def invalid(what: str) -> RefusedError:
    return RefusedError("InvalidParameter", f"Invalid parameter: {what}")


@dataclass(slots=True, eq=False)
class Subscription:
    arn: str
    topic: str
    protocol: str
    endpoint: str
    courier: Courier
    token: str
    confirmed: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Topic:
    arn: str
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deleted: int = 0

    @property
    def confirmed(self) -> list[Subscription]:
        return [s for s in self.subscriptions.values() if s.confirmed]


@dataclass(slots=True, eq=False)
class Topics:
    """`base_url` is where the simulator answers; `courier` makes the deliverer of an endpoint. Everything returns at once.

    Unlike AWS, a topic signs with version 2 from the start; version 1 cannot be chosen.
    """

    base_url: Callable[[], str]
    account: str = "111122223333"
    region: str = "us-east-1"
    courier: Callable[[str], Courier] = Courier
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    topics: dict[str, Topic] = field(default_factory=dict)
    leave: Leave = lambda _queue, _topic, _body: False
    redriven: int = 0
    signer: Signer = field(default_factory=lambda: Signer.create(datetime.now(UTC)))

    def create(self, name: str, attributes: Mapping[str, str], tags: Mapping[str, str], *, region: str | None = None) -> Topic:
        """The topic of that name; making it again with other attributes is refused, as AWS does."""
        if _NAME.fullmatch(name) is None:
            raise invalid("Topic Name")
        _check_attributes(attributes, TOPIC_ATTRIBUTES)
        arn = f"arn:aws:sns:{region or self.region}:{self.account}:{name}"
        topic = self.topics.setdefault(arn, Topic(arn, dict(attributes), dict(tags)))
        if any(topic.attributes.get(key) != value for key, value in attributes.items()):
            raise invalid("Attributes Reason: Topic already exists with different attributes")
        return topic

    def topic(self, arn: str) -> Topic:
        if arn not in self.topics:
            raise RefusedError("NotFound", "Topic does not exist", 404)
        return self.topics[arn]

    def set_attribute(self, arn: str, name: str, value: str) -> None:
        _check_attributes({name: value}, TOPIC_ATTRIBUTES)
        self.topic(arn).attributes[name] = value

    def subscription(self, arn: str) -> Subscription:
        for topic in self.topics.values():
            if arn in topic.subscriptions:
                return topic.subscriptions[arn]
        raise RefusedError("NotFound", "Subscription does not exist", 404)

    def set_subscription_attribute(self, arn: str, name: str, value: str) -> None:
        _check_attributes({name: value}, SUBSCRIPTION_ATTRIBUTES)
        self.subscription(arn).attributes[name] = value

    def delete(self, arn: str) -> None:
        """Of a topic that does not exist: nothing, as AWS does."""
        topic = self.topics.pop(arn, None)
        for subscription in topic.subscriptions.values() if topic else ():
            subscription.courier.close(wait=False)

    def subscribe(self, arn: str, protocol: str, endpoint: str, attributes: Mapping[str, str]) -> Subscription:
        """Pending until the endpoint confirms; asking again while it is pending sends the handshake again."""
        topic = self.topic(arn)
        if protocol not in {"http", "https"}:
            raise invalid("Protocol (the simulator delivers to http and https)")
        if urlsplit(endpoint).scheme != protocol:
            raise invalid("Endpoint must match the specified protocol")
        _check_attributes(attributes, SUBSCRIPTION_ATTRIBUTES)
        same = [s for s in topic.subscriptions.values() if s.endpoint == endpoint]
        subscription = same[0] if same else self._subscription(topic, protocol, endpoint, dict(attributes))
        if not subscription.confirmed:
            self._shake_hands(subscription)
        return subscription

    def confirm(self, arn: str, token: str) -> Subscription:
        for subscription in self.topic(arn).subscriptions.values():
            if secrets.compare_digest(subscription.token.encode(), token.encode()):
                subscription.confirmed = True
                return subscription
        raise invalid("Token")

    def unsubscribe(self, arn: str) -> None:
        for topic in self.topics.values():
            subscription = topic.subscriptions.pop(arn, None)
            if subscription is not None:
                topic.deleted += 1
                subscription.courier.close(wait=False)

    def publish(self, arn: str, subject: str | None, message: str, attributes: Mapping[str, tuple[str, str]]) -> str:
        """The new message's id. `attributes` are name -> (type, value)."""
        topic = self.topic(arn)
        _check_message(subject, message, attributes)
        envelope = self._envelope("Notification", arn, message)
        if subject is not None:
            envelope["Subject"] = subject
        for subscription in topic.confirmed:
            unsubscribe = urlencode({"Action": "Unsubscribe", "SubscriptionArn": subscription.arn})
            rest: dict[str, object] = {"UnsubscribeURL": f"{self.base_url()}/sns/unsubscribe?{unsubscribe}"}
            if attributes:
                rest["MessageAttributes"] = {name: {"Type": kind, "Value": value} for name, (kind, value) in attributes.items()}
            self._send(subscription, envelope, rest)
        return envelope["MessageId"]

    def close(self) -> None:
        for topic in self.topics.values():
            for subscription in topic.subscriptions.values():
                subscription.courier.close()

    def _subscription(self, topic: Topic, protocol: str, endpoint: str, attributes: dict[str, str]) -> Subscription:
        arn = f"{topic.arn}:{uuid.uuid4()}"
        made = Subscription(
            arn, topic.arn, protocol, endpoint, self.courier(endpoint), secrets.token_hex(64), False, attributes
        )
        made.courier.undelivered = lambda post: self._redrive(made, post)
        topic.subscriptions[arn] = made
        return made

    def _redrive(self, subscription: Subscription, post: Post) -> None:
        """What nobody took goes to the subscription's queue, if it has one that lets the topic."""
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        if post.headers["x-amz-sns-message-type"] == "Notification" and "deadLetterTargetArn" in policy:
            self.redriven += self.leave(policy["deadLetterTargetArn"], subscription.topic, post.body)

    def _shake_hands(self, subscription: Subscription) -> None:
        topic = subscription.topic
        text = f"You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL."
        envelope = self._envelope("SubscriptionConfirmation", topic, text)
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": subscription.token})
        envelope |= {"Token": subscription.token, "SubscribeURL": f"{self.base_url()}/sns/confirm?{query}"}
        self._send(subscription, envelope, {})

    def _envelope(self, kind: str, topic: str, message: str) -> dict[str, str]:
        sent = self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"Type": kind, "MessageId": str(uuid.uuid4()), "TopicArn": topic, "Message": message, "Timestamp": sent}

    def _send(self, subscription: Subscription, envelope: Mapping[str, str], rest: Mapping[str, object]) -> None:
        signature = {
            "SignatureVersion": VERSION,
            "Signature": self.signer.sign(envelope),
            "SigningCertURL": f"{self.base_url()}/SimpleNotificationService-{self.signer.fingerprint}.pem",
        }
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": envelope["Type"],
            "x-amz-sns-message-id": envelope["MessageId"],
            "x-amz-sns-topic-arn": envelope["TopicArn"],
        }
        if envelope["Type"] == "Notification":
            headers["x-amz-sns-subscription-arn"] = subscription.arn
        retries = _retries(self.topics[subscription.topic].attributes.get("DeliveryPolicy"))
        subscription.courier.put(Post(headers, json.dumps({**envelope, **signature, **rest}, indent=2), retries))


def _retries(delivery_policy: str | None) -> int | None:
    """As many as the topic's policy asks for; None where it has none."""
    if not delivery_policy:
        return None
    return int(json.loads(delivery_policy)["http"]["defaultHealthyRetryPolicy"]["numRetries"])


def _check_attributes(attributes: Mapping[str, str], known: frozenset[str]) -> None:
    unknown = sorted(set(attributes) - known)
    if unknown:
        raise invalid(f"AttributeName {', '.join(unknown)}")
    if attributes.get("SignatureVersion", VERSION) != VERSION:
        raise invalid("SignatureVersion (the simulator signs with version 2 only)")


def _check_message(subject: str | None, message: str, attributes: Mapping[str, tuple[str, str]]) -> None:
    if not message:
        raise invalid("Empty message")
    size = len(message.encode()) + sum(len(f"{name}{kind}{value}".encode()) for name, (kind, value) in attributes.items())
    if size > MAX_BYTES:
        raise invalid("Message too long")
    if subject is not None and _SUBJECT.fullmatch(subject) is None:
        raise invalid("Subject")
    for name, (kind, value) in attributes.items():
        if not kind or not value:
            raise RefusedError("ParameterValueInvalid", f"The message attribute {name!r} must contain a non-empty value")
