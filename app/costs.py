"""What reading the sources costs a month: requests and dollars, split among the components so that they add up exactly.

What several components read is asked once. It is split by the Shapley value: everybody who reads it shares its polls
equally, and those whose objectives are in the fast lane share the polls that only they need.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from slo.estate.indicator import CounterQuery, GaugeQuery, Journey, LogsQuery, MetricQuery, PartQuery, SearchQuery, TraceQuery
from slo.judge.mechanism import poll_minutes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from app.watch import Watch
    from slo.estate.indicator import Query
    from slo.estate.spec import Estate
    from slo.prices.price_list import PriceList

MINUTES = 730 * 60
"""Of a month, as AWS counts it."""
FAST_POLL = 1
LOOKS = "recovery"
"""The source of what recovery reads, which no shard does: as often as the tightest RPO needs it."""

Asked = tuple[str, ...]
"""What one request is for, as its source counts requests: the first is the kind."""


UNPRICED = {
    "traces": "X-Ray bills the traces that it scans, and how many there are the estate does not say",
    "logs": "Logs Insights bills the GB that it scans, and how many there are the estate does not say",
    "search": "AWS bills the OpenSearch domain, asked or not",
    "selector": "AWS bills nothing for a Prometheus of your own, Amazon's by the samples that it reads",
}
"""Kind of request -> why it has no price here."""


class Lane(NamedTuple):
    """How an objective of one source is judged; `mean` and `worst` are minutes from an event to the judgement of its minute."""

    source: str
    lane: str
    objectives: int
    poll: int
    mean: Fraction
    worst: Fraction


@dataclass(frozen=True, slots=True)
class Share:
    """What one component takes of one source a month; shares of what is asked once are fractions. `series` is what is asked.

    Of a sum over components or sources their name is empty.
    """

    component: str
    source: str
    series: Fraction
    requests: Fraction
    dollars: Fraction

    def plus(self, other: Share) -> Share:
        return replace(
            self,
            series=self.series + other.series,
            requests=self.requests + other.requests,
            dollars=self.dollars + other.dollars,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """`shares` has one per component and source. `hottest` is the dollars if every objective burned all month long:

    then everything is in the fast lane. `unpriced` says by source why its dollars are 0 although it may cost something.
    """

    shares: tuple[Share, ...]
    lanes: tuple[Lane, ...]
    hottest: Fraction
    unpriced: Mapping[str, str]
    prices: PriceList

    @property
    def total(self) -> Share:
        return reduce(Share.plus, self.shares, Share("", "", Fraction(0), Fraction(0), Fraction(0)))

    def by_source(self) -> tuple[Share, ...]:
        """Most expensive first."""
        return _ranked(replace(s, component="") for s in self.shares)

    def by_component(self) -> tuple[Share, ...]:
        """Most expensive first."""
        return _ranked(replace(s, source="") for s in self.shares)


def _ranked(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(_merged(shares), key=lambda s: (-s.dollars, -s.requests, s.component, s.source)))


def _merged(shares: Iterable[Share]) -> tuple[Share, ...]:
    """One per component and source, in the order in which they came."""
    found: dict[tuple[str, str], Share] = {}
    for share in shares:
        key = (share.component, share.source)
        found[key] = found[key].plus(share) if key in found else share
    return tuple(found.values())


def reading(estate: Estate, watches: Sequence[Watch], prices: PriceList) -> Reading:
    """Of everything that these shards ask, and of what recovery reads beside them."""
    lanes = _lanes_of_components(watches)
    shares: list[Share] = []
    hottest = Fraction(0)
    unpriced: dict[str, str] = {}
    for watch in watches:
        for asked, users in _users(watch, lanes).items():
            shares += _split(watch, asked, users, prices)
            hottest += _dollars(asked, Fraction(MINUTES), prices)
            if asked[0] in UNPRICED:
                unpriced[watch.name] = UNPRICED[asked[0]]
    looks = list(_looks(estate, prices))
    hottest += sum((s.dollars for s in looks), Fraction(0))
    return Reading(_merged([*shares, *looks]), tuple(_lanes(watches)), hottest, unpriced, prices)


def asked_for(query: Query) -> tuple[Asked, ...]:
    """The requests that a query needs; equal ones are sent once. Nothing for what stands in the own store."""
    match query:
        case MetricQuery():
            # Each statistic counts: whether AWS takes several of one metric for one is not confirmed.
            place = (query.account or "", query.region, query.namespace, query.metric, query.stat)
            return (("metric", *place, *(part for pair in query.dimensions for part in pair)),)
        case TraceQuery():
            return (("traces", query.account or "", query.region, query.service),)
        case LogsQuery():
            return (("logs", query.account or "", query.region, query.filter, *query.groups),)
        case SearchQuery():
            return (("search", query.index, query.time_field, query.query),)
        case CounterQuery() | GaugeQuery():
            return _selectors(query)
        case PartQuery():
            return ()


def _selectors(query: CounterQuery | GaugeQuery) -> tuple[Asked, ...]:
    alive = query.alive if isinstance(query, CounterQuery) else None
    return tuple(("selector", selector) for selector in (query.selector, alive) if selector)


def _lanes_of_components(watches: Iterable[Watch]) -> dict[str, dict[str, bool]]:
    """Slot key -> component that reads it -> whether in the fast lane. A composite reads the slots of its parts."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for watch in watches:
        for objective, key in watch.objectives:
            indicator = watch.indicators[key]
            for slot in indicator.slot_keys if isinstance(indicator, Journey) else (key,):
                readers = found[slot]
                readers[objective.component] = readers.get(objective.component, False) or objective.lane == "fast"
    return found


