"""Sloth's `prometheus/v1` and its Kubernetes form -> an estate: a component per service, an objective per SLO.

Its default alerts are our default policy: 14.4, 6, 3 and 1 over 30 days. An SLI must be a ratio of counters; whatever else
stands in a document is an error with its line, or listed as lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slo.errors import SpecError
from slo.estate import nodes, sloth_sli
from slo.estate.labels import label_of
from slo.estate.loss import Imported, Loss
from slo.estate.places import Place
from slo.estate.problems import shown
from slo.estate.shares import target
from slo.estate.spec import Component, Estate, Objective
from slo.estate.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from slo.estate.spec import RuleSpec

Rules = tuple["RuleSpec", ...]

NAME = "sloth"
KIND = "prometheus"
DEFAULT_WINDOW = 30 * 1440

_SERVICE = ("service", "labels", "slos", "sloPlugins", "slo_plugins")
_SLO = ("name", "description", "objective", "labels", "sli", "alerting", "plugins")
_ALERTING = ("name", "labels", "annotations", "page_alert", "ticket_alert", "pageAlert", "ticketAlert")
_OBJECT = ("apiVersion", "kind", "metadata", "spec", "status")
_RUNBOOKS = ("runbook", "runbook_url")


def read(files: Sequence[tuple[str, bytes]], default: Rules, *, name: str = NAME, window: int = DEFAULT_WINDOW) -> Imported:
    """From (name, bytes) of every file. SpecError with every problem. `window` (minutes) is Sloth's own default period."""
    reader = _Reader(default, window)
    contents = [nodes.read(file, data) for file, data in files]
    for one in contents:
        for document in one.documents:
            reader.document(Place.root(document, one.log))
        if not one.documents and not one.log.failed:
            one.log.add(1, "", "no_document", 'no document here; one begins with version: "prometheus/v1"')
    problems = tuple(problem for one in contents for problem in one.log.found)
    if any(problem.severity == "error" for problem in problems):
        raise SpecError(problems)
    return Imported(reader.estate(name), tuple(reader.losses))


