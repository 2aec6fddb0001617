"""An estate as the text of one estate file: always the same for the same estate, and read back it is the same estate.

What only OpenSLO can declare (a rule without a short window, a severity of its own) is written as near as it comes, and listed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slo.estate import alarm_changes, recovery_targets
from slo.estate.calendar import MONDAY
from slo.estate.indicator import LogsQuery, MetricQuery, TraceQuery, Unbound
from slo.estate.labels import label_of
from slo.estate.loss import Loss, Written
from slo.estate.spec import OPENSLO
from slo.estate.window import PERIODS
from slo.estate.write_indicator import indicator
from slo.estate.yaml_write import Number, dump
from slo.units import format_duration, format_minute, format_percent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.calendar import Calendar
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Component, Composite, Estate, Exclusion, Objective, RuleSpec

Rules = tuple["RuleSpec", ...]

_PLAIN_NUMBER = re.compile(r"0|[1-9][0-9]*|(0|[1-9][0-9]*)\.[0-9]+")


def write(estate: Estate, default: Rules) -> Written:
    """`default` is the policy of who names none, as the catalogue has it."""
    writer = _Writer(estate, default, _names(estate))
    return Written(dump([writer.document()]), tuple(dict.fromkeys(writer.losses)))


def percent(share: Decimal) -> str:
    return f"{format_percent(share)}%"


def _names(estate: Estate) -> dict[str, str]:
    """Objective ids as they are -> as an estate file has them: the component's name comes first."""
    found: dict[str, str] = {}
    for objective in estate.objectives:
        prefix = f"{objective.component}."
        name = objective.id.removeprefix(prefix) if objective.id.startswith(prefix) else objective.id
        taken = {id_.removeprefix(prefix) for id_ in found.values() if id_.startswith(prefix)}
        found[objective.id] = prefix + label_of(name, taken)
    return found


