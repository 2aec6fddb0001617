"""What an estate declares, as values. Nothing here knows YAML, CloudWatch or a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.units import Minute

Severity = Literal["page", "ticket"]

OPENSLO = "openslo"
"""The kind of a component that only OpenSLO documents name, and the indicator of their objectives: no catalogue binds it."""


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    id: str
    region: str
    role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One burn rule as declared: `share` of the budget spent in `long` minutes, still burning in `short` minutes.

    OpenSLO gives the `factor` itself instead of a share and no short window; `strict` is its `gt`, `hold` its `alertAfter` in
    minutes, `label` its severity where that is neither page nor ticket.
    """

    severity: Severity
    share: Decimal | None
    long: int
    short: int | None
    factor: Decimal | None = None
    strict: bool = False
    hold: int = 0
    label: str | None = None

    @property
    def windows(self) -> tuple[int, ...]:
        return (self.long,) if self.short is None else (self.long, self.short)


@dataclass(frozen=True, slots=True)
class Objective:
    """`target` is a ratio in (0, 1), in OpenSLO also 0, exact; `window` is in minutes.

    `id` is `component.indicator` or `component.name`, in OpenSLO the SLO's name; there `slices_key` names the slices.
    """

    id: str
    component: str
    indicator: str
    target: Decimal
    window: int
    policy: tuple[RuleSpec, ...]
    policy_name: str = "default"
    method: str = "Occurrences"
    target_source: str | None = None
    lane: str | None = None
    slices_key: str | None = None

    @property
    def indicator_id(self) -> str:
        return self.slices_key or f"{self.component}.{self.indicator}"


@dataclass(frozen=True, slots=True)
class RecoveryTarget:
    """RPO and RTO in minutes, in one failure scenario; None where the estate sets only the other."""

    scenario: str
    rpo: int | None
    rto: int | None


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    kind: str
    account: str | None = None
    resource: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    tier: int | None = None
    objectives: tuple[Objective, ...] = ()
    recovery: tuple[RecoveryTarget, ...] = ()
    display_name: str | None = None
    description: str | None = None
    owner: str | None = None
    runbook: str | None = None
    no_objective: str | None = None
    """Why it has none, where it has none: its own reason, else that of its kind."""

    @property
    def title(self) -> str:
        return self.display_name or self.name


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Minutes `start <= m < end` of one objective or of every objective of one component."""

    start: Minute
    end: Minute
    kind: Literal["mute", "budget"]
    reason: str
    approved_by: str | None
    objective: str | None = None
    component: str | None = None

    def covers(self, objective: Objective) -> bool:
        return self.objective == objective.id or self.component == objective.component


@dataclass(frozen=True, slots=True)
class Estate:
    name: str
    accounts: tuple[Account, ...] = ()
    components: tuple[Component, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return tuple(o for c in self.components for o in c.objectives)

    def exclusions_of(self, objective: Objective, kind: Literal["mute", "budget"]) -> tuple[Exclusion, ...]:
        return tuple(e for e in self.exclusions if e.kind == kind and e.covers(objective))

    def muted(self, objective: Objective, at: Minute) -> bool:
        return any(e.start <= at < e.end for e in self.exclusions_of(objective, "mute"))

    def component(self, name: str) -> Component:
        return next(c for c in self.components if c.name == name)

    def account(self, name: str | None) -> Account | None:
        """The named account; without a name the first one, which is the default."""
        if name is None:
            return self.accounts[0] if self.accounts else None
        return next(a for a in self.accounts if a.name == name)
