"""SQS as far as dead letters need it: queues by name, and what SNS left there. JSON in, JSON out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.simulator.server import TargetHandler

TARGET = "AmazonSQS"
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
DEFAULTS = {"MessageRetentionPeriod": "345600", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TYPE = "application/x-amz-json-1.0"


class RefusedError(Exception):
    """An error as SQS answers it: `shape` in the document, `code` in the header that older clients read."""

    def __init__(self, shape: str, message: str, code: str | None = None) -> None:
        self.shape, self.message, self.code = shape, message, code or shape
        super().__init__(message)


@dataclass(slots=True, eq=False)
class Queue:
    """`messages` are the bodies that wait."""

    arn: str
    url: str
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Sqs:
    """`others` answers for queues that are not kept here."""

    account: str = "111122223333"
    others: TargetHandler | None = None
    queues: dict[str, Queue] = field(default_factory=dict)

    def answer(self, operation: str, body: bytes, region: str) -> Response:
        calls: Mapping[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
            "CreateQueue": self._create,
            "GetQueueUrl": lambda r, where: {"QueueUrl": self._named(r["QueueName"], where).url},
            "GetQueueAttributes": lambda r, _: self._attributes(r),
            "SetQueueAttributes": lambda r, _: self._set(r),
            "ListQueueTags": lambda r, _: {"Tags": dict(self._queue(r).tags)},
            "TagQueue": lambda r, _: self._tag(r),
            "UntagQueue": lambda r, _: self._untag(r),
            "DeleteQueue": lambda r, _: self._delete(r),
            "ListQueues": self._list,
        }
        request = json.loads(body or b"{}")
        if self.others is not None and self._is_foreign(request):
            return self.others(operation, body)
        try:
            return Response(json.dumps(calls.get(operation, _unknown)(request, region)), media_type=_TYPE)
        except RefusedError as refused:
            document = {"__type": f"com.amazonaws.sqs#{refused.shape}", "message": refused.message}
            return Response(json.dumps(document), 400, {"x-amzn-query-error": f"{refused.code};Sender"}, _TYPE)

    def leave(self, arn: str, topic: str, body: str) -> bool:
        """SNS leaves a message; False where there is no such queue or its policy does not let this topic."""
        for queue in self.queues.values():
            if queue.arn == arn and _lets(queue.attributes.get("Policy"), topic):
                queue.messages.append(body)
                return True
        return False

    def tagged(self, region: str) -> dict[str, dict[str, str]]:
        return {q.arn: q.tags for q in self.queues.values() if q.arn.split(":")[3] == region and q.tags}

    def _is_foreign(self, request: Mapping[str, Any]) -> bool:
        if "QueueUrl" in request:
            return request["QueueUrl"] not in self.queues and f"/{self.account}/sloop-" not in request["QueueUrl"]
        return "QueueName" not in request and not str(request.get("QueueNamePrefix", "")).startswith("sloop-")

    def _create(self, request: Mapping[str, Any], region: str) -> dict[str, Any]:
        name, given = request["QueueName"], request.get("Attributes", {})
        if _NAME.fullmatch(name) is None:
            raise RefusedError("InvalidParameterValue", "Can only include alphanumeric characters, hyphens, or underscores.")
        url = f"https://sqs.{region}.amazonaws.com/{self.account}/{name}"
        made = Queue(f"arn:aws:sqs:{region}:{self.account}:{name}", url, dict(given), dict(request.get("tags", {})))
        known = self.queues.setdefault(url, made)
        if known is not made and any(known.attributes.get(key) != value for key, value in given.items()):
            raise RefusedError("QueueNameExists", "A queue already exists with the same name and a different value.")
        return {"QueueUrl": url}

    def _attributes(self, request: Mapping[str, Any]) -> dict[str, Any]:
        queue, asked = self._queue(request), request.get("AttributeNames", ())
        held = {
            **DEFAULTS,
            **queue.attributes,
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(len(queue.messages)),
        }
        return {"Attributes": {name: value for name, value in held.items() if name in asked or "All" in asked}}

    def _set(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._queue(request).attributes.update(request["Attributes"])
        return {}

    def _tag(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self._queue(request).tags.update(request["Tags"])
        return {}

    def _untag(self, request: Mapping[str, Any]) -> dict[str, Any]:
        for key in request["TagKeys"]:
            self._queue(request).tags.pop(key, None)
        return {}

    def _delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        self.queues.pop(self._queue(request).url)
        return {}

    def _list(self, request: Mapping[str, Any], region: str) -> dict[str, Any]:
        prefix = f"https://sqs.{region}.amazonaws.com/{self.account}/{request.get('QueueNamePrefix', '')}"
        return {"QueueUrls": [url for url in sorted(self.queues) if url.startswith(prefix)]}

    def _named(self, name: str, region: str) -> Queue:
        return self._queue({"QueueUrl": f"https://sqs.{region}.amazonaws.com/{self.account}/{name}"})

    def _queue(self, request: Mapping[str, Any]) -> Queue:
        found = self.queues.get(request["QueueUrl"])
        if found is None:
            raise RefusedError("QueueDoesNotExist", "The specified queue does not exist.", NO_QUEUE)
        return found


def _unknown(_request: Mapping[str, Any], _region: str) -> dict[str, Any]:
    raise RefusedError("InvalidAction", "The simulator's SQS keeps queues and their tags, and no more.")


def _lets(policy: str | None, topic: str) -> bool:
    """Whether a statement allows SNS to send for this topic: as much of IAM as our own policies use."""
    for statement in json.loads(policy)["Statement"] if policy else ():
        sources = statement.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn", ())
        allowed = [sources] if isinstance(sources, str) else sources
        if statement.get("Principal") == {"Service": "sns.amazonaws.com"} and topic in allowed:
            return True
    return False
