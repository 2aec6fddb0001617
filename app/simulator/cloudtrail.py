"""CloudTrail: the event history of what was written to the simulated account, newest first."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TARGET = "CloudTrail_20131101"
MOST = 50
_READS = ("Describe", "Get", "List", "Lookup")
_DATA = {"PutMetricData", "Publish", "ConfirmSubscription", "SetAlarmState"}
"""Calls that are no changes of a resource: CloudTrail keeps them as data events, or not at all."""
_NAMES = ("AlarmName", "AlarmNames", "Name", "AlarmMuteRuleName", "TopicArn", "SubscriptionArn", "ResourceArn", "QueueName")


@dataclass(slots=True, eq=False)
class CloudTrail:
    """`now` in estate epoch seconds; `events` the oldest first, each with its region under `region`."""

    now: Callable[[], float]
    account: str = "111122223333"
    events: list[dict[str, Any]] = field(default_factory=list)

    def witness(self, operation: str, request: Mapping[str, Any], region: str, user: str) -> None:
        """Every call that was answered; reads are forgotten."""
        if operation.startswith(_READS) or operation in _DATA or not (names := list(_names(request))):
            return
        arn = f"arn:aws:iam::{self.account}:user/{user}"
        told = {"eventName": operation, "userIdentity": {"type": "IAMUser", "arn": arn}}
        self.events.append(
            {
                "region": region,
                "EventId": str(uuid.uuid4()),
                "EventName": operation,
                "EventTime": self.now(),
                "Username": user,
                "Resources": [{"ResourceName": name} for name in names],
                "CloudTrailEvent": json.dumps(told),
            }
        )

    def answer(self, operation: str, body: bytes, region: str) -> Response:
        if operation != "LookupEvents":
            return Response(json.dumps({"__type": "InvalidAction", "message": operation}), 400)
        request = json.loads(body or b"{}")
        asked = [a["AttributeValue"] for a in request.get("LookupAttributes", ()) if a["AttributeKey"] == "ResourceName"]
        found = [
            {key: value for key, value in event.items() if key != "region"}
            for event in reversed(self.events)
            if event["region"] == region and all(name in [r["ResourceName"] for r in event["Resources"]] for name in asked)
        ]
        document = {"Events": found[: int(request.get("MaxResults", MOST))]}
        return Response(json.dumps(document), media_type="application/x-amz-json-1.1")


def _names(request: Mapping[str, Any]) -> Iterator[str]:
    for key in _NAMES:
        value = request.get(key)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value
    arn = str(request.get("ResourceARN", ""))
    if ":alarm:" in arn or ":alarm-mute-rule:" in arn:
        yield arn.split(":", 6)[6]
    url = str(request.get("QueueUrl", ""))
    if url:
        yield url.rsplit("/", 1)[-1]
