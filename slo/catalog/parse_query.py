"""The queries of an indicator: a metric of CloudWatch, counters and gauges of Prometheus, counts of X-Ray and of logs."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from slo.catalog.parse_logs import logs, search
from slo.catalog.template import CounterTemplate, GaugeTemplate, MetricTemplate, ProofTemplate, TraceTemplate, placeholders
from slo.estate.problems import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from slo.catalog.kind import ResourceKey
    from slo.catalog.template import QueryTemplate, TraceStatistic
    from slo.estate.places import Place

SHARED = ("namespace", "dimensions", "region")
"""What a query may take over from what stands around it."""
STATISTICS: tuple[TraceStatistic, ...] = ("total", "ok", "error", "fault")

_METRIC = (*SHARED, "metric", "stat")
_SHAPES = {
    "counter": ("counter", "alive"),
    "gauge": ("gauge",),
    "trace": ("trace",),
    "logs": ("logs",),
    "search": ("search",),
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_ONE_PLACEHOLDER = re.compile(r"\{[a-z][a-z0-9_]*\}")
STAT = re.compile(
    r"SampleCount|Average|Sum|Minimum|Maximum|IQM|(p|tm|wm|tc|ts)[0-9]{1,3}(\.[0-9]{1,10})?|(PR|TM|WM|TC|TS)\([^()]*\)"
)
"""As GetMetricData spells them."""


def queries(place: Place, parent: Place) -> tuple[QueryTemplate, ...]:
    return tuple(q for q in (query(item, parent) for item in place.items()) if q is not None)


def query(place: Place, parent: Place, more: tuple[str, ...] = ()) -> QueryTemplate | None:
    """Of one of the shapes, and nothing of another; `more` are fields that may stand beside."""
    shape = next((name for name in _SHAPES if place.has(name)), None)
    fields = place.fields((*(_SHAPES[shape] if shape else _METRIC), *more))
    if shape == "counter":
        counter, alive = (fields[name].text() if name in fields else None for name in ("counter", "alive"))
        return None if counter is None else CounterTemplate(counter, alive)
    if shape == "gauge":
        gauge = fields["gauge"].text()
        return None if gauge is None else GaugeTemplate(gauge)
    if shape is not None and shape in _NESTED:
        return _NESTED[shape](fields[shape])
    around = {name: p for name, p in parent.fields().items() if name in SHARED}
    return metric(around | fields, place) if fields else None


def _trace(place: Place) -> TraceTemplate | None:
    fields = place.fields(("service", "statistic"), required=("service", "statistic"))
    service = fields["service"].text() if "service" in fields else None
    statistic = fields["statistic"].one_of(STATISTICS) if "statistic" in fields else None
    return None if service is None or statistic is None else TraceTemplate(service, cast("TraceStatistic", statistic))


_NESTED: dict[str, Callable[[Place], QueryTemplate | None]] = {"trace": _trace, "logs": logs, "search": search}


def metric(fields: Mapping[str, Place], place: Place, stat: str | None = None) -> MetricTemplate | None:
    """`fields` hold what the query says itself and what it takes over."""
    wanted = ("namespace", "metric", "dimensions") if stat else ("namespace", "metric", "dimensions", "stat")
    for name in wanted:
        if name not in fields:
            place.missing(name)
            return None
    namespace, called = fields["namespace"].text(), fields["metric"].text()
    stat = stat or _stat(fields["stat"])
    region = fields["region"].text() if "region" in fields else None
    dimensions = [(key, p.text()) for key, p in fields["dimensions"].fields().items()]
    if namespace is None or called is None or stat is None:
        return None
    return MetricTemplate(namespace, called, stat, tuple((n, v) for n, v in dimensions if v is not None), region)


def _stat(place: Place) -> str | None:
    text = place.text()
    if text is None or STAT.fullmatch(text):
        return text
    place.error(
        "unknown_value", f"{shown(text)} is no statistic of CloudWatch; write it like Sum, SampleCount, p99 or TC(:0.3)"
    )
    return None


def proof(fields: Mapping[str, Place], parent: Place) -> ProofTemplate | None:
    if "proof" not in fields:
        return None
    found = query(fields["proof"], parent, ("at_least",))
    at_least = fields["proof"].fields().get("at_least")
    return None if found is None else ProofTemplate(found, None if at_least is None else decimal(at_least))


def decimal(place: Place) -> Decimal | None:
    """Plain: no exponent, no infinity."""
    text = place.scalar("a number")
    if text is None or _NUMBER.fullmatch(text):
        return None if text is None else Decimal(text)
    place.wrong("a number")
    return None


def number(place: Place) -> str | None:
    """The text of a number, or text with a placeholder that stands for one."""
    text = place.scalar("a number")
    return text if text is None or placeholders(text) or decimal(place) is not None else None


def stands_for_number(place: Place, resource: Mapping[str, ResourceKey]) -> bool:
    """Whether a placeholder in a number is all of it, and its key holds a number; a problem if not."""
    text = place.scalar() or ""
    names = placeholders(text)
    if not names or (
        _ONE_PLACEHOLDER.fullmatch(text) and all(n not in resource or resource[n].form == "number" for n in names)
    ):
        return True
    place.error("bad_threshold", f"{shown(text)} is no number; write one, or one {{key}} of the resource that holds a number")
    return False


def check_placeholders(
    place: Place, names: Iterable[str], resource: Mapping[str, ResourceKey], each: str | None = None
) -> None:
    """Every placeholder is a key of the resource, and no list but the one whose items stand in turn."""
    for name in sorted(names):
        if name not in resource:
            place.error("unknown_resource", f"{{{name}}} is no key of the resource{place.hint(name, resource)}")
        elif resource[name].form == "list" and name != each:
            place.error("bad_resource", f"{{{name}}} is a list, which cannot stand in a query")
