"""The queries of a catalogue file: a metric of CloudWatch, a counter or a gauge of Prometheus, a count of X-Ray."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

from slo.catalog.template import CounterTemplate, GaugeTemplate, MetricTemplate, ProofTemplate, TraceTemplate, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.catalog.kind import ResourceKey
    from slo.catalog.template import QueryTemplate, TraceStatistic
    from slo.estate.places import Place

SHARED = ("namespace", "dimensions", "region")
"""What a query may take over from what stands around it."""

_QUERY = (*SHARED, "metric", "stat", "counter", "alive", "gauge", "trace", "at_least")


def queries(place: Place, parent: Place) -> tuple[QueryTemplate, ...]:
    return tuple(q for q in (query(item, parent) for item in place.items()) if q is not None)


def query(place: Place, parent: Place) -> QueryTemplate | None:
    fields = place.fields(_QUERY)
    if "counter" in fields:
        counter, alive = (fields[name].text() if name in fields else None for name in ("counter", "alive"))
        return None if counter is None else CounterTemplate(counter, alive)
    if "gauge" in fields:
        gauge = fields["gauge"].text()
        return None if gauge is None else GaugeTemplate(gauge)
    return _trace(fields["trace"]) if "trace" in fields else metric(parent.fields() | fields, place)


def _trace(place: Place) -> TraceTemplate | None:
    fields = place.fields(("service", "statistic"), required=("service", "statistic"))
    service = fields["service"].text() if "service" in fields else None
    statistic = fields["statistic"].one_of(("total", "ok", "error", "fault")) if "statistic" in fields else None
    return None if service is None or statistic is None else TraceTemplate(service, cast("TraceStatistic", statistic))


def metric(fields: dict[str, Place], place: Place, stat: str | None = None) -> MetricTemplate | None:
    """`fields` hold what the query says itself and what it takes over."""
    wanted = ("namespace", "metric", "dimensions") if stat else ("namespace", "metric", "dimensions", "stat")
    for name in wanted:
        if name not in fields:
            place.missing(name)
            return None
    namespace, called = fields["namespace"].text(), fields["metric"].text()
    stat = stat or fields["stat"].text()
    region = fields["region"].text() if "region" in fields else None
    dimensions = [(key, p.text()) for key, p in fields["dimensions"].fields().items()]
    if namespace is None or called is None or stat is None:
        return None
    return MetricTemplate(namespace, called, stat, tuple((n, v) for n, v in dimensions if v is not None), region)


def proof(fields: dict[str, Place], parent: Place) -> ProofTemplate | None:
    if "proof" not in fields:
        return None
    found = query(fields["proof"], parent)
    at_least = fields["proof"].fields().get("at_least")
    return None if found is None else ProofTemplate(found, None if at_least is None else decimal(at_least))


def decimal(place: Place) -> Decimal | None:
    text = place.scalar("a number")
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        place.wrong("a number")
        return None


def number(place: Place) -> str | None:
    """The text of a number, or text with a placeholder that stands for one."""
    text = place.scalar("a number")
    return text if text is None or placeholders(text) or decimal(place) is not None else None


def check_placeholders(place: Place, names: Iterable[str], resource: dict[str, ResourceKey], each: str | None = None) -> None:
    """Every placeholder is a key of the resource, and no list but the one whose items stand in turn."""
    for name in sorted(names):
        if name not in resource:
            place.error("unknown_resource", f"{{{name}}} is no key of resource above")
        elif resource[name].form == "list" and name != each:
            place.error("bad_resource", f"{{{name}}} is a list, which cannot stand in a query")
