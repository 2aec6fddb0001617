"""CloudWatch alarms: kept by name, evaluated minute by minute, every change in the history and told to their actions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from alerts.alarm_steps import Acted, Alarm, Standing, is_due, put_state, step
from alerts.composite import CompositeAlarm
from alerts.evaluate import Decision, MetricAlarm, compute, periods
from app.simulator import alarm_config, notification, paging, tags
from app.simulator.alarm_config import ACTIONS
from app.simulator.datastore import SETTLE_SECONDS, Datastore
from app.simulator.metrics import statistic
from app.simulator.samples import Identity
from app.simulator.wire import Refused, invalid
from slo.judge.verdict import Reason

if TYPE_CHECKING:
    from alerts.alarm_steps import Changed, Step
    from slo.judge.series import Floats
    from slo.units import Minute

Publish = Callable[[str, str, str], object]
"""(topic ARN, subject, message)."""
ACTION_OF = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
STATES = tuple(ACTION_OF)
HISTORY_DAYS = 14


@dataclass(slots=True)
class Entry:
    """One alarm: what was put, what it means, and its state."""

    model: MetricAlarm | CompositeAlarm
    config: dict[str, Any]
    arn: str
    configured_at: float
    standing: Standing
    tags: dict[str, str] = field(default_factory=dict)
    warm: bool = False

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def type(self) -> str:
        return "CompositeAlarm" if isinstance(self.model, CompositeAlarm) else "MetricAlarm"

    @property
    def alarm(self) -> Alarm:
        return Alarm(self.model, self.arn, self.config["ActionsEnabled"], alarm_config.suppressor(self.config))

    def described(self) -> dict[str, Any]:
        hold = self.standing.hold
        suppressed = {"ActionsSuppressedBy": hold.by} if hold is not None and hold.by != "MuteRule" else {}
        return {
            **self.config,
            "AlarmArn": self.arn,
            "AlarmConfigurationUpdatedTimestamp": self.configured_at,
            "StateValue": self.standing.state,
            "StateReason": self.standing.reason[:1023],
            "StateUpdatedTimestamp": self.standing.since,
            "StateTransitionedTimestamp": self.standing.since,
            **suppressed,
        }


class Alarms:
    def __init__(self, store: Datastore, publish: Publish, *, region: str, account: str) -> None:
        self._store, self._publish, self._region, self._account = store, publish, region, account
        self._entries: dict[str, Entry] = {}
        self._history: list[dict[str, Any]] = []
        self.muted: Callable[[float], Collection[str]] = lambda _now: ()
        """Names of the alarms whose actions a mute rule keeps back at this epoch second."""
        self.quota: int | None = None
        self.operations: dict[str, Callable[[Mapping[str, Any], float], dict[str, Any]]] = {
            "PutMetricAlarm": lambda r, now: self._put(alarm_config.metric_alarm(r, region), r, now),
            "PutCompositeAlarm": lambda r, now: self._put(self._composite(r), r, now),
            "DescribeAlarms": self._describe,
            "DeleteAlarms": self._delete,
            "DescribeAlarmHistory": self._describe_history,
            "SetAlarmState": self._set_state,
            "EnableAlarmActions": lambda r, _: self._enable(r, enabled=True),
            "DisableAlarmActions": lambda r, _: self._enable(r, enabled=False),
            "TagResource": lambda r, _: tags.tag(self._by_arn(r["ResourceARN"]), r, "alarm"),
            "UntagResource": lambda r, _: tags.untag(self._by_arn(r["ResourceARN"]), r),
            "ListTagsForResource": lambda r, _: tags.listed(self._by_arn(r["ResourceARN"])),
        }

    def tagged(self) -> dict[str, dict[str, str]]:
        """ARN -> tags."""
        return {entry.arn: entry.tags for entry in self._entries.values()}

    def evaluate(self, minute: Minute) -> None:
        """Every alarm as of this minute, by the very step that `alerts` takes."""
        now = minute * 60 + SETTLE_SECONDS
        known = {name: (e, e.model) for name, e in self._entries.items() if isinstance(e.model, MetricAlarm)}
        due = {
            name: model
            for name, (entry, model) in known.items()
            if is_due(model, minute) and not self._is_warming_up(entry, model, minute, now)
        }
        readings = {name: self._read(model, minute, now) for name, model in due.items()}
        self._take(step(self._alarms(), self._standings(), readings, now, self.muted(now)), now)

    def _is_warming_up(self, entry: Entry, alarm: MetricAlarm, minute: Minute, now: float) -> bool:
        """Not evaluated as long as its warm-up lasts, which ends early with data enough to fill its periods."""
        if not entry.warm:
            over = now >= entry.configured_at + alarm_config.warm_up(entry.config) * 60
            newest = slice(-alarm.evaluation_periods, None)
            entry.warm = over or not any(np.isnan(v[newest]).any() for v in self._series(alarm, minute, now).values())
        return not entry.warm

    def _read(self, alarm: MetricAlarm, minute: Minute, now: float) -> list[float | None]:
        watched = compute(alarm, alarm.returned, self._series(alarm, minute, now), len(periods(alarm, minute)))
        return [None if v != v else v for v in watched.tolist()]  # noqa: PLR0124 - only NaN differs from itself

    def _series(self, alarm: MetricAlarm, minute: Minute, now: float) -> dict[str, Floats]:
        starts = periods(alarm, minute)
        return {
            name: self._store.read(
                Identity(q.namespace, q.metric, frozenset(q.dimensions)),
                statistic(q.stat),
                starts[0],
                len(starts),
                alarm.period,
                now=now,
            )
            for name, q in alarm.metrics.items()
        }

    def _alarms(self) -> dict[str, Alarm]:
        return {name: e.alarm for name, e in self._entries.items()}

    def _standings(self) -> dict[str, Standing]:
        return {name: e.standing for name, e in self._entries.items()}

    def _take(self, taken: Step, now: float) -> None:
        for name, standing in taken.standings.items():
            self._entries[name].standing = standing
        for event in taken.events:
            if isinstance(event, Acted):
                self._tell(self._entries[event.name], event, now)
            else:
                self._record_change(self._entries[event.name], event, now)

    def _tell(self, entry: Entry, acted: Acted, now: float) -> None:
        for action in entry.config[ACTION_OF[acted.state]]:
            self._act(entry, action, acted.old, now)

    def _act(self, entry: Entry, action: str, old: str, now: float) -> None:
        if ":sns:" not in action:
            self._record(entry, "Action", f"{action} is not simulated", {}, now)
            return
        subject = notification.subject(entry.name, entry.standing.state, self._region)
        message = notification.body(entry.described(), old, self._region, self._account, self._triggering(entry))
        self._publish(action, subject, message)
        self._record(entry, "Action", f"Successfully executed action {action}", {"actionState": "Succeeded"}, now)

    def _triggering(self, entry: Entry) -> list[dict[str, Any]]:
        if isinstance(entry.model, MetricAlarm):
            return []
        found = [e for e in self._entries.values() if e.standing.state == "ALARM" and {e.name, e.arn} & entry.model.children]
        return [{"Arn": e.arn, "State": {"Value": "ALARM", "Timestamp": notification.stamp(e.standing.since)}} for e in found]

    def _composite(self, request: Mapping[str, Any]) -> CompositeAlarm:
        model = alarm_config.composite_alarm(request)
        if unknown := sorted(c for c in model.children if (c.partition(":alarm:")[2] or c) not in self._entries):
            raise invalid(f"AlarmRule names alarms that do not exist: {', '.join(unknown)}.")
        return model

    def _put(self, model: MetricAlarm | CompositeAlarm, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Overwrites the whole configuration; state and tags of an alarm that exists stay as they are."""
        known = self._entries.get(model.name)
        if known is None and self.quota is not None and len(self._entries) >= self.quota:
            raise Refused("LimitExceeded", f"At most {self.quota} alarms in this region.", shape="LimitExceededFault")
        if known is not None and type(known.model) is not type(model):
            raise invalid(f"{model.name} exists already as a {known.type}.")
        config = {
            "ActionsEnabled": True,
            **{kind: [] for kind in ACTIONS},
            **{name: value for name, value in request.items() if name != "Tags"},
        }
        if known is None:
            arn = f"arn:aws:cloudwatch:{self._region}:{self._account}:alarm:{model.name}"
            entry = self._entries[model.name] = Entry(model, config, arn, now, Standing(since=now), tags.given(request))
        else:
            entry, known.model, known.config, known.configured_at = known, model, config, now
            entry.warm = False
        verb = "created" if known is None else "updated"
        self._record(entry, "ConfigurationUpdate", f'Alarm "{model.name}" {verb}', {"type": "Update"}, now)
        return {}

    def _delete(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        doomed = [self._entries[name] for name in request["AlarmNames"] if name in self._entries]
        if sum(e.type == "CompositeAlarm" for e in doomed) > 1 or len(request["AlarmNames"]) > 100:
            raise invalid("One call deletes at most 100 alarms, and at most one composite alarm.")
        for entry in doomed:
            self._check_orphans(entry, {e.name for e in doomed})
        for entry in doomed:
            del self._entries[entry.name]
            self._record(entry, "ConfigurationUpdate", f'Alarm "{entry.name}" deleted', {"type": "Delete"}, now)
        if len(doomed) < len(set(request["AlarmNames"])):
            raise Refused("ResourceNotFound", "Some of the alarms do not exist.", status=404)
        return {}

    def _check_orphans(self, child: Entry, doomed: set[str]) -> None:
        for parent in self._entries.values():
            above = isinstance(parent.model, CompositeAlarm) and {child.name, child.arn} & parent.model.children
            if above and parent.name not in doomed:
                raise invalid(f"Cannot delete {child.name} as there are composite alarm(s) depending on it.")

    def _describe(self, request: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Metric alarms only, unless AlarmTypes says otherwise."""
        types = request.get("AlarmTypes") or ["MetricAlarm"]
        found = [e for e in sorted(self._entries.values(), key=lambda e: e.name) if e.type in types and _matches(e, request)]
        page, token = paging.rows(found, request, request.get("MaxRecords") or 50)
        return {
            "MetricAlarms": [e.described() for e in page if e.type == "MetricAlarm"],
            "CompositeAlarms": [e.described() for e in page if e.type == "CompositeAlarm"],
            **token,
        }

    def _set_state(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Lasts until the next evaluation."""
        entry, state = self._entry(request["AlarmName"]), request["StateValue"]
        if state not in STATES:
            raise invalid(f"StateValue must be one of {', '.join(STATES)}.")
        decision = Decision(state, Reason("set", request["StateReason"]))
        self._take(put_state(self._alarms(), self._standings(), entry.name, decision, now, self.muted(now)), now)
        return {}

    def _enable(self, request: Mapping[str, Any], *, enabled: bool) -> dict[str, Any]:
        for name in request["AlarmNames"]:
            if name in self._entries:
                self._entries[name].config["ActionsEnabled"] = enabled
        return {}

    def _entry(self, name: str) -> Entry:
        if name not in self._entries:
            raise Refused("ResourceNotFound", f"There is no alarm {name}.", status=404)
        return self._entries[name]

    def _by_arn(self, arn: str) -> Entry:
        entry = self._entries.get(arn.partition(":alarm:")[2])
        if entry is None or entry.arn != arn:
            raise Refused("ResourceNotFoundException", f"There is no alarm {arn}.", status=404)
        return entry

    def _describe_history(self, request: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Newest first unless ScanBy says otherwise; two weeks of it."""
        start = max(request.get("StartDate", 0.0), now - HISTORY_DAYS * 86400)
        found = [i for i in self._history if start <= i["Timestamp"] <= request.get("EndDate", now) and _fits(i, request)]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            found.reverse()
        page, token = paging.rows(found, request, request.get("MaxRecords") or 100)
        return {"AlarmHistoryItems": page, **token}

    def _record_change(self, entry: Entry, changed: Changed, now: float) -> None:
        data = {"oldState": {"stateValue": changed.old}, "newState": {"stateValue": changed.new, "stateReason": changed.reason}}
        self._record(entry, "StateUpdate", f"Alarm updated from {changed.old} to {changed.new}", data, now)

    def _record(self, entry: Entry, kind: str, summary: str, data: Mapping[str, Any], now: float) -> None:
        item = {
            "AlarmName": entry.name,
            "AlarmType": entry.type,
            "Timestamp": now,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}),
        }
        self._history.append(item)


def _matches(entry: Entry, request: Mapping[str, Any]) -> bool:
    names: Iterable[str] | None = request.get("AlarmNames")
    actions = [action for kind in ACTIONS for action in entry.config[kind]]
    return (
        (not names or entry.name in names)
        and entry.name.startswith(request.get("AlarmNamePrefix") or "")
        and request.get("StateValue") in (None, entry.standing.state)
        and ("ActionPrefix" not in request or any(a.startswith(request["ActionPrefix"]) for a in actions))
    )


def _fits(item: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    return (
        request.get("AlarmName") in (None, item["AlarmName"])
        and request.get("HistoryItemType") in (None, item["HistoryItemType"])
        and item["AlarmType"] in (request.get("AlarmTypes") or ["MetricAlarm"])
    )
