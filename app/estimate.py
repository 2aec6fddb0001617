"""What an estate costs a month, from its files alone: nothing is asked, nothing needs to run."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn, get_args

from alerts.desired import wanted_alarms
from app.binding import Feed, SourceKind, bind
from app.costs import MINUTES, Reading, Share, reading
from app.paces import pace_of
from app.upkeep import Upkeep, upkeep
from dashboards.desired import desired_dashboards
from slo.errors import ProvisionError
from slo.estate.indicator import LogsQuery, MetricQuery
from slo.prices.price_list import format_dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.ports import Span
    from app.settings import Settings
    from app.watch import Watch
    from dashboards.desired import Format
    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Query
    from slo.estate.spec import Estate
    from slo.prices.price_list import PriceList
    from slo.resource import Resource
    from slo.units import Minute

LONG_ENOUGH = 10_000
"""Days of retention: what is kept here costs nothing at AWS, and a window of any length may be estimated."""
_INSIGHTS = "ECS/ContainerInsights"


@dataclass(frozen=True, slots=True)
class Row:
    """One component's month; `component` is empty for what belongs to the whole estate, and in the total."""

    component: str
    series: Fraction = Fraction(0)
    requests: Fraction = Fraction(0)
    reading: Fraction = Fraction(0)
    alarms: Fraction = Fraction(0)
    dashboards: Fraction = Fraction(0)

    @property
    def dollars(self) -> Fraction:
        return self.reading + self.alarms + self.dashboards


@dataclass(frozen=True, slots=True)
class Estimate:
    """`notes` are what the numbers leave out, each a sentence."""

    estate: str
    reading: Reading
    upkeep: tuple[Upkeep, ...]
    notes: tuple[str, ...]

    def rows(self) -> tuple[Row, ...]:
        """Most expensive component first, what belongs to the whole estate last. They add up to `total` exactly."""
        read = {share.component: share for share in self.reading.by_component()}
        kept = {one.component: one for one in self.upkeep}
        rows = (_row(name, read.get(name), kept.get(name, Upkeep(name))) for name in {**read, **kept})
        return tuple(sorted(rows, key=lambda row: (not row.component, -row.dollars, row.component)))

    def total(self) -> Row:
        alarms = sum((one.alarms for one in self.upkeep), Fraction(0))
        dashboards = sum((one.dashboards for one in self.upkeep), Fraction(0))
        return _row("", self.reading.total, Upkeep("", alarms, dashboards))


def _row(name: str, share: Share | None, kept: Upkeep) -> Row:
    if share is None:
        return Row(name, alarms=kept.alarms, dashboards=kept.dashboards)
    return Row(name, share.series, share.requests, share.dollars, kept.alarms, kept.dashboards)


class Unread:
    """Stands for a source in a calculation."""

    def spans(self, start: Minute, end: Minute, now: Minute) -> Sequence[Span]:  # noqa: ARG002  # there is nothing to split
        return ()

    def fetch(self, queries: Sequence[Query], span: Span) -> NoReturn:
        raise TypeError(f"{len(queries)} queries for {span}: an estimate reads nothing")


def estimate(estate: Estate, catalog: Catalog, settings: Settings, prices: PriceList) -> Estimate:
    """With the polls and the extent of the dashboards that `settings` say."""
    kinds: tuple[SourceKind, ...] = get_args(SourceKind)
    bound = bind(
        estate,
        catalog,
        {kind: Feed(Unread(), pace_of(kind, settings)) for kind in kinds},
        retention_days=LONG_ENOUGH,
        quiet_minutes=settings.quiet_minutes,
        parts=Unread(),
    )
    read = reading(estate, bound.watches, prices)
    resources, missing = _resources(estate, catalog, settings)
    unbound = (f"{objective.id} is not measured: {why}" for objective, why in bound.unbound)
    unpriced = (f"{name}: {why}" for name, why in read.unpriced.items())
    limits = (*_insights(bound.watches, prices), *_scanned(bound.watches, settings, prices))
    notes = (*unbound, *unpriced, *missing, *limits)
    return Estimate(estate.name, read, upkeep(estate, resources, prices), notes)


def _resources(estate: Estate, catalog: Catalog, settings: Settings) -> tuple[tuple[Resource, ...], tuple[str, ...]]:
    """What `sloop apply` would keep, and why that is not known."""
    try:
        alarms = wanted_alarms(estate, catalog).resources if estate.accounts else ()
    except ProvisionError as error:
        return (), (f"alarms and dashboards: {error}",)
    formats: tuple[Format, ...] = ("cloudwatch",)
    drawn = desired_dashboards(estate, catalog, settings.address, formats, cloudwatch=settings.cloudwatch_dashboards)
    return (*alarms, *drawn), () if estate.accounts else ("without accounts there are no alarms and no CloudWatch dashboards",)


def _insights(watches: Iterable[Watch], prices: PriceList) -> Iterator[str]:
    queries = {q for w in watches for q in w.queries if isinstance(q, MetricQuery) and q.namespace == _INSIGHTS}
    if queries:
        each = float(prices["container-insights-metric"].of(1))
        yield (
            f"{len(queries)} series come from ECS Container Insights, which takes ${each:.2f} a month for each metric"
            " that it keeps, read or not"
        )


def _scanned(watches: Iterable[Watch], settings: Settings, prices: PriceList) -> Iterator[str]:
    """The most that Logs Insights can cost, where a limit is set."""
    if any(isinstance(q, LogsQuery) for w in watches for q in w.queries) and settings.logs_bytes_per_day:
        gigabytes = Fraction(settings.logs_bytes_per_day * MINUTES, 1440 * 10**9)
        most = format_dollars(prices["logs-scanned"].of(gigabytes))
        yield f"with SLOOP_LOGS_BYTES_PER_DAY={settings.logs_bytes_per_day} Logs Insights costs at most {most} a month"
