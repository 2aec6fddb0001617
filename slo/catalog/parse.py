"""One data file of the catalogue -> a Kind, checked as strictly as an estate file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.catalog.kind import ROLES, DefaultObjective, Kind, Pitfall, ResourceKey
from slo.catalog.parse_indicator import read_indicators
from slo.catalog.parse_watch import read_alarms, read_panels, read_signals
from slo.catalog.signal import LAYERS
from slo.errors import SpecError
from slo.estate import nodes
from slo.estate.places import Place
from slo.estate.shares import target

if TYPE_CHECKING:
    from collections.abc import Collection

    from slo.catalog.kind import Form, Role
    from slo.catalog.signal import Layer

_WANTED = ("kind", "title", "layer", "resource", "indicators", "objectives", "pitfalls")
_FILE = (*_WANTED, "no_objective", "signals", "alarms", "panels")
_KEY = ("role", "form", "required", "default", "about", "source")


def parse_kind(data: bytes, file: str = "catalogue") -> Kind:
    """SpecError with every problem of the file."""
    contents = nodes.read(file, data)
    log = contents.log
    if len(contents.documents) != 1 and not log.failed:
        log.add(1, "", "syntax", "a catalogue file is one document")
    kind = _kind(Place.root(contents.documents[0], log)) if contents.documents else None
    if kind is None or log.failed:
        raise SpecError(tuple(log.found))
    return kind


def _kind(place: Place) -> Kind | None:
    fields = place.fields(_FILE, required=_WANTED)
    if not fields.keys() >= set(_WANTED):
        return None
    resource = {name: _key(name, p) for name, p in fields["resource"].fields().items()}
    indicators = read_indicators(fields["indicators"], resource)
    signals = read_signals(fields["signals"], resource) if "signals" in fields else {}
    objectives = tuple(o for p in fields["objectives"].items() if (o := _objective(p, indicators)) is not None)
    return Kind(
        fields["kind"].label() or "",
        fields["title"].text() or "",
        cast("Layer", fields["layer"].one_of(LAYERS) or "edge"),
        resource,
        indicators,
        objectives,
        _no_objective(fields),
        tuple(signals.values()),
        read_alarms(fields["alarms"], signals, resource) if "alarms" in fields else (),
        read_panels(fields["panels"], signals) if "panels" in fields else (),
        tuple(p for p in map(_pitfall, fields["pitfalls"].items()) if p is not None),
    )


def _no_objective(fields: dict[str, Place]) -> str | None:
    """The reason, which stands exactly where nothing is promised."""
    if fields["objectives"].is_empty_list == ("no_objective" in fields):
        return fields["no_objective"].text() if "no_objective" in fields else None
    fields["objectives"].error("missing_reason", "a kind gives default objectives, or in no_objective the reason why none")
    return None


def _key(name: str, place: Place) -> ResourceKey:
    fields = place.fields(_KEY, required=("role", "about"))
    role = fields["role"].one_of(ROLES) if "role" in fields else None
    form = fields["form"].one_of(("text", "number", "list")) if "form" in fields else "text"
    required = "required" in fields and fields["required"].flag() is True
    default = fields["default"].scalar() if "default" in fields else None
    about, source = (fields[key].text() if key in fields else None for key in ("about", "source"))
    if required and default is not None:
        fields["default"].error("bad_default", "a required key has no default")
    if default is not None and source is None:
        place.missing("source")
    return ResourceKey(
        name, cast("Role", role or "identity"), cast("Form", form or "text"), required, default, about or "", source
    )


def _objective(place: Place, indicators: Collection[str]) -> DefaultObjective | None:
    wanted = ("indicator", "target", "window", "source")
    fields = place.fields(wanted, required=wanted)
    if len(fields) < len(wanted):
        return None
    indicator, share, window = fields["indicator"].one_of(indicators), target(fields["target"]), fields["window"].duration()
    source = fields["source"].text()
    if indicator is None or share is None or window is None or source is None:
        return None
    return DefaultObjective(indicator, share, window, source)


def _pitfall(place: Place) -> Pitfall | None:
    fields = place.fields(("text", "source"), required=("text", "source"))
    text, source = (fields[name].text() if name in fields else None for name in ("text", "source"))
    return None if text is None or source is None else Pitfall(text, source)
