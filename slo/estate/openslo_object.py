"""What the seven kinds of OpenSLO v1 objects have in common: metadata, references, numbers, durations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

from slo.estate import openslo_notes
from slo.estate.calendar import NOMINAL
from slo.estate.problems import shown
from slo.estate.tree import Items, Scalar
from slo.units import MINUTES, format_duration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from slo.estate.calendar import Unit
    from slo.estate.openslo_notes import Notes
    from slo.estate.places import Place

KINDS = ("DataSource", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service")
OPERATORS = ("lte", "gte", "lt", "gt")
MAX_DESCRIPTION = 1050
MAX_DISPLAY_NAME = 300

_NUMBER = re.compile(r"[-+]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][-+]?[0-9])?")
_DURATION = re.compile(r"([0-9]{1,6})([mhdwMQY])")
_LABEL_KEY = re.compile(r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_DNS = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_ANNOTATION_KEY = re.compile(rf"(?![^/]{{254}})({_DNS}(\.{_DNS})*/)?{_LABEL_KEY.pattern}")


class Metadata(NamedTuple):
    """`notes` are our own annotations."""

    name: str | None
    display_name: str | None
    notes: Notes


NO_METADATA = Metadata(None, None, {})


@dataclass(frozen=True, slots=True)
class Object:
    """One document; `name` is empty where it has no good one, `spec` is None where it is missing."""

    kind: str
    name: str
    place: Place
    spec: Place | None
    display_name: str | None
    notes: Notes


class Chosen(NamedTuple):
    """What a reference or an object inline leads to: the name of an object that is there, or a spec and its notes."""

    name: str | None
    spec: Place | None
    notes: Notes


NOTHING = Chosen(None, None, {})


Names = dict[str, dict[str, Object]]
"""Objects by kind, then by name."""


def read(place: Place, kind: str) -> Object:
    """Its spec is read by who knows the kind; that of a Service may be missing or empty."""
    required = ("metadata",) if kind == "Service" else ("metadata", "spec")
    fields = place.fields(("apiVersion", "kind", "metadata", "spec"), required=required)
    name, display_name, notes = metadata(fields["metadata"], kind) if "metadata" in fields else NO_METADATA
    spec = fields.get("spec")
    if kind == "Service" and spec is not None and is_empty(spec):
        spec = None
    return Object(kind, name or "", place, spec, display_name, notes)


def is_empty(place: Place) -> bool:
    """A field with nothing after its colon."""
    return isinstance(place.node, Scalar) and place.node.kind == "null"


def metadata(place: Place, kind: str) -> Metadata:
    fields = place.fields(("name", "displayName", "labels", "annotations"), required=("name",))
    for key, value in fields["labels"].fields().items() if "labels" in fields else ():
        _check_key(value, key, _LABEL_KEY, "team")
        for item in value.items() if isinstance(value.node, Items) else [value]:
            _check_text(item)
    annotations = fields["annotations"].fields() if "annotations" in fields else {}
    for key, value in annotations.items():
        _check_key(value, key, _ANNOTATION_KEY, "example.com/team")
        _check_text(value)
    name = fields["name"].label() if "name" in fields else None
    return Metadata(name, text(fields, "displayName", MAX_DISPLAY_NAME), openslo_notes.read(annotations, kind))


def _check_text(place: Place) -> None:
    """Labels and annotations may be empty."""
    if not (isinstance(place.node, Scalar) and place.node.kind == "str"):
        place.text()


def _check_key(place: Place, key: str, pattern: re.Pattern[str], like: str) -> None:
    if not pattern.fullmatch(key):
        place.error("bad_name", f"{shown(key)} is no key here; write one like {like}")


def text(fields: Mapping[str, Place], name: str, longest: int | None = None) -> str | None:
    written = fields[name].text() if name in fields else None
    if written is not None and longest is not None and len(written) > longest:
        fields[name].error("too_long", f"{len(written)} characters are more than {longest}; shorten it")
        return None
    return written


def describe(fields: Mapping[str, Place]) -> str | None:
    return text(fields, "description", MAX_DESCRIPTION)


def reference(place: Place, kind: str, names: Names, severity: Literal["error", "warning"] = "warning") -> str | None:
    """The name of an object that is there; what dangles is a problem."""
    name = place.label()
    known = names.get(kind, {})
    if name is None or name in known:
        return name
    hint = "" if place.log.is_full(severity) else place.hint(name, known)
    message = f"no {kind} is called {shown(name)}{hint}"
    (place.error if severity == "error" else place.warn)("dangling_reference", message)
    return None


def exactly_one(place: Place, fields: Collection[str], options: Sequence[str]) -> str | None:
    """The one of the options that is given; none or several are a problem."""
    given = [name for name in options if name in fields]
    if len(given) == 1:
        return given[0]
    found = f"{' and '.join(given)} are given" if given else "none is given"
    place.error("exactly_one", f"exactly one of {', '.join(options)} is wanted here, {found}")
    return None


def choice(place: Place, ref: str, kind: str, names: Names) -> Chosen:
    """A reference or an object inline; nothing after a problem."""
    inline = ("kind", "metadata", "spec")
    fields = place.fields((ref, *inline))
    if exactly_one(place, fields, (ref, "spec")) is None:
        return NOTHING
    if ref in fields:
        for name in inline[:2]:
            if name in fields:
                fields[name].error("exactly_one", f"{name} belongs to an object inline; remove it or {ref}")
        return Chosen(reference(fields[ref], kind, names), None, {})
    place.fields(inline, required=inline)
    if "kind" in fields:
        fields["kind"].one_of((kind,))
    notes = metadata(fields["metadata"], kind).notes if "metadata" in fields else {}
    return Chosen(None, fields["spec"], notes)


def number(place: Place) -> Decimal | None:
    """Exact, from the text; a number in quotes is none."""
    node = place.node
    if isinstance(node, Scalar) and node.kind in ("int", "float") and _NUMBER.fullmatch(node.text):
        return Decimal(node.text)
    place.wrong("a number of up to 12 digits before and after the point")
    return None


def span(place: Place) -> tuple[int, Unit] | None:
    """Duration shorthand, as written; 0 is one. Case matters: m is minutes, M months."""
    written = place.text()
    match = _DURATION.fullmatch(written) if written is not None else None
    if match is not None:
        return int(match[1]), cast("Unit", match[2])
    if written is not None:
        rule = "write a whole number and m, h, d, w, M, Q or Y, like 28d; m is minutes, M months"
        place.error("bad_duration", f"{shown(written)} is not a duration; {rule}")
    return None


def duration(place: Place) -> int | None:
    """In minutes; 0 is one. Months, quarters and years that roll are 30, 90 and 365 days, which is said."""
    found = span(place)
    if found is None:
        return None
    count, unit = found
    minutes = count * NOMINAL[unit]
    if unit not in MINUTES:
        message = (
            f"{count}{unit} is taken as {format_duration(minutes)}: only a calendar has real months; write days to be clear"
        )
        place.warn("nominal_month", message)
    return minutes
