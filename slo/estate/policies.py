"""Burn policies as declared: named lists of {severity, budget or factor, long, short} and what little traffic asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.errors import SpecError
from slo.estate import nodes, shares
from slo.estate.places import Place
from slo.estate.spec import RuleSpec
from slo.units import format_duration

if TYPE_CHECKING:
    from decimal import Decimal

    from slo.estate.spec import Severity

Policies = dict[str, tuple[RuleSpec, ...]]

LONGEST = 400 * 1440
MOST_RULES = 20
MOST_EVENTS = 999_999_999
_REQUIRED = ("severity", "long", "short")
FIELDS = (*_REQUIRED, "budget", "factor", "min_bad", "min_total", "confidence")


def parse(data: bytes, file: str = "policies") -> Policies:
    """A file that maps names to rules, such as `slo/policies/default.yaml`. SpecError with every problem."""
    contents = nodes.read(file, data)
    found: Policies = {}
    for document in contents.documents:
        found.update(read(Place.root(document, contents.log)))
    if contents.log.failed or not found:
        if not found:
            contents.log.add(1, "", "missing_field", "no policy here; write name: [{severity, budget, long, short}]")
        raise SpecError(tuple(contents.log.found))
    return found


def read(place: Place) -> Policies:
    """Every policy by name, those with problems too: a reference to one is not a second problem."""
    found = {}
    for name, rules in place.fields().items():
        items = rules.items()
        found[name] = tuple(r for r in map(_rule, items[:MOST_RULES]) if r is not None)
        if len(items) > MOST_RULES:
            rules.error("bad_policy", f"{len(items)} rules are more than {MOST_RULES}; four are usual")
        if rules.is_empty_list:
            rules.error("bad_policy", "a policy without rules would never page; give at least one rule")
    return found


def _rule(place: Place) -> RuleSpec | None:
    fields = place.fields(FIELDS, required=_REQUIRED)
    severity = fields["severity"].one_of(("page", "ticket")) if "severity" in fields else None
    share = shares.budget_share(fields["budget"]) if "budget" in fields else None
    factor = _factor(fields["factor"]) if "factor" in fields else None
    long, short = (_window(fields[name]) if name in fields else None for name in ("long", "short"))
    min_bad, min_total = (fields[name].integer(1, MOST_EVENTS) if name in fields else 0 for name in ("min_bad", "min_total"))
    confidence = shares.confidence(fields["confidence"]) if "confidence" in fields else None
    if fields and ("budget" in fields) == ("factor" in fields):
        place.error("exactly_one", "a rule gives either budget, a share of it like 2%, or factor, a burn rate like 14.4")
    if not _are_windows(fields, long, short) or severity is None or long is None or min_bad is None or min_total is None:
        return None
    if (share is None) == (factor is None):
        return None
    return RuleSpec(
        cast("Severity", severity),
        share,
        long,
        short,
        factor=factor,
        min_bad=min_bad,
        min_total=min_total,
        confidence=confidence,
    )


def _factor(place: Place) -> Decimal | None:
    factor = shares.factor(place)
    if factor is not None and factor < 1:
        place.warn("factor_below_1", f"a burn of {factor} is inside the budget: it would last longer than its window")
    return factor


def _are_windows(fields: dict[str, Place], long: int | None, short: int | None) -> bool:
    if long is None or short is None or short < long:
        return long is not None and short is not None
    written = f"short {format_duration(short)} is not shorter than long {format_duration(long)}"
    fields["short"].error("bad_policy", f"{written}; the short window is about a twelfth of the long one")
    return False


def _window(place: Place) -> int | None:
    minutes = place.duration()
    if minutes is None or 1 <= minutes <= LONGEST:
        return minutes
    place.error("bad_window", "a rule's window is 1m to 400d")
    return None
