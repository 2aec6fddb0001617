"""One data file of the catalogue -> a Kind, checked as strictly as an estate file."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.catalog.kind import ROLES, DefaultObjective, Kind, Pitfall, ResourceKey
from slo.catalog.parse_query import SHARED, check_placeholders, metric, number, proof, queries, query
from slo.catalog.parse_watch import COMPARISONS, read_alarms, read_panels, read_signals
from slo.catalog.signal import LAYERS
from slo.catalog.template import MetricTemplate, RateTemplate, RatioTemplate, SliceTemplate
from slo.errors import SpecError
from slo.estate import nodes
from slo.estate.places import Place
from slo.estate.shares import target

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from slo.catalog.kind import Form, Role
    from slo.catalog.signal import Layer
    from slo.catalog.template import IndicatorTemplate
    from slo.estate.indicator import Comparison

_WANTED = ("kind", "title", "layer", "resource", "indicators", "objectives", "pitfalls")
_FILE = (*_WANTED, "no_objective", "signals", "alarms", "panels")
_KEY = ("role", "form", "required", "default", "about", "source")
_INDICATOR = ("type", "source", *SHARED)
_RATIO = (*_INDICATOR, "total", "good", "bad", "proof")
_LATENCY = (*_INDICATOR, "metric", "threshold", "proof")
_RATE = (*_INDICATOR, "total", "rate")
_SLICE = (*_INDICATOR, "metric", "stat", "op", "threshold")


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
    indicators = _indicators(fields["indicators"], resource)
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


def _indicators(place: Place, resource: dict[str, ResourceKey]) -> dict[str, IndicatorTemplate]:
    found = {}
    for name, inside in place.fields().items():
        template = _indicator(inside) if inside.is_label(name) else None
        if template is not None:
            found[name] = template
            check_placeholders(inside, template.placeholders, resource)
    return found


def _indicator(place: Place) -> IndicatorTemplate | None:
    given = place.fields(required=("type", "source"))
    if "source" in given:
        given["source"].text()
    kind = given["type"].one_of(_TYPES) if "type" in given else None
    return None if kind is None else _TYPES[kind](place)


def _ratio(place: Place) -> RatioTemplate | None:
    fields = place.fields(_RATIO, required=("total",))
    total, good, bad = (queries(fields[part], place) if part in fields else () for part in ("total", "good", "bad"))
    if not total or not (good or bad):
        place.error("missing_field", "an event ratio counts total and one of good and bad")
        return None
    return RatioTemplate("event_ratio", total, good, bad, proof(fields, place))


def _latency(place: Place) -> RatioTemplate | None:
    """Total = SampleCount, good = TC(:threshold): exact counts, which add up over windows as percentiles do not."""
    fields = place.fields(_LATENCY, required=("namespace", "dimensions", "metric", "threshold"))
    total = metric(fields, place, stat="SampleCount")
    threshold = fields["threshold"].scalar() if "threshold" in fields else None
    if total is None or threshold is None:
        return None
    good = MetricTemplate(total.namespace, total.metric, f"TC(:{threshold})", total.dimensions, total.region)
    return RatioTemplate("latency", (total,), (good,), (), proof(fields, place))


def _rate(place: Place) -> RateTemplate | None:
    fields = place.fields(_RATE, required=("total", "rate"))
    total, rate = (query(fields[part], place) if part in fields else None for part in ("total", "rate"))
    return None if total is None or rate is None else RateTemplate("rate_ratio", total, rate)


def _slice(place: Place) -> SliceTemplate | None:
    fields = place.fields(_SLICE, required=("namespace", "dimensions", "metric", "stat", "op", "threshold"))
    value = metric(fields, place)
    op = fields["op"].one_of(COMPARISONS) if "op" in fields else None
    threshold = number(fields["threshold"]) if "threshold" in fields else None
    if value is None or op is None or threshold is None:
        return None
    return SliceTemplate("time_slice", value, cast("Comparison", op), threshold)


_TYPES: dict[str, Callable[[Place], IndicatorTemplate | None]] = {
    "event_ratio": _ratio,
    "latency": _latency,
    "rate_ratio": _rate,
    "time_slice": _slice,
}


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
