"""CloudWatch alarms: as an alarm sends them to a topic, and as EventBridge tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts.happened import MOST_DEPTH, MOST_NAMES, Happened, inner, kept, leaves, moment, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slo.estate.spec import Estate

_ACCOUNT, _REGION = 4, 3
"""Where they stand in an ARN."""
_OF_COMPONENT = ("recovery", "test", "group")


def alarm(document: Mapping[str, Any], estate: Estate) -> Happened | None:
    """Of a metric, of metric math, composite or of logs: what they have in common is enough."""
    name, state = text(document, "AlarmName"), text(document, "NewStateValue")
    if not name or not state:
        return None
    arn = text(document, "AlarmArn").split(":")
    # `Region` is a display name, like `US East (N. Virginia)`.
    region = arn[_REGION] if len(arn) > _REGION else text(document, "Region")
    account = text(document, "AWSAccountId") or (arn[_ACCOUNT] if len(arn) > _ACCOUNT else "")
    reason, at = text(document, "NewStateReason"), moment(document.get("StateChangeTime"))
    trigger = inner(document, "Trigger")
    return _happened(estate, name, state, reason, at, account, region, tuple(_dimensions(trigger)))


def alarm_change(envelope: Mapping[str, Any], estate: Estate) -> Happened | None:
    """`CloudWatch Alarm State Change` of EventBridge."""
    detail = inner(envelope, "detail")
    name, state = text(detail, "alarmName"), text(detail, "state", "value")
    if not name or not state:
        return None
    names = tuple(_dimensions(inner(detail, "configuration").get("metrics")))
    at = moment(inner(detail, "state").get("timestamp")) or moment(envelope.get("time"))
    reason, account, region = text(detail, "state", "reason"), text(envelope, "account"), text(envelope, "region")
    return _happened(estate, name, state, reason, at, account, region, names)


def _happened(
    estate: Estate, name: str, state: str, reason: str, at: int | None, account: str, region: str, names: tuple[str, ...]
) -> Happened:
    return Happened(
        "alarm",
        f"{name} is {state}" + (f": {reason}" if reason else ""),
        at,
        names,
        component=_named(name, estate),
        account=account or None,
        region=region or None,
        document=kept(alarm_name=name, state=state, reason=reason, region=region, account=account),
    )


def _named(name: str, estate: Estate) -> str | None:
    """Whose an alarm of ours is: its name holds an objective's id or a component's name."""
    prefix = f"sloop/{estate.name}/"
    if not name.startswith(prefix):
        return None
    first, *rest = name.removeprefix(prefix).split("/")
    if first in _OF_COMPONENT and rest:
        first = rest[0]
    owners = {o.id: o.component for o in estate.objectives} | {c.name: c.name for c in estate.components}
    return owners.get(first)


def _dimensions(value: Any, depth: int = MOST_DEPTH) -> Iterator[str]:
    """The values of every dimension in it, wherever metric math has put them."""
    if isinstance(value, dict) and depth:
        for name, held in value.items():
            yield from _values(held) if name in ("Dimensions", "dimensions") else _dimensions(held, depth - 1)
    elif isinstance(value, list) and depth:
        for item in value[:MOST_NAMES]:
            yield from _dimensions(item, depth - 1)


def _values(held: Any) -> Iterator[str]:
    """SNS has a list of names and values, EventBridge a mapping."""
    if isinstance(held, dict):
        yield from leaves(held, 1)
    elif isinstance(held, list):
        yield from (text(pair, "value") or text(pair, "Value") for pair in held[:MOST_NAMES] if isinstance(pair, dict))
