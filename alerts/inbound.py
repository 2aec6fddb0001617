"""A message that came by SNS as an event: whatever AWS has to say about a component, and what it does not know as `other`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alerts import happened_alarm, happened_database, happened_service
from alerts.events import Event
from alerts.happened import Happened, kept, moment, text, texts
from alerts.text import clip, line
from slo.estate.owner import component_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slo.estate.spec import Estate

AHEAD_SECONDS = 300
_BY_DETAIL_TYPE: dict[str, Callable[[Mapping[str, Any], Estate], Happened | None]] = {
    "CloudWatch Alarm State Change": happened_alarm.alarm_change,
    "RDS DB Instance Event": happened_database.rds_event,
    "RDS DB Cluster Event": happened_database.rds_event,
    "RDS DB Snapshot Event": happened_database.rds_event,
    "RDS DB Cluster Snapshot Event": happened_database.rds_event,
    "RDS DB Parameter Group Event": happened_database.rds_event,
    "ECS Deployment State Change": happened_service.deployment,
    "ECS Service Action": happened_service.action,
    "ECS Task State Change": happened_service.task,
    "Backup Job State Change": happened_service.backup_job,
    "Restore Job State Change": happened_service.backup_job,
    "Copy Job State Change": happened_service.backup_job,
    "AWS API Call via CloudTrail": happened_service.api_call,
}
_BARE = (happened_alarm.alarm, happened_database.rds_subscription, happened_database.elasticache)
"""What comes without EventBridge around it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification of SNS: `at` is when it was published, in epoch seconds."""

    message_id: str
    topic: str
    subject: str
    text: str
    at: int


def event_of(notice: Notice, estate: Estate, received_at: int) -> Event:
    """Never fails: text that is no JSON is an event as well. What claims to be of the future happened when it came."""
    document = _object(notice.text)
    found = _read(document, estate) or _other(notice, document)
    at = min(notice.at, received_at) if found.at is None else found.at
    component = found.component or component_of(estate, found.names, found.kinds, account=found.account, region=found.region)
    return Event(
        f"sns/{notice.message_id}",
        "sns",
        found.kind,
        received_at if at > received_at + AHEAD_SECONDS or at < 0 else at,
        received_at,
        clip(line(found.title), 300),
        component,
        {**found.document, "topic": notice.topic},
    )


def _read(document: Mapping[str, Any], estate: Estate) -> Happened | None:
    reader = _BY_DETAIL_TYPE.get(text(document, "detail-type"))
    if reader is not None:
        return reader(document, estate)
    return next((found for read in _BARE if (found := read(document, estate)) is not None), None)


def _other(notice: Notice, document: Mapping[str, Any]) -> Happened:
    detail_type = text(document, "detail-type")
    words = detail_type or line(notice.subject) or line(notice.text[:1000]) or "an empty message"
    return Happened(
        "other",
        words,
        moment(document.get("time")),
        tuple(texts(document.get("resources"))),
        account=text(document, "account") or None,
        region=text(document, "region") or None,
        document=kept(detail_type=detail_type, subject=clip(line(notice.subject), 300)),
    )


def _object(content: str) -> Mapping[str, Any]:
    """The JSON object in it, an empty one where there is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
