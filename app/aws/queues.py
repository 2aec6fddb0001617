"""The SQS queue beside the topics of a place, which keeps what SNS could not deliver."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alerts.dead_letters import queue_name
from alerts.policies import found_policy
from app.aws.calls import call, unless_gone
from slo.resource import Kind, Live, Place, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.plan import Change

_ATTRIBUTES = ("MessageRetentionPeriod", "Policy", "SqsManagedSseEnabled")
_WAITING = "ApproximateNumberOfMessages"


class AwsQueues:
    """`pace` is called before every write. AWS takes a queue of the same name again a minute after it was deleted."""

    kinds: frozenset[Kind] = frozenset({"queue"})

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace

    def read(self, estate: str) -> Sequence[Live]:
        return [live for place in self._places.values() if (live := self._read(place, queue_name(estate))) is not None]

    def write(self, change: Change) -> None:
        resource = change.resource
        client = self._client(self._places[resource.account, resource.region])
        if change.op == "create":
            request = {"QueueName": resource.name, "Attributes": _texts(resource.spec), "tags": dict(resource.tags)}
            self._paced("sqs:CreateQueue", client.create_queue, **request)
            return
        url = self._url(client, resource.name)
        if change.op == "delete":
            if url is not None:
                self._pace()
                unless_gone("sqs:DeleteQueue", client.delete_queue, QueueUrl=url)
            return
        if change.op == "update":
            self._paced("sqs:SetQueueAttributes", client.set_queue_attributes, QueueUrl=url, Attributes=_texts(resource.spec))
        self._paced("sqs:TagQueue", client.tag_queue, QueueUrl=url, Tags=dict(resource.tags))

    def _read(self, place: Place, name: str) -> Live | None:
        client = self._client(place)
        url = self._url(client, name)
        if url is None:
            return None
        asked = [*_ATTRIBUTES, _WAITING]
        found = unless_gone("sqs:GetQueueAttributes", client.get_queue_attributes, QueueUrl=url, AttributeNames=asked)
        tags = unless_gone("sqs:ListQueueTags", client.list_queue_tags, QueueUrl=url)
        if found is None or tags is None:
            return None
        attributes = found.get("Attributes", {})
        waiting = attributes.get(_WAITING, "0")
        made = Resource("queue", place.account, place.region, name, _spec(attributes), tags.get("Tags", {}))
        return Live(made, "empty" if waiting == "0" else f"{waiting} undelivered")

    def _url(self, client: Any, name: str) -> str | None:
        answer = unless_gone("sqs:GetQueueUrl", client.get_queue_url, QueueName=name)
        return None if answer is None else answer["QueueUrl"]

    def _paced(self, action: str, operation: Callable[..., Any], **request: Any) -> None:
        self._pace()
        call(action, operation, **request)

    def _client(self, place: Place) -> Any:
        return self._session.client("sqs", place.account, place.region)


def _texts(spec: Mapping[str, Any]) -> dict[str, str]:
    """SQS takes every attribute as text."""
    return {name: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for name, value in spec.items()}


def _spec(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "MessageRetentionPeriod": int(attributes.get("MessageRetentionPeriod", "345600")),
        "Policy": found_policy(attributes.get("Policy")),
        "SqsManagedSseEnabled": attributes.get("SqsManagedSseEnabled") == "true",
    }
