"""Who may send to our topics and queues, and how often SNS tries: policy documents in one spelling, declared or found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slo.resource import normal, partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.resource import Place

VERSION = "2012-10-17"
_OWNER_MAY = (
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
)
# 3 retries of 20 s, 12 that grow to 120 s (70 s each in the middle) and 20 of 120 s are 60 + 840 + 2,400 = 3,300 s: SNS
# gives up at 3,600 s whatever is asked, and by default after three retries in a minute.
RETRIES: Mapping[str, Any] = {
    "http": {
        "defaultHealthyRetryPolicy": {
            "backoffFunction": "linear",
            "maxDelayTarget": 120,
            "minDelayTarget": 20,
            "numMaxDelayRetries": 20,
            "numMinDelayRetries": 3,
            "numNoDelayRetries": 0,
            "numRetries": 35,
        },
        "disableSubscriptionOverrides": False,
    }
}


def topic_policy(arn: str, place: Place) -> dict[str, Any]:
    """The account's own, its CloudWatch alarms, and rules of EventBridge."""
    alarms = f"arn:{partition(place.region)}:cloudwatch:{place.region}:{place.id}:alarm:*"
    owner = f"arn:{partition(place.region)}:iam::{place.id}:root"
    return policy_form(
        _allow("owner", {"AWS": owner}, [f"SNS:{name}" for name in _OWNER_MAY], arn),
        _allow(
            "alarms",
            {"Service": "cloudwatch.amazonaws.com"},
            "SNS:Publish",
            arn,
            {"ArnLike": {"aws:SourceArn": alarms}, "StringEquals": {"aws:SourceAccount": place.id}},
        ),
        # AWS's own policy for EventBridge has no condition, and its guide once said that SNS takes none from it.
        _allow("events", {"Service": "events.amazonaws.com"}, "SNS:Publish", arn),
    )


def queue_policy(arn: str, topics: Sequence[str]) -> dict[str, Any]:
    """Exactly these topics may leave there what they could not deliver."""
    sender = {"Service": "sns.amazonaws.com"}
    return policy_form(_allow("topics", sender, "sqs:SendMessage", arn, {"ArnEquals": {"aws:SourceArn": sorted(topics)}}))


def policy_form(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """Without ids of the whole, statements by their Sid, lists sorted, and a list of one as that one."""
    ordered = sorted((_plain(dict(s)) for s in statements), key=lambda s: str(s.get("Sid")))
    form = normal({"Statement": ordered, "Version": VERSION})
    assert isinstance(form, dict), "an object stays an object"
    return form


def found_policy(text: str | None) -> dict[str, Any] | None:
    """As AWS holds it; None where there is none, and what is no policy as it stands."""
    document = found_document(text)
    if document is None or not isinstance(document.get("Statement"), list):
        return document
    form = policy_form(*document["Statement"])
    return {**form, "Version": document.get("Version", "2008-10-17")}


def found_document(text: str | None) -> dict[str, Any] | None:
    """A JSON object without its empty fields, in normal form; None where nothing is set."""
    if not text:
        return None
    document = json.loads(text)
    return normal(_filled(document)) if isinstance(document, dict) else {"text": text}


def _allow(
    sid: str, principal: Mapping[str, str], action: str | list[str], arn: str, condition: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    said = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": arn}
    return {**said, **({"Condition": condition} if condition else {})}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return _plain(value[0]) if len(value) == 1 else sorted(map(_plain, value), key=str)
    return value


def _filled(value: Any) -> Any:
    """AWS gives back null for what was not asked for."""
    if isinstance(value, dict):
        return {key: _filled(item) for key, item in value.items() if item is not None}
    return value
