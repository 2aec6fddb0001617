"""Alert policies of OpenSLO -> burn rules: {long: lookbackWindow, short: none, factor: threshold, hold: alertAfter}."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slo.estate import openslo_notes, shares
from slo.estate.openslo_object import OPERATORS, choice, describe, duration, number, text
from slo.estate.policies import LONGEST, MOST_EVENTS
from slo.estate.spec import RuleSpec
from slo.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.openslo_notes import Notes
    from slo.estate.openslo_object import Names
    from slo.estate.places import Place

Rules = tuple[RuleSpec, ...]


class Policy(NamedTuple):
    """`silent`: it says itself that nothing is sent on a breach."""

    rules: Rules
    silent: bool = False


_POLICY = ("description", "alertWhenNoData", "alertWhenResolved", "alertWhenBreaching", "conditions", "notificationTargets")
_CONDITION = ("kind", "op", "threshold", "lookbackWindow", "alertAfter")


def check_target(spec: Place) -> None:
    fields = spec.fields(("description", "target"), required=("target",))
    describe(fields)
    text(fields, "target")


def policy(spec: Place, names: Names, conditions: Mapping[str, RuleSpec | None]) -> Policy:
    """Its one rule, or none after a problem; `conditions` are the declared ones by name.

    A rule with a share has its factor too: which of them holds depends on the window of the SLO (`openslo_slo`).
    """
    fields = spec.fields(_POLICY, required=("conditions", "notificationTargets"))
    describe(fields)
    silent = _is_silent(fields)
    _check_targets(fields, names)
    items = fields["conditions"].items() if "conditions" in fields else []
    if "conditions" in fields and len(items) != 1:
        fields["conditions"].error(
            "exactly_one", f"a policy has exactly one condition, not {len(items)}; write one policy each"
        )
    rules = [_rule_of(item, names, conditions) for item in items]
    return Policy(() if silent else tuple(rule for rule in rules if rule is not None), silent)


def _is_silent(fields: Mapping[str, Place]) -> bool:
    """What Sloop does differently is said."""
    flags = {name: fields[name].flag() for name in _POLICY[1:4] if name in fields}
    silent = flags.get("alertWhenBreaching") is False
    if silent:
        fields["alertWhenBreaching"].warn("silent_policy", "its condition sends nothing: a breach is not told; say true to be")
    if flags.get("alertWhenNoData"):
        fields["alertWhenNoData"].warn("not_followed", "missing data is shown as a state and never sent as a page")
    if flags.get("alertWhenResolved") is False:
        fields["alertWhenResolved"].warn("not_followed", "what was sent is always resolved with a second message")
    return silent


def _check_targets(fields: Mapping[str, Place], names: Names) -> None:
    targets = fields["notificationTargets"].items() if "notificationTargets" in fields else []
    if "notificationTargets" in fields and fields["notificationTargets"].is_empty_list:
        fields["notificationTargets"].error("missing_field", "a policy names at least one target; add a targetRef")
    for item in targets:
        inline = choice(item, "targetRef", "AlertNotificationTarget", names).spec
        if inline is not None:
            check_target(inline)


def _rule_of(place: Place, names: Names, conditions: Mapping[str, RuleSpec | None]) -> RuleSpec | None:
    name, inline, notes = choice(place, "conditionRef", "AlertCondition", names)
    if inline is not None:
        return condition(inline, notes)
    return conditions.get(name) if name is not None else None


def condition(spec: Place, notes: Notes) -> RuleSpec | None:
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
    share, short, confidence = _share(notes), _short(notes, long), _confidence(notes)
    min_bad, min_total = (
        openslo_notes.whole(notes[name], 1, MOST_EVENTS) if name in notes else 0 for name in ("min-bad", "min-total")
    )
    if severity is None or operator is None or factor is None or long is None or hold is None:
        return None
    return RuleSpec(
        "page" if severity == "page" else "ticket",
        share,
        long,
        short,
        factor=factor,
        strict=operator == "gt",
        hold=hold,
        label=severity if severity not in ("page", "ticket") else None,
        min_bad=min_bad or 0,
        min_total=min_total or 0,
        confidence=confidence,
    )


def _share(notes: Notes) -> Decimal | None:
    return shares.budget_share(notes["budget"]) if "budget" in notes else None


def _confidence(notes: Notes) -> Decimal | None:
    return shares.confidence(notes["confidence"]) if "confidence" in notes else None


def _short(notes: Notes, long: int | None) -> int | None:
    """Only a shorter window makes a rule of two windows."""
    place = notes.get("short-window")
    short = place.duration() if place is not None else None
    if place is None or short is None or long is None or 1 <= short < long:
        return short
    place.error("bad_policy", f"{format_duration(short)} is not in 1m to below the lookbackWindow of {format_duration(long)}")
    return None


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
