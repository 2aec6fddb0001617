"""The fast-burn rule of an objective as CloudWatch alarms of its own, which page for it while Sloop is dead.

bad / total >= factor x budget over the long and over the short window. A window is one Period, so its sums slide minute by
minute and are exact. The ratio is compared, not the burn: in doubles (36 / 250) / 0.01 is 14.399999999999999, while bad / total
is the double nearest to the true ratio and the threshold the double nearest to factor x budget. What is equal stays equal.

Slices of time are minutes already: of N minutes M must be bad, bad / N >= factor x budget, so M = ceil(factor x budget x N).
A percentage is averaged over the window by CloudWatch, each minute weighing the same however much it held: approximate.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from alerts.alarms import composite_alarm, described_alarm, math_alarm, resource, watched
from alerts.naming import alarm_name, heartbeat_key, key
from alerts.topics import topic_arn
from slo.estate.indicator import EventRatio, MetricQuery, RateRatio, TimeSlice
from slo.judge.burn import budget_of
from slo.units import format_duration, nearest_double

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from slo.estate.indicator import Comparison, Query
    from slo.estate.spec import Component, Estate, Objective
    from slo.judge.burn import Rule
    from slo.resource import Place, Resource

BAD: Mapping[Comparison, Comparison] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}
"""A value is bad when it does not compare as a good one does."""


def fast_burn(
    estate: Estate,
    component: Component,
    objective: Objective,
    indicator: EventRatio | RateRatio | TimeSlice,
    rule: Rule,
    place: Place,
) -> tuple[Resource, ...]:
    """The long and the short alarm without actions, and the composite that carries the key of Sloop's own page.

    It has actions and pages only while the heartbeat is missing: as long as Sloop lives, Sloop pages under this very name.
    """
    pair = [_window(estate, component, objective, indicator, rule, window, place) for window in dict.fromkeys(rule.windows)]
    children = [*(alarm.name for alarm in pair), heartbeat_key(estate.name)]
    above = composite_alarm(
        estate,
        component,
        place,
        key(estate.name, objective.id, "page"),
        " AND ".join(f'ALARM("{name}")' for name in children),
        actions=[topic_arn(estate.name, "page", place)],
        description=(
            f"page: {_said(objective, rule)} {_approximate(indicator)}CloudWatch pages only while Sloop's heartbeat is "
            "missing; Sloop itself pages under this very name."
        ),
    )
    return (*pair, above)


def ratio(indicator: EventRatio | RateRatio) -> tuple[dict[str, MetricQuery], str]:
    """Queries by id, and bad / total over them. An absent count is zero; without any total there is nothing to burn."""
    if isinstance(indicator, RateRatio):
        asked = _named({"t": [indicator.total], "r": [indicator.rate]})
        return asked, "IF(FILL(t1, 0) > 0, FILL(r1, 0) / 100, 0)"
    total = _named({"t": indicator.total})
    counted = _named({"b" if indicator.bad else "g": indicator.bad or indicator.good})
    all_, some = _sum(total), _sum(counted)
    bad = some if indicator.bad else f"({all_} - {some})"
    return {**total, **counted}, f"IF({all_} > 0, {bad} / {all_}, 0)"


def bad_minutes(rule: Rule, objective: Objective, window: int) -> int:
    """M: how many of the window's minutes are bad when the rule's share of them is reached; at least one."""
    return max(1, ceil(rule.factor * budget_of(objective) * window))


def _window(
    estate: Estate,
    component: Component,
    objective: Objective,
    indicator: EventRatio | RateRatio | TimeSlice,
    rule: Rule,
    window: int,
    place: Place,
) -> Resource:
    span = format_duration(window)
    name = alarm_name(estate.name, objective.id, "page", f"burn-{span}")
    text = (
        f"{_said(objective, rule)} {_approximate(indicator)}This is the window of {span}; it has no actions, the composite "
        "above it stands for both."
    )
    if isinstance(indicator, TimeSlice):
        return resource("alarm", estate, component, place, name, _slices(indicator, rule, objective, window, text))
    queries, expression = ratio(indicator)
    threshold = nearest_double(rule.factor * budget_of(objective))
    return math_alarm(
        estate, component, place, name, queries, expression, threshold=threshold, period=window * 60, description=text
    )


def _slices(indicator: TimeSlice, rule: Rule, objective: Objective, window: int, text: str) -> dict[str, Any]:
    queries = _named({"m": [indicator.value]})
    return described_alarm(
        watched(queries, None, 60),
        BAD[indicator.op],
        float(indicator.threshold),
        datapoints=bad_minutes(rule, objective, window),
        periods=window,
        description=text,
    )


def _named(parts: Mapping[str, Sequence[Query]]) -> dict[str, MetricQuery]:
    found = {f"{letter}{n}": q for letter, queries in parts.items() for n, q in enumerate(queries, 1)}
    return {id_: q for id_, q in found.items() if isinstance(q, MetricQuery)}


def _sum(ids: Sequence[str] | dict[str, MetricQuery]) -> str:
    terms = " + ".join(f"FILL({id_}, 0)" for id_ in ids)
    return f"({terms})" if len(ids) > 1 else terms


def _approximate(indicator: EventRatio | RateRatio | TimeSlice) -> str:
    return "Approximate: a mean of percentages. " if isinstance(indicator, RateRatio) else ""


def _said(objective: Objective, rule: Rule) -> str:
    factor, budget = nearest_double(rule.factor), nearest_double(budget_of(objective))
    return (
        f"{objective.id} burns its budget of {budget:g} at {factor:g} times the allowed speed or faster, "
        f"{' and '.join(f'over {format_duration(window)}' for window in rule.windows)}."
    )
