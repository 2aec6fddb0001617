"""Indicators as written in a catalogue file and in an estate: one grammar for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from slo.catalog.parse_logs import logs, search
from slo.catalog.parse_query import (
    SHARED,
    check_placeholders,
    metric,
    number,
    proof,
    queries,
    query,
    stands_for_number,
)
from slo.catalog.template import GaugeTemplate, MetricTemplate, RateTemplate, RatioTemplate, SliceTemplate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slo.catalog.kind import ResourceKey
    from slo.catalog.template import IndicatorTemplate, QueryTemplate
    from slo.estate.indicator import Comparison
    from slo.estate.places import Place

COMPARISONS: tuple[Comparison, ...] = ("<=", "<", ">=", ">")

_INDICATOR = ("type", "source", *SHARED)
_RATIO = (*_INDICATOR, "total", "good", "bad", "proof")
_LATENCY = (*_INDICATOR, "metric", "threshold", "proof")
_RATE = (*_INDICATOR, "total", "rate")
_SLICE = (*_INDICATOR, "metric", "stat", "gauge", "logs", "search", "op", "threshold")


def read_indicators(place: Place, resource: Mapping[str, ResourceKey], *, own: bool = False) -> dict[str, IndicatorTemplate]:
    """By name. `own`: a component's own ones, which need no source and choose between good and bad."""
    found = {}
    for name, inside in place.fields().items():
        template = _indicator(inside, own=own) if inside.is_label(name) else None
        if template is not None and _can_be_filled(inside, template, resource):
            found[name] = template
    return found


def _can_be_filled(place: Place, template: IndicatorTemplate, resource: Mapping[str, ResourceKey]) -> bool:
    fields = place.fields()
    check_placeholders(place, template.placeholders, resource)
    _check_used(fields, template)
    is_number = "threshold" not in fields or stands_for_number(fields["threshold"], resource)
    return is_number and template.placeholders <= resource.keys()


def _indicator(place: Place, *, own: bool) -> IndicatorTemplate | None:
    given = place.fields(required=("type",) if own else ("type", "source"))
    if "source" in given:
        given["source"].text()
    if own and "good" in given and "bad" in given:
        given["bad"].error("contradiction", "bad is total - good already; give one of good and bad")
    kind = given["type"].one_of(TYPES) if "type" in given else None
    return None if kind is None else TYPES[kind](place)


def _check_used(fields: Mapping[str, Place], template: IndicatorTemplate) -> None:
    """What stands around the queries is there for CloudWatch metrics to take over."""
    if any(isinstance(q, MetricTemplate) for q in template.queries):
        return
    for name in SHARED:
        if name in fields:
            fields[name].error("contradiction", f"no query here reads a CloudWatch metric, so {name} means nothing; remove it")


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
    threshold = number(fields["threshold"]) if "threshold" in fields else None
    if total is None or threshold is None:
        return None
    good = MetricTemplate(total.namespace, total.metric, f"TC(:{threshold})", total.dimensions, total.region)
    return RatioTemplate("latency", (total,), (good,), (), proof(fields, place))


def _rate(place: Place) -> RateTemplate | None:
    fields = place.fields(_RATE, required=("total", "rate"))
    total, rate = (query(fields[part], place) if part in fields else None for part in ("total", "rate"))
    return None if total is None or rate is None else RateTemplate("rate_ratio", total, rate)


def _slice(place: Place) -> SliceTemplate | None:
    fields = place.fields(_SLICE, required=("op", "threshold"))
    value = _value(fields, place)
    op = fields["op"].one_of(COMPARISONS) if "op" in fields else None
    threshold = number(fields["threshold"]) if "threshold" in fields else None
    if value is None or op is None or threshold is None:
        return None
    return SliceTemplate("time_slice", value, cast("Comparison", op), threshold)


def _value(fields: Mapping[str, Place], place: Place) -> QueryTemplate | None:
    shape = next((name for name in _VALUES if name in fields), None)
    if shape is None:
        return metric(fields, place)
    for name in ("metric", "stat", *(name for name in _VALUES if name != shape)):
        if name in fields:
            fields[name].error("contradiction", f"{_VALUES[shape]} has no {name}; remove one of the two")
    if shape != "gauge":
        return (logs if shape == "logs" else search)(fields[shape])
    selector = fields["gauge"].text()
    return None if selector is None else GaugeTemplate(selector)


_VALUES = {"gauge": "a gauge of Prometheus", "logs": "a count of logs", "search": "a count of documents"}


TYPES: dict[str, Callable[[Place], IndicatorTemplate | None]] = {
    "event_ratio": _ratio,
    "latency": _latency,
    "rate_ratio": _rate,
    "time_slice": _slice,
}
