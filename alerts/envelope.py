"""What every message has in common: the fields of a CloudWatch alarm message, so that PagerDuty reads it like any alarm."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from alerts.text import ascii_line, clip, line
from slo.resource import partition
from slo.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alerts.events import Event
    from slo.estate.spec import Component

State = Literal["ALARM", "OK"]

SCHEMA_VERSION = 1
MAX_SUBJECT = 99
MAX_DESCRIPTION = 1024
MAX_REASON = 1023
MAX_LINK = 2000
MAX_CHANGES = 5
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
class Origin:
    """Who tells: the estate's name, the address of its pages, and the account and region that a message names as its own."""

    estate: str
    base_url: str
    region: str = "us-east-1"
    account_id: str = "000000000000"

    @property
    def base(self) -> str:
        return self.base_url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told: `at` in epoch seconds, `sentence` the verdict in words, `subject` what follows the key on the one line.

    `changes` is what happened shortly before, newest first.
    """

    key: str
    state: State
    at: int
    transition: str
    severity: str
    sentence: str
    subject: str = ""
    changes: tuple[Event, ...] = ()


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


def subject(state: State, key: str, rest: str) -> str:
    """`ALARM: "key" rest`: printable ASCII on one line, under 100 characters, beginning with the state word."""
    quoted = f'{state}: "{clip(ascii_line(key), MAX_SUBJECT - len(state) - 4)}"'
    return clip(f"{quoted} {ascii_line(rest)}".rstrip(), MAX_SUBJECT)


def compose(
    origin: Origin,
    component: Component,
    told: Telling,
    *,
    links: Mapping[str, str],
    trigger: Mapping[str, Any],
    more: Mapping[str, Any],
    breach: str | None = None,
) -> Message:
    """The same input gives the same bytes; `more` joins what every message says of itself under `sloop`."""
    body = {
        **_alarm(origin, told),
        "AlarmDescription": _description(told.sentence, component, links, told.changes),
        "NewStateReason": clip(told.sentence, MAX_REASON),
        "Trigger": dict(trigger),
        "sloop": {
            "schema_version": SCHEMA_VERSION,
            "transition_id": told.transition,
            "severity": told.severity,
            "tier": component.tier,
            **more,
            "changes": [{"at": format_seconds(e.at), "kind": e.kind, "title": _title(e)} for e in told.changes[:MAX_CHANGES]],
            "links": dict(links),
        },
    }
    text = subject(told.state, told.key, told.subject)
    about = {"severity": told.severity, "component": component.name, "transition_id": told.transition, "estate": origin.estate}
    return Message(told.key, told.transition, told.state, text, json.dumps(body), about, breach)


def bare(message: Message, at: int) -> Message:
    """The same news without its text, for a message that was refused as it is; `at` is epoch seconds."""
    origin = Origin(message.attributes.get("estate", ""), "")
    sentence = f"{message.key} is {message.state}; the full text could not be sent, look at the pages of Sloop."
    told = Telling(message.key, message.state, at, message.transition, "", clip(sentence, MAX_REASON))
    body = {**_alarm(origin, told), "AlarmDescription": told.sentence, "NewStateReason": told.sentence}
    text = subject(message.state, message.key, "full text could not be sent")
    return Message(message.key, message.transition, message.state, text, json.dumps(body), {}, message.breach)


def _alarm(origin: Origin, told: Telling) -> dict[str, Any]:
    key, state, region = told.key, told.state, origin.region
    return {
        "AlarmName": key,
        "AWSAccountId": origin.account_id,
        "NewStateValue": state,
        "OldStateValue": "OK" if state == "ALARM" else "ALARM",
        "StateChangeTime": f"{format_seconds(told.at)[:-1]}.000+0000",
        "Region": REGIONS.get(region, region),
        "AlarmArn": f"arn:{partition(region)}:cloudwatch:{region}:{origin.account_id}:alarm:{key}",
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
    }


def metric(name: str, dimensions: list[tuple[str, str]], *, periods: int, threshold: float) -> dict[str, Any]:
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


def runbook_link(runbook: str | None) -> dict[str, str]:
    """An address that no browser would take is left out: cut off it leads nowhere, whole it may fill the message."""
    return {"runbook": line(runbook)} if runbook and len(runbook) <= MAX_LINK else {}


def _description(sentence: str, component: Component, links: Mapping[str, str], changes: Sequence[Event]) -> str:
    """The link comes before what may be cut off."""
    parts = [sentence, f"Open: {next(iter(links.values()))}"]
    if component.owner:
        parts.append(f"Owner: {clip(line(component.owner), 120)}")
    if "runbook" in links:
        parts.append(f"Runbook: {links['runbook']}")
    if changes:
        parts.append("Changed before: " + "; ".join(f"{format_seconds(e.at)} {_title(e)}" for e in changes[:MAX_CHANGES]))
    return clip(" ".join(parts), MAX_DESCRIPTION)


def _title(event: Event) -> str:
    return clip(line(event.title), 160)