@dataclass(slots=True)
class _Reader:
    default: Rules
    window: int
    losses: list[Loss] = field(default_factory=list)
    components: dict[str, Component] = field(default_factory=dict)
    policies: dict[str, Rules] = field(default_factory=dict)

    def estate(self, name: str) -> Estate:
        policies = {"default": self.default} | dict(sorted(self.policies.items()))
        return Estate(name, components=tuple(self.components.values()), policies=policies)

    def lost(self, place: Place, code: str, text: str) -> None:
        self.losses.append(Loss(place.path, code, text, f"{place.log.file}:{place.line}"))

    def document(self, place: Place) -> None:
        if not place.has("apiVersion"):
            fields = place.fields(("version", *_SERVICE), required=("version", "service", "slos"))
            if "version" in fields and fields["version"].text() not in (None, "prometheus/v1"):
                fields["version"].error("wrong_version", 'this version is not read; write "prometheus/v1"')
            self.service(fields)
            return
        fields = place.fields(_OBJECT, required=("kind", "spec"))
        kind = fields["kind"].text() if "kind" in fields else None
        if fields["apiVersion"].text() != "sloth.slok.dev/v1" or kind != "PrometheusServiceLevel":
            place.error("wrong_kind", "only apiVersion sloth.slok.dev/v1, kind PrometheusServiceLevel is read")
        elif "spec" in fields:
            if "metadata" in fields:
                self.lost(fields["metadata"], "metadata", "the object's own name, namespace and labels have no place here")
            self.service(fields["spec"].fields(_SERVICE, required=("service", "slos")))

    def service(self, fields: dict[str, Place]) -> None:
        title = fields["service"].text() if "service" in fields else None
        if title is None:
            return
        name = self.label(fields["service"], title, "component")
        found = self.components.get(name) or Component(
            name, KIND, display_name=title if title != name else None, no_objective=None
        )
        if "labels" in fields:
            found = self.labelled(found, fields["labels"])
        self.plugins(fields)
        for item in fields["slos"].items() if "slos" in fields else ():
            found = self.slo(found, item)
        self.lost(fields["service"], "strict", "Sloth fires above a factor, Sloop at it")
        self.components[name] = found

    def label(self, place: Place, text: str, what: str) -> str:
        name = label_of(text)
        if not name:
            place.is_label(text)
        elif name != text:
            self.lost(place, "renamed", f"the {what} {shown(text)} is called {name} here")
        return name

    def labelled(self, component: Component, place: Place) -> Component:
        """Owner and tier have a field of their own; series and pages have no other labels."""
        lost = []
        for key, value in place.fields().items():
            text = value.scalar() or ""
            if key == "owner" and component.owner in (None, text):
                component = replace(component, owner=text)
            elif key == "tier" and len(text) == 1 and text in "123456789":
                component = replace(component, tier=int(text))
            else:
                lost.append(f"{key}={text}")
        if lost:
            self.lost(place, "labels", f"labels have no place here: {', '.join(lost)}")
        return component

    def plugins(self, fields: dict[str, Place]) -> None:
        for name in ("slo_plugins", "sloPlugins", "plugins"):
            if name in fields:
                chain = fields[name].fields().get("chain")
                ids = [text for item in (chain.items() if chain else ()) if (text := _id(item))]
                self.lost(fields[name], "slo_plugin", f"SLO plugins change Sloth's rules, not ours: {', '.join(ids) or 'none'}")

    def slo(self, component: Component, place: Place) -> Component:
        fields = place.fields(_SLO, required=("name", "objective", "sli"))
        title = fields["name"].text() if "name" in fields else None
        share = _target(fields["objective"]) if "objective" in fields else None
        measure = sloth_sli.read(fields["sli"]) if "sli" in fields else None
        if "description" in fields:
            self.lost(fields["description"], "description", "an objective has no description; say it of the component")
        if "labels" in fields:
            self.lost(fields["labels"], "labels", f"labels have no place here: {_pairs(fields['labels'])}")
        self.plugins(fields)
        policy, component = self.alerting(component, fields["alerting"]) if "alerting" in fields else ("default", component)
        if title is None or share is None or measure is None:
            return component
        name = self.label(fields["name"], title, "objective")
        if any(other.indicator == name for other in component.objectives):
            fields["name"].error("duplicate_name", f"SLO {name!r} is given twice for {component.name}; rename one")
            return component
        rules = self.policies.get(policy, self.default)
        id_ = f"{component.name}.{name}"
        objective = Objective(id_, component.name, name, share, self.window, rules, policy, measure=measure)
        indicators = {**component.indicators, name: measure}
        return replace(component, objectives=(*component.objectives, objective), indicators=indicators)

    def alerting(self, component: Component, place: Place) -> tuple[str, Component]:
        """The name of the policy; the runbook of an alert is the component's."""
        fields = place.fields(_ALERTING)
        if "name" in fields:
            self.lost(fields["name"], "alert_name", f"pages are named after the objective, not {_shown(fields['name'])}")
        pages, tickets = (
            self.alert(fields, *names) for names in (("page_alert", "pageAlert"), ("ticket_alert", "ticketAlert"))
        )
        if "labels" in fields:
            self.lost(fields["labels"], "labels", f"labels have no place here: {_pairs(fields['labels'])}")
        if "annotations" in fields:
            component = self.annotated(component, fields["annotations"])
        if not pages and not tickets:
            self.lost(
                place, "no_alerts", "a policy has at least one rule here; the tickets are kept, mute them by an exclusion"
            )
        if pages and tickets:
            return "default", component
        severity = "page" if pages else "ticket"
        self.policies[f"{severity}s"] = tuple(rule for rule in self.default if rule.severity == severity)
        return f"{severity}s", component

    def alert(self, alerting: dict[str, Place], *names: str) -> bool:
        """Whether it is on."""
        place = next((alerting[name] for name in names if name in alerting), None)
        if place is None:
            return True
        fields = place.fields(("disable", "labels", "annotations", "for"))
        for name in ("labels", "annotations"):
            if name in fields:
                self.lost(fields[name], name, f"{name} have no place here: {_pairs(fields[name])}")
        if "for" in fields:
            self.lost(fields["for"], "hold", "a rule of an estate has no for; it counts at once")
        return not ("disable" in fields and fields["disable"].flag())

    def annotated(self, component: Component, place: Place) -> Component:
        fields = place.fields()
        runbook = next((fields[name].text() for name in _RUNBOOKS if name in fields), None)
        if runbook is not None and component.runbook in (None, runbook):
            component = replace(component, runbook=runbook)
            fields = {name: value for name, value in fields.items() if name not in _RUNBOOKS}
        if fields:
            self.lost(place, "annotations", f"annotations have no place here: {', '.join(fields)}")
        return component


def _id(place: Place) -> str | None:
    return text.text() if (text := place.fields().get("id")) else None


def _shown(place: Place) -> str:
    return shown(place.node.text) if isinstance(place.node, Scalar) else "what stands here"


def _pairs(place: Place) -> str:
    return ", ".join(f"{key}={value.node.text}" for key, value in place.fields().items() if isinstance(value.node, Scalar))


def _target(place: Place) -> Decimal | None:
    """A percentage without its sign: 99.9."""
    text = place.scalar("a percentage like 99.9")
    if text is None:
        return None
    percentage = replace(place, node=Scalar(place.line, f"{text}%", "str"))
    return target(percentage)
