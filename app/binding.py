"""Which shard measures which objective: indicators bound by the catalogue, grouped by what answers them together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from app.watch import Watch, indicator_of, slot_key
from slo.catalog.template import Unbound
from slo.errors import SettingsError
from slo.estate.indicator import MetricQuery, TraceQuery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports import Source
    from app.watch import Pace
    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Estate, Objective

SourceKind = Literal["cloudwatch", "xray", "prometheus"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and how it is read."""

    source: Source
    pace: Pace


class Bound(NamedTuple):
    """`watches` are the shards; `unbound` are objectives that cannot be measured, with the reason."""

    watches: tuple[Watch, ...]
    unbound: tuple[tuple[Objective, str], ...]
    indicators: Mapping[str, Indicator]


def bind(
    estate: Estate, catalog: Catalog, feeds: Mapping[SourceKind, Feed], *, retention_days: int, quiet_minutes: int
) -> Bound:
    """One shard per CloudWatch or X-Ray account and region, one for Prometheus. SettingsError when too little is kept."""
    _check_retention(estate, retention_days)
    groups: dict[tuple[SourceKind, str], list[tuple[Objective, str]]] = defaultdict(list)
    indicators: dict[str, Indicator] = {}
    unbound: list[tuple[Objective, str]] = []
    for objective in estate.objectives:
        component = estate.component(objective.component)
        indicator = catalog.bind(component, objective.indicator, estate.account(component.account))
        if isinstance(indicator, Unbound):
            unbound.append((objective, indicator.text))
        elif kind_of(indicator.queries[0]) not in feeds:
            unbound.append((objective, "reads Prometheus, but SLOOP_PROMETHEUS_URL is not set"))
        else:
            key = slot_key(objective.indicator_id, indicator)
            indicators[key] = indicator
            groups[kind_of(indicator.queries[0]), _shard_of(indicator.queries[0])].append((objective, key))
    watches = tuple(
        Watch(
            name,
            estate,
            feeds[kind].source,
            feeds[kind].pace,
            {key: indicators[key] for _, key in members},
            tuple(members),
            retention_days * 1440,
            quiet_minutes,
        )
        for (kind, name), members in groups.items()
    )
    return Bound(watches, tuple(unbound), {indicator_of(key): indicator for key, indicator in indicators.items()})


def kind_of(query: Query) -> SourceKind:
    if isinstance(query, MetricQuery):
        return "cloudwatch"
    return "xray" if isinstance(query, TraceQuery) else "prometheus"


def _shard_of(query: Query) -> str:
    if isinstance(query, MetricQuery | TraceQuery):
        return f"{kind_of(query)}/{query.account or 'default'}/{query.region}"
    return "prometheus"


def _check_retention(estate: Estate, days: int) -> None:
    """Minutes must outlive the longest window, or what leaves it could not be subtracted."""
    least = max(90, max((o.window for o in estate.objectives), default=0) // 1440 + 2)
    if days < least:
        raise SettingsError(f"SLOOP_RETENTION_DAYS={days}: keep at least {least} days (90, and the longest window + 2)")
