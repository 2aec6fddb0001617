"""Burn policies as declared: named lists of {severity, budget, long, short}."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.errors import SpecError
from slo.estate import nodes
from slo.estate.places import Place
from slo.estate.shares import budget_share
from slo.estate.spec import RuleSpec
from slo.units import format_duration

if TYPE_CHECKING:
    from slo.estate.spec import Severity

Policies = dict[str, tuple[RuleSpec, ...]]

LONGEST = 400 * 1440
_FIELDS = ("severity", "budget", "long", "short")


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
        found[name] = tuple(r for r in map(_rule, rules.items()) if r is not None)
        if rules.is_empty_list:
            rules.error("bad_policy", "a policy without rules would never page; give at least one rule")
    return found


def _rule(place: Place) -> RuleSpec | None:
    fields = place.fields(_FIELDS, required=_FIELDS)
    severity = fields["severity"].one_of(("page", "ticket")) if "severity" in fields else None
    share = budget_share(fields["budget"]) if "budget" in fields else None
    long = _window(fields["long"]) if "long" in fields else None
    short = _window(fields["short"]) if "short" in fields else None
    if long is not None and short is not None and short >= long:
        written = f"short {format_duration(short)} is not shorter than long {format_duration(long)}"
        fields["short"].error("bad_policy", f"{written}; the short window is about a twelfth of the long one")
        return None
    if severity is None or share is None or long is None or short is None:
        return None
    return RuleSpec(cast("Severity", severity), share, long, short)


def _window(place: Place) -> int | None:
    minutes = place.duration()
    if minutes is None or 1 <= minutes <= LONGEST:
        return minutes
    place.error("bad_window", "a rule's window is 1m to 400d")
    return None
