"""SLOs of OpenSLO -> objectives. What this release cannot judge as written is an error, never left out in silence."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from slo.estate import openslo_alerts, openslo_sli, openslo_window
from slo.estate.openslo_object import (
    MAX_DISPLAY_NAME,
    OPERATORS,
    choice,
    describe,
    duration,
    exactly_one,
    is_empty,
    metadata,
    number,
    reference,
    text,
)
from slo.estate.spec import OPENSLO, Objective
from slo.estate.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.openslo_alerts import Rules
    from slo.estate.openslo_object import Names, Object
    from slo.estate.openslo_sli import Measure
    from slo.estate.places import Place
    from slo.estate.spec import RuleSpec

METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")

_SPEC = (
    *("description", "service", "indicator", "indicatorRef", "timeWindow", "budgetingMethod", "objectives"),
    "alertPolicies",
)
_OBJECTIVE = (
    *("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"),
    *("indicator", "indicatorRef", "compositeWeight"),
)
_TIME_SLICE_FIELDS = {"Timeslices": ("timeSliceTarget", "timeSliceWindow"), "RatioTimeslices": ("timeSliceWindow",)}


@dataclass(frozen=True, slots=True)
class Around:
    """What the other documents declare; `default` is the policy of an SLO that names none."""

    names: Names
    measures: Mapping[str, Measure | None]
    conditions: Mapping[str, RuleSpec | None]
    policies: Mapping[str, Rules]
    default: Rules


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
    key, measure = _indicator(slo, slo.spec, fields, items, around)
    method = _method(fields["budgetingMethod"]) if "budgetingMethod" in fields else None
    window = openslo_window.read(fields["timeWindow"]) if "timeWindow" in fields else None
    rules = _rules(fields["alertPolicies"], around) if "alertPolicies" in fields else ()
    factors = sorted({r.factor for r in rules if r.factor}, reverse=True)
    targets = [_target(item, measure, method, factors) for item in items]
    if service is None or key is None or window is None:
        return ()
    ids = [slo.name] if len(items) == 1 else [f"{slo.name}.{n}" for n in range(1, len(items) + 1)]
    return tuple(
        Objective(
            id_,
            service,
            OPENSLO,
            target,
            window,
            rules or around.default,
            OPENSLO if rules else "default",
            slices_key=key,
        )
        for id_, target in zip(ids, targets, strict=True)
        if target is not None
    )


def _service(place: Place, around: Around) -> str | None:
    reference(place, "Service", around.names)
    return place.label()


def _indicator(
    slo: Object, spec: Place, fields: dict[str, Place], items: list[Place], around: Around
) -> tuple[str | None, Measure | None]:
    """The name that its slices go by, and how it measures."""
    if any(item.has(name) for item in items for name in ("indicator", "indicatorRef")):
        _refuse_composite(spec, fields, items, around)
        return None, None
    given = exactly_one(spec, fields, ("indicator", "indicatorRef"))
    if given == "indicatorRef":
        name = reference(fields[given], "SLI", around.names, "error")
        return name, around.measures.get(name) if name else None
    if given is None:
        return None, None
    if slo.name in around.names["SLI"]:
        message = f"slices of an inline indicator go by the SLO's name, and an SLI is called {slo.name!r} too; rename one"
        fields[given].warn("ambiguous_name", message)
    return slo.name, _inline(fields[given], around)


def _inline(place: Place, around: Around) -> Measure | None:
    fields = place.fields(("metadata", "spec"), required=("metadata", "spec"))
    if "metadata" in fields:
        metadata(fields["metadata"])
    return openslo_sli.read(fields["spec"], around.names) if "spec" in fields else None


def _refuse_composite(spec: Place, fields: dict[str, Place], items: list[Place], around: Around) -> None:
    for name in ("indicator", "indicatorRef"):
        if name in fields:
            fields[name].error("exactly_one", f"{name} stands either on the SLO or on each of its objectives, not on both")
    for item in items:
        own = item.fields(_OBJECTIVE)
        given = exactly_one(item, own, ("indicator", "indicatorRef"))
        if given == "indicatorRef":
            reference(own[given], "SLI", around.names, "error")
        elif given == "indicator":
            _inline(own[given], around)
    message = "composite SLOs are not judged in this release; write one SLO for each indicator"
    spec.error("not_supported", message)


def _method(place: Place) -> str | None:
    method = place.one_of(METHODS)
    if method not in (None, "Occurrences"):
        place.error("not_supported", f"{method} is not judged in this release; write Occurrences")
    return method


def _rules(place: Place, around: Around) -> Rules:
    """The specification's own examples leave the field empty: that is none."""
    found: list[RuleSpec] = []
    for item in [] if is_empty(place) else place.items():
        name, inline = choice(item, "alertPolicyRef", "AlertPolicy", around.names)
        if inline is not None:
            found += openslo_alerts.policy(inline, around.names, around.conditions)
        elif name is not None:
            found += around.policies.get(name, ())
    return tuple(dict.fromkeys(found))


