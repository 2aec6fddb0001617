"""SNS topics of an estate and the subscriptions of the pager and of the second path to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alerts.policies import found_document, found_policy
from alerts.topics import (
    SUBSCRIPTION_ATTRIBUTES,
    TOPICS,
    endpoint_digest,
    subscription,
    subscription_attributes,
    topic_name,
)
from app.aws.calls import as_tags, call, of_tags, paginated, unless_gone
from slo.errors import SourceError
from slo.resource import Kind, Live, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alerts.topics import Pager
    from app.aws.session import AwsSession
    from slo.plan import Change

_JSON = ("DeliveryPolicy", "Policy")
"""Attributes of a topic that we set, beside its SignatureVersion; the others are its owner's."""


class AwsTopics:
    """`pager` and `second` hold addresses that a plan only knows by their digests; `pace` is called before every write.

    What a subscription was asked for cannot be read before it is confirmed: until then it is taken for what was declared.
    """

    kinds: frozenset[Kind] = frozenset({"topic", "subscription"})

    def __init__(
        self,
        session: AwsSession,
        places: Sequence[Place],
        pager: Pager | None,
        pace: Callable[[], None],
        second: Pager | None = None,
    ) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace
        self._known = {heard.digest: heard for heard in (pager, second) if heard is not None}

    def read(self, estate: str) -> Sequence[Live]:
        return [
            live
            for place in self._places.values()
            for channel in TOPICS
            for live in self._read(estate, place, topic_name(estate, channel))
        ]

    def write(self, change: Change) -> None:
        if change.resource.kind == "subscription":
            self._write_subscription(change)
        else:
            self._write_topic(change)

    def _write_topic(self, change: Change) -> None:
        resource, place = change.resource, self._place(change)
        client, arn = self._client(place), place.arn("sns", resource.name)
        if change.op == "delete":
            self._paced("sns:DeleteTopic", client.delete_topic, TopicArn=arn)
        elif change.op == "create":
            made = self._paced(
                "sns:CreateTopic",
                client.create_topic,
                Name=resource.name,
                Attributes=_texts(resource.spec),
                Tags=as_tags(resource.tags),
            )
            if made["TopicArn"] != arn:
                raise SourceError(
                    f"SNS made {made['TopicArn']}: the credentials are not of account {place.id}", retryable=False
                )
        else:
            for name, value in resource.spec.items():
                if change.before is None or change.before.spec.get(name) != value:
                    self._paced(
                        "sns:SetTopicAttributes",
                        client.set_topic_attributes,
                        TopicArn=arn,
                        AttributeName=name,
                        AttributeValue=_text(value),
                    )
            self._paced("sns:TagResource", client.tag_resource, ResourceArn=arn, Tags=as_tags(resource.tags))

    def _write_subscription(self, change: Change) -> None:
        resource, place = change.resource, self._place(change)
        client, arn = self._client(place), place.arn("sns", str(resource.spec["Topic"]))
        if change.op == "create":
            self._subscribe(client, arn, resource)
            return
        for row in self._subscriptions(client, arn):
            confirmed = row["SubscriptionArn"].startswith("arn:")
            if confirmed and endpoint_digest(row["Endpoint"]) == resource.spec["EndpointSha256"]:
                self._change(client, row["SubscriptionArn"], change)

    def _subscribe(self, client: Any, arn: str, resource: Resource) -> None:
        heard = self._known.get(resource.spec["EndpointSha256"])
        if heard is None:
            raise SourceError(
                "SLOOP_PAGER_ENDPOINT or SLOOP_SECOND_ENDPOINT is not the address this was planned with; set it or plan again",
                retryable=False,
            )
        attributes = _texts({name: resource.spec[name] for name in SUBSCRIPTION_ATTRIBUTES if name in resource.spec})
        request = {"TopicArn": arn, "Protocol": heard.protocol, "Endpoint": heard.url, "Attributes": attributes}
        self._paced("sns:Subscribe", client.subscribe, **request)

    def _change(self, client: Any, arn: str, change: Change) -> None:
        if change.op == "delete":
            self._paced("sns:Unsubscribe", client.unsubscribe, SubscriptionArn=arn)
            return
        for name in SUBSCRIPTION_ATTRIBUTES:
            wanted = change.resource.spec.get(name)
            if wanted is not None and (change.before is None or change.before.spec.get(name) != wanted):
                self._paced(
                    "sns:SetSubscriptionAttributes",
                    client.set_subscription_attributes,
                    SubscriptionArn=arn,
                    AttributeName=name,
                    AttributeValue=_text(wanted),
                )

    def _read(self, estate: str, place: Place, name: str) -> Iterator[Live]:
        client, arn = self._client(place), place.arn("sns", name)
        found = unless_gone("sns:GetTopicAttributes", client.get_topic_attributes, TopicArn=arn)
        tags = unless_gone("sns:ListTagsForResource", client.list_tags_for_resource, ResourceArn=arn) if found else None
        if found is None or tags is None:
            return
        topic = Resource("topic", place.account, place.region, name, _spec(found["Attributes"]), of_tags(tags["Tags"]))
        yield Live(topic)
        for row in self._subscriptions(client, arn):
            confirmed = row["SubscriptionArn"].startswith("arn:")
            asked = self._asked(client, row["SubscriptionArn"]) if confirmed else subscription_attributes(estate, place)
            status = "confirmed" if confirmed else "pending"
            yield Live(subscription(topic, row["Protocol"], row["Endpoint"], asked), status)

    def _asked(self, client: Any, arn: str) -> dict[str, Any]:
        """What we set of a subscription, as it is set."""
        action = "sns:GetSubscriptionAttributes"
        answer = unless_gone(action, client.get_subscription_attributes, SubscriptionArn=arn)
        attributes = {} if answer is None else answer["Attributes"]
        redrive = found_document(attributes.get("RedrivePolicy"))
        raw = {"RawMessageDelivery": attributes.get("RawMessageDelivery") == "true"}
        return raw | ({"RedrivePolicy": redrive} if redrive is not None else {})

    def _subscriptions(self, client: Any, arn: str) -> list[Mapping[str, str]]:
        pages = paginated("sns:ListSubscriptionsByTopic", client, "list_subscriptions_by_topic", TopicArn=arn)
        return [row for page in pages for row in page["Subscriptions"]]

    def _paced(self, action: str, operation: Callable[..., Any], **request: Any) -> Any:
        self._pace()
        return call(action, operation, **request)

    def _place(self, change: Change) -> Place:
        return self._places[change.resource.account, change.resource.region]

    def _client(self, place: Place) -> Any:
        return self._session.client("sns", place.account, place.region)


def _spec(attributes: Mapping[str, str]) -> dict[str, Any]:
    documents = {"DeliveryPolicy": found_document, "Policy": found_policy}
    set_ones = {name: value for name in _JSON if (value := documents[name](attributes.get(name))) is not None}
    return {**set_ones, "SignatureVersion": attributes.get("SignatureVersion", "1")}


def _texts(spec: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in spec.items()}


def _text(value: Any) -> str:
    """SNS takes every attribute as text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
