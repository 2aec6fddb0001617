"""Exclusions as declared: approved intervals of one objective or of every objective of one component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from slo.estate import references
from slo.estate.spec import Exclusion
from slo.units import parse_minute

if TYPE_CHECKING:
    from collections.abc import Collection

    from slo.estate.places import Place
    from slo.units import Minute

FIELDS = ("objective", "component", "from", "to", "kind", "reason", "approved_by")


def read(place: Place, objectives: Collection[str], components: Collection[str]) -> Exclusion | None:
    fields = place.fields(FIELDS, required=("from", "to", "kind", "reason"))
    objective = references.named(fields["objective"], "objective", objectives) if "objective" in fields else None
    component = references.named(fields["component"], "component", components) if "component" in fields else None
    if ("objective" in fields) == ("component" in fields):
        place.error("missing_field", "an exclusion names either an objective or a component, exactly one of them")
    start = _minute(fields["from"]) if "from" in fields else None
    end = _minute(fields["to"]) if "to" in fields else None
    kind = fields["kind"].one_of(("mute", "budget")) if "kind" in fields else None
    reason = fields["reason"].text() if "reason" in fields else None
    approved_by = fields["approved_by"].text() if "approved_by" in fields else None
    if start is not None and end is not None and start >= end:
        fields["to"].error("bad_time", "to is not after from; an exclusion holds from <= minute < to")
    if start is None or end is None or kind is None or reason is None:
        return None
    return Exclusion(start, end, cast("Literal['mute', 'budget']", kind), reason, approved_by, objective, component)


def _minute(place: Place) -> Minute | None:
    text = place.text()
    if text is None:
        return None
    try:
        return parse_minute(text)
    except ValueError as error:
        place.error("bad_time", str(error))
        return None
