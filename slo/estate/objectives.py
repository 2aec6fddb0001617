"""The objectives of one component as declared, or as the catalogue promises them for its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.estate import budgeting, composites, lints, references, window
from slo.estate.shares import target
from slo.estate.spec import Objective

if TYPE_CHECKING:
    from slo.catalog.kind import Kind
    from slo.catalog.template import IndicatorTemplate
    from slo.estate.own_indicators import OwnIndicators
    from slo.estate.places import Place
    from slo.estate.policies import Policies
    from slo.estate.spec import Composite

FIELDS = (
    *("indicator", "composite", "name", "target", "window", "target_source", "policy", "lane"),
    *("survives_sloop", "burn_metric"),
    *budgeting.FIELDS,
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The component whose objectives are read, and what they may name. `kind` is None where the catalogue does not know it."""

    name: str
    kind: Kind | None
    own: OwnIndicators
    policies: Policies

    def template(self, indicator: str) -> IndicatorTemplate | None:
        """Its own one takes the place of its kind's."""
        return self.own.templates.get(indicator) or (self.kind.indicators.get(indicator) if self.kind else None)


def read(place: Place, owner: Owner) -> tuple[Objective, ...]:
    read_ones = [(_objective(p, owner), p) for p in place.items()]
    declared = [(o, p) for o, p in read_ones if o is not None]
    _check_ids(declared)
    return tuple(o for o, _ in declared)


def defaults(place: Place, owner: Owner) -> tuple[Objective, ...]:
    """Of the component at this place, which declares none."""
    policy, found = owner.policies["default"], []
    for d in owner.kind.objectives if owner.kind else ():
        objective = Objective(
            f"{owner.name}.{d.indicator}",
            owner.name,
            d.indicator,
            d.target,
            d.window,
            policy,
            target_source="catalogue",
            measure=owner.own.bound.get(d.indicator),
        )
        lints.check(objective, {}, place, by_time=_is_by_time(owner, d.indicator))
        found.append(objective)
    return tuple(found)


def _objective(place: Place, owner: Owner) -> Objective | None:
    fields = place.fields(FIELDS, required=("target", "window"))
    indicator, composite = _measured(place, fields)
    name = fields["name"].label() if "name" in fields else None
    share = target(fields["target"]) if "target" in fields else None
    length = window.read(fields["window"]) if "window" in fields else None
    policy_name = _policy(fields["policy"], owner) if "policy" in fields else "default"
    lane = fields["lane"].one_of(("fast", "slow")) if "lane" in fields else None
    source = fields["target_source"].text() if "target_source" in fields else None
    by_time = "composite" in fields or _is_by_time(owner, indicator)
    counted = budgeting.read(fields, share, None if length is None else length.minutes, by_time=by_time)
    indicator = indicator or (name if composite else None)
    if indicator is None or share is None or length is None:
        return None
    objective = Objective(
        f"{owner.name}.{name or indicator}",
        owner.name,
        indicator,
        share,
        length.minutes,
        owner.policies[policy_name],
        policy_name,
        counted,
        target_source=source,
        lane=lane,
        calendar=length.calendar,
        composite=composite,
        measure=None if composite else owner.own.bound.get(indicator),
        survives_sloop=fields["survives_sloop"].flag() if "survives_sloop" in fields else None,
        burn_metric=("burn_metric" in fields and fields["burn_metric"].flag()) or False,
    )
    lints.check(objective, fields, place, by_time=by_time)
    return objective


def _policy(place: Place, owner: Owner) -> str:
    return references.named(place, "policy", owner.policies, "unknown_policy") or "default"


def _measured(place: Place, fields: dict[str, Place]) -> tuple[str | None, Composite | None]:
    """The indicator or the composite: exactly one of them."""
    if fields and ("indicator" in fields) == ("composite" in fields):
        both = "an objective has an indicator or a composite, not both; remove one"
        if "composite" in fields:
            place.error("exactly_one", both)
        else:
            place.missing("indicator")
    if "composite" in fields and "name" not in fields:
        place.error("missing_field", "a composite has no indicator to be called after; add name, like name: checkout")
    indicator = fields["indicator"].label() if "indicator" in fields else None
    return indicator, composites.read(fields["composite"]) if "composite" in fields else None


def _is_by_time(owner: Owner, indicator: str | None) -> bool:
    """Whether a minute is one event of it, or may be: a broken indicator is one problem, not two."""
    if indicator is None or indicator in owner.own.broken:
        return indicator is not None
    template = owner.template(indicator)
    return template is not None and template.type == "time_slice"


def _check_ids(declared: list[tuple[Objective, Place]]) -> None:
    """Two on one indicator: each gives its own name. Ids are unique anyhow."""
    per_indicator: dict[str, int] = {}
    for objective, _ in declared:
        if objective.composite is None:
            per_indicator[objective.indicator] = per_indicator.get(objective.indicator, 0) + 1
    seen: dict[str, int] = {}
    for objective, place in declared:
        if objective.composite is None and per_indicator[objective.indicator] > 1 and not place.has("name"):
            count = f"{per_indicator[objective.indicator]} objectives on indicator {objective.indicator!r}"
            place.error("missing_field", f"{count}: each needs its own name, like name: {objective.indicator}-strict")
        elif objective.id in seen:
            message = f"objective id {objective.id!r} is taken by line {seen[objective.id]}; give this one another name"
            place.error("duplicate_id", message)
        seen.setdefault(objective.id, place.line)
