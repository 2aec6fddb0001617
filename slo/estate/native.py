"""Whether CloudWatch can tell by itself that an objective burns: then it can page for it while Sloop is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from slo.estate.indicator import EventRatio, MetricQuery, RateRatio, TimeSlice
from slo.judge.burn import budget_of, rules_of
from slo.judge.method import is_plain

if TYPE_CHECKING:
    from slo.estate.indicator import Indicator, Query, Unbound
    from slo.estate.spec import Component, Objective
    from slo.judge.burn import Rule

Form = Literal["counts", "rate", "slices"]
"""Sums of counts, exact; a percentage, approximate; bad minutes, M of N."""

LONGEST_MINUTES = 1440
"""Longer windows are evaluated once an hour only: no longer a fast burn."""
MAX_METRICS = 10
"""Of one math alarm."""
FIRST_TIER = 1


def survives(component: Component, objective: Objective) -> bool:
    """Whether CloudWatch shall page for it while Sloop is dead: as it says, else what its component's tier says."""
    return component.tier == FIRST_TIER if objective.survives_sloop is None else objective.survives_sloop


def why_not(objective: Objective) -> str | None:
    """Why CloudWatch cannot tell the burn of this objective, however it is measured; None when it can."""
    if fast_rule(objective) is not None:
        return None
    return _why_no_ratio(objective) or "none of its page rules over a day or less is one that an alarm can say"


def why_unmeasured(indicator: Indicator | Unbound) -> str | None:
    """Why CloudWatch has no such number, whatever is promised of it; None when it has."""
    return None if form(indicator) is not None else _without_form(indicator)


def form(indicator: Indicator | Unbound) -> Form | None:
    """The way in which alarms can tell it; None where its numbers are not all CloudWatch's, of one account and region."""
    if isinstance(indicator, EventRatio) and is_native(indicator):
        return "counts"
    if isinstance(indicator, RateRatio) and _together(indicator.queries):
        return "rate"
    return "slices" if isinstance(indicator, TimeSlice) and _together(indicator.queries) else None


def is_native(indicator: Indicator) -> bool:
    """Whether CloudWatch can count it: sums of counts of one account and region, few enough for one alarm."""
    if not isinstance(indicator, EventRatio):
        return False
    counted = (*indicator.total, *indicator.good, *indicator.bad)
    return _together(counted) and all(counts(q) for q in counted) and len(counted) <= MAX_METRICS


def counts(query: Query) -> bool:
    """Statistics that add up over time; a percentile or an average does not."""
    return isinstance(query, MetricQuery) and (query.stat in ("Sum", "SampleCount") or query.stat.startswith("TC("))


def fast_rule(objective: Objective) -> Rule | None:
    """The page rule with the shortest windows that can fire at all and that an alarm of every minute, with >=, can say."""
    if _why_no_ratio(objective) is not None:
        return None
    pages = [r for r in rules_of(objective) if r.severity == "page" and r.long <= LONGEST_MINUTES]
    possible = [r for r in pages if r.factor * budget_of(objective) <= 1 and not (r.strict or r.hold or r.asks_more)]
    return min(possible, key=lambda r: (r.long, r.shortest), default=None)


def _why_no_ratio(objective: Objective) -> str | None:
    if objective.composite is not None:
        return "a composite is judged from the minutes of its parts"
    if not is_plain(objective.budgeting):
        return f"{objective.method} with its slices and gaps is no sum of counts"
    if objective.calendar is not None:
        return "its window begins anew with each period of the calendar"
    if objective.earlier:
        return "its target was edited within the window: each minute has the budget of its own target"
    return None


def _together(queries: tuple[Query, ...]) -> bool:
    places = {(q.account, q.region) for q in queries if isinstance(q, MetricQuery)}
    return len(places) == 1 and all(isinstance(q, MetricQuery) for q in queries)


def _without_form(indicator: Indicator | Unbound) -> str:
    if isinstance(indicator, EventRatio) and _together((*indicator.total, *indicator.good, *indicator.bad)):
        return f"its metrics do not add up over time, or are more than {MAX_METRICS}"
    if isinstance(indicator, EventRatio | RateRatio | TimeSlice):
        return "its numbers are not all metrics of CloudWatch in one account and region"
    return "nothing measures it"