def _users(watch: Watch, lanes: Mapping[str, Mapping[str, bool]]) -> dict[Asked, dict[str, bool]]:
    """What is asked -> the components that need it -> whether each minute."""
    found: dict[Asked, dict[str, bool]] = defaultdict(dict)
    for key, indicator in watch.indicators.items():
        for asked in dict.fromkeys(a for query in indicator.queries for a in asked_for(query)):
            for component, fast in lanes.get(key, {}).items():
                found[asked][component] = found[asked].get(component, False) or fast
    return found


def _split(watch: Watch, asked: Asked, users: Mapping[str, bool], prices: PriceList) -> Iterator[Share]:
    slow = Fraction(MINUTES, watch.pace.poll)
    hurried = [component for component, fast in users.items() if fast]
    for component, fast in users.items():
        requests = slow / len(users)
        if fast:
            requests += (MINUTES - slow) / len(hurried)
        yield Share(component, watch.name, Fraction(1, len(users)), requests, _dollars(asked, requests, prices))


def _dollars(asked: Asked, requests: Fraction, prices: PriceList) -> Fraction:
    """GetMetricData bills by the metrics requested, whatever number of points each has."""
    return prices["metric-request"].of(requests) if asked[0] == "metric" else Fraction(0)


def _lanes(watches: Iterable[Watch]) -> Iterator[Lane]:
    """What is polled each minute anyway is in the fast lane, whatever it declares."""
    for watch in watches:
        polls = Counter(FAST_POLL if objective.lane == "fast" else watch.pace.poll for objective, _ in watch.objectives)
        for poll in sorted(polls):
            # An event waits for the end of its poll, 0 to `poll` minutes and half of that in the mean, then for the settling.
            settle = Fraction(watch.pace.settle, 60)
            lane = "fast" if poll == FAST_POLL else "slow"
            yield Lane(watch.name, lane, polls[poll], poll, settle + Fraction(poll, 2), settle + poll)


def _looks(estate: Estate, prices: PriceList) -> Iterator[Share]:
    for component in estate.components:
        series = _looked_at(component.kind, component.resource)
        if series:
            requests = Fraction(series * MINUTES, poll_minutes(component))
            yield Share(component.name, LOOKS, Fraction(series), requests, prices["metric-request"].of(requests))


def _looked_at(kind: str, resource: Mapping[str, str | tuple[str, ...]]) -> int:
    """The metrics of one look at what can be recovered; of a cache one where the estate does not name its nodes."""
    if kind == "rds":
        replicas = _count(resource.get("replicas", ()))
        return replicas + 1 if replicas else 0
    if kind == "s3" and "replica_bucket" in resource:
        return 4 if "replica_region" in resource else 3
    if kind == "sqs":
        return 3 * _count(resource.get("dlq", ()))
    if kind == "elasticache" and "replication_group" in resource:
        return max(1, _count(resource.get("nodes", ())) - 1)
    return 0


def _count(value: str | tuple[str, ...]) -> int:
    return 1 if isinstance(value, str) else len(value)
