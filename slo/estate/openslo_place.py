"""Where the queries of OpenSLO objectives go: the accounts and regions of the estate that they stand beside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slo.estate.indicator import EventRatio, LogsQuery, MetricQuery, TimeSlice, TraceQuery, Unbound
from slo.estate.problems import choices, shown
from slo.estate.spec import OPENSLO

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Account, Component, Objective


def placed(component: Component, accounts: Sequence[Account]) -> Component:
    """Queries that name no account or region get those of the component, or else of the first account.

    An account is named or numbered. Unbound where there is no such account, or no region at all.
    """
    if all(o.indicator != OPENSLO for o in component.objectives):
        return component
    default = next((a for a in accounts if component.account in (None, a.name)), None)
    objectives = tuple(_objective(o, accounts, default) if o.indicator == OPENSLO else o for o in component.objectives)
    return replace(component, objectives=objectives)


def _objective(objective: Objective, accounts: Sequence[Account], default: Account | None) -> Objective:
    measure = _measure(objective.measure, accounts, default)
    if objective.composite is None:
        return replace(objective, measure=measure)
    parts = tuple(replace(p, measure=_measure(p.measure, accounts, default)) for p in objective.composite.parts)
    return replace(objective, composite=replace(objective.composite, parts=parts))


def _measure(
    measure: Indicator | Unbound | None, accounts: Sequence[Account], default: Account | None
) -> Indicator | Unbound | None:
    if not isinstance(measure, EventRatio | TimeSlice):
        return measure
    sent: dict[Query, Query] = {}
    for query in measure.queries:
        found = _query(query, accounts, default)
        if isinstance(found, Unbound):
            return found
        sent[query] = found
    if isinstance(measure, TimeSlice):
        return replace(measure, value=sent[measure.value])
    total, good, bad = (tuple(sent[q] for q in queries) for queries in (measure.total, measure.good, measure.bad))
    return replace(measure, total=total, good=good, bad=bad)


def _query(query: Query, accounts: Sequence[Account], default: Account | None) -> Query | Unbound:
    if not isinstance(query, LogsQuery | MetricQuery | TraceQuery):
        return query
    account = default if query.account is None else next((a for a in accounts if query.account in (a.name, a.id)), None)
    if query.account is not None and account is None:
        there = f"there is {choices(a.name for a in accounts)}; add it to accounts of the estate"
        return Unbound("unknown_account", f"no account is called {shown(query.account)}; {there}")
    region = query.region or (account.region if account else "")
    if not region:
        return Unbound("no_region", "no region says where the metric is; add region to its spec, or accounts to the estate")
    return replace(query, account=account.name if account else None, region=region)
