"""One data file of the catalogue -> a Kind, checked as strictly as an estate file."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

from slo.catalog.kind import ROLES, DefaultObjective, Kind, Pitfall, ResourceKey
from slo.catalog.template import (
    CounterTemplate,
    GaugeTemplate,
    MetricTemplate,
    ProofTemplate,
    RatioTemplate,
    SliceTemplate,
    placeholders,
)
from slo.errors import SpecError
from slo.estate import nodes
from slo.estate.places import Place
from slo.estate.shares import target

if TYPE_CHECKING:
    from collections.abc import Collection

    from slo.catalog.kind import Form, Role
    from slo.catalog.template import IndicatorTemplate, QueryTemplate
    from slo.estate.indicator import Comparison

_FILE = ("kind", "title", "resource", "indicators", "objectives", "pitfalls")
_RATIO = ("type", "namespace", "dimensions", "total", "good", "bad", "proof")
_LATENCY = ("type", "namespace", "dimensions", "metric", "threshold", "proof")
_SLICE = ("type", "namespace", "dimensions", "metric", "stat", "op", "threshold")
_QUERY = ("namespace", "dimensions", "metric", "stat", "counter", "alive", "gauge", "at_least")


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
    fields = place.fields(_FILE, required=_FILE)
    if len(fields) < len(_FILE):
        return None
    resource = {name: _key(name, p) for name, p in fields["resource"].fields().items()}
    indicators = {}
    for name, inside in fields["indicators"].fields().items():
        template = _indicator(inside) if inside.is_label(name) else None
        if template is not None:
            indicators[name] = template
            _check_placeholders(inside, template, resource)
    objectives = tuple(o for p in fields["objectives"].items() if (o := _objective(p, indicators)) is not None)
    pitfalls = tuple(p for p in map(_pitfall, fields["pitfalls"].items()) if p is not None)
    return Kind(fields["kind"].label() or "", fields["title"].text() or "", resource, indicators, objectives, pitfalls)


def _key(name: str, place: Place) -> ResourceKey:
    fields = place.fields(("role", "form", "required", "default", "about"), required=("role", "about"))
    role = fields["role"].one_of(ROLES) if "role" in fields else None
    form = fields["form"].one_of(("text", "number", "list")) if "form" in fields else "text"
    required = "required" in fields and fields["required"].flag() is True
    default = fields["default"].scalar() if "default" in fields else None
    about = fields["about"].text() if "about" in fields else None
    if required and default is not None:
        fields["default"].error("bad_default", "a required key has no default")
    return ResourceKey(name, cast("Role", role or "identity"), cast("Form", form or "text"), required, default, about or "")


def _indicator(place: Place) -> IndicatorTemplate | None:
    given = place.fields(required=("type",))
    kind = given["type"].one_of(("event_ratio", "latency", "time_slice")) if "type" in given else None
    if kind == "event_ratio":
        return _ratio(place)
    if kind == "latency":
        return _latency(place)
    return _slice(place) if kind == "time_slice" else None


def _ratio(place: Place) -> RatioTemplate | None:
    fields = place.fields(_RATIO, required=("total",))
    total, good, bad = (_queries(fields[part], place) if part in fields else () for part in ("total", "good", "bad"))
    if not total or not (good or bad):
        place.error("missing_field", "an event ratio counts total and one of good and bad")
        return None
    return RatioTemplate("event_ratio", total, good, bad, _proof(fields, place))


def _latency(place: Place) -> RatioTemplate | None:
    """Total = SampleCount, good = TC(:threshold): exact counts, which add up over windows as percentiles do not."""
    fields = place.fields(_LATENCY, required=("namespace", "dimensions", "metric", "threshold"))
    total = _metric(fields, place, stat="SampleCount")
    threshold = fields["threshold"].scalar() if "threshold" in fields else None
    if total is None or threshold is None:
        return None
    good = MetricTemplate(total.namespace, total.metric, f"TC(:{threshold})", total.dimensions)
    return RatioTemplate("latency", (total,), (good,), (), _proof(fields, place))


def _slice(place: Place) -> SliceTemplate | None:
    fields = place.fields(_SLICE, required=("namespace", "dimensions", "metric", "stat", "op", "threshold"))
    value = _metric(fields, place)
    op = fields["op"].one_of(("<=", "<", ">=", ">")) if "op" in fields else None
    threshold = fields["threshold"].scalar() if "threshold" in fields else None
    if value is None or op is None or threshold is None:
        return None
    if not placeholders(threshold) and _decimal(fields["threshold"]) is None:
        return None
    return SliceTemplate("time_slice", value, cast("Comparison", op), threshold)


def _queries(place: Place, parent: Place) -> tuple[QueryTemplate, ...]:
    return tuple(q for q in (_query(item, parent) for item in place.items()) if q is not None)


def _query(place: Place, parent: Place) -> QueryTemplate | None:
    fields = place.fields(_QUERY)
    if "counter" in fields:
        counter, alive = (fields[name].text() if name in fields else None for name in ("counter", "alive"))
        return None if counter is None else CounterTemplate(counter, alive)
    if "gauge" in fields:
        gauge = fields["gauge"].text()
        return None if gauge is None else GaugeTemplate(gauge)
    inherited = parent.fields() | fields
    return _metric(inherited, place)


def _metric(fields: dict[str, Place], place: Place, stat: str | None = None) -> MetricTemplate | None:
    """`namespace` and `dimensions` may come from the indicator around the query."""
    wanted = ("namespace", "metric", "dimensions") if stat else ("namespace", "metric", "dimensions", "stat")
    for name in wanted:
        if name not in fields:
            place.missing(name)
            return None
    namespace, metric = fields["namespace"].text(), fields["metric"].text()
    stat = stat or fields["stat"].text()
    dimensions = [(name, p.text()) for name, p in fields["dimensions"].fields().items()]
    if namespace is None or metric is None or stat is None:
        return None
    return MetricTemplate(namespace, metric, stat, tuple((n, v) for n, v in dimensions if v is not None))


def _proof(fields: dict[str, Place], parent: Place) -> ProofTemplate | None:
    if "proof" not in fields:
        return None
    query = _query(fields["proof"], parent)
    at_least = fields["proof"].fields().get("at_least")
    return None if query is None else ProofTemplate(query, None if at_least is None else _decimal(at_least))


def _decimal(place: Place) -> Decimal | None:
    text = place.scalar("a number")
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        place.wrong("a number")
        return None


def _objective(place: Place, indicators: Collection[str]) -> DefaultObjective | None:
    fields = place.fields(("indicator", "target", "window"), required=("indicator", "target", "window"))
    if len(fields) < 3:
        return None
    indicator, share, window = fields["indicator"].one_of(indicators), target(fields["target"]), fields["window"].duration()
    if indicator is None or share is None or window is None:
        return None
    return DefaultObjective(indicator, share, window)


def _pitfall(place: Place) -> Pitfall | None:
    fields = place.fields(("text", "source"), required=("text", "source"))
    text, source = (fields[name].text() if name in fields else None for name in ("text", "source"))
    return None if text is None or source is None else Pitfall(text, source)


def _check_placeholders(place: Place, template: IndicatorTemplate, resource: dict[str, ResourceKey]) -> None:
    for name in sorted(template.placeholders):
        if name not in resource:
            place.error("unknown_resource", f"{{{name}}} is no key of resource above")
        elif resource[name].form == "list":
            place.error("bad_resource", f"{{{name}}} is a list, which cannot stand in a query")
