"""Resiliency policies of AWS Resilience Hub -> an estate of recovery targets: a component per policy.

Both versions of its API are read: what `Describe...`, `List...`, `GetPolicy` and `ListPolicies` answer, a list, or one.
A policy of our own export becomes the targets that it was made of, unless its numbers were edited since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.errors import SpecError
from slo.estate import nodes
from slo.estate import resilience_hub as hub
from slo.estate.labels import label_of
from slo.estate.loss import Imported, Loss
from slo.estate.places import LABEL, Place
from slo.estate.recovery_targets import SCENARIOS
from slo.estate.spec import Component, Estate, RecoveryTarget
from slo.estate.tree import Fields, Items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from slo.estate.resilience_hub import Numbers, Shape
    from slo.estate.spec import RuleSpec

NAME = KIND = "resilience-hub"
NO_OBJECTIVE = "a resiliency policy promises no availability over a window"
_LISTS = ("resiliencyPolicies", "policySummaries")
_SILENT = {
    *("creationTime", "estimatedCostTier", "policyArn", "policyDescription", "policyName", "tags", "tier", "policy"),
    *("name", "description", "createdAt", "updatedAt", "associatedServiceCount", "organizationId", "clientToken"),
    *hub.SECTIONS,
}
"""Read, or of the policy as a thing in AWS: nothing that an estate would promise."""
_LOST = {
    "dataLocationConstraint": "where data may be is not judged here",
    "availabilitySlo": "an availability target without a window; give the component an objective",
    "sharingEnabled": "who may use the policy is not kept here",
    "kmsKeyId": "the key of the policy is not kept here",
}
_SECONDS, _MINUTES = 999_999_999, 99_999_999


def read(files: Sequence[tuple[str, bytes]], default: tuple[RuleSpec, ...], *, name: str | None = None) -> Imported:
    """From (name, bytes) of every file. SpecError with every problem. `name`: of the estate; without it our tag's."""
    reader = _Reader()
    contents = [nodes.read(file, data) for file, data in files]
    for one in contents:
        for document in one.documents:
            for place in _policies(Place.root(document, one.log)):
                reader.policy(place)
        if not one.documents and not one.log.failed:
            one.log.add(1, "", "no_document", "no policy here; write what `aws resiliencehub list-resiliency-policies` prints")
    problems = tuple(problem for one in contents for problem in one.log.found)
    if any(problem.severity == "error" for problem in problems):
        raise SpecError(problems)
    estate = Estate(name or reader.estate or NAME, components=tuple(reader.components.values()), policies={"default": default})
    return Imported(estate, tuple(reader.losses))


def _policies(place: Place) -> list[Place]:
    """An answer, a list of policies, or a policy."""
    if isinstance(place.node, Items):
        return place.items()
    for key in _LISTS:
        if place.has(key):
            return place.fields(None)[key].items()
    if place.has("policy") and not place.has("policyName"):
        return [place.fields(None)["policy"]]
    return [place]


