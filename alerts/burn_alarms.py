"""The fast-burn rule of an objective as CloudWatch alarms of its own, for objectives that count events in CloudWatch.

bad / total >= factor x budget over the long and over the short window. A window is one Period, so its sums slide minute by
minute and are exact. The ratio is compared, not the burn: in doubles (36 / 250) / 0.01 is 14.399999999999999, while bad / total
is the double nearest to the true ratio and the threshold the double nearest to factor x budget. What is equal stays equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.alarms import MAX_METRICS, composite_alarm, math_alarm
from alerts.naming import alarm_name, key
from alerts.topics import topic_arn
from slo.estate.indicator import EventRatio, MetricQuery
from slo.judge.burn import budget_of, rules_of
from slo.judge.method import is_plain
from slo.units import format_duration, nearest_double

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slo.estate.indicator import Indicator
    from slo.estate.spec import Component, Estate, Objective
    from slo.judge.burn import Rule
    from slo.resource import Place, Resource

LONGEST_MINUTES = 1440
"""Longer windows are evaluated once an hour only: no longer a fast burn."""


def fast_rule(objective: Objective) -> Rule | None:
    """The page rule with the shortest windows that can fire at all and that an alarm of every minute, with >=, can say."""
    if why_not(objective) is not None:
        return None
    pages = [r for r in rules_of(objective) if r.severity == "page" and r.long <= LONGEST_MINUTES]
    possible = [r for r in pages if r.factor * budget_of(objective) <= 1 and not (r.strict or r.hold or r.asks_more)]
    return min(possible, key=lambda r: (r.long, r.shortest), default=None)


def why_not(objective: Objective) -> str | None:
    """Why CloudWatch cannot tell the burn of this objective, whatever its rules; None when it can."""
    if objective.composite is not None:
        return "a composite is judged from the minutes of its parts"
    if not is_plain(objective.budgeting):
        return f"{objective.method} with its slices and gaps is no sum of counts"
    if objective.calendar is not None:
        return "its window begins anew with each period of the calendar"
    if objective.earlier:
        return "its target was edited within the window: each minute has the budget of its own target"
    return None


def is_native(indicator: Indicator) -> bool:
    """Whether CloudWatch can count it: sums of counts of one account and region, few enough for one alarm."""
    if not isinstance(indicator, EventRatio):
        return False
    counted = (*indicator.total, *indicator.good, *indicator.bad)
    places = {(q.account, q.region) for q in counted if isinstance(q, MetricQuery) and _counts(q.stat)}
    return (
        all(isinstance(q, MetricQuery) and _counts(q.stat) for q in counted)
        and len(places) == 1
        and len(counted) <= MAX_METRICS
    )


def fast_burn(
    estate: Estate, component: Component, objective: Objective, indicator: EventRatio, rule: Rule, place: Place
) -> tuple[Resource, ...]:
    """The long and the short alarm without actions, and the composite that carries the key of Sloop's own page.

    Its actions are disabled: as long as nothing tells it that Sloop is dead, it would page a second time for the same thing.
    """
    queries, expression = ratio(indicator)
    threshold = nearest_double(rule.factor * budget_of(objective))
    pair = []
    for window in dict.fromkeys(rule.windows):
        span = format_duration(window)
        name = alarm_name(estate.name, objective.id, "page", f"burn-{span}")
        text = (
            f"{_said(objective, rule)} This is the window of {span}; it has no actions, the composite above it stands for both."
        )
        made = math_alarm(
            estate, component, place, name, queries, expression, threshold=threshold, period=window * 60, description=text
        )
        pair.append(made)
    above = composite_alarm(
        estate,
        component,
        place,
        key(estate.name, objective.id, "page"),
        " AND ".join(f'ALARM("{alarm.name}")' for alarm in pair),
        actions=[topic_arn(estate.name, "page", place)],
        enabled=False,
        description=f"page: {_said(objective, rule)} Actions are disabled on purpose: Sloop itself pages under this very name.",
    )
    return (*pair, above)


def ratio(indicator: EventRatio) -> tuple[dict[str, MetricQuery], str]:
    """Queries by id, and bad / total over them. An absent count is zero; without any total there is nothing to burn."""
    part = indicator.bad or indicator.good
    total = {f"t{n}": q for n, q in enumerate(indicator.total, 1) if isinstance(q, MetricQuery)}
    counted = {f"{'b' if indicator.bad else 'g'}{n}": q for n, q in enumerate(part, 1) if isinstance(q, MetricQuery)}
    all_, some = _sum(total), _sum(counted)
    bad = some if indicator.bad else f"({all_} - {some})"
    return {**total, **counted}, f"IF({all_} > 0, {bad} / {all_}, 0)"


def _sum(ids: Sequence[str] | dict[str, MetricQuery]) -> str:
    terms = " + ".join(f"FILL({id_}, 0)" for id_ in ids)
    return f"({terms})" if len(ids) > 1 else terms


def _counts(stat: str) -> bool:
    """Statistics that add up over time; a percentile or an average does not."""
    return stat in ("Sum", "SampleCount") or stat.startswith("TC(")


def _said(objective: Objective, rule: Rule) -> str:
    factor, budget = nearest_double(rule.factor), nearest_double(budget_of(objective))
    return (
        f"{objective.id} burns its budget of {budget:g} at {factor:g} times the allowed speed or faster, "
        f"{' and '.join(f'over {format_duration(window)}' for window in rule.windows)}."
    )
