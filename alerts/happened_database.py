"""Events of RDS and DocumentDB, by EventBridge or by a subscription of RDS itself; and those of ElastiCache."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from alerts.happened import Happened, Phase, inner, kept, moment, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slo.estate.spec import Estate

_MEANINGS: dict[str, tuple[str, Phase | None]] = {
    **dict.fromkeys(("0013", "0072", "0073"), ("failover", "started")),
    **dict.fromkeys(("0015", "0049", "0065", "0070", "0071"), ("failover", "completed")),
    "0034": ("failover", "abandoned"),
    **dict.fromkeys(("0050", "0051", "0069"), ("failover", None)),
    **dict.fromkeys(("0004", "0006", "0020", "0021", "0052", "0053", "0221"), ("restart", None)),
    **dict.fromkeys(("0019", "0043"), ("restore", "completed")),
    **dict.fromkeys(("0001", "0002", "0040", "0042"), ("backup", None)),
    **dict.fromkeys(("0026", "0027", "0047", "0266", "0267", "0268"), ("maintenance", None)),
    **dict.fromkeys(("0012", "0014", "0017", "0024", "0025", "0028", "0032"), ("configuration", None)),
    **dict.fromkeys(("0031", "0045", "0046", "0057"), ("other", None)),
}
"""Kind and phase by the number of `RDS-EVENT-nnnn`. 0024 and 0025 convert to Multi-AZ, which is no failover; 0015 and 0049

both complete one; 0069 says that one failed, which ends nothing.
"""
_CATEGORIES = {
    "failover": "failover",
    "availability": "restart",
    "recovery": "restart",
    "backup": "backup",
    "restoration": "restore",
    "configuration change": "configuration",
    "maintenance": "maintenance",
    "security patching": "maintenance",
}
"""Of an event whose number is not known."""
_CACHE: dict[str, tuple[str, Phase | None]] = {
    "FailoverComplete": ("failover", "completed"),
    "CacheNodesRebooted": ("restart", None),
    "CacheNodeReplaceStarted": ("restart", None),
    "CacheNodeReplaceComplete": ("restart", None),
    "SnapshotComplete": ("backup", None),
    "SnapshotFailed": ("backup", None),
    "CacheClusterScalingComplete": ("scaling", None),
    "CacheClusterParametersChanged": ("configuration", None),
    "ServiceUpdateAvailableForNode": ("maintenance", None),
}
_NUMBER = re.compile(r"RDS-EVENT-(\d{4})")
_PREFIX = "ElastiCache:"
DATABASES = ("rds", "docdb")


def rds_event(envelope: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """`RDS DB Instance Event`, `RDS DB Cluster Event` and their like, of EventBridge."""
    detail = inner(envelope, "detail")
    return _database(
        text(detail, "EventID"),
        text(detail, "Message"),
        text(detail, "SourceIdentifier").removeprefix("rds:"),
        text(detail, "SourceArn"),
        texts(detail.get("EventCategories")),
        moment(detail.get("Date")) or moment(envelope.get("time")),
        text(envelope, "account"),
        text(envelope, "region"),
    )


def rds_subscription(document: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """What RDS' own event subscriptions send to a topic. A message that only tries the topic out has no id."""
    if not text(document, "Event Source") or not text(document, "Event Message"):
        return None
    arn = text(document, "Source ARN")
    where = arn.split(":") if arn.count(":") >= 5 else [""] * 5
    return _database(
        text(document, "Event ID"),
        text(document, "Event Message"),
        text(document, "Source ID"),
        arn,
        texts(document.get("Event Categories")),
        moment(document.get("Event Time")),
        where[4],
        where[3],
    )


def elasticache(document: Mapping[str, Any], _estate: Estate) -> Happened | None:
    """`{"ElastiCache:FailoverComplete": "name of a node or group", ...}`."""
    told = next((name for name in document if name.startswith(_PREFIX)), None)
    if told is None:
        return None
    what, subject = text({"what": told}, "what").removeprefix(_PREFIX), text(document, told)
    kind, phase = _CACHE.get(what, ("other", None))
    named = (subject, *(text(document, name) for name in document if name != told))
    return Happened(
        kind,
        f"{_PREFIX}{what} of {subject or 'an unnamed cache'}",
        names=tuple(name for name in named if name),
        kinds=("elasticache",),
        document=kept(event_id=f"{_PREFIX}{what}", phase=phase, subject=subject),
    )


def _database(
    told: str,
    message: str,
    subject: str,
    arn: str,
    categories: Iterable[str],
    at: int | None,
    account: str,
    region: str,
) -> Happened:
    number = _NUMBER.search(told)
    usual = next((_CATEGORIES[c.lower()] for c in categories if c.lower() in _CATEGORIES), "other")
    kind, phase = _MEANINGS.get(number[1] if number else "", (usual, None))
    event_id = number[0] if number else ""
    title = f"{subject or 'RDS'}: {message or event_id or 'an event without a message'}"
    return Happened(
        kind,
        f"{title} ({event_id})" if event_id else title,
        at,
        tuple(name for name in (arn, subject) if name),
        DATABASES,
        account=account or None,
        region=region or None,
        document=kept(event_id=event_id, phase=phase, subject=subject, message=message, region=region, account=account),
    )
