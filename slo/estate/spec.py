"""What an estate declares, as values. Nothing here knows YAML, CloudWatch or a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.calendar import Calendar
    from slo.estate.indicator import Indicator, Unbound
    from slo.units import Minute

Severity = Literal["page", "ticket"]
Method = Literal["Occurrences", "Timeslices", "RatioTimeslices"]
NoData = Literal["bad", "good", "hold"]
CompositeMode = Literal["serial", "parallel", "k-of-n", "weighted"]

OPENSLO = "openslo"
"""The kind of a component that only OpenSLO documents name, and the indicator of their objectives: no catalogue binds it."""


@dataclass(frozen=True, slots=True)
class Account:
    """`monitored_by`: the account that CloudWatch shows this one's metrics in, which is asked for them in its place."""

    name: str
    id: str
    region: str
    role_arn: str | None = None
    monitored_by: str | None = None


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One burn rule as declared: `share` of the budget spent in `long` minutes, still burning in `short` minutes.

    A `factor` may stand instead of a share; OpenSLO gives no short window; `strict` is its `gt`, `hold` its `alertAfter` in
    minutes, `label` its severity where that is neither page nor ticket. For little traffic: at least `min_bad` bad events and
    `min_total` events in `long`, and `confidence` (a ratio) that the error ratio is above factor x budget.
    """

    severity: Severity
    share: Decimal | None
    long: int
    short: int | None
    factor: Decimal | None = None
    strict: bool = False
    hold: int = 0
    label: str | None = None
    min_bad: int = 0
    min_total: int = 0
    confidence: Decimal | None = None

    @property
    def windows(self) -> tuple[int, ...]:
        return (self.long,) if self.short is None else (self.long, self.short)


@dataclass(frozen=True, slots=True)
class Budgeting:
    """`slice_window` is in minutes, `slice_target` a ratio (Timeslices only); `no_data` says what a missing slice counts as."""

    method: Method = "Occurrences"
    slice_window: int = 1
    slice_target: Decimal | None = None
    no_data: NoData | None = None


OCCURRENCES = Budgeting()


@dataclass(frozen=True, slots=True)
class Era:
    """A target that was in force for the minutes before `until`."""

    target: Decimal
    until: Minute


@dataclass(frozen=True, slots=True)
class Part:
    """An indicator by its id; its minute is good if its ratio reaches `target`. `weight` counts in weighted composites.

    `measure` is how to measure it, or why nothing can; None: as whoever declares that indicator says.
    """

    indicator: str
    target: Decimal
    weight: Decimal = Decimal(1)
    measure: Indicator | Unbound | None = None


@dataclass(frozen=True, slots=True)
class Composite:
    """`need` is how many parts must be good: all of them in a serial one, one in a parallel one; None: weighted."""

    mode: CompositeMode
    parts: tuple[Part, ...]
    need: int | None


@dataclass(frozen=True, slots=True)
class Objective:
    """`target` is a ratio in (0, 1), in OpenSLO also 0, exact; `window` is in minutes, of a `calendar` its nominal length.

    `id` is `component.indicator` or `component.name`, in OpenSLO the SLO's name; there `slices_key` names the slices.
    `budgeting` says what is counted where that is not each event. `composite` stands for an indicator of its own.
    `measure` is how to measure, or why nothing can; None: ask the catalogue. `earlier` are the targets before this one,
    oldest first: only the service knows them. `survives_sloop`: CloudWatch shall page for it while Sloop is dead; None: as
    the component's tier says. `burn_metric`: Sloop publishes its burn.
    """

    id: str
    component: str
    indicator: str
    target: Decimal
    window: int
    policy: tuple[RuleSpec, ...]
    policy_name: str = "default"
    budgeting: Budgeting = OCCURRENCES
    target_source: str | None = None
    lane: str | None = None
    slices_key: str | None = None
    calendar: Calendar | None = None
    composite: Composite | None = None
    measure: Indicator | Unbound | None = None
    earlier: tuple[Era, ...] = ()
    survives_sloop: bool | None = None
    burn_metric: bool = False

    @property
    def indicator_id(self) -> str:
        return self.slices_key or f"{self.component}.{self.indicator}"

    @property
    def indicator_ids(self) -> tuple[str, ...]:
        """What it is measured by: its own indicator, or those of its parts."""
        return tuple(part.indicator for part in self.composite.parts) if self.composite else (self.indicator_id,)

    @property
    def window_text(self) -> str:
        """`30d`, of a calendar `1M`."""
        return format_duration(self.window) if self.calendar is None else str(self.calendar)

    @property
    def reach(self) -> int:
        """How many minutes before T may matter: the longest that its window can last, or what a rule looks back."""
        own = self.window if self.calendar is None else self.calendar.longest
        return max(own, *(rule.long + rule.hold for rule in self.policy), 0)

    @property
    def method(self) -> Method:
        return self.budgeting.method


@dataclass(frozen=True, slots=True)
class RecoveryTarget:
    """RPO and RTO in minutes, in one failure scenario; None where the estate sets only the other.

    What is older than `proof_max_age` minutes proves nothing any more; `within` is the share of minutes that the RPO must hold.
    """

    scenario: str
    rpo: int | None
    rto: int | None
    proof_max_age: int = 90 * 1440
    within: Decimal = Decimal("0.99")


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """What a component wants otherwise of a default alarm; None: as the catalogue says."""

    threshold: Decimal | None = None
    datapoints: int | None = None
    periods: int | None = None
    severity: Severity | None = None
    enabled: bool = True


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
    indicators: Mapping[str, Indicator | Unbound] = field(default_factory=dict)
    """Those that it declares itself; they take the place of its kind's."""
    alarms: Mapping[str, AlarmChange] = field(default_factory=dict)
    """By the name of the default alarm, as the catalogue has it: without the item of a list."""

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
    policies: Mapping[str, tuple[RuleSpec, ...]] = field(default_factory=dict)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        return tuple(o for c in self.components for o in c.objectives)

    def exclusions_of(self, objective: Objective, kind: Literal["mute", "budget"]) -> tuple[Exclusion, ...]:
        return tuple(e for e in self.exclusions if e.kind == kind and e.covers(objective))

    def muted(self, objective: Objective, at: Minute) -> bool:
        return any(e.start <= at < e.end for e in self.exclusions_of(objective, "mute"))

    def muted_component(self, name: str, at: Minute) -> bool:
        """By an exclusion of the whole component, not of one of its objectives."""
        return any(e.kind == "mute" and e.component == name and e.start <= at < e.end for e in self.exclusions)

    def component(self, name: str) -> Component:
        return next(c for c in self.components if c.name == name)

    def account(self, name: str | None) -> Account | None:
        """The named account; without a name the first one, which is the default."""
        if name is None:
            return self.accounts[0] if self.accounts else None
        return next(a for a in self.accounts if a.name == name)
