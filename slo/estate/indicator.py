"""How good and total are counted: an indicator as concrete queries, ready for a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

    from slo.estate.spec import Composite

Comparison = Literal["<=", "<", ">=", ">"]


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One CloudWatch series at Period 60. `stat` as GetMetricData spells it: Sum, Maximum, SampleCount, p99, TC(:0.3)."""

    account: str | None
    region: str
    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]
    stat: str


@dataclass(frozen=True, slots=True)
class CounterQuery:
    """Every Prometheus counter that `selector` matches, read raw at minute marks and differenced by us.

    `alive` selects gauges (`up{...}`) that prove the scraped process was there: a counter that appears while its
    process was already alive counts from 0; without that proof its first value is only a baseline.
    """

    selector: str
    alive: str | None = None


@dataclass(frozen=True, slots=True)
class GaugeQuery:
    """The largest over its series of the smaller value at a minute's two marks: what it was at least, all minute long."""

    selector: str


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """X-Ray's count of one kind of answer of a service, per minute: of the sampled traces only, never of all requests."""

    account: str | None
    region: str
    service: str
    statistic: Literal["total", "ok", "error", "fault"]


@dataclass(frozen=True, slots=True)
class LogsQuery:
    """Records of CloudWatch log groups that `filter` (of Logs Insights; empty: every record) matches, counted per minute.

    A minute without a match is 0 where the groups hold any record in the range that was read, and has no value where not.
    """

    account: str | None
    region: str
    groups: tuple[str, ...]
    filter: str = ""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Documents of OpenSearch that `query` (query DSL as canonical JSON) matches, counted per minute of `time_field`.

    0 and no value as for logs.
    """

    index: str
    query: str
    time_field: str = "@timestamp"


@dataclass(frozen=True, slots=True)
class PartQuery:
    """The stored minutes of a part of a composite: its total or bad counts, by the key of the slot that holds them."""

    slot_key: str
    count: Literal["total", "bad"]


Query = MetricQuery | CounterQuery | GaugeQuery | TraceQuery | LogsQuery | SearchQuery | PartQuery


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof of life: when it answers (with at least `at_least`, if set), an absent total means idle and not missing."""

    query: Query
    at_least: Decimal | None = None


@dataclass(frozen=True, slots=True)
class EventRatio:
    """total = sum of `total`; bad = sum of `bad`, or total - sum of `good`: exactly one of the two is given.

    Latency is the same thing: total = SampleCount, good = TC(:threshold). `sampled` says that the counts are those of a
    sample: shown beside every number, because the sample weighs quiet minutes too heavily.
    """

    total: tuple[Query, ...]
    good: tuple[Query, ...] = ()
    bad: tuple[Query, ...] = ()
    proof: Proof | None = None
    sampled: bool = False

    @property
    def queries(self) -> tuple[Query, ...]:
        return (*self.total, *self.good, *self.bad, *((self.proof.query,) if self.proof else ()))


@dataclass(frozen=True, slots=True)
class RateRatio:
    """For a service that tells a percentage only: bad = total x `rate` / 100, rounded half to even, within [0, total].

    Minute by minute: the mean of a percentage over many minutes is not weighted by their totals.
    """

    total: Query
    rate: Query

    @property
    def queries(self) -> tuple[Query, ...]:
        return (self.total, self.rate)


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """A minute is one event, good when `value` `op` `threshold` holds; a minute without a value is missing."""

    value: Query
    op: Comparison
    threshold: Decimal

    @property
    def queries(self) -> tuple[Query, ...]:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Journey:
    """A composite over the stored minutes of its parts; `slot_keys` are those of `composite.parts`, in their order."""

    composite: Composite
    slot_keys: tuple[str, ...]

    @property
    def queries(self) -> tuple[PartQuery, ...]:
        return tuple(PartQuery(key, count) for key in self.slot_keys for count in _COUNTS)


_COUNTS: tuple[Literal["total", "bad"], ...] = ("total", "bad")

Indicator = EventRatio | RateRatio | TimeSlice | Journey


@dataclass(frozen=True, slots=True)
class Unbound:
    """Why an indicator cannot be measured: a stable code and a sentence with the fix."""

    code: str
    text: str
