"""Who changed a resource, as far as CloudTrail tells: its event history of ninety days, which needs no trail of its own."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from app.aws.calls import call
from app.ports import Author, Untold
from slo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from app.aws.session import AwsSession
    from slo.resource import Kind, Place, Resource

MOST_ASKED = 20
LOOKUPS_PER_SECOND = 2
"""What AWS takes, of each account and region."""
EVENTS = frozenset(
    {
        "DeleteAlarmMuteRule",
        "DeleteAlarms",
        "DeleteQueue",
        "DeleteTopic",
        "DisableAlarmActions",
        "EnableAlarmActions",
        "PutAlarmMuteRule",
        "PutCompositeAlarm",
        "PutMetricAlarm",
        "SetQueueAttributes",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "TagResource",
        "Unsubscribe",
        "UntagResource",
    }
)
_SERVICES: Mapping[Kind, str] = {"topic": "sns", "queue": "sqs"}


class AwsTrail:
    """`pace` is called before every look-up; after `MOST_ASKED` of them no more are made."""

    def __init__(self, session: AwsSession, places: Sequence[Place], pace: Callable[[], None]) -> None:
        self._session, self._places, self._pace = session, {(p.account, p.region): p for p in places}, pace
        self._asked = 0

    def who_changed(self, resource: Resource) -> Author | Untold:
        place = self._places.get((resource.account, resource.region))
        if place is None:
            return Untold("CloudTrail keeps no such resource")
        if self._asked >= MOST_ASKED:
            return Untold(f"CloudTrail was asked about {MOST_ASKED} others already")
        self._asked += 1
        self._pace()
        client = self._session.client("cloudtrail", place.account, place.region)
        looked_up = [{"AttributeKey": "ResourceName", "AttributeValue": _name(resource, place)}]
        try:
            answer = call("cloudtrail:LookupEvents", client.lookup_events, LookupAttributes=looked_up, MaxResults=50)
        except SourceError as error:
            return Untold(str(error))
        found = [event for event in answer.get("Events", ()) if event.get("EventName") in EVENTS]
        if not found:
            return Untold("CloudTrail knows of no change of it in its ninety days, or does not tell it by this name")
        newest = max(found, key=lambda event: event["EventTime"])
        return Author(_who(newest), newest["EventTime"].astimezone(UTC), newest["EventName"])


def _name(resource: Resource, place: Place) -> str:
    """Alarms and rules are told by their names, topics and queues by their ARNs."""
    name = str(resource.spec["Topic"]) if resource.kind == "subscription" else resource.name
    service = "sns" if resource.kind == "subscription" else _SERVICES.get(resource.kind)
    return resource.name if service is None else place.arn(service, name)


def _who(event: Mapping[str, Any]) -> str:
    """The user, or of an assumed role its name and that of the session."""
    try:
        identity = json.loads(event.get("CloudTrailEvent", "{}")).get("userIdentity", {})
    except ValueError:
        identity = {}
    arn = identity.get("arn", "") if isinstance(identity, dict) else ""
    return str(arn).rsplit(":", 1)[-1] or str(event.get("Username", "somebody"))
