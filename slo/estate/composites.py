"""Composites as declared: a journey over indicators of several components. Whether these exist is asked in `references`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.estate import shares
from slo.estate.problems import shown
from slo.estate.spec import Composite, Part

if TYPE_CHECKING:
    from slo.estate.places import Place
    from slo.estate.spec import CompositeMode

MODES: dict[CompositeMode, str] = {
    "serial": "good when every part is",
    "parallel": "good when one part is",
    "k-of-n": "good when k parts are",
    "weighted": "each part counts its weight",
}
FIELDS = ("mode", "k", "parts")
PART_FIELDS = ("indicator", "target", "weight")


def read(place: Place) -> Composite | None:
    fields = place.fields(FIELDS, required=("mode", "parts"))
    mode = cast("CompositeMode | None", fields["mode"].one_of(MODES) if "mode" in fields else None)
    parts = _parts(fields["parts"], mode) if "parts" in fields else ()
    need = _need(place, fields, mode, len(parts))
    return None if mode is None or not parts or (need is None and mode != "weighted") else Composite(mode, parts, need)


def _need(place: Place, fields: dict[str, Place], mode: CompositeMode | None, parts: int) -> int | None:
    if mode == "k-of-n":
        if "k" not in fields:
            place.error("missing_field", "k-of-n says how many parts must be good; add k, like k: 2")
        return fields["k"].integer(1, parts) if "k" in fields and parts else None
    if mode is not None and "k" in fields:
        fields["k"].error("contradiction", f"only k-of-n has a k, {mode} has not; remove it")
    return {"serial": parts, "parallel": 1}.get(mode or "")


def _parts(place: Place, mode: CompositeMode | None) -> tuple[Part, ...]:
    if place.is_empty_list:
        place.error("missing_field", "a composite has parts, like {indicator: api.availability, target: 99%}")
    found: dict[str, Part] = {}
    for item in place.items():
        part = _part(item, mode)
        if part is not None and part.indicator in found:
            item.error("duplicate_name", f"part {shown(part.indicator)} is given twice; keep one")
        elif part is not None:
            found[part.indicator] = part
    return tuple(found.values())


def _part(place: Place, mode: CompositeMode | None) -> Part | None:
    fields = place.fields(PART_FIELDS, required=("indicator", "target"))
    indicator = fields["indicator"].text() if "indicator" in fields else None
    share = shares.target(fields["target"]) if "target" in fields else None
    weight = shares.weight(fields["weight"]) if "weight" in fields else None
    if "weight" in fields and mode not in (None, "weighted"):
        fields["weight"].error("contradiction", f"weights count in weighted composites only, not in {mode} ones; remove it")
    if indicator is None or share is None:
        return None
    return Part(indicator, share) if weight is None else Part(indicator, share, weight)
