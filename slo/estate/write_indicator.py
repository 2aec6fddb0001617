"""An indicator in the grammar of the catalogue, as `indicators:` of a component hold it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    LogsQuery,
    MetricQuery,
    RateRatio,
    SearchQuery,
    TimeSlice,
    TraceQuery,
)
from slo.estate.yaml_write import Number

if TYPE_CHECKING:
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Account

_BOUND = re.compile(r"TC\(:([0-9]{1,9}(?:\.[0-9]{1,9})?)\)")


def indicator(value: Indicator, account: Account | None) -> dict[str, Any]:
    """`account` is the component's: its region is left out of the queries."""
    if isinstance(value, EventRatio):
        return _latency(value, account) or _ratio(value, account)
    if isinstance(value, RateRatio):
        return {"type": "rate_ratio", "total": query(value.total, account), "rate": query(value.rate, account)}
    assert isinstance(value, TimeSlice), "a composite is declared by its objective, not as an indicator"
    written = query(value.value, account)
    return {"type": "time_slice", **written, "op": value.op, "threshold": Number.of(value.threshold)}


def query(value: Query, account: Account | None) -> dict[str, Any]:
    if isinstance(value, MetricQuery):
        elsewhere = {} if account is not None and value.region == account.region else {"region": value.region}
        found = {"namespace": value.namespace, "metric": value.metric, "stat": value.stat}
        return {**found, "dimensions": dict(value.dimensions), **elsewhere}
    if isinstance(value, CounterQuery):
        return {"counter": value.selector, **({"alive": value.alive} if value.alive else {})}
    if isinstance(value, GaugeQuery):
        return {"gauge": value.selector}
    if isinstance(value, LogsQuery):
        return {"logs": {"groups": list(value.groups), **({"filter": value.filter} if value.filter else {})}}
    if isinstance(value, SearchQuery):
        return {"search": {"index": value.index, "query": _search_query(value.query), "time_field": value.time_field}}
    assert isinstance(value, TraceQuery), "nor are the parts of a composite queries"
    return {"trace": {"service": value.service, "statistic": value.statistic}}


def _search_query(canonical: str) -> Any:
    """What is only text in Lucene's syntax as that text."""
    query = json.loads(canonical)
    match query:
        case {"query_string": {"query": str(text), **others}, **more} if not others and not more:
            return text
        case _:
            return query


def _ratio(value: EventRatio, account: Account | None) -> dict[str, Any]:
    parts = {name: [query(q, account) for q in getattr(value, name)] for name in ("total", "good", "bad")}
    return {"type": "event_ratio", **{name: part for name, part in parts.items() if part}, **_proof(value, account)}


def _latency(value: EventRatio, account: Account | None) -> dict[str, Any] | None:
    """Samples of a metric, good up to a bound; None where it is none."""
    if len(value.total) != 1 or len(value.good) != 1:
        return None
    [total], [good] = value.total, value.good
    if not isinstance(total, MetricQuery) or not isinstance(good, MetricQuery) or total.stat != "SampleCount":
        return None
    bound = _BOUND.fullmatch(good.stat)
    where = ("account", "region", "namespace", "metric", "dimensions")
    if bound is None or any(getattr(total, name) != getattr(good, name) for name in where):
        return None
    written = {name: part for name, part in query(total, account).items() if name != "stat"}
    return {"type": "latency", **written, "threshold": Number(bound[1]), **_proof(value, account)}


def _proof(value: EventRatio, account: Account | None) -> dict[str, Any]:
    if value.proof is None:
        return {}
    at_least = {} if value.proof.at_least is None else {"at_least": Number.of(value.proof.at_least)}
    return {"proof": {**query(value.proof.query, account), **at_least}}
