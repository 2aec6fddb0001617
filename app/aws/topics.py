"""SNS topics of an estate and the pager's subscription to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.topics import TOPICS, endpoint_digest, subscription, topic_name
from app.aws.calls import as_tags, call, of_tags, paginated, unless_gone
from slo.errors import SourceError
from slo.resource import Kind, Live, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alerts.topics import Pager
    from app.aws.session import AwsSession
    from slo.plan import Change

_COMPARED = ("SignatureVersion",)
"""Attributes of a topic that we set; the others are its owner's."""


class AwsTopics:
    """`pager` holds the address that a plan only knows by its digest; `pace` is called before every write."""

    kinds: frozenset[Kind] = frozenset({"topic", "subscription"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pager: Pager | None, pace: Callable[[], None]) -> None:
        self._session, self._places, self._pager, self._pace = session, {(p.account, p.region): p for p in places}, pager, pace

    def read(self, estate: str) -> Sequence[Live]:
        return [
            live
            for place in self._places.values()
            for severity in TOPICS
            for live in self._read(place, topic_name(estate, severity))
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
                Attributes=dict(resource.spec),
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
                        AttributeValue=value,
                    )
            self._paced("sns:TagResource", client.tag_resource, ResourceArn=arn, Tags=as_tags(resource.tags))

    def _write_subscription(self, change: Change) -> None:
        resource, place = change.resource, self._place(change)
        client, arn = self._client(place), place.arn("sns", str(resource.spec["Topic"]))
        if change.op == "delete":
            for row in self._subscriptions(client, arn):
                confirmed = row["SubscriptionArn"].startswith("arn:")
                if confirmed and endpoint_digest(row["Endpoint"]) == resource.spec["EndpointSha256"]:
                    self._paced("sns:Unsubscribe", client.unsubscribe, SubscriptionArn=row["SubscriptionArn"])
        elif self._pager is None or self._pager.digest != resource.spec["EndpointSha256"]:
            raise SourceError(
                "SLOOP_PAGER_ENDPOINT is not the address this was planned with; set it or plan again", retryable=False
            )
        else:
            self._paced(
                "sns:Subscribe", client.subscribe, TopicArn=arn, Protocol=self._pager.protocol, Endpoint=self._pager.url
            )

    def _read(self, place: Place, name: str) -> Iterator[Live]:
        client, arn = self._client(place), place.arn("sns", name)
        found = unless_gone("sns:GetTopicAttributes", client.get_topic_attributes, TopicArn=arn)
        if found is None:
            return
        tags = call("sns:ListTagsForResource", client.list_tags_for_resource, ResourceArn=arn)["Tags"]
        spec = {key: found["Attributes"].get(key, "1") for key in _COMPARED}
        topic = Resource("topic", place.account, place.region, name, spec, of_tags(tags))
        yield Live(topic)
        for row in self._subscriptions(client, arn):
            status = "confirmed" if row["SubscriptionArn"].startswith("arn:") else "pending"
            yield Live(subscription(topic, row["Protocol"], row["Endpoint"]), status)

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
