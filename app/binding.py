"""Which shard measures which objective: indicators bound by the catalogue, grouped by what answers them together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import lcm
from typing import TYPE_CHECKING, Literal, NamedTuple

from app.seating import Seating
from app.watch import Pace, Watch, indicator_of, slot_key
from slo.errors import SettingsError
from slo.estate.indicator import Journey, LogsQuery, MetricQuery, SearchQuery, TraceQuery, Unbound
from slo.estate.lints import DAY, KEPT_DAYS, SPARE_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from app.ports import Source
    from slo.catalog.catalog import Catalog
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Composite, Era, Estate, Objective

SourceKind = Literal["cloudwatch", "xray", "prometheus", "logs", "opensearch"]
_SET_BY: dict[SourceKind, tuple[str, str]] = {
    "prometheus": ("Prometheus", "SLOOP_PROMETHEUS_URL"),
    "opensearch": ("OpenSearch", "SLOOP_OPENSEARCH_URL"),
}

COMPOSITES = "composite"
"""The shard of every composite."""
LAG = 20
"""Seconds after the parts are due: time for them to be read and stored."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and how it is read."""

    source: Source
    pace: Pace
    remarks: Callable[[], Mapping[str, Sequence[str]]] = dict


class Bound(NamedTuple):
    """`watches` are the shards; `unbound` are objectives that cannot be measured, with the reason."""

    watches: tuple[Watch, ...]
    unbound: tuple[tuple[Objective, str], ...]
    indicators: Mapping[str, Indicator]