@dataclass(slots=True)
class _Writer:
    """`ids` maps the objectives' ids to those that are written."""

    estate: Estate
    default: Rules
    ids: Mapping[str, str]
    losses: list[Loss] = field(default_factory=list)
    policies: dict[str, Rules] = field(default_factory=dict)

    def lost(self, path: str, code: str, text: str) -> None:
        self.losses.append(Loss(path, code, text))

    def document(self) -> dict[str, Any]:
        self.policies = dict(self.estate.policies) or {"default": self.default}
        components = [self.component(component) for component in self.estate.components]
        policies = sorted(self.policies.items())
        written = {name: rules for name, rules in policies if (name, rules) != ("default", self.default)}
        return {
            "apiVersion": "sloop/v1",
            "kind": "Estate",
            "metadata": {"name": self.estate.name},
            **({"accounts": self.accounts()} if self.estate.accounts else {}),
            **({"policies": {name: self.rules(name, rules) for name, rules in written.items()}} if written else {}),
            "components": components,
            **({"exclusions": [self.exclusion(e) for e in self.estate.exclusions]} if self.estate.exclusions else {}),
        }

    def accounts(self) -> dict[str, Any]:
        return {
            account.name: {
                "id": account.id,
                "region": account.region,
                **({"role_arn": account.role_arn} if account.role_arn else {}),
                **({"monitored_by": account.monitored_by} if account.monitored_by else {}),
            }
            for account in self.estate.accounts
        }

    def component(self, component: Component) -> dict[str, Any]:
        resource = {key: _resource(value) for key, value in component.resource.items()}
        declared = self.indicators(component)
        fields: dict[str, Any] = {
            "name": component.name,
            "displayName": component.display_name,
            "kind": component.kind,
            "account": component.account,
            "tier": None if component.tier is None else Number.of(component.tier),
            "owner": component.owner,
            "runbook": component.runbook,
            "description": component.description,
            "resource": resource or None,
            "depends_on": list(component.depends_on) or None,
            "indicators": declared or None,
            "no_objective": component.no_objective,
            "alarms": {name: alarm_changes.written(change) for name, change in component.alarms.items()} or None,
        }
        found = {name: value for name, value in fields.items() if value is not None}
        shared = Counter(_indicator(objective) for objective in component.objectives if objective.composite is None)
        objectives = [self.objective(o, shared=shared[_indicator(o)] > 1) for o in component.objectives]
        if objectives or component.no_objective is None:
            found["objectives"] = objectives
        recovery = [recovery_targets.written(target, percent(target.within)) for target in component.recovery]
        return found | ({"recovery": recovery} if recovery else {})

    def indicators(self, component: Component) -> dict[str, Any]:
        """Those that the component declares itself: the catalogue's are not written."""
        found: dict[str, Any] = {}
        for name, value in sorted(self.declared(component).items()):
            if isinstance(value, Unbound):
                self.lost(f"components.{component.name}.indicators.{name}", value.code, value.text)
            else:
                self.check_accounts(component, name, value)
                found[name] = indicator(value, self.estate.account(component.account))
        return found

    def declared(self, component: Component) -> dict[str, Indicator | Unbound]:
        measured = {_indicator(o): o.measure for o in component.objectives if o.measure is not None}
        return {**component.indicators, **{name: value for name, value in measured.items() if name not in component.indicators}}

    def check_accounts(self, component: Component, name: str, value: Indicator) -> None:
        account = self.estate.account(component.account)
        asked = {q.account for q in value.queries if isinstance(q, LogsQuery | MetricQuery | TraceQuery)}
        other = sorted(str(a) for a in asked - {account.name if account else None})
        if other:
            text = f"reads account {', '.join(other)}, and a component reads its own only; split the component"
            self.lost(f"components.{component.name}.indicators.{name}", "other_account", text)

    def objective(self, objective: Objective, *, shared: bool) -> dict[str, Any]:
        """Where several share an indicator, each says its own name."""
        id_ = self.ids[objective.id]
        path = f"objectives.{objective.id}"
        if id_ != objective.id:
            self.lost(path, "renamed", f"is called {id_} here; its slices go by {objective.component}.{_indicator(objective)}")
        if objective.target == 0:
            self.lost(path, "target_0", "a target of 0 % promises nothing and is none here; check refuses it")
        found: dict[str, Any] = {}
        if objective.composite is not None:
            found["composite"] = _composite(objective.composite)
        else:
            found["indicator"] = _indicator(objective)
        found |= {"target": percent(objective.target), "window": self.window(path, objective)}
        name = id_.removeprefix(f"{objective.component}.")
        if objective.composite is not None or shared or name != _indicator(objective):
            found["name"] = name
        policy = self.policy(objective)
        if policy != "default":
            found["policy"] = policy
        found |= _budgeting(objective)
        if objective.target_source is not None:
            found["target_source"] = objective.target_source
        if objective.survives_sloop is not None:
            found["survives_sloop"] = objective.survives_sloop
        if objective.burn_metric:
            found["burn_metric"] = True
        return found | ({"lane": objective.lane} if objective.lane else {})

    def window(self, path: str, objective: Objective) -> Any:
        calendar = objective.calendar
        if calendar is None:
            return format_duration(objective.window)
        period = _period(calendar)
        if period is None:
            text = f"periods of {calendar} are none here; a rolling window of {format_duration(objective.window)} is written"
            self.lost(path, "calendar", text)
            return format_duration(objective.window)
        if (calendar.zone, calendar.start) == ("UTC", MONDAY):
            return period
        found = {"calendar": period, "time_zone": calendar.zone}
        return found | ({} if calendar.start == MONDAY else {"start": calendar.start.isoformat(timespec="minutes")})

    def policy(self, objective: Objective) -> str:
        """Its name; rules that go by a name that others have get one of their own."""
        if not objective.policy:
            text = "is silent there; an estate always tells of a breach: the default policy is written, mute it by an exclusion"
            self.lost(f"objectives.{objective.id}", "silent_policy", text)
            return "default"
        name, n = objective.policy_name, 2
        while self.policies.setdefault(name, objective.policy) != objective.policy:
            name, n = f"{objective.policy_name}-{n}", n + 1
        return name

    def rules(self, name: str, rules: Rules) -> list[dict[str, Any]]:
        return [self.rule(f"policies.{name}[{n}]", rule) for n, rule in enumerate(rules)]

    def rule(self, path: str, rule: RuleSpec) -> dict[str, Any]:
        if rule.strict:
            self.lost(path, "strict", "fires above its factor there, at its factor here")
        if rule.hold:
            self.lost(path, "hold", f"holds for {format_duration(rule.hold)} before it counts there, here it counts at once")
        if rule.label:
            self.lost(path, "severity", f"is of severity {rule.label!r} there, a {rule.severity} here")
        short = rule.short
        if short is None:
            short = max(1, rule.long // 12)
            text = f"has one window there; a short one of {format_duration(short)} (a twelfth) is added, so that it ends sooner"
            self.lost(path, "no_short_window", text)
        written = {"budget": percent(rule.share)} if rule.factor is None and rule.share is not None else {}
        floors = {name: Number.of(getattr(rule, name)) for name in ("min_bad", "min_total") if getattr(rule, name)}
        return {
            "severity": rule.severity,
            **(written or {"factor": Number.of(rule.factor or 1)}),
            "long": format_duration(rule.long),
            "short": format_duration(short),
            **floors,
            **({} if rule.confidence is None else {"confidence": percent(rule.confidence)}),
        }

    def exclusion(self, exclusion: Exclusion) -> dict[str, str]:
        objective = exclusion.objective
        return {
            **({"objective": self.ids[objective]} if objective else {"component": exclusion.component or ""}),
            "from": format_minute(exclusion.start),
            "to": format_minute(exclusion.end),
            "kind": exclusion.kind,
            "reason": exclusion.reason,
            **({"approved_by": exclusion.approved_by} if exclusion.approved_by else {}),
        }


def _indicator(objective: Objective) -> str:
    """In OpenSLO the slices' own name."""
    return objective.slices_key or objective.indicator if objective.indicator == OPENSLO else objective.indicator


def _resource(value: str | tuple[str, ...]) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return Number(value) if _PLAIN_NUMBER.fullmatch(value) else value


def _period(calendar: Calendar) -> str | None:
    return next((name for name, unit in PERIODS.items() if (calendar.count, calendar.unit) == (1, unit)), None)


def _composite(composite: Composite) -> dict[str, Any]:
    parts = [
        {
            "indicator": part.indicator,
            "target": percent(part.target),
            **({"weight": Number.of(part.weight)} if composite.mode == "weighted" else {}),
        }
        for part in composite.parts
    ]
    k = {"k": Number.of(composite.need or 1)} if composite.mode == "k-of-n" else {}
    return {"mode": composite.mode, **k, "parts": parts}


def _budgeting(objective: Objective) -> dict[str, Any]:
    budgeting = objective.budgeting
    found: dict[str, Any] = {}
    if budgeting.method != "Occurrences":
        found |= {"method": budgeting.method, "time_slice_window": format_duration(budgeting.slice_window)}
    if budgeting.slice_target is not None and budgeting.slice_target != objective.target:
        found["time_slice_target"] = percent(budgeting.slice_target)
    return found | ({"no_data": budgeting.no_data} if budgeting.no_data else {})
