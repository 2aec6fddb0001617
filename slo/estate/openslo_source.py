"""Metric sources of OpenSLO -> our queries, or the reason why there is none.

A metric's `spec` may hold anything, so nothing in it is a problem of the document: what cannot be sent is Unbound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from slo.estate import promql
from slo.estate.indicator import CounterQuery, GaugeQuery, MetricQuery, TraceQuery, Unbound
from slo.estate.problems import choices, shown
from slo.estate.tree import Items, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slo.estate.indicator import Query
    from slo.estate.openslo_object import Names
    from slo.estate.places import Place
    from slo.estate.tree import Node

Kind = Literal["CloudWatch", "Prometheus", "X-Ray"]
Role = Literal["good", "bad", "total"]
Statistic = Literal["total", "ok", "error", "fault"]
Plain = str | list["Plain"] | dict[str, "Plain"] | None

KINDS: dict[str, Kind] = {
    "cloudwatch": "CloudWatch",
    "prometheus": "Prometheus",
    "amp": "Prometheus",
    "amazonmanagedprometheus": "Prometheus",
    "xray": "X-Ray",
    "awsxray": "X-Ray",
}
"""By the type without its dashes, underscores, spaces and capitals."""

FIELDS: dict[Kind, tuple[str, ...]] = {
    "CloudWatch": ("namespace", "metric", "dimensions", "stat", "region", "account"),
    "Prometheus": ("query",),
    "X-Ray": ("service", "statistic", "region", "account"),
}
_ALIASES: dict[Kind, dict[str, str]] = {
    "CloudWatch": {"metricName": "metric", "statistic": "stat", "accountId": "account"},
    "Prometheus": {},
    "X-Ray": {"serviceName": "service", "stat": "statistic", "accountId": "account"},
}
_CONNECTION = ("region", "account")
"""What a data source may say for all of its metrics; its other details are how somebody else connects."""

_COUNTING = ("Sum", "SampleCount")
_STATISTICS: dict[Role, Statistic] = {"total": "total", "good": "ok", "bad": "fault"}


@dataclass(frozen=True, slots=True)
class Source:
    """`fields` by our names, of the metric itself or of its data source."""

    kind: Kind
    fields: Mapping[str, Plain]

    def text(self, name: str) -> str | None:
        found = self.fields.get(name)
        return found if isinstance(found, str) and found.strip() else None


def read(metric_source: Mapping[str, Place], names: Names) -> Source | Unbound:
    """From the fields of `metricSource`; those of its `spec` go before the connectionDetails of its data source."""
    own, said = _plain_fields(metric_source.get("spec")), _text_of(metric_source.get("type"))
    there, details = _data_source(_text_of(metric_source.get("metricSourceRef")), names)
    if said and there and _kind(said) != _kind(there):
        return Unbound("source_type", f"type is {shown(said)} and that of the data source {shown(there)}; remove one")
    written = said or there
    if written is None:
        return Unbound("source_type", "no type says where the metric is; add type, or metricSourceRef of a DataSource")
    kind = _kind(written)
    if kind is None:
        known = "CloudWatch, Prometheus, AMP and X-Ray"
        return Unbound("source_type", f"{shown(written)} is not read: {known} are; judge it from a slices file")
    aliases = _ALIASES[kind]
    fields = {aliases.get(name, name): value for name, value in own.items()}
    unknown = [name for name in own if aliases.get(name, name) not in FIELDS[kind]]
    if unknown or len(fields) < len(own):
        what = f"{choices(unknown)} in the spec is not read" if unknown else "one field is given by both of its names"
        return Unbound("source_field", f"{what}; of {kind}, write {', '.join(FIELDS[kind])}")
    shared = {aliases.get(name, name): value for name, value in details.items()}
    return Source(kind, {name: shared[name] for name in _CONNECTION if name in shared} | fields)


def events(source: Source, role: Role, *, counter: bool | None) -> tuple[Query, ...] | Unbound:
    """Queries whose values add up to the events of a ratio. `counter` is what the ratioMetric says of itself."""
    if source.kind == "CloudWatch":
        stat = source.text("stat") or ""
        if stat not in _COUNTING and not (stat.startswith("TC(") and stat.endswith(")")):
            return Unbound("source_field", f"stat {shown(stat)} counts no events; write Sum, SampleCount or TC(...)")
        return _one(_metric(source))
    return _one(_traces(source, _STATISTICS[role])) if source.kind == "X-Ray" else _counters(source, role, counter)


def value(source: Source) -> Query | Unbound:
    """The query whose value is compared."""
    if source.kind == "CloudWatch":
        return _metric(source)
    if source.kind == "X-Ray":
        return Unbound("source_type", "X-Ray counts requests and has no value to compare; write a ratioMetric")
    query = source.text("query")
    if query is None:
        return _missing("query")
    selector = promql.gauge_selector(query)
    return selector if isinstance(selector, Unbound) else GaugeQuery(selector)


def _one(found: Query | Unbound) -> tuple[Query, ...] | Unbound:
    return found if isinstance(found, Unbound) else (found,)


def _counters(source: Source, role: Role, counter: bool | None) -> tuple[Query, ...] | Unbound:
    """A value that goes up and down is no counter, and its sum over a minute depends on how often it is read."""
    query = source.text("query")
    if query is None:
        return _missing("query")
    found = promql.counters(query, or_zero=role != "total")
    if isinstance(found, Unbound):
        return found
    if found.raw and counter is False:
        why = "counter: false says that the query goes up and down, and only counters can be counted minute by minute"
        return Unbound("not_a_counter", f"{why}; query a counter, or the rate of one, and say counter: true")
    return tuple(CounterQuery(selector) for selector in found.selectors)


def _metric(source: Source) -> MetricQuery | Unbound:
    for name in ("namespace", "metric", "stat"):
        if source.text(name) is None:
            return _missing(name)
    dimensions = _dimensions(source.fields.get("dimensions"))
    if dimensions is None:
        return Unbound("source_field", "dimensions are not understood; write {Name: value}, or a list of {name, value}")
    namespace, metric, stat = (source.text(name) or "" for name in ("namespace", "metric", "stat"))
    return MetricQuery(source.text("account"), source.text("region") or "", namespace, metric, dimensions, stat)


def _traces(source: Source, default: Statistic) -> TraceQuery | Unbound:
    service, statistic = source.text("service"), source.text("statistic") or default
    if service is None:
        return _missing("service")
    if statistic not in ("total", "ok", "error", "fault"):
        return Unbound("source_field", f"statistic {shown(statistic)} is not counted; write total, ok, error or fault")
    return TraceQuery(source.text("account"), source.text("region") or "", service, cast("Statistic", statistic))


def _dimensions(written: Plain) -> tuple[tuple[str, str], ...] | None:
    """Sorted by name, so that equal queries are equal values; None if not understood."""
    if written is None:
        return ()
    if isinstance(written, dict):
        return _pairs(written.items())
    if not isinstance(written, list):
        return None
    named = [{key.lower(): v for key, v in item.items()} for item in written if isinstance(item, dict)]
    if len(named) < len(written) or any(item.keys() != {"name", "value"} for item in named):
        return None
    return _pairs((item["name"], item["value"]) for item in named)


def _pairs(items: Iterable[tuple[Plain, Plain]]) -> tuple[tuple[str, str], ...] | None:
    pairs = list(items)
    found = [(name, v) for name, v in pairs if isinstance(name, str) and isinstance(v, str)]
    return tuple(sorted(found)) if len(found) == len(pairs) == len(dict(found)) else None


def _missing(name: str) -> Unbound:
    return Unbound("source_field", f"{name} is missing in the spec; add it")


def _kind(written: str) -> Kind | None:
    return KINDS.get(written.lower().translate({ord(c): None for c in "-_ "}))


def _data_source(name: str | None, names: Names) -> tuple[str | None, dict[str, Plain]]:
    """Type and connection details; nothing of a source that is not there, which has its problem already."""
    found = names["DataSource"].get(name or "")
    if found is None or found.spec is None:
        return None, {}
    fields = _plain(found.spec.node)
    if not isinstance(fields, dict):
        return None, {}
    kind, details = fields.get("type"), fields.get("connectionDetails")
    return kind if isinstance(kind, str) else None, details if isinstance(details, dict) else {}


def _plain_fields(place: Place | None) -> dict[str, Plain]:
    found = None if place is None else _plain(place.node)
    return found if isinstance(found, dict) else {}


def _text_of(place: Place | None) -> str | None:
    found = None if place is None else _plain(place.node)
    return found if isinstance(found, str) else None


def _plain(node: Node) -> Plain:
    """Numbers stay text; nothing is a problem."""
    if isinstance(node, Scalar):
        return None if node.kind in ("null", "refused") else node.text
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return {name: _plain(item) for name, (_, item) in node.fields.items()}