@dataclass(slots=True)
class _Reader:
    components: dict[str, Component] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    estate: str | None = None

    def lost(self, place: Place, code: str, text: str) -> None:
        self.losses.append(Loss(place.path, code, text, f"{place.log.file}:{place.line}"))

    def policy(self, place: Place) -> None:
        if not isinstance(place.node, Fields) or not (place.has("policyName") or place.has("name")):
            place.error("no_policy", "a resiliency policy has a policyName (version 1) or a name (version 2)")
            return
        shape: Shape = "v1" if place.has("policyName") else "v2"
        fields = place.fields(None)
        for name, other in fields.items():
            if name not in _SILENT:
                self.lost(other, name if name in _LOST else "unknown_field", _LOST.get(name, f"{name} is not known here"))
        called = fields["policyName" if shape == "v1" else "name"].text()
        tags = self.tags(fields["tags"]) if "tags" in fields else {}
        numbers = self.seconds(fields) if shape == "v1" else self.minutes(fields)
        if called is None:
            return
        component = self.component(place, called, tags)
        self.components[component] = Component(
            component,
            tags.get(hub.KIND) or KIND,
            tier=self.tier(fields["tier"]) if "tier" in fields else None,
            no_objective=NO_OBJECTIVE,
            recovery=self.targets(place, numbers, tags, shape),
        )

    def component(self, place: Place, called: str, tags: dict[str, str]) -> str:
        """Of our tag, else of the policy's name."""
        own = tags.get(hub.COMPONENT, "")
        if LABEL.fullmatch(own):
            if own in self.components:
                place.error("duplicate_name", f"component {own!r} has a policy already; keep one")
            self.estate = self.estate or next((e for e in [tags.get(hub.ESTATE, "")] if LABEL.fullmatch(e)), None)
            return own
        name = label_of(called, self.components) or label_of("policy", self.components)
        self.lost(
            place, "no_component", f"is of no component: {name} of kind {KIND} is written; write which it is, and its kind"
        )
        return name

    def tags(self, place: Place) -> dict[str, str]:
        """Ours; the others are listed."""
        found = {}
        for name, value in place.fields(None).items():
            text = value.scalar()
            if not name.startswith("sloop:"):
                self.lost(value, "tags", "tags have no place here")
            elif text is not None:
                found[name] = text
        return found

    def tier(self, place: Place) -> int | None:
        text = place.one_of((*hub.TIERS, "NotApplicable"))
        return hub.TIERS.index(text) + 1 if text in hub.TIERS else None

    def seconds(self, fields: dict[str, Place]) -> Numbers:
        """As version 1 has them, by disruption."""
        found: Numbers = {}
        if "policy" not in fields:
            return found
        for name, place in fields["policy"].fields((*hub.SCENARIOS, hub.HARDWARE)).items():
            both = place.fields(("rpoInSecs", "rtoInSecs"), required=("rpoInSecs", "rtoInSecs"))
            found[name] = {key: n for key, value in both.items() if (n := value.integer(0, _SECONDS)) is not None}
            for key, value in both.items():
                if found[name].get(key, 0) % 60:
                    self.lost(value, "seconds", "targets are whole minutes here: rounded down, which is the stricter one")
        return found

    def minutes(self, fields: dict[str, Place]) -> Numbers:
        """As version 2 has them, by section."""
        found: Numbers = {}
        for name in hub.SECTIONS:
            known = (hub.BETWEEN,) if name == "dataRecovery" else ("rpoInMinutes", "rtoInMinutes", "disasterRecoveryApproach")
            given = fields[name].fields(known) if name in fields else {}
            if "disasterRecoveryApproach" in given:
                self.lost(given.pop("disasterRecoveryApproach"), "approach", "how the region is recovered is not kept here")
            numbers = {key: n for key, value in given.items() if (n := value.integer(0, _MINUTES)) is not None}
            if numbers:
                found[name] = numbers
        return found

    def targets(self, place: Place, numbers: Numbers, tags: dict[str, str], shape: Shape) -> tuple[RecoveryTarget, ...]:
        """Those of our tags where the numbers are still theirs, else what the numbers say."""
        tagged = _ordered(self.tagged(place, tags))
        if tagged and hub.numbers(tagged, shape) == numbers:
            return tagged
        if tagged:
            self.lost(place, "edited", "its numbers differ from the tags of the export: the numbers hold")
        found = []
        for name, scenarios in (hub.SCENARIOS if shape == "v1" else hub.SECTIONS).items():
            if name in numbers:
                rpo, rto = _minutes_of(numbers[name])
                found += [RecoveryTarget(scenario, rpo, rto) for scenario in scenarios]
                if len(scenarios) > 1:
                    self.lost(place, "split", f"{name} is {' and '.join(scenarios)} here: both get its numbers")
        if hub.HARDWARE in numbers:
            self.lost(place, "hardware", "the loss of one machine is no scenario here: az-loss is the greater one")
        return _ordered(found)

    def tagged(self, place: Place, tags: dict[str, str]) -> Iterable[RecoveryTarget]:
        for name, text in tags.items():
            scenario = name.removeprefix(hub.RECOVERY)
            if not name.startswith(hub.RECOVERY):
                continue
            try:
                yield hub.tagged(scenario, text)
            except ValueError:
                self.lost(place, "bad_tag", f"tag {name} does not say a target: it is not read")


def _ordered(targets: Iterable[RecoveryTarget]) -> tuple[RecoveryTarget, ...]:
    """Tags come in any order."""
    return tuple(sorted(targets, key=lambda target: SCENARIOS.index(target.scenario)))


def _minutes_of(numbers: dict[str, int]) -> tuple[int | None, int | None]:
    if hub.BETWEEN in numbers:
        return numbers[hub.BETWEEN], None
    if numbers.keys() & {"rpoInSecs", "rtoInSecs"}:
        return numbers.get("rpoInSecs", 0) // 60, numbers.get("rtoInSecs", 0) // 60
    return numbers.get("rpoInMinutes"), numbers.get("rtoInMinutes")
