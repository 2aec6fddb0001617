"""One of the `objectives` of an OpenSLO SLO: its target, and what it says of thresholds, slices of time and weights."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.estate.openslo_object import MAX_DISPLAY_NAME, OPERATORS, duration, exactly_one, number, text
from slo.estate.spec import OCCURRENCES, Budgeting
from slo.estate.tree import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.openslo_sli import Used
    from slo.estate.places import Place
    from slo.estate.spec import Method

FIELDS = (
    *("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"),
    *("indicator", "indicatorRef", "compositeWeight"),
)
_TIME_SLICES: dict[Method, tuple[str, ...]] = {
    "Occurrences": (),
    "Timeslices": ("timeSliceTarget", "timeSliceWindow"),
    "RatioTimeslices": ("timeSliceWindow",),
}
LONGEST_SLICE = 400 * 1440


@dataclass(frozen=True, slots=True)
class Goal:
    """`target` is a ratio in [0, 1), exact from the text; `fields` are where problems of it belong."""

    target: Decimal
    budgeting: Budgeting
    op: str | None
    value: Decimal | None
    weight: Decimal
    place: Place
    fields: Mapping[str, Place]

    def where(self, *names: str) -> Place:
        """The first of these fields that is given, else the objective."""
        return next((self.fields[name] for name in names if name in self.fields), self.place)


def read(place: Place, used: Used, method: Method | None, *, composite: bool) -> Goal | None:
    """None after a problem. `used` is the indicator of this objective or, of an SLO that is no composite, of the SLO."""
    fields = place.fields(FIELDS)
    text(fields, "displayName", MAX_DISPLAY_NAME)
    op = fields["op"].one_of(OPERATORS) if "op" in fields else None
    value = number(fields["value"]) if "value" in fields else None
    _check_comparison(place, fields, used, composite=composite)
    budgeting = _budgeting(place, fields, method)
    weight = _weight(fields["compositeWeight"], composite=composite) if "compositeWeight" in fields else Decimal(1)
    target = _target(place, fields)
    if target is None or budgeting is None or weight is None:
        return None
    return Goal(target, budgeting, op, value, weight, place, fields)


def _target(place: Place, fields: Mapping[str, Place]) -> Decimal | None:
    given = exactly_one(place, fields, ("target", "targetPercent"))
    if given is None:
        return None
    ends = Decimal(1) if given == "target" else Decimal(100)
    value = number(fields[given])
    if value is None or 0 <= value < ends:
        return value if value is None or given == "target" else value.scaleb(-2)
    like = "0.999" if given == "target" else "99.9"
    fields[given].error("bad_target", f"{value} is not in [0, {ends}); write it like {like}")
    return None


def _check_comparison(place: Place, fields: Mapping[str, Place], used: Used, *, composite: bool) -> None:
    """What the indicator is like is only certain where it stands inline; a reference may lead elsewhere tomorrow."""
    form = used.sli.form if used.sli else None
    for name in ("op", "value"):
        if form == "ratio" and name in fields:
            fields[name].warn("not_a_threshold", f"{name} means nothing for a ratioMetric and is not used; remove it")
        elif form == "threshold" and name not in fields and used.is_inline and not composite:
            place.missing(name)
        elif form == "threshold" and name not in fields:
            place.warn("missing_field", f"a thresholdMetric is compared by op with value, and {name} is missing; add it")


def _budgeting(place: Place, fields: Mapping[str, Place], method: Method | None) -> Budgeting | None:
    wanted = _TIME_SLICES[method] if method else ()
    for name in wanted:
        if name not in fields:
            place.missing(name)
    slice_target = _slice_target(fields["timeSliceTarget"]) if "timeSliceTarget" in fields else None
    width = _slice_window(fields["timeSliceWindow"]) if "timeSliceWindow" in fields else None
    for name in ("timeSliceTarget", "timeSliceWindow"):
        if name in fields and method and name not in wanted:
            fields[name].warn("not_followed", f"{name} means nothing with {method} and is not used; remove it")
    if method == "Occurrences":
        return OCCURRENCES
    if method is None or width is None:
        return None
    return Budgeting(method, width, slice_target if method == "Timeslices" else None)


def _slice_target(place: Place) -> Decimal | None:
    value = number(place)
    if value is None or 0 < value <= 1:
        return value
    place.error("bad_target", f"{value} is not in (0, 1]; write it like 0.95")
    return None


def _slice_window(place: Place) -> int | None:
    """A bare number is minutes."""
    bare = isinstance(place.node, Scalar) and place.node.kind == "int"
    minutes = place.integer(1, LONGEST_SLICE) if bare else duration(place)
    if minutes is None or 1 <= minutes <= LONGEST_SLICE:
        return minutes
    place.error("bad_window", "a slice is 1m to 400d, and not longer than the window")
    return None


def _weight(place: Place, *, composite: bool) -> Decimal | None:
    weight = number(place)
    if weight is not None and weight <= 0:
        place.error("bad_weight", f"{weight} is not above 0; a weight is, like 1")
        return None
    if weight is not None and not composite:
        place.warn("not_followed", "compositeWeight means nothing without indicators of the objectives; remove it")
    return weight
