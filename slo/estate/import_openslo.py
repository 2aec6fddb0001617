"""OpenSLO v1 documents -> an estate that can be written as an estate file.

Documents of our own export carry in annotations what OpenSLO has no field for, and become the estate that they were made of.
Of others the service is a component, the SLI an indicator that the component declares, and the SLO an objective.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from slo.errors import Problem, SpecError
from slo.estate import nodes, own_indicators
from slo.estate.indicator import CounterQuery, EventRatio, Unbound
from slo.estate.labels import label_of
from slo.estate.load import load
from slo.estate.loss import Imported, Loss
from slo.estate.openslo_noted import LAST, Noted, documents
from slo.estate.openslo_object import KINDS
from slo.estate.places import Place
from slo.estate.spec import OPENSLO, Account, Component, Estate, Objective
from slo.estate.yaml_write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Composite, RuleSpec

Measures = dict[str, "Indicator | Unbound"]

_ACCOUNT = re.compile(r"[0-9]{12}")
_ACCOUNTS = "(accounts of the data sources)"


def read(files: Sequence[tuple[str, bytes]], catalog: Catalog, *, name: str | None = None) -> Imported:
    """From (name, bytes) of every file. SpecError with every problem; warnings are losses. `name`: of the estate."""
    reader = _Reader(catalog, list(documents(files)))
    reader.check_kinds()
    extra = (reader.accounts_file(),) if any(one.kind in KINDS for one in reader.documents) else ()
    loaded = load((*extra, *files), catalog)
    if loaded.estate is None:
        raise SpecError(loaded.problems)
    reader.losses += [Loss(p.path, p.code, p.message, f"{p.file}:{p.line}") for p in loaded.problems]
    estate = reader.estate(loaded.estate, name)
    if reader.problems:
        raise SpecError(tuple(reader.problems))
    return Imported(estate, tuple(dict.fromkeys(reader.losses)))


@dataclass(slots=True)
class _Reader:
    """`measures` are those of SLIs, by their names; `homes` the ids that the SLIs have as indicators."""

    catalog: Catalog
    documents: list[Noted]
    problems: list[Problem] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    policies: dict[str, tuple[RuleSpec, ...]] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    measures: Measures = field(default_factory=dict)
    homes: dict[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, Noted]:
        return {one.name: one for one in self.documents if one.kind == kind}

    def lost(self, one: Noted | None, path: str, code: str, text: str) -> None:
        self.losses.append(Loss(path, code, text, one.where if one else ""))

    def check_kinds(self) -> None:
        message = "an estate is no OpenSLO document; leave this file out"
        estates = [one for one in self.documents if one.kind == "Estate"]
        if estates:
            raise SpecError(tuple(Problem(one.file, one.line, "kind", "error", "wrong_kind", message) for one in estates))

    def accounts_file(self) -> tuple[str, bytes]:
        """An estate without components, so that queries find the accounts that their sources name."""
        for one in sorted(self.of("DataSource").values(), key=lambda one: one.order):
            id_, region = one.details.get("accountId", ""), one.details.get("region", "")
            if "account" in one.notes and "order" not in one.notes:
                continue
            if _ACCOUNT.fullmatch(id_) and region:
                called = one.notes.get("account") or one.name
                self.accounts[called] = Account(called, id_, region, one.details.get("roleArn"))
            elif region:
                self.lost(one, "spec.connectionDetails", "no_account", "names no accountId of 12 digits; add one to the estate")
        accounts = {
            account.name: {
                "id": account.id,
                "region": account.region,
                **({"role_arn": role} if (role := account.role_arn) else {}),
            }
            for account in self.accounts.values()
        }
        head = {"apiVersion": "sloop/v1", "kind": "Estate", "metadata": {"name": OPENSLO}, "components": []}
        return _ACCOUNTS, dump([{**head, **({"accounts": accounts} if accounts else {})}]).encode()

    def estate(self, loaded: Estate, name: str | None) -> Estate:
        self.policies = {"default": self.catalog.default_policy}
        services = self.of("Service")
        for component in loaded.components:
            self.find_homes(component)
        self.read_measures()
        ordered = sorted(loaded.components, key=lambda c: services[c.name].order if c.name in services else LAST)
        components = tuple(self.component(component, services.get(component.name)) for component in ordered)
        named = next((one.notes["estate"] for one in services.values() if "estate" in one.notes), loaded.name)
        return Estate(name or named, tuple(self.accounts.values()), components, policies=self.policies)

    def find_homes(self, component: Component) -> None:
        """An SLI belongs to the component that it notes, else to that of the first objective that uses it."""
        for objective in component.objectives:
            parts = objective.composite.parts if objective.composite else ()
            used = [(part.indicator, part.measure) for part in parts] or [(objective.slices_key or "", objective.measure)]
            for key, measure in used:
                notes = sli.notes if (sli := self.of("SLI").get(key)) else {}
                self.homes.setdefault(key, (notes.get("service", component.name), notes.get("indicator", label_of(key))))
                if measure is not None:
                    self.measures.setdefault(key, measure)

    def read_measures(self) -> None:
        """Those that an annotation tells in full, where the queries in the document do not say otherwise."""
        for one in self.of("SLI").values():
            if "measure" not in one.notes:
                continue
            self.homes.setdefault(one.name, (one.notes.get("service", ""), one.notes.get("indicator", one.name)))
            noted = self.annotated(one)
            found = self.measures.get(one.name)
            if found is None or isinstance(found, Unbound) or _bare(found) == _bare(noted):
                self.measures[one.name] = noted
            else:
                self.lost(
                    one, "spec", "annotation_differs", "its queries are not those of sloop.dev/measure; the queries are read"
                )

    def annotated(self, one: Noted) -> Indicator | Unbound:
        contents = nodes.read("annotation.json", f'{{"it": {one.notes["measure"]}}}'.encode())
        service = self.of("Service").get(one.notes.get("service", ""))
        name = service.notes.get("account") if service else None
        account = next((a for a in self.accounts.values() if name in (None, a.name)), None)
        bound: Mapping[str, Indicator | Unbound] = {}
        if contents.documents:
            bound = own_indicators.read(Place.root(contents.documents[0], contents.log), None, {}, account).bound
        if contents.log.failed or "it" not in bound:
            self.problems.append(one.problem("measure", "an indicator in the grammar of an estate"))
            return Unbound("bad_annotation", "its annotation is broken")
        return bound["it"]

    def component(self, component: Component, service: Noted | None) -> Component:
        notes = service.notes if service else {}
        if "kind" not in notes:
            self.lost(service, f"components.{component.name}.kind", "kind", "OpenSLO names no kind; write one of the catalogue")
        if service and notes.get("account", next(iter(self.accounts), "")) not in {*self.accounts, ""}:
            self.problems.append(service.problem("account", "the account of a DataSource"))
        declared = self.declared(component)
        slos = self.of("SLO")
        ordered = sorted(component.objectives, key=lambda o: _order(slos, o))
        return replace(
            component,
            kind=notes.get("kind", OPENSLO),
            account=notes.get("account") or None,
            tier=service.whole("tier", self.problems) if service else None,
            owner=notes.get("owner"),
            runbook=notes.get("runbook"),
            description=notes.get("description") or component.description,
            depends_on=tuple(part.strip() for part in notes.get("depends-on", "").split(",") if part.strip()),
            resource=service.resource(self.problems) if service else {},
            recovery=service.recovery(self.problems) if service else (),
            alarms=service.alarms(self.problems) if service else {},
            no_objective=notes.get("no-objective") if "kind" in notes else component.no_objective,
            objectives=tuple(self.objective(objective, slos, declared) for objective in ordered),
            indicators=declared,
        )

    def declared(self, component: Component) -> Measures:
        """The indicators of its own: those of the catalogue are noted by their name, and not as declared.

        An SLI that objectives of several services use is declared by each of them.
        """
        found: Measures = {}
        slis = self.of("SLI")
        used = {objective.slices_key for objective in component.objectives if objective.composite is None}
        for key in sorted(self.homes, key=lambda key: list(slis).index(key) if key in slis else LAST):
            home, name = self.homes[key]
            notes = slis[key].notes if key in slis else {}
            is_own = "indicator" not in notes or "declared" in notes
            if is_own and key in self.measures and (home == component.name or key in used):
                found[name] = self.measures[key]
        return found

    def objective(self, objective: Objective, slos: Mapping[str, Noted], declared: Measures) -> Objective:
        slo = slos.get(_slo_of(slos, objective))
        notes = slo.notes if slo else {}
        ours = "policy" in notes
        _, indicator = self.homes.get(objective.slices_key or "", ("", ""))
        name = notes.get("objective") or (indicator if ours else label_of(objective.id))
        if objective.composite is not None:
            indicator = name
        if not ours:
            text = f"is {objective.component}.{name} here, and its slices go by {objective.component}.{indicator}"
            self.lost(slo, f"objectives.{objective.id}", "renamed", text)
        policy, rules = self.policy(objective, notes.get("policy", OPENSLO))
        return replace(
            objective,
            id=f"{objective.component}.{name}",
            indicator=indicator,
            slices_key=None,
            policy=rules,
            policy_name=policy,
            target_source=notes.get("target-source"),
            lane=notes.get("lane"),
            survives_sloop={"true": True, "false": False}.get(notes.get("survives-sloop", "")),
            burn_metric=notes.get("burn-metric") == "true",
            composite=None if objective.composite is None else self.composite(objective.composite),
            measure=None if objective.composite else declared.get(indicator),
        )

    def composite(self, composite: Composite) -> Composite:
        parts = (replace(part, indicator=".".join(self.homes[part.indicator]), measure=None) for part in composite.parts)
        return replace(composite, parts=tuple(parts))

    def policy(self, objective: Objective, wanted: str) -> tuple[str, tuple[RuleSpec, ...]]:
        """Its name; other rules of the same name get one of their own."""
        rules = objective.policy
        if rules == self.catalog.default_policy:
            return "default", rules
        name, n = wanted, 2
        while self.policies.setdefault(name, rules) != rules:
            name, n = f"{wanted}-{n}", n + 1
        return name, rules


def _slo_of(slos: Mapping[str, Noted], objective: Objective) -> str:
    """`name.2` is the second objective of `name`; empty where there is none of that name."""
    return next((name for name in (objective.id, objective.id.rpartition(".")[0]) if name in slos), "")


def _order(slos: Mapping[str, Noted], objective: Objective) -> int:
    name = _slo_of(slos, objective)
    return slos[name].order if name else LAST


def _bare(measure: Indicator | Unbound) -> Indicator | Unbound:
    """Without what the fields of OpenSLO cannot say."""
    if not isinstance(measure, EventRatio):
        return measure
    total, good, bad = (
        tuple(replace(q, alive=None) if isinstance(q, CounterQuery) else q for q in part)
        for part in (measure.total, measure.good, measure.bad)
    )
    return EventRatio(total, good, bad, None, measure.sampled)