def _target(item: Place, measure: Measure | None, method: str | None, factors: Sequence[Decimal]) -> Decimal | None:
    """Exact, from the text of target or targetPercent."""
    fields = item.fields(_OBJECTIVE)
    text(fields, "displayName", MAX_DISPLAY_NAME)
    _check_comparison(item, fields, measure)
    _check_time_slices(item, fields, method)
    if "compositeWeight" in fields:
        _check_weight(fields["compositeWeight"], composite=item.has("indicator") or item.has("indicatorRef"))
    given = exactly_one(item, fields, ("target", "targetPercent"))
    if given is None:
        return None
    ends = Decimal(1) if given == "target" else Decimal(100)
    value = number(fields[given])
    if value is None or not 0 <= value < ends:
        if value is not None:
            fields[given].error(
                "bad_target", f"{value} is not in [0, {ends}); write it like {'0.999' if ends == 1 else '99.9'}"
            )
        return None
    target = value if given == "target" else value.scaleb(-2)
    _lint_factors(fields[given], target, factors)
    return target


def _lint_factors(place: Place, target: Decimal, factors: Sequence[Decimal]) -> None:
    """When every event is bad the burn is 1 / (1 - target): a factor above that is never reached. Largest factor first."""
    for factor in factors:
        if Fraction(target) > 1 - 1 / Fraction(factor) or place.log.is_full("warning"):
            return
        most = float(1 / (1 - Fraction(target)))
        message = f"a burn above {factor} is out of reach: when every event is bad, it is {most:.4g}"
        place.warn("unreachable_factor", f"{message}; lower the factor or raise the target")


def _check_comparison(item: Place, fields: dict[str, Place], measure: Measure | None) -> None:
    if "op" in fields:
        fields["op"].one_of(OPERATORS)
    if "value" in fields:
        number(fields["value"])
    for name in ("op", "value"):
        if measure == "ratio" and name in fields:
            fields[name].warn("not_a_threshold", f"{name} means nothing for a ratioMetric and is not used; remove it")
        elif measure == "threshold" and name not in fields:
            item.warn("missing_field", f"a thresholdMetric is compared by op with value, and {name} is missing; add it")


def _check_time_slices(item: Place, fields: dict[str, Place], method: str | None) -> None:
    for name in _TIME_SLICE_FIELDS.get(method or "", ()):
        if name not in fields:
            item.missing(name)
    if "timeSliceTarget" in fields:
        value = number(fields["timeSliceTarget"])
        if value is not None and not 0 < value <= 1:
            fields["timeSliceTarget"].error("bad_target", f"{value} is not in (0, 1]; write it like 0.95")
    if "timeSliceWindow" in fields:
        _time_slice_window(fields["timeSliceWindow"])
    for name in ("timeSliceTarget", "timeSliceWindow"):
        if name in fields and method == "Occurrences":
            fields[name].warn("not_followed", f"{name} means nothing with Occurrences and is not used; remove it")


def _time_slice_window(place: Place) -> None:
    """A bare number is minutes."""
    bare = isinstance(place.node, Scalar) and place.node.kind == "int"
    minutes = place.integer(1, 400 * 1440) if bare else duration(place)
    if minutes == 0:
        place.error("bad_window", "a slice is 1m or longer")


def _check_weight(place: Place, *, composite: bool) -> None:
    weight = number(place)
    if weight is not None and weight <= 0:
        place.error("bad_factor", f"{weight} is not above 0; a weight is, like 1")
    elif weight is not None and not composite:
        place.warn("not_followed", "compositeWeight means nothing without indicators of the objectives; remove it")
