"""Names that outlive a message: keys of pages, names of alarms and resources, ids of breaches and of their changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from alerts.breach import Breach
    from slo.estate.spec import Severity
    from slo.units import Minute

MAX_NAME = 255
"""CloudWatch's limit for alarm names and PagerDuty's for dedup keys."""

Kind = Literal["opened", "notified", "repeated", "resolved"]


def key(estate: str, objective: str, severity: Severity) -> str:
    """Dedup key and AlarmName of every message about this objective and severity; never holds a number that changes."""
    return alarm_name(estate, objective, severity)


def recovery_key(estate: str, component: str, scenario: str) -> str:
    return alarm_name(estate, "recovery", component, scenario)


def heartbeat_key(estate: str) -> str:
    return alarm_name(estate, "heartbeat")


def test_key(estate: str, component: str) -> str:
    return alarm_name(estate, "test", component)


def group_key(estate: str, component: str) -> str:
    return alarm_name(estate, "group", component, "page")


def alarm_name(estate: str, *parts: str) -> str:
    """`sloop/{estate}/...`, at most 255 characters."""
    return fit("/".join(("sloop", estate, *parts)))


def resource_name(estate: str, *parts: str) -> str:
    """`sloop-{estate}-...` for everything that is not an alarm, at most 255 characters."""
    return fit("-".join(("sloop", estate, *parts)))


def fit(name: str, limit: int = MAX_NAME) -> str:
    """The name itself, or where it is too long its beginning and a hash of the whole: different names stay different."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{name[: limit - 17]}-{digest}"


def breach_id(breach: Breach) -> str:
    """Stable from the moment it fires, and safe in URLs: `{objective}.{severity}.{minute number}`."""
    return f"{breach.objective}.{breach.severity}.{breach.fired_at}"


def transition_id(breach: Breach, kind: Kind, occasion: str = "") -> str:
    """What can happen more than once has an occasion."""
    return f"{breach_id(breach)}/{kind}/{occasion}" if occasion else f"{breach_id(breach)}/{kind}"


def group_transition(component: str, at: Minute, occasion: str = "") -> str:
    return f"group/{component}/{at}/{occasion}" if occasion else f"group/{component}/{at}"
