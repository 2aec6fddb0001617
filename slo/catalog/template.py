"""An indicator with holes: queries whose `{key}` placeholders the resource of a component fills."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from slo.estate.indicator import (
    CounterQuery,
    EventRatio,
    GaugeQuery,
    LogsQuery,
    MetricQuery,
    Proof,
    RateRatio,
    SearchQuery,
    TimeSlice,
    TraceQuery,
    Unbound,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.estate.indicator import Comparison, Indicator, Query
    from slo.estate.spec import Account

IndicatorType = Literal["event_ratio", "latency", "rate_ratio", "time_slice"]

TraceStatistic = Literal["total", "ok", "error", "fault"]

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class MetricTemplate:
    """`region` is where the service keeps its metrics whatever the region of the account; None: the account's."""

    namespace: str
    metric: str
    stat: str
    dimensions: tuple[tuple[str, str], ...]
    region: str | None = None

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.stat, self.region or "", *(value for _, value in self.dimensions))

    @property
    def placeholders(self) -> frozenset[str]:
        return self.needs

    def fill(self, values: Mapping[str, str], account: Account | None) -> MetricQuery:
        """Dimensions sorted by name, so that equal queries are equal values."""
        assert account is not None, "checked before filling"
        dimensions = tuple(sorted((name, fill(text, values)) for name, text in self.dimensions))
        region = fill(self.region, values) if self.region else account.region
        return MetricQuery(account.name, region, self.namespace, self.metric, dimensions, fill(self.stat, values))


@dataclass(frozen=True, slots=True)
class CounterTemplate:
    """Without a value for the keys of `alive` the counter is read all the same."""

    selector: str
    alive: str | None

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.selector)

    @property
    def placeholders(self) -> frozenset[str]:
        return placeholders(self.selector, self.alive or "")

    def fill(self, values: Mapping[str, str], _account: Account | None) -> Query:
        alive = fill(self.alive, values) if self.alive and self.placeholders <= values.keys() else None
        return CounterQuery(fill(self.selector, values), alive)


@dataclass(frozen=True, slots=True)
class GaugeTemplate:
    selector: str

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.selector)

    @property
    def placeholders(self) -> frozenset[str]:
        return self.needs

    def fill(self, values: Mapping[str, str], _account: Account | None) -> Query:
        return GaugeQuery(fill(self.selector, values))


@dataclass(frozen=True, slots=True)
class TraceTemplate:
    service: str
    statistic: TraceStatistic

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.service)

    @property
    def placeholders(self) -> frozenset[str]:
        return self.needs

    def fill(self, values: Mapping[str, str], account: Account | None) -> Query:
        assert account is not None, "checked before filling"
        return TraceQuery(account.name, account.region, fill(self.service, values), self.statistic)


@dataclass(frozen=True, slots=True)
class LogsTemplate:
    groups: tuple[str, ...]
    filter: str

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.filter, *self.groups)

    @property
    def placeholders(self) -> frozenset[str]:
        return self.needs

    def fill(self, values: Mapping[str, str], account: Account | None) -> Query:
        """Groups sorted and none twice, so that equal queries are equal values."""
        assert account is not None, "checked before filling"
        groups = tuple(sorted({fill(group, values) for group in self.groups}))
        return LogsQuery(account.name, account.region, groups, fill(self.filter, values))


@dataclass(frozen=True, slots=True)
class SearchTemplate:
    """`query` is canonical JSON."""

    index: str
    query: str
    time_field: str

    @property
    def needs(self) -> frozenset[str]:
        return placeholders(self.index, self.query, self.time_field)

    @property
    def placeholders(self) -> frozenset[str]:
        return self.needs

    def fill(self, values: Mapping[str, str], _account: Account | None) -> Query:
        # A placeholder stands inside a string of the JSON, so a quote in its value must not end that string.
        inside = {name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in values.items()}
        return SearchQuery(fill(self.index, values), fill(self.query, inside), fill(self.time_field, values))


QueryTemplate = MetricTemplate | CounterTemplate | GaugeTemplate | TraceTemplate | LogsTemplate | SearchTemplate
"""`needs`: the keys without which the query falls away; `placeholders`: every key that it can use."""


@dataclass(frozen=True, slots=True)
class ProofTemplate:
    query: QueryTemplate
    at_least: Decimal | None


@dataclass(frozen=True, slots=True)
class RatioTemplate:
    """A good or bad query whose optional key is absent falls away; then exactly one of good and bad must be left."""

    type: IndicatorType
    total: tuple[QueryTemplate, ...]
    good: tuple[QueryTemplate, ...]
    bad: tuple[QueryTemplate, ...]
    proof: ProofTemplate | None

    @property
    def queries(self) -> tuple[QueryTemplate, ...]:
        return (*self.total, *self.good, *self.bad, *((self.proof.query,) if self.proof else ()))

    @property
    def needs(self) -> frozenset[str]:
        return frozenset().union(*(q.needs for q in self.total))

    @property
    def placeholders(self) -> frozenset[str]:
        return frozenset().union(*(q.placeholders for q in self.queries))

    def fill(self, values: Mapping[str, str], account: Account | None) -> Indicator | Unbound:
        total, good, bad = (_filled(part, values, account) for part in (self.total, self.good, self.bad))
        if bool(good) == bool(bad):
            keys = " or ".join(sorted({k for q in (*self.good, *self.bad) for k in q.needs}))
            return Unbound("missing_resource", f"exactly one of {keys} is needed in resource")
        proof = None
        if self.proof is not None and self.proof.query.needs <= values.keys():
            proof = Proof(self.proof.query.fill(values, account), self.proof.at_least)
        sampled = any(isinstance(query, TraceQuery) for query in total)
        return EventRatio(total, good, bad, proof, sampled)


@dataclass(frozen=True, slots=True)
class RateTemplate:
    type: IndicatorType
    total: QueryTemplate
    rate: QueryTemplate

    @property
    def queries(self) -> tuple[QueryTemplate, ...]:
        return (self.total, self.rate)

    @property
    def needs(self) -> frozenset[str]:
        return self.placeholders

    @property
    def placeholders(self) -> frozenset[str]:
        return self.total.placeholders | self.rate.placeholders

    def fill(self, values: Mapping[str, str], account: Account | None) -> Indicator | Unbound:
        return RateRatio(self.total.fill(values, account), self.rate.fill(values, account))


@dataclass(frozen=True, slots=True)
class SliceTemplate:
    type: IndicatorType
    value: QueryTemplate
    op: Comparison
    threshold: str

    @property
    def queries(self) -> tuple[QueryTemplate, ...]:
        return (self.value,)

    @property
    def needs(self) -> frozenset[str]:
        return self.placeholders

    @property
    def placeholders(self) -> frozenset[str]:
        return self.value.placeholders | placeholders(self.threshold)

    def fill(self, values: Mapping[str, str], account: Account | None) -> Indicator | Unbound:
        return TimeSlice(self.value.fill(values, account), self.op, Decimal(fill(self.threshold, values)))


IndicatorTemplate = RatioTemplate | RateTemplate | SliceTemplate
"""`needs`: the keys without which it cannot be measured; `placeholders`: every key that it can use."""


def placeholders(*texts: str) -> frozenset[str]:
    return frozenset(name for text in texts for name in _PLACEHOLDER.findall(text))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Once: braces inside a value, as in a PromQL selector, stay what they are."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def _filled(queries: tuple[QueryTemplate, ...], values: Mapping[str, str], account: Account | None) -> tuple[Query, ...]:
    return tuple(q.fill(values, account) for q in queries if q.needs <= values.keys())
