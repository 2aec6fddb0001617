"""Alarm mute rules of one region: kept by name, and which alarms they keep quiet when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alerts.mutes import LONGEST, MOST_ALARMS, window
from app.simulator import paging, tags
from app.simulator.wire import Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slo.units import Minute

    Operation = Callable[[Mapping[str, Any], float], dict[str, Any]]

_MARK = ":alarm-mute-rule:"
_KEPT = ("Description", "MuteTargets", "Name", "Rule")


@dataclass(slots=True, eq=False)
class Entry:
    """`start <= minute < end` is when it mutes."""

    arn: str
    rule: dict[str, Any]
    start: Minute
    end: Minute
    updated_at: float
    tags: dict[str, str] = field(default_factory=dict)

    def status(self, now: float) -> str:
        minute = now // 60
        return "SCHEDULED" if minute < self.start else "ACTIVE" if minute < self.end else "EXPIRED"


@dataclass(slots=True, eq=False)
class Mutes:
    """Windows that come once, in UTC; AWS knows recurring ones and time zones too."""

    region: str
    account: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def operations(self, others: Mapping[str, Operation]) -> dict[str, Operation]:
        """`others` answer for the tags of what is no mute rule."""
        tagging: dict[str, Operation] = {
            "TagResource": lambda request, _: tags.tag(self._by_arn(request), request, "mute rule"),
            "UntagResource": lambda request, _: tags.untag(self._by_arn(request), request),
            "ListTagsForResource": lambda request, _: tags.listed(self._by_arn(request)),
        }
        return {
            **others,
            "PutAlarmMuteRule": self._put,
            "GetAlarmMuteRule": self._get,
            "ListAlarmMuteRules": self._list,
            "DeleteAlarmMuteRule": self._delete,
            **{name: _divided(own, others[name]) for name, own in tagging.items()},
        }

    def muted(self, now: float) -> set[str]:
        """Names of the alarms whose actions are kept back at this epoch second."""
        active = [e.rule for e in self.entries.values() if e.status(now) == "ACTIVE"]
        return {name for rule in active for name in rule.get("MuteTargets", {}).get("AlarmNames", ())}

    def _put(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        name, schedule = request["Name"], request["Rule"]["Schedule"]
        try:
            start, minutes = window(schedule)
        except ValueError as error:
            raise invalid(f"Schedule: {error}.") from None
        if schedule.get("Timezone", "UTC") != "UTC":
            raise invalid("The simulator knows no time zone but UTC.")
        if not 1 <= minutes <= LONGEST or len(request.get("MuteTargets", {}).get("AlarmNames", ())) > MOST_ALARMS:
            raise invalid(f"A rule mutes at most {MOST_ALARMS} alarms for 1 minute to 15 days.")
        rule = {key: request[key] for key in _KEPT if key in request}
        known = self.entries.get(name)
        held = known.tags if known else tags.given(request)
        arn = f"arn:aws:cloudwatch:{self.region}:{self.account}{_MARK}{name}"
        self.entries[name] = Entry(arn, rule, start, start + minutes, now, held)
        return {}

    def _get(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        entry = self._named(request["AlarmMuteRuleName"])
        return {**entry.rule, **_summary(entry, now)}

    def _list(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        statuses = request.get("Statuses") or ("SCHEDULED", "ACTIVE", "EXPIRED")
        found = [_summary(e, now) for _, e in sorted(self.entries.items()) if e.status(now) in statuses]
        page, token = paging.rows(found, request, request.get("MaxRecords") or 50)
        return {"AlarmMuteRuleSummaries": page, **token}

    def _delete(self, request: Mapping[str, Any], _now: float) -> dict[str, Any]:
        self.entries.pop(request["AlarmMuteRuleName"], None)
        return {}

    def _named(self, name: str) -> Entry:
        if name not in self.entries:
            raise Refused("ResourceNotFoundException", f"There is no mute rule {name}.", status=404)
        return self.entries[name]

    def _by_arn(self, request: Mapping[str, Any]) -> Entry:
        return self._named(request["ResourceARN"].split(_MARK, 1)[1])


def _summary(entry: Entry, now: float) -> dict[str, Any]:
    return {"AlarmMuteRuleArn": entry.arn, "Status": entry.status(now), "LastUpdatedTimestamp": entry.updated_at}


def _divided(own: Operation, other: Operation) -> Operation:
    return lambda request, now: (own if _MARK in request["ResourceARN"] else other)(request, now)
