"""Queries as metric sources of OpenSLO. What `spec` of one holds is the source's own; we write our own grammar there."""

from __future__ import annotations

from dataclasses import dataclass, field
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
from slo.estate.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.indicator import Indicator, Query, Unbound
    from slo.estate.spec import Account, Estate

Lost = list[tuple[str, str]]
"""(code, text)."""

CLOUDWATCH, XRAY, PROMETHEUS = "CloudWatch", "X-Ray", "Prometheus"
LOGS, OPENSEARCH = "CloudWatchLogs", "OpenSearch"


@dataclass(slots=True)
class Sources:
    """DataSources by name, as (annotations, spec): one per account of the estate, and what else the queries read."""

    estate: Estate
    found: dict[str, tuple[dict[str, str], dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for n, account in enumerate(self.estate.accounts):
            self._account(CLOUDWATCH, account, account.region, {"account": account.name, "order": str(n)})

    def of(self, query: Query) -> tuple[str, str]:
        """(name, type)."""
        if isinstance(query, SearchQuery):
            self.found.setdefault(
                "opensearch", ({}, {"type": OPENSEARCH, "connectionDetails": {"setting": "SLOOP_OPENSEARCH_URL"}})
            )
            return "opensearch", OPENSEARCH
        if not isinstance(query, LogsQuery | MetricQuery | TraceQuery):
            self.found.setdefault(
                "prometheus", ({}, {"type": PROMETHEUS, "connectionDetails": {"setting": "SLOOP_PROMETHEUS_URL"}})
            )
            return "prometheus", PROMETHEUS
        type_ = CLOUDWATCH if isinstance(query, MetricQuery) else XRAY if isinstance(query, TraceQuery) else LOGS
        account = self.estate.account(query.account) if query.account else None
        return self._account(type_, account, query.region, {"account": query.account or ""}), type_

    def _account(self, type_: str, account: Account | None, region: str, notes: dict[str, str]) -> str:
        elsewhere = "" if account is not None and account.region == region else f"-{region}"
        name = label_of(f"{type_.replace('-', '')}-{account.name if account else 'default'}{elsewhere}")
        details = {"region": region}
        if account is not None:
            role = {"roleArn": account.role_arn} if account.role_arn else {}
            details = {"accountId": account.id, **details, **role}
        self.found.setdefault(name, (notes, {"type": type_, "connectionDetails": details}))
        return name


def sli(indicator: Indicator | Unbound, sources: Sources) -> tuple[dict[str, Any], Lost]:
    """The spec of an SLI. What cannot be measured has a source of no type: the SLO refers to it all the same."""
    lost: Lost = []
    if isinstance(indicator, TimeSlice):
        return {"thresholdMetric": _metric((indicator.value,), sources, lost)}, lost
    if isinstance(indicator, RateRatio):
        lost.append(("percent", "bad events are a percentage of the total here, which OpenSLO would take for a count"))
        bad, total = (_metric((query,), sources, lost) for query in (indicator.rate, indicator.total))
        return {"ratioMetric": {"counter": False, "bad": bad, "total": total}}, lost
    if isinstance(indicator, EventRatio):
        return {"ratioMetric": _ratio(indicator, sources, lost)}, lost
    reason = {"metricSource": {"type": "none", "spec": {"reason": getattr(indicator, "text", "not measured")}}}
    return {"ratioMetric": {"counter": False, "good": reason, "total": reason}}, lost


def says_all(indicator: Indicator) -> bool:
    """Whether the spec holds the whole indicator, so that nothing is lost without an annotation. Logs are read from that."""
    if any(isinstance(query, LogsQuery | SearchQuery) for query in indicator.queries):
        return False
    if isinstance(indicator, TimeSlice):
        return True
    if not isinstance(indicator, EventRatio) or indicator.proof is not None:
        return False
    parts = (indicator.total, indicator.good, indicator.bad)
    return all(len(part) < 2 or _adds_up(part) for part in parts) and not any(
        isinstance(query, CounterQuery) and query.alive for part in parts for query in part
    )


def _adds_up(queries: Sequence[Query]) -> bool:
    """Whether one query of PromQL says it; one that adds a counter twice is more likely a mistake."""
    return all(isinstance(query, CounterQuery) for query in queries) and len(set(queries)) == len(queries)


def _ratio(indicator: EventRatio, sources: Sources, lost: Lost) -> dict[str, Any]:
    if indicator.proof is not None:
        lost.append(("proof", "OpenSLO has no proof of life: to other tools minutes without events are not known to be idle"))
    part = "good" if indicator.good else "bad"
    counted, total = (_metric(queries, sources, lost) for queries in (getattr(indicator, part), indicator.total))
    is_counter = any(isinstance(query, CounterQuery) for query in indicator.total)
    return {"counter": is_counter, part: counted, "total": total}


def _metric(queries: Sequence[Query], sources: Sources, lost: Lost) -> dict[str, Any]:
    """Several queries are added up; all of them are read from the first one's source."""
    (name, type_), *others = dict.fromkeys(sources.of(query) for query in queries)
    if others:
        text = f"queries of several sources in one sum: {', '.join(n for n, _ in others)} are read as if from {name}"
        lost.append(("several_sources", text))
    selectors = [query.selector for query in queries if isinstance(query, CounterQuery)]
    if len(queries) == 1:
        spec = _spec(queries[0])
    elif len(selectors) == len(queries):
        spec = {"query": " + ".join(f"sum(increase({selector}[1m]))" for selector in selectors)}
    else:
        lost.append(("sum", "several queries are added up here, which OpenSLO has no word for"))
        spec = {"queries": [_spec(query) for query in queries]}
    return {"metricSource": {"metricSourceRef": name, "type": type_, "spec": spec}}


def _spec(query: Query) -> dict[str, Any]:
    if isinstance(query, CounterQuery | GaugeQuery):
        return {"query": query.selector}
    if isinstance(query, MetricQuery):
        found = {"namespace": query.namespace, "metric": query.metric, "stat": query.stat}
        return {**found, "dimensions": dict(query.dimensions)}
    if isinstance(query, LogsQuery):
        return {"groups": list(query.groups), "filter": query.filter}
    if isinstance(query, SearchQuery):
        return {"index": query.index, "query": query.query, "timeField": query.time_field}
    assert isinstance(query, TraceQuery), "a composite's parts are never queries of an SLI"
    return {"service": query.service, "statistic": query.statistic}
