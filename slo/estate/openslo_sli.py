"""SLIs and data sources of OpenSLO: checked whole, and read as queries where their sources are ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from slo.estate import openslo_source
from slo.estate.indicator import EventRatio, TimeSlice, Unbound
from slo.estate.openslo_object import describe, exactly_one, metadata, reference, text
from slo.estate.tree import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.estate.indicator import Comparison, Indicator, Query
    from slo.estate.openslo_object import Names
    from slo.estate.openslo_source import Role, Source
    from slo.estate.places import Place

_RATIO = ("counter", "good", "bad", "total", "rawType", "raw")
_ROLES: tuple[Role, ...] = ("good", "bad", "total")
COMPARISONS: dict[str, Comparison] = {"lte": "<=", "lt": "<", "gte": ">=", "gt": ">"}


@dataclass(frozen=True, slots=True)
class Sli:
    """A ratio is measured as it stands; of a threshold there is a value, and each objective compares it in its own way."""

    form: Literal["ratio", "threshold"]
    found: EventRatio | Query | Unbound

    def measure(self, op: str | None, value: Decimal | None) -> Indicator | Unbound:
        if isinstance(self.found, EventRatio | Unbound):
            return self.found
        if op is None or value is None:
            return Unbound("no_comparison", "a thresholdMetric is compared by op with value; add both to the objective")
        return TimeSlice(self.found, COMPARISONS[op], value)


class Used(NamedTuple):
    """The indicator of an SLO or of one of its objectives: the name of its slices, and what it measures."""

    key: str | None
    sli: Sli | None
    is_inline: bool = False


def check_data_source(spec: Place) -> None:
    fields = spec.fields(("description", "type", "connectionDetails"), required=("type", "connectionDetails"))
    describe(fields)
    text(fields, "type")


def read(spec: Place, names: Names) -> Sli | None:
    """None after a problem."""
    fields = spec.fields(("description", "thresholdMetric", "ratioMetric"))
    describe(fields)
    given = exactly_one(spec, fields, ("thresholdMetric", "ratioMetric"))
    if given == "thresholdMetric":
        source = _metric(fields[given], names)
        return Sli("threshold", source if isinstance(source, Unbound) else openslo_source.value(source))
    if given == "ratioMetric":
        return Sli("ratio", _ratio(fields[given], names))
    return None


def use(place: Place, fields: Mapping[str, Place], own: str, names: Names, slis: Mapping[str, Sli | None]) -> Used:
    """Of `indicator` or `indicatorRef`, exactly one of them. Slices of an inline one go by the name `own`."""
    given = exactly_one(place, fields, ("indicator", "indicatorRef"))
    if given is None:
        return Used(None, None)
    if given == "indicatorRef":
        name = reference(fields[given], "SLI", names, "error")
        return Used(name, slis.get(name) if name else None)
    if own in names["SLI"]:
        message = f"slices of an inline indicator go by the SLO's name, and an SLI is called {own!r} too; rename one"
        fields[given].warn("ambiguous_name", message)
    inline = fields[given].fields(("metadata", "spec"), required=("metadata", "spec"))
    if "metadata" in inline:
        metadata(inline["metadata"], "SLI")
    return Used(own, read(inline["spec"], names) if "spec" in inline else None, is_inline=True)


def _ratio(place: Place, names: Names) -> EventRatio | Unbound:
    fields = place.fields(_RATIO)
    counter = fields["counter"].flag() if "counter" in fields else None
    sources = {name: _metric(fields[name], names) for name in _ROLES if name in fields}
    if "rawType" in fields:
        fields["rawType"].one_of(("success", "failure"))
    given = exactly_one(place, fields, ("total", "raw"))
    if given == "total":
        exactly_one(place, fields, ("good", "bad"))
        if "rawType" in fields:
            fields["rawType"].error("exactly_one", "rawType says how raw is read, and there is no raw; remove it")
    elif given == "raw":
        _metric(fields["raw"], names)
        return _raw(place, fields)
    return _bind(sources, counter)


def _raw(place: Place, fields: Mapping[str, Place]) -> Unbound:
    """A ratio that somebody else divided cannot be weighted by traffic: windows of it would be means of ratios."""
    if "rawType" not in fields:
        place.missing("rawType")
    for name in ("good", "bad"):
        if name in fields:
            fields[name].error("exactly_one", f"raw is a ratio already; remove {name}, or write {name} and total without raw")
    why = "a raw ratio carries no traffic to weigh it by, so that windows of it would be means of ratios"
    fix = "write good or bad, and total; until then it is judged from slices only"
    fields["raw"].warn("raw_ratio", f"{why}; {fix}")
    return Unbound("raw_ratio", f"{why}; {fix}")


def _bind(sources: Mapping[Role, Source | Unbound], counter: bool | None) -> EventRatio | Unbound:
    """Of what has problems anything may come out, for it is never used."""
    queries: dict[Role, tuple[Query, ...]] = {}
    for role, source in sources.items():
        found = source if isinstance(source, Unbound) else openslo_source.events(source, role, counter=counter)
        if isinstance(found, Unbound):
            return Unbound(found.code, f"{role}: {found.text}")
        queries[role] = found
    kinds = {source.kind for source in sources.values() if not isinstance(source, Unbound)}
    if len(kinds) > 1:
        return Unbound("mixed_sources", f"{' and '.join(sorted(kinds))} do not count together; take both from one of them")
    return EventRatio(queries.get("total", ()), queries.get("good", ()), queries.get("bad", ()), sampled=kinds == {"X-Ray"})


def _metric(place: Place, names: Names) -> Source | Unbound:
    fields = place.fields(("metricSource",), required=("metricSource",))
    if "metricSource" not in fields:
        return Unbound("source_field", "metricSource is missing; add it")
    source = fields["metricSource"].fields(("metricSourceRef", "type", "spec"), required=("spec",))
    text(source, "type")
    if "metricSourceRef" in source:
        reference(source["metricSourceRef"], "DataSource", names)
    if "spec" in source and source["spec"].fields() == {} and isinstance(source["spec"].node, Fields):
        source["spec"].error("missing_field", "the metric's spec is empty; say what to query, like query: ...")
    return openslo_source.read(source, names)
