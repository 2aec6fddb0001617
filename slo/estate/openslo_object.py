"""What the seven kinds of OpenSLO v1 objects have in common: metadata, references, numbers, durations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from slo.estate.problems import shown
from slo.estate.tree import Items, Scalar
from slo.units import MINUTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from slo.estate.places import Place

KINDS = ("DataSource", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service")
OPERATORS = ("lte", "gte", "lt", "gt")
MAX_DESCRIPTION = 1050
MAX_DISPLAY_NAME = 300

_NUMBER = re.compile(r"[-+]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][-+]?[0-9])?")
_DURATION = re.compile(r"([0-9]{1,6})([mhdwMQY])")
_LABEL_KEY = re.compile(r"[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_DNS = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_ANNOTATION_KEY = re.compile(rf"({_DNS}(\.{_DNS})*/)?{_LABEL_KEY.pattern}")


@dataclass(frozen=True, slots=True)
class Object:
    """One document; `name` is empty where it has no good one, `spec` is None where it is missing."""

    kind: str
    name: str
    place: Place
    spec: Place | None
    display_name: str | None = None


Names = dict[str, dict[str, Object]]
"""Objects by kind, then by name."""


def read(place: Place, kind: str) -> Object:
    """Its spec is read by who knows the kind; that of a Service may be missing or empty."""
    required = ("metadata",) if kind == "Service" else ("metadata", "spec")
    fields = place.fields(("apiVersion", "kind", "metadata", "spec"), required=required)
    name, display_name = metadata(fields["metadata"]) if "metadata" in fields else (None, None)
    spec = fields.get("spec")
    if kind == "Service" and spec is not None and is_empty(spec):
        spec = None
    return Object(kind, name or "", place, spec, display_name)


def is_empty(place: Place) -> bool:
    """A field with nothing after its colon."""
    return isinstance(place.node, Scalar) and place.node.kind == "null"


def metadata(place: Place) -> tuple[str | None, str | None]:
    """Name and displayName."""
    fields = place.fields(("name", "displayName", "labels", "annotations"), required=("name",))
    for key, value in fields["labels"].fields().items() if "labels" in fields else ():
        _check_key(value, key, _LABEL_KEY, "team")
        for item in value.items() if isinstance(value.node, Items) else [value]:
            item.text()
    for key, value in fields["annotations"].fields().items() if "annotations" in fields else ():
        _check_key(value, key, _ANNOTATION_KEY, "example.com/team")
        value.text()
    name = fields["name"].label() if "name" in fields else None
    return name, text(fields, "displayName", MAX_DISPLAY_NAME)


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


def choice(place: Place, ref: str, kind: str, names: Names) -> tuple[str | None, Place | None]:
    """A reference or an object inline: the name of an object that is there, or the spec; neither after a problem."""
    inline = ("kind", "metadata", "spec")
    fields = place.fields((ref, *inline))
    if exactly_one(place, fields, (ref, "spec")) is None:
        return None, None
    if ref in fields:
        for name in inline[:2]:
            if name in fields:
                fields[name].error("exactly_one", f"{name} belongs to an object inline; remove it or {ref}")
        return reference(fields[ref], kind, names), None
    place.fields(inline, required=inline)
    if "kind" in fields:
        fields["kind"].one_of((kind,))
    if "metadata" in fields:
        metadata(fields["metadata"])
    return None, fields["spec"]


def number(place: Place) -> Decimal | None:
    """Exact, from the text; a number in quotes is none."""
    node = place.node
    if isinstance(node, Scalar) and node.kind in ("int", "float") and _NUMBER.fullmatch(node.text):
        return Decimal(node.text)
    place.wrong("a number of up to 12 digits before and after the point")
    return None


def duration(place: Place) -> int | None:
    """Duration shorthand in minutes; 0 is one. Case matters: m is minutes, M months, and months have no length of their own."""
    written = place.text()
    match = _DURATION.fullmatch(written) if written is not None else None
    if match is not None and match[2] in MINUTES:
        return int(match[1]) * MINUTES[match[2]]
    if match is not None:
        message = f"{written} is not judged in this release: M, Q and Y have no fixed length; write days, like 30d"
        place.error("not_supported", message)
    elif written is not None:
        rule = "write a whole number and m, h, d, w, M, Q or Y, like 28d; m is minutes, M months"
        place.error("bad_duration", f"{shown(written)} is not a duration; {rule}")
    return None
