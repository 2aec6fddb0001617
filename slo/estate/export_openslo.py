"""Estate -> OpenSLO v1 documents: sources, services, SLIs with their queries, SLOs, one policy and condition per burn rule.

What OpenSLO has no field for stands in annotations `sloop.dev/...`, which `import_openslo` reads back and other tools ignore.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slo.estate.alarm_changes import written
from slo.estate.export_openslo_sli import Sources, says_all, sli
from slo.estate.indicator import TimeSlice, Unbound
from slo.estate.labels import label_of
from slo.estate.loss import Loss, Written
from slo.estate.openslo_notes import PREFIX
from slo.estate.openslo_object import MAX_DESCRIPTION
from slo.estate.recovery_targets import noted
from slo.estate.write import percent
from slo.estate.write_indicator import indicator as write_indicator
from slo.estate.yaml_write import Number, dump
from slo.judge.burn import rules_of
from slo.units import format_duration

if TYPE_CHECKING:
    from fractions import Fraction

    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Component, Estate, Objective, RuleSpec
    from slo.judge.burn import Rule

OPERATORS = {"<=": "lte", "<": "lt", ">=": "gte", ">": "gt"}
TARGET = "pager"
_DECIMALS = 12

Document = dict[str, Any]


def export(estate: Estate, catalog: Catalog) -> Written:
    """Reading it back with `sloop import openslo` gives the same estate, but for what is listed."""
    exporter = _Exporter(estate, catalog, Sources(estate))
    documents = exporter.documents()
    return Written(dump(documents), tuple(dict.fromkeys(exporter.losses)))


def document(kind: str, name: str, notes: dict[str, str], spec: Any, display_name: str | None = None) -> Document:
    annotations = {PREFIX + key: value for key, value in notes.items()}
    metadata = {
        "name": name,
        **({"displayName": display_name} if display_name else {}),
        **({"annotations": annotations} if annotations else {}),
    }
    return {"apiVersion": "openslo/v1", "kind": kind, "metadata": metadata, "spec": spec}


@dataclass(slots=True)
class _Exporter:
    estate: Estate
    catalog: Catalog
    sources: Sources
    losses: list[Loss] = field(default_factory=list)
    slis: dict[str, tuple[str, Document]] = field(default_factory=dict)
    rules: dict[str, tuple[Document, Document]] = field(default_factory=dict)
    slos: dict[str, Document] = field(default_factory=dict)

    def lost(self, path: str, code: str, text: str) -> None:
        self.losses.append(Loss(path, code, text))

    def documents(self) -> list[Document]:
        """What is referred to comes first."""
        services = [self.service(n, component) for n, component in enumerate(self.estate.components)]
        for component in self.estate.components:
            for n, objective in enumerate(component.objectives):
                self.objective(n, objective)
            for name in component.indicators:
                self.indicator(f"{component.name}.{name}")
        self.check_whole()
        sources = [document("DataSource", name, notes, spec) for name, (notes, spec) in self.sources.found.items()]
        pages = "the page goes to the topic in SLOOP_PAGE_TOPIC_ARN and from there to who is on call"
        target = document("AlertNotificationTarget", TARGET, {}, {"target": "pagerduty", "description": pages})
        alerts = [one for pair in self.rules.values() for one in pair]
        slis = [one for _, one in self.slis.values()]
        return [*sources, *services, *slis, *alerts, *([target] if alerts else []), *self.slos.values()]

    def check_whole(self) -> None:
        """What stands in no document, or in annotations that only Sloop reads."""
        for n, exclusion in enumerate(self.estate.exclusions):
            text = f"{exclusion.kind}: {exclusion.reason}: OpenSLO has no exclusions; keep them in the estate"
            self.lost(f"exclusions[{n}]", "exclusion", text)
        for account in (a for a in self.estate.accounts if a.monitored_by):
            text = f"OpenSLO has no monitoring accounts; add it again after an import, or {account.name} itself is asked"
            self.lost(f"accounts.{account.name}.monitored_by", "monitored_by", text)
        used = {objective.policy_name for objective in self.estate.objectives}
        for name in self.estate.policies.keys() - used - {"default"}:
            self.lost(f"policies.{name}", "unused_policy", "no objective uses it, so it becomes no AlertPolicy")
        if any(rule.short for objective in self.estate.objectives for rule in objective.policy):
            text = (
                "a condition has one window in OpenSLO; to other tools, which ignore annotations, a rule has its long one only"
            )
            self.lost("policies", "short_window", text)

    def service(self, order: int, component: Component) -> Document:
        notes = {"estate": self.estate.name, "order": str(order), "kind": component.kind}
        described = component.description if len(component.description or "") <= MAX_DESCRIPTION else None
        texts = {
            "account": component.account,
            "tier": None if component.tier is None else str(component.tier),
            "owner": component.owner,
            "runbook": component.runbook,
            "depends-on": ", ".join(component.depends_on),
            "resource": json.dumps(component.resource, ensure_ascii=False) if component.resource else None,
            "recovery": json.dumps(list(map(noted, component.recovery))) if component.recovery else None,
            "alarms": json.dumps({name: written(change) for name, change in component.alarms.items()})
            if component.alarms
            else None,
            "no-objective": component.no_objective,
            "description": component.description if described is None else None,
        }
        notes |= {key: text for key, text in texts.items() if text}
        if component.recovery:
            path = f"components.{component.name}.recovery"
            self.lost(path, "recovery", "OpenSLO knows no recovery targets; other tools ignore the annotation")
        if component.alarms:
            text = "OpenSLO knows no default alarms that it could change; other tools ignore the annotation"
            self.lost(f"components.{component.name}.alarms", "alarms", text)
        spec = {"description": described} if described else {}
        return document("Service", component.name, notes, spec, component.display_name)

    def measure(self, id_: str, objective: Objective | None) -> tuple[Component, str, Indicator | Unbound]:
        """The component it belongs to, its name there and how it is measured."""
        component_name, _, name = id_.partition(".")
        if objective is not None:
            component_name, name = objective.component, objective.slices_key or objective.indicator
        component = self.estate.component(component_name)
        own = (objective.measure if objective else None) or component.indicators.get(name)
        return component, name, own or self.catalog.bind(component, name, self.estate.account(component.account))

    def indicator(self, id_: str, objective: Objective | None = None) -> str:
        """The name of its SLI, which is made where it is new."""
        if id_ in self.slis:
            return self.slis[id_][0]
        component, name, measure = self.measure(id_, objective)
        path = f"components.{component.name}.indicators.{name}"
        own = name in component.indicators or (objective is not None and objective.measure is not None)
        notes = {"service": component.name, "indicator": name, **({"declared": "true"} if own else {})}
        if isinstance(measure, Unbound):
            self.lost(path, measure.code, measure.text)
        elif own and not (says_all(measure) and objective is not None):
            account = self.estate.account(component.account)
            notes["measure"] = json.dumps(write_indicator(measure, account), ensure_ascii=False)
        spec, losses = sli(measure, self.sources)
        for code, text in losses:
            self.lost(path, code, text)
        called = label_of(id_, {taken for taken, _ in self.slis.values()})
        self.slis[id_] = (called, document("SLI", called, notes, spec))
        return called

    def objective(self, order: int, objective: Objective) -> None:
        own_name = label_of(objective.id.removeprefix(f"{objective.component}."))
        notes = {"order": str(order), "policy": objective.policy_name}
        if objective.composite is not None or own_name != objective.indicator:
            notes["objective"] = own_name
        texts = {
            "target-source": objective.target_source,
            "lane": objective.lane,
            "survives-sloop": None if objective.survives_sloop is None else str(objective.survives_sloop).lower(),
            "burn-metric": "true" if objective.burn_metric else None,
            "no-data": objective.budgeting.no_data,
        }
        notes |= {key: text for key, text in texts.items() if text}
        spec: dict[str, Any] = {"service": objective.component}
        if objective.composite is None:
            spec["indicatorRef"] = self.indicator(objective.indicator_id, objective)
            targets = [{"target": Number.of(objective.target), **self.comparison(objective.indicator_id, objective)}]
        else:
            targets = self.parts(objective, notes)
        slices = _slices(objective)
        spec |= {
            "timeWindow": [_window(objective)],
            "budgetingMethod": objective.method,
            "objectives": [{**target, **slices} for target in targets],
            "alertPolicies": [{"alertPolicyRef": name} for name in self.policies(objective)],
        }
        name = label_of(objective.id, self.slos)
        self.slos[name] = document("SLO", name, notes, spec)

    def comparison(self, id_: str, objective: Objective | None = None) -> dict[str, Any]:
        """Of a time slice the comparison stands on the objective, not on the SLI."""
        _, _, measure = self.measure(id_, objective)
        if not isinstance(measure, TimeSlice):
            return {}
        return {"op": OPERATORS[measure.op], "value": Number.of(measure.threshold)}

    def parts(self, objective: Objective, notes: dict[str, str]) -> list[dict[str, Any]]:
        composite = objective.composite
        assert composite is not None, "asked before"
        notes |= {"composite": composite.mode, "composite-target": percent(objective.target)}
        if composite.mode == "k-of-n":
            notes["composite-need"] = str(composite.need)
        self.lost(f"objectives.{objective.id}", "composite", "how its parts combine stands in annotations only Sloop reads")
        return [
            {
                "indicatorRef": self.indicator(part.indicator),
                "target": Number.of(part.target),
                **self.comparison(part.indicator),
                **({"compositeWeight": Number.of(part.weight)} if composite.mode == "weighted" else {}),
            }
            for part in composite.parts
        ]

    def policies(self, objective: Objective) -> list[str]:
        """One per rule: a policy of OpenSLO has one condition. A share is another factor in another window."""
        names = []
        if not objective.policy:
            text = "its policies are silent; without any it has the default policy where it is read again"
            self.lost(f"objectives.{objective.id}", "silent_policy", text)
        for n, (spec, rule) in enumerate(zip(objective.policy, rules_of(objective), strict=True)):
            threshold = self.threshold(objective, rule.factor)
            condition = _condition(spec, rule, threshold)
            windows = "-".join(format_duration(window) for window in rule.windows)
            base = f"{objective.policy_name}-{objective.window_text}-{rule.severity}-{windows}"
            notes = {"policy": objective.policy_name, "order": str(n)}
            names.append(self.same_or_new(base, notes, condition))
        return names

    def same_or_new(self, base: str, notes: dict[str, str], condition: Document) -> str:
        name = label_of(base)
        while name in self.rules and self.rules[name][0]["spec"] != condition["spec"]:
            name = label_of(name, self.rules)
        condition["metadata"]["name"] = name
        spec = {
            "alertWhenNoData": False,
            "alertWhenResolved": True,
            "alertWhenBreaching": True,
            "conditions": [{"conditionRef": name}],
            "notificationTargets": [{"targetRef": TARGET}],
        }
        self.rules[name] = (condition, document("AlertPolicy", name, notes, spec))
        return name

    def threshold(self, objective: Objective, factor: Fraction) -> Number:
        """Exact, where a decimal can be; else the nearest one below, and the share beside it is exact."""
        scaled = factor * 10**_DECIMALS
        if scaled.denominator != 1:
            text = f"the factor {factor} is no decimal; the threshold is cut off, the annotated share is exact"
            self.lost(f"objectives.{objective.id}", "threshold", text)
        whole, rest = divmod(int(scaled), 10**_DECIMALS)
        return Number(f"{whole}.{rest:0{_DECIMALS}d}".rstrip("0").rstrip("."))


def _condition(spec: RuleSpec, rule: Rule, threshold: Number) -> Document:
    """Its name is given later."""
    texts = {
        "short-window": None if rule.short is None else format_duration(rule.short),
        "budget": percent(spec.share) if spec.share is not None and spec.factor is None else None,
        "min-bad": str(rule.min_bad) if rule.min_bad else None,
        "min-total": str(rule.min_total) if rule.min_total else None,
        "confidence": None if rule.confidence is None else percent(rule.confidence),
    }
    condition = {
        "kind": "burnrate",
        "op": "gt" if rule.strict else "gte",
        "threshold": threshold,
        "lookbackWindow": format_duration(rule.long),
        "alertAfter": format_duration(rule.hold),
    }
    body = {"severity": rule.label or rule.severity, "condition": condition}
    return document("AlertCondition", "", {key: text for key, text in texts.items() if text}, body)


def _window(objective: Objective) -> dict[str, Any]:
    calendar = objective.calendar
    if calendar is None:
        return {"duration": format_duration(objective.window), "isRolling": True}
    start = calendar.start.strftime("%Y-%m-%d %H:%M:%S")
    return {
        "duration": str(calendar),
        "isRolling": False,
        "calendar": {"startTime": start, "timeZone": calendar.zone},
    }


def _slices(objective: Objective) -> dict[str, Any]:
    budgeting = objective.budgeting
    if budgeting.method == "Occurrences":
        return {}
    width = {"timeSliceWindow": format_duration(budgeting.slice_window)}
    share = budgeting.slice_target
    return width | ({} if share is None else {"timeSliceTarget": Number.of(share)})
