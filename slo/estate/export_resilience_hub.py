"""Recovery targets as resiliency policies of AWS Resilience Hub, one per component.

Version 1 is what `ListResiliencyPolicies` answers, each policy fit for `CreateResiliencyPolicy`; version 2 a list of what
`CreatePolicy` takes. What these cannot say stands in tags.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slo.estate import resilience_hub as hub
from slo.estate.loss import Loss, Written
from slo.estate.spec import RecoveryTarget

if TYPE_CHECKING:
    from slo.estate.resilience_hub import Shape
    from slo.estate.spec import Component, Estate

_USUAL = RecoveryTarget("", None, None)
_ONLY = "a resiliency policy holds recovery targets only: objectives, indicators, alarms and exclusions are not in it"


def export(estate: Estate, shape: Shape = "v1") -> Written:
    writer = _Writer(estate, shape)
    policies = [writer.policy(component) for component in estate.components if component.recovery]
    document: Any = {"resiliencyPolicies": policies} if shape == "v1" else policies
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return Written(text, (Loss("", "targets_only", _ONLY), *writer.losses))


@dataclass(slots=True)
class _Writer:
    estate: Estate
    shape: Shape
    losses: list[Loss] = field(default_factory=list)

    def lost(self, component: Component, scenario: str, code: str, text: str) -> None:
        self.losses.append(Loss(f"components.{component.name}.recovery.{scenario}", code, text))

    def policy(self, component: Component) -> dict[str, Any]:
        numbers = hub.numbers(component.recovery, self.shape)
        for target in component.recovery:
            self.check(component, target, numbers)
        called = hub.name_of(self.estate.name, component.name)
        tags = {
            hub.ESTATE: self.estate.name,
            hub.COMPONENT: component.name,
            hub.KIND: component.kind,
            **{f"{hub.RECOVERY}{target.scenario}": hub.tag(target) for target in component.recovery},
        }
        if self.shape == "v2":
            return {"name": called, **numbers, "tags": tags}
        if hub.HARDWARE in numbers:
            text = "Resilience Hub asks for the loss of a machine too: it gets the numbers of az-loss, which is the greater one"
            self.lost(component, "az-loss", "derived", text)
        return {"policyName": called, "tier": hub.tier_of(component.tier), "policy": numbers, "tags": tags}

    def check(self, component: Component, target: RecoveryTarget, numbers: hub.Numbers) -> None:
        """What the numbers do not say of it."""
        disruptions = hub.SCENARIOS if self.shape == "v1" else hub.SECTIONS
        name = next(name for name, scenarios in disruptions.items() if target.scenario in scenarios)
        if self.shape == "v1" and name not in numbers:
            text = f"{name} wants an RPO and an RTO, and one of them is not set: it stands in a tag only"
            self.lost(component, target.scenario, "half_target", text)
        elif name == "dataRecovery" and target.rto is not None:
            text = "version 2 has a time between backups and no RTO of data: the RTO stands in a tag only"
            self.lost(component, target.scenario, "no_rto", text)
        shared = [t for t in component.recovery if t.scenario in disruptions[name]]
        if hub.strictest(shared) != hub.strictest((target,)):
            self.lost(
                component, target.scenario, "stricter", f"shares {name} with a stricter target; its own stands in a tag only"
            )
        if replace(target, proof_max_age=_USUAL.proof_max_age, within=_USUAL.within) != target:
            self.lost(component, target.scenario, "proof", "what counts as proof stands in a tag only")
