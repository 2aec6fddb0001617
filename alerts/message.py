"""A page as the message that goes on SNS: strict CloudWatch alarm JSON, so that PagerDuty reads it like any alarm."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from alerts import naming
from alerts.text import ascii_line, clip, line
from slo.judge import document
from slo.resource import partition
from slo.units import format_duration, format_minute, format_percent, format_seconds, nearest_double

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal
    from fractions import Fraction

    from alerts.breach import Breach
    from alerts.naming import Kind
    from slo.estate.spec import Component, Objective
    from slo.judge.burn import Rule

State = Literal["ALARM", "OK"]

SCHEMA_VERSION = 1
MAX_SUBJECT = 99
MAX_DESCRIPTION = 1024
MAX_REASON = 1023
MAX_LINK = 2000
REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "sa-east-1": "South America (Sao Paulo)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
}
"""As CloudWatch writes them in `Region`; the AlarmArn holds the code."""


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is the dedup key and AlarmName; `transition` is unique and names the change that this message tells.

    `breach` is the id of the breach row it is about, None for a test or heartbeat.
    """

    key: str
    transition: str
    state: Literal["ALARM", "OK"]
    subject: str
    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    breach: str | None = None


def page_message(
    estate_name: str,
    breach: Breach,
    kind: Kind,
    component: Component,
    objective: Objective,
    *,
    spent: Fraction | None,
    base_url: str,
    region: str,
    account_id: str,
    runbook: str | None = None,
) -> Message:
    """ALARM when a breach is told, OK when it resolves; the same input gives the same bytes.

    `spent` is the share of the budget spent when this is told, None if unknown; `runbook` replaces the component's own.
    """
    key = naming.key(estate_name, objective.id, breach.severity)
    state: State = "OK" if kind == "resolved" else "ALARM"
    at = {"opened": breach.fired_at, "notified": breach.notified_at, "resolved": breach.resolved_at}[kind]
    if at is None:
        raise ValueError(f"breach {naming.breach_id(breach)} is not {kind}")
    links = _links(base_url, breach, runbook or component.runbook or "")
    sentence = _sentence(breach, kind, component, objective, spent)
    transition = naming.transition_id(breach, kind)
    body = {
        **_alarm(key, state, at * 60, region, account_id),
        "AlarmDescription": _description(sentence, component, links),
        "NewStateReason": clip(sentence, MAX_REASON),
        "Trigger": _trigger(objective, breach.rule),
        "sloop": {
            "schema_version": SCHEMA_VERSION,
            "transition_id": transition,
            "severity": breach.severity,
            "tier": component.tier,
            "rule": document.rule(breach.rule),
            **({"label": breach.rule.label} if breach.rule.label else {}),
            "fired_at": format_minute(breach.fired_at),
            "resolved_at": None if breach.resolved_at is None else format_minute(breach.resolved_at),
            "budget_spent": None if spent is None else nearest_double(spent),
            "links": links,
        },
    }
    return Message(
        key,
        transition,
        state,
        subject(state, key, f"{_effect(breach, kind)}: {component.title}"),
        json.dumps(body),
        _attributes(estate_name, component, breach.severity, transition),
        naming.breach_id(breach),
    )


def test_message(
    estate_name: str, component: Component, state: State, *, at: int, base_url: str, region: str, account_id: str
) -> Message:
    """A drill of the way to the pager: ALARM, then OK, `at` epoch seconds."""
    key = naming.test_key(estate_name, component.name)
    transition = f"test/{component.name}/{at}/{state}"
    links = {"component": f"{base_url.rstrip('/')}/components/{component.name}"}
    sentence = f"Test of the way from Sloop to the pager for {clip(line(component.title), 120)}: nothing is wrong."
    body = {
        **_alarm(key, state, at, region, account_id),
        "AlarmDescription": _description(sentence, component, links),
        "NewStateReason": sentence,
        "Trigger": _metric("Test", [("Component", component.name)], periods=1, threshold=1.0),
        "sloop": {
            "schema_version": SCHEMA_VERSION,
            "transition_id": transition,
            "test": True,
            "severity": "test",
            "tier": component.tier,
            "fired_at": format_seconds(at),
            "links": links,
        },
    }
    text = subject(state, key, f"test, nothing is wrong: {component.title}")
    return Message(key, transition, state, text, json.dumps(body), _attributes(estate_name, component, "test", transition))


