"""SLOs of OpenSLO -> objectives: one for each of theirs, or one composite of them all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from slo.estate import (
    budgeting,
    lints,
    openslo_alerts,
    openslo_composite,
    openslo_goal,
    openslo_sli,
    openslo_window,
    suspected_units,
)
from slo.estate.indicator import Unbound
from slo.estate.openslo_object import choice, describe, is_empty, reference
from slo.estate.spec import OPENSLO, Objective

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.openslo_alerts import Policy, Rules
    from slo.estate.openslo_goal import Goal
    from slo.estate.openslo_object import Names, Object
    from slo.estate.openslo_sli import Sli, Used
    from slo.estate.places import Place
    from slo.estate.spec import Method, NoData, RuleSpec
    from slo.estate.suspected_units import Units
    from slo.estate.window import Length

_SPEC = (
    *("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives"),
    "alertPolicies",
)
_SAME_FACTOR = Fraction(1, 10**9)
"""How far a threshold may be from the factor of its budget share, relatively: not every factor can be written out."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the other documents declare; `default` is the policy of an SLO that names none."""

    names: Names
    slis: Mapping[str, Sli | None]
    conditions: Mapping[str, RuleSpec | None]
    policies: Mapping[str, Policy]
    default: Rules
    units: Units


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all objectives of an SLO have in common."""

    service: str
    length: Length
    rules: Rules
    policy_name: str


def read(slo: Object, around: Around) -> tuple[Objective, ...]:
    """Empty after a problem that leaves nothing to judge; the component is the service."""
    if slo.spec is None:
        return ()
    fields = slo.spec.fields(_SPEC, required=("service", "timeWindow", "budgetingMethod", "objectives"))
    describe(fields)
    service = _service(fields["service"], around) if "service" in fields else None
    items = fields["objectives"].items() if "objectives" in fields else []
    if "objectives" in fields and fields["objectives"].is_empty_list:
        fields["objectives"].error("missing_field", "an SLO without objectives promises nothing; give at least one target")
    method = cast("Method | None", fields["budgetingMethod"].one_of(budgeting.METHODS)) if "budgetingMethod" in fields else None
    composite = any(item.has(name) for item in items for name in ("indicator", "indicatorRef"))
    used = _used(slo, slo.spec, fields, items, around, composite=composite)
    length = openslo_window.read(fields["timeWindow"]) if "timeWindow" in fields else None
    rules, name = _policy(fields.get("alertPolicies"), around, length)
    goals = [openslo_goal.read(item, one, method, composite=composite) for item, one in zip(items, used, strict=True)]
    known = [(goal, one) for goal, one in zip(goals, used, strict=True) if goal is not None and one.key is not None]
    if service is None or length is None or not known or len(known) < len(items):
        return ()
    if not composite and len(known) > 1 and (sli := known[0][1].sli) is not None and sli.form == "threshold":
        message = "a thresholdMetric has one objective: slices hold the minutes of one comparison; write one SLO for each"
        fields["objectives"].warn("several_thresholds", message)
    shared = _Shared(service, length, rules, name)
    made = _composite(slo, fields["objectives"], known, shared) if composite else _each(slo, known, shared)
    said = {name: fields[field] for name, field in (("window", "timeWindow"), ("policy", "alertPolicies")) if field in fields}
    for objective, (goal, _) in zip(made, known, strict=False):
        if objective.measure is not None and not isinstance(objective.measure, Unbound):
            suspected_units.check(objective.measure, around.units, goal.where("value"))
    return tuple(_noted(slo, objective, goal, one, said) for objective, (goal, one) in zip(made, known, strict=False))


def _service(place: Place, around: Around) -> str | None:
    reference(place, "Service", around.names)
    return place.label()


def _used(
    slo: Object, spec: Place, fields: Mapping[str, Place], items: Sequence[Place], around: Around, *, composite: bool
) -> list[Used]:
    """By objective: the indicator of its own in a composite, else that of the SLO."""
    if not composite:
        return [openslo_sli.use(spec, fields, slo.name, around.names, around.slis)] * len(items)
    for name in ("indicator", "indicatorRef"):
        if name in fields:
            fields[name].error("exactly_one", f"{name} stands either on the SLO or on each of its objectives, not on both")
    names = _ids(slo, len(items))
    return [
        openslo_sli.use(item, item.fields(openslo_goal.FIELDS), name, around.names, around.slis)
        for item, name in zip(items, names, strict=True)
    ]


def _ids(slo: Object, count: int) -> list[str]:
    return [slo.name] if count == 1 else [f"{slo.name}.{n}" for n in range(1, count + 1)]


def _each(slo: Object, goals: Sequence[tuple[Goal, Used]], shared: _Shared) -> list[Objective]:
    return [
        Objective(
            id_,
            shared.service,
            OPENSLO,
            goal.target,
            shared.length.minutes,
            shared.rules,
            shared.policy_name,
            goal.budgeting,
            slices_key=used.key,
            calendar=shared.length.calendar,
            measure=None if used.sli is None else used.sli.measure(goal.op, goal.value),
        )
        for id_, (goal, used) in zip(_ids(slo, len(goals)), goals, strict=True)
    ]


def _composite(slo: Object, place: Place, goals: Sequence[tuple[Goal, Used]], shared: _Shared) -> list[Objective]:
    """One objective that goes by the SLO's name."""
    found = openslo_composite.read(place, slo.notes, goals)
    if found is None:
        return []
    composite, target = found
    return [
        Objective(
            slo.name,
            shared.service,
            OPENSLO,
            target,
            shared.length.minutes,
            shared.rules,
            shared.policy_name,
            goals[0][0].budgeting,
            slices_key=slo.name,
            calendar=shared.length.calendar,
            composite=composite,
        )
    ]


