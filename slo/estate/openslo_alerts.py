"""Alert policies of OpenSLO -> burn rules: {long: lookbackWindow, short: none, factor: threshold, hold: alertAfter}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slo.estate.openslo_object import OPERATORS, choice, describe, duration, number, text
from slo.estate.policies import LONGEST
from slo.estate.spec import RuleSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.openslo_object import Names
    from slo.estate.places import Place

Rules = tuple[RuleSpec, ...]

_POLICY = ("description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "conditions", "notificationTargets")
_CONDITION = ("kind", "op", "threshold", "lookbackWindow", "alertAfter")


def check_target(spec: Place) -> None:
    fields = spec.fields(("description", "target"), required=("target",))
    describe(fields)
    text(fields, "target")


def policy(spec: Place, names: Names, conditions: Mapping[str, RuleSpec | None]) -> Rules:
    """Its one rule, or none after a problem; `conditions` are the declared ones by name."""
    fields = spec.fields(_POLICY, required=("conditions", "notificationTargets"))
    describe(fields)
    _check_occasions(fields)
    _check_targets(fields, names)
    items = fields["conditions"].items() if "conditions" in fields else []
    if "conditions" in fields and len(items) != 1:
        fields["conditions"].error(
            "exactly_one", f"a policy has exactly one condition, not {len(items)}; write one policy each"
        )
    rules = [_rule_of(item, names, conditions) for item in items]
    return tuple(rule for rule in rules if rule is not None)


def _check_occasions(fields: Mapping[str, Place]) -> None:
    """What Sloop does differently is said; a policy that is not to page at all is refused."""
    flags = {name: fields[name].flag() for name in _POLICY[1:4] if name in fields}
    if flags.get("alertWhenBreaching") is False:
        message = "a policy that is silent on a breach is not judged in this release; say true, or remove the policy"
        fields["alertWhenBreaching"].error("not_supported", message)
    if flags.get("alertWhenNoData"):
        fields["alertWhenNoData"].warn("not_followed", "missing data is shown as a state and never sent as a page")
    if flags.get("alertWhenResolved") is False:
        fields["alertWhenResolved"].warn("not_followed", "what was sent is always resolved with a second message")


def _check_targets(fields: Mapping[str, Place], names: Names) -> None:
    targets = fields["notificationTargets"].items() if "notificationTargets" in fields else []
    if "notificationTargets" in fields and fields["notificationTargets"].is_empty_list:
        fields["notificationTargets"].error("missing_field", "a policy names at least one target; add a targetRef")
    for item in targets:
        _, inline = choice(item, "targetRef", "AlertNotificationTarget", names)
        if inline is not None:
            check_target(inline)


def _rule_of(place: Place, names: Names, conditions: Mapping[str, RuleSpec | None]) -> RuleSpec | None:
    name, inline = choice(place, "conditionRef", "AlertCondition", names)
    if inline is not None:
        return condition(inline)
    return conditions.get(name) if name is not None else None


def condition(spec: Place) -> RuleSpec | None:
    fields = spec.fields(("severity", "condition", "description"), required=("severity", "condition"))
    describe(fields)
    severity = text(fields, "severity")
    inner = fields["condition"].fields(_CONDITION, required=_CONDITION[:4]) if "condition" in fields else {}
    if "kind" in inner:
        inner["kind"].one_of(("burnrate",))
    operator = _operator(inner["op"]) if "op" in inner else None
    factor = _factor(inner["threshold"]) if "threshold" in inner else None
    long = _lookback(inner["lookbackWindow"]) if "lookbackWindow" in inner else None
    hold = _hold(inner["alertAfter"]) if "alertAfter" in inner else 0
    if severity is None or operator is None or factor is None or long is None or hold is None:
        return None
    known = severity if severity in ("page", "ticket") else None
    return RuleSpec(
        "page" if severity == "page" else "ticket",
        None,
        long,
        None,
        factor=factor,
        strict=operator == "gt",
        hold=hold,
        label=severity if known is None else None,
    )


def _operator(place: Place) -> str | None:
    operator = place.one_of(OPERATORS)
    if operator in ("lte", "lt"):
        message = f"a burn condition with op {operator} pages while all is well; write {operator.replace('l', 'g')}"
        place.error("burn_operator", message)
        return None
    return operator


def _factor(place: Place) -> Decimal | None:
    factor = number(place)
    if factor is None or factor >= 1:
        return factor
    if factor < 0:
        place.error("bad_factor", f"{factor} is below 0; a burn rate never is, write a factor like 14.4")
        return None
    place.warn("factor_below_1", f"a burn of {factor} is inside the budget: it would last longer than its window")
    return factor


def _lookback(place: Place) -> int | None:
    minutes = duration(place)
    if minutes is None or 1 <= minutes <= LONGEST:
        return minutes
    place.error("bad_window", "a rule's window is 1m to 400d")
    return None


def _hold(place: Place) -> int | None:
    minutes = duration(place)
    if minutes is None or minutes <= LONGEST:
        return minutes
    place.error("bad_window", "a condition holds for 0m to 400d before it counts")
    return None