def bind(
    estate: Estate,
    catalog: Catalog,
    feeds: Mapping[SourceKind, Feed],
    *,
    retention_days: int,
    hours_years: int = 3,
    quiet_minutes: int,
    flap_transitions: int = 0,
    earlier: Callable[[Objective], tuple[Era, ...]] = lambda _: (),
    parts: Source | None = None,
    holding: Callable[[], Mapping[str, Mapping[str, int]]] = dict,
) -> Bound:
    """One shard per account and region of CloudWatch, X-Ray and Logs, one for Prometheus, OpenSearch, and all composites each.

    CloudWatch's are of the account that is asked, which may monitor others.
    `earlier` tells the targets that an objective had before: see `app.eras`. `parts` answers `PartQuery`; without it no
    composite is judged. `holding` tells the slots that each shard has by now: see `app.seating`, which splits what has more
    than 1,000 indicators. SettingsError when too little is kept.
    """
    _check_retention(estate, retention_days)
    found = _Bindings(estate, catalog, feeds, Seating(holding()))
    objectives = [replace(o, earlier=earlier(o)) for o in estate.objectives]
    for objective in objectives:
        if objective.composite is None:
            found.take(objective)
    for objective in objectives:
        if objective.composite is not None:
            found.combine(objective, objective.composite, parts)
    watches = tuple(
        Watch(
            name,
            estate,
            group.feed.source,
            group.feed.pace,
            {key: found.indicators[key] for key in group.keys},
            tuple(group.members),
            retention_days * 1440,
            quiet_minutes,
            flap_transitions,
            tuple(group.composites),
            hours_kept=-(-hours_years * 1461 // 4) * 1440,
            always=frozenset(group.always),
            remarks=group.feed.remarks,
        )
        for name, group in found.groups.items()
    )
    return Bound(watches, tuple(found.unbound), {indicator_of(key): i for key, i in found.indicators.items()})


@dataclass(slots=True, eq=False)
class _Group:
    """A shard to be: `keys` are the slots to measure, also those that only composites read."""

    feed: Feed
    keys: dict[str, None] = field(default_factory=dict)
    members: list[tuple[Objective, str]] = field(default_factory=list)
    composites: list[Objective] = field(default_factory=list)
    always: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class _Bindings:
    """`indicators` is by slot key, `groups` by the shard's name, `slots` (shard and slot key) by indicator id."""

    estate: Estate
    catalog: Catalog
    feeds: Mapping[SourceKind, Feed]
    seating: Seating
    indicators: dict[str, Indicator] = field(default_factory=dict)
    groups: dict[str, _Group] = field(default_factory=dict)
    slots: dict[str, tuple[str, str] | Unbound] = field(default_factory=dict)
    unbound: list[tuple[Objective, str]] = field(default_factory=list)

    def take(self, objective: Objective) -> None:
        component = self.estate.component(objective.component)
        measured = self.catalog.measure(component, objective, self.estate.account(component.account))
        place = self._place(objective.indicator_id, measured)
        if isinstance(place, Unbound):
            self.unbound.append((objective, place.text))
        else:
            name, key = place
            self.groups[name].members.append((objective, key))

    def combine(self, objective: Objective, composite: Composite, source: Source | None) -> None:
        places = [
            self._part(part.indicator) if part.measure is None else self._place(part.indicator, part.measure)
            for part in composite.parts
        ]
        pairs = zip(composite.parts, places, strict=True)
        missing = [f"part {part.indicator}: {place.text}" for part, place in pairs if isinstance(place, Unbound)]
        if source is None or missing:
            self.unbound.append((objective, missing[0] if missing else "composites are not judged here"))
            return
        known = [place for place in places if not isinstance(place, Unbound)]
        for name in dict.fromkeys(name for name, _ in known):
            self.groups[name].composites.append(objective)
        if objective.lane == "fast":
            # It is judged each minute, so each minute of its parts must be there.
            for name, part in known:
                self.groups[name].always.add(part)
        journey = Journey(composite, tuple(key for _, key in known))
        key = slot_key(objective.indicator_id, journey)
        self.indicators[key] = journey
        group = self.groups.setdefault(COMPOSITES, _Group(Feed(source, after(g.feed.pace for g in self.groups.values()))))
        group.keys[key] = None
        group.members.append((objective, key))

    def _part(self, indicator_id: str) -> tuple[str, str] | Unbound:
        """Of an indicator that no objective reads, it is measured for the composite alone."""
        if indicator_id in self.slots:
            return self.slots[indicator_id]
        name, _, indicator = indicator_id.partition(".")
        component = next((c for c in self.estate.components if c.name == name), None)
        if component is None:
            return Unbound("unknown_component", f"there is no component {name!r} in the estate")
        own = component.indicators.get(indicator)
        measured = own or self.catalog.bind(component, indicator, self.estate.account(component.account))
        return self._place(indicator_id, measured)

    def _place(self, indicator_id: str, indicator: Indicator | Unbound) -> tuple[str, str] | Unbound:
        self.slots[indicator_id] = self._grouped(indicator_id, indicator)
        return self.slots[indicator_id]

    def _grouped(self, indicator_id: str, indicator: Indicator | Unbound) -> tuple[str, str] | Unbound:
        if isinstance(indicator, Unbound):
            return indicator
        kind, *others = dict.fromkeys(kind_of(query) for query in indicator.queries)
        if others:
            text = f"reads {kind} and {' and '.join(others)}, which are read apart; take all of its queries from one of them"
            return Unbound("mixed_sources", text)
        if kind not in self.feeds:
            name, setting = _SET_BY.get(kind, (kind, "its setting"))
            return Unbound("no_source", f"reads {name}, but {setting} is not set")
        key = slot_key(indicator_id, indicator)
        self.indicators[key] = indicator
        name = self.seating.shard(self._shard_of(indicator.queries[0]), key)
        self.groups.setdefault(name, _Group(self.feeds[kind])).keys[key] = None
        return name, key

    def _shard_of(self, query: Query) -> str:
        if isinstance(query, MetricQuery):
            # What one account is asked together is also stored together, whosever metrics they are.
            account = next((a for a in self.estate.accounts if a.name == query.account), None)
            asked = account.monitored_by if account is not None and account.monitored_by else query.account
            return f"cloudwatch/{asked or 'default'}/{query.region}"
        if isinstance(query, LogsQuery | TraceQuery):
            return f"{kind_of(query)}/{query.account or 'default'}/{query.region}"
        return kind_of(query)


def after(paces: Iterable[Pace]) -> Pace:
    """For a shard that reads what shards of these paces have stored: due when all of them were, and a moment later."""
    found = tuple(paces)
    return Pace(max(p.settle for p in found) + LAG, lcm(*(p.poll for p in found)))


def kind_of(query: Query) -> SourceKind:
    if isinstance(query, MetricQuery):
        return "cloudwatch"
    if isinstance(query, LogsQuery):
        return "logs"
    if isinstance(query, SearchQuery):
        return "opensearch"
    return "xray" if isinstance(query, TraceQuery) else "prometheus"


def _check_retention(estate: Estate, days: int) -> None:
    """Minutes must outlive the longest window, or what leaves it could not be subtracted."""
    longest = max((o.reach for o in estate.objectives), default=0)
    least = max(KEPT_DAYS, longest // DAY + SPARE_DAYS)
    if days < least:
        wanted = f"keep at least {least} days ({KEPT_DAYS}, and the longest window + {SPARE_DAYS})"
        raise SettingsError(f"SLOOP_RETENTION_DAYS={days}: {wanted}")