def subject(state: State, key: str, rest: str) -> str:
    """`ALARM: "key" rest`: printable ASCII on one line, under 100 characters, beginning with the state word."""
    quoted = f'{state}: "{clip(ascii_line(key), MAX_SUBJECT - len(state) - 4)}"'
    return clip(f"{quoted} {ascii_line(rest)}".rstrip(), MAX_SUBJECT)


def _alarm(key: str, state: State, at: int, region: str, account_id: str) -> dict[str, Any]:
    """What every message has; `at` is epoch seconds."""
    return {
        "AlarmName": key,
        "AWSAccountId": account_id,
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "StateChangeTime": f"{format_seconds(at)[:-1]}.000+0000",
        "Region": REGIONS.get(region, region),
        "AlarmArn": f"arn:{partition(region)}:cloudwatch:{region}:{account_id}:alarm:{key}",
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
    }


def _links(base_url: str, breach: Breach, runbook: str) -> dict[str, str]:
    """A runbook's address that no browser would take is left out: cut off it leads nowhere, whole it may fill the message."""
    base = base_url.rstrip("/")
    links = {"breach": f"{base}/breaches/{naming.breach_id(breach)}", "objective": f"{base}/slos/{breach.objective}"}
    return links | ({"runbook": line(runbook)} if 0 < len(runbook) <= MAX_LINK else {})


def _effect(breach: Breach, kind: Kind) -> str:
    return "resolved" if kind == "resolved" else f"burns its budget at {float(breach.rule.factor):.3g}x or more"


def _sentence(breach: Breach, kind: Kind, component: Component, objective: Objective, spent: Fraction | None) -> str:
    """The verdict in words; numbers are rounded here, where nothing is decided any more."""
    spans = " and ".join(f"in {format_duration(window)}" for window in breach.rule.windows)
    name = f"{clip(line(component.title), 120)} ({objective.id})"
    goal = f"{_percent(objective.target)} over {_window(objective)}"
    used = "" if spent is None else f" {float(spent) * 100:.3g}% of its budget is spent."
    if kind == "resolved":
        return f"{name} is quiet again: the {breach.severity} of {format_minute(breach.fired_at)} is resolved ({goal}).{used}"
    return f"{name} {_effect(breach, kind)} {spans} ({goal}).{used}"


def _window(objective: Objective) -> str:
    """`30d`, of a calendar `1M (Europe/Berlin)`; what the events are, where they are not requests."""
    text = objective.window_text if objective.calendar is None else f"{objective.window_text} ({objective.calendar.zone})"
    if objective.method != "Occurrences":
        return f"{text}, counted in slices of {format_duration(objective.budgeting.slice_window)}"
    return text if objective.composite is None else f"{text}, counted in minutes of the journey"


def _percent(share: Decimal) -> str:
    """0.9990 -> `99.9%`, exactly."""
    return f"{format_percent(share)}%"


def _description(sentence: str, component: Component, links: Mapping[str, str]) -> str:
    """The link comes before what may be cut off."""
    parts = [sentence, f"Open: {links.get('breach') or links['component']}"]
    if component.owner:
        parts.append(f"Owner: {clip(line(component.owner), 120)}")
    if "runbook" in links:
        parts.append(f"Runbook: {links['runbook']}")
    return clip(" ".join(parts), MAX_DESCRIPTION)


def _trigger(objective: Objective, rule: Rule) -> dict[str, Any]:
    dimensions = [("Objective", objective.id), ("Severity", rule.severity)]
    return _metric("BurnRate", dimensions, periods=rule.long, threshold=nearest_double(rule.factor))


def _metric(name: str, dimensions: list[tuple[str, str]], *, periods: int, threshold: float) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Namespace": "Sloop",
        "StatisticType": "Statistic",
        "Statistic": "AVERAGE",
        "Unit": None,
        "Dimensions": [{"value": value, "name": key} for key, value in dimensions],
        "Period": 60,
        "EvaluationPeriods": periods,
        "DatapointsToAlarm": periods,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": threshold,
        "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": None,
    }


def _attributes(estate_name: str, component: Component, severity: str, transition: str) -> dict[str, str]:
    """For the filter policies of subscriptions."""
    return {"severity": severity, "component": component.name, "transition_id": transition, "estate": estate_name}