def _noted(slo: Object, objective: Objective, goal: Goal, used: Used, said: Mapping[str, Place]) -> Objective:
    """With what our annotations add, and what is worth a warning said. `said` is what the SLO says for all objectives."""
    by_time = objective.composite is not None or (used.sli is not None and used.sli.form == "threshold")
    _check_slice(objective, goal)
    _check_notes(slo, objective)
    if "no-data" in slo.notes:
        place = slo.notes["no-data"]
        if objective.method != "Timeslices" and not by_time:
            place.error("contradiction", "no-data holds for slices of time only; write Timeslices, or remove it")
        no_data = cast("NoData | None", place.one_of(budgeting.NO_DATA))
        objective = replace(objective, budgeting=replace(objective.budgeting, no_data=no_data))
    own = tuple(rule for rule in objective.policy if rule.factor is not None or _derived(rule, objective.window) >= 1)
    places = {"target": goal.where("target", "targetPercent"), "time_slice_window": goal.where("timeSliceWindow")}
    lints.check(replace(objective, policy=own), {**said, **places}, goal.place, by_time=by_time)
    return objective


def _check_slice(objective: Objective, goal: Goal) -> None:
    if objective.budgeting.slice_window > objective.window:
        goal.where("timeSliceWindow").error("bad_window", "no whole slice fits into the time window; shorten the slice")


def _check_notes(slo: Object, objective: Objective) -> None:
    for name, place in slo.notes.items():
        if name.startswith("composite") and objective.composite is None:
            place.error("contradiction", "only an SLO whose objectives have indicators is a composite; remove it")


def _policy(place: Place | None, around: Around, length: Length | None) -> tuple[Rules, str]:
    """The specification's own examples leave the field empty: that is none. Silent policies are not none."""
    policies: list[Policy] = []
    for item in [] if place is None or is_empty(place) else place.items():
        name, inline, _ = choice(item, "alertPolicyRef", "AlertPolicy", around.names)
        if inline is not None:
            policies.append(openslo_alerts.policy(inline, around.names, around.conditions))
        elif name is not None and name in around.policies:
            policies.append(around.policies[name])
    rules = tuple(dict.fromkeys(rule for policy in policies for rule in policy.rules))
    if rules and place is not None and length is not None:
        rules = tuple(_settled(rule, length.minutes, place) for rule in rules)
    if rules or any(policy.silent for policy in policies):
        return rules, OPENSLO
    return around.default, "default"


def _settled(rule: RuleSpec, window: int, place: Place) -> RuleSpec:
    """The share where the threshold is its factor in this window; else what is written literally, the threshold."""
    if rule.share is None or rule.factor is None:
        return rule
    derived = max(Fraction(1), _derived(rule, window))
    if abs(Fraction(rule.factor) - derived) <= derived * _SAME_FACTOR:
        return replace(rule, factor=None)
    told = f"a budget of {float(rule.share):.4%} has the factor {float(derived):.6g} in this window"
    place.warn("factor_differs", f"{told}, and the threshold is {rule.factor}, which holds; correct one of them")
    return replace(rule, share=None)


def _derived(rule: RuleSpec, window: int) -> Fraction:
    """Before it is raised to 1."""
    return Fraction(rule.share or 0) * window / rule.long
