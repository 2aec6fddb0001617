"""SLIs and data sources of OpenSLO: checked whole, as declarations. What they count comes from slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from slo.estate.openslo_object import describe, exactly_one, reference, text
from slo.estate.tree import Fields

if TYPE_CHECKING:
    from slo.estate.openslo_object import Names
    from slo.estate.places import Place

Measure = Literal["ratio", "threshold"]

_RATIO = ("counter", "good", "bad", "total", "rawType", "raw")


def check_data_source(spec: Place) -> None:
    fields = spec.fields(("description", "type", "connectionDetails"), required=("type", "connectionDetails"))
    describe(fields)
    text(fields, "type")


def read(spec: Place, names: Names) -> Measure | None:
    """How it measures; None after a problem."""
    fields = spec.fields(("description", "thresholdMetric", "ratioMetric"))
    describe(fields)
    given = exactly_one(spec, fields, ("thresholdMetric", "ratioMetric"))
    if given == "thresholdMetric":
        _metric(fields[given], names)
        return "threshold"
    if given == "ratioMetric":
        _ratio(fields[given], names)
        return "ratio"
    return None


def _ratio(place: Place, names: Names) -> None:
    fields = place.fields(_RATIO)
    if "counter" in fields:
        fields["counter"].flag()
    for name in ("good", "bad", "total", "raw"):
        if name in fields:
            _metric(fields[name], names)
    if "rawType" in fields:
        fields["rawType"].one_of(("success", "failure"))
    if exactly_one(place, fields, ("total", "raw")) == "total":
        exactly_one(place, fields, ("good", "bad"))
        if "rawType" in fields:
            fields["rawType"].error("exactly_one", "rawType says how raw is read, and there is no raw; remove it")
    elif "raw" in fields:
        _raw(place, fields)


def _raw(place: Place, fields: dict[str, Place]) -> None:
    """A ratio that somebody else divided cannot be weighted by traffic: windows of it would be means of ratios."""
    if "rawType" not in fields:
        place.missing("rawType")
    for name in ("good", "bad"):
        if name in fields:
            fields[name].error("exactly_one", f"raw is a ratio already; remove {name}, or write {name} and total without raw")
    message = "raw ratios are not judged in this release: they carry no traffic to weigh them by; write good or bad, and total"
    fields["raw"].error("not_supported", message)


def _metric(place: Place, names: Names) -> None:
    fields = place.fields(("metricSource",), required=("metricSource",))
    if "metricSource" not in fields:
        return
    source = fields["metricSource"].fields(("metricSourceRef", "type", "spec"), required=("spec",))
    text(source, "type")
    if "metricSourceRef" in source:
        reference(source["metricSourceRef"], "DataSource", names)
    if "spec" in source and source["spec"].fields() == {} and isinstance(source["spec"].node, Fields):
        source["spec"].error("missing_field", "the metric's spec is empty; say what to query, like query: ...")
