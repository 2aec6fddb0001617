"""What the native alarms of an estate would have done on the same slices, with Sloop dead throughout.

The heartbeat is counted as missing, so that the composites page. A metric is taken to be published for every measured minute,
on time; of several metrics that are added up, the first is taken to carry the sum. What a slice cannot tell is made of its
verdict: a bad minute of a time slice is a datapoint that breaches, a percentage is that of the minute's own counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from alerts.alarm_model import composite_alarm, metric_alarm
from alerts.alarm_replay import ALARM, Counts, composite_states, states
from alerts.naming import heartbeat_key, key
from slo.estate.indicator import EventRatio, RateRatio, TimeSlice
from slo.estate.native import fast_rule
from slo.judge.evaluate import slices_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alerts.alarm_replay import States
    from alerts.backtest import Played
    from alerts.evaluate import MetricAlarm
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate, Objective
    from slo.judge.burn import Rule
    from slo.judge.series import Bools, Slices
    from slo.resource import Resource
    from slo.units import Minute

Native = EventRatio | RateRatio | TimeSlice


@dataclass(frozen=True, slots=True)
class Form:
    """The alarms of one objective: those over its windows, and the composite above them."""

    objective: Objective
    indicator: Native
    rule: Rule
    windows: tuple[Resource, ...]
    above: Resource

    @property
    def approximate(self) -> bool:
        return isinstance(self.indicator, RateRatio)


@dataclass(frozen=True, slots=True)
class NativePage:
    """ALARM at alarm_at <= T < ok_at (None: still at the end); `told_at` None: muted for as long as it was in ALARM."""

    objective: str
    alarm_at: Minute
    ok_at: Minute | None
    told_at: Minute | None


@dataclass(frozen=True, slots=True, eq=False)
class NativePlayed:
    """`alarm` says for every T = first..last of `played` whether the composite is in ALARM."""

    form: Form
    played: Played
    alarm: Bools
    pages: tuple[NativePage, ...]


def forms(estate: Estate, catalog: Catalog, resources: Iterable[Resource]) -> dict[str, Form]:
    """By objective, those that have native alarms among the declared resources."""
    known = {(r.account, r.region, r.name): r for r in resources if r.kind in ("alarm", "composite")}
    found = (_form(estate, catalog, objective, known) for objective in estate.objectives)
    return {form.objective.id: form for form in found if form is not None}


def replayed(estate: Estate, form: Form, played: Played, slices: Mapping[str, Slices]) -> NativePlayed:
    """At the same T as the engine."""
    measured = slices_of(played.objective, slices)
    length = played.last - played.first + 1
    children: dict[str, States] = {heartbeat_key(estate.name): np.full(length, ALARM, np.int8)}
    for window in form.windows:
        alarm, inputs = fed(metric_alarm(window), form.indicator, measured)
        children[window.name] = states(alarm, inputs, played.first, played.last, "INSUFFICIENT_DATA")
    alarm_at = np.equal(composite_states(composite_alarm(form.above), children, length), ALARM)
    return NativePlayed(form, played, alarm_at, _pages(estate, played, alarm_at))


def _form(
    estate: Estate, catalog: Catalog, objective: Objective, known: Mapping[tuple[str, str, str], Resource]
) -> Form | None:
    component, name = estate.component(objective.component), key(estate.name, objective.id, "page")
    above = next((r for r in known.values() if r.kind == "composite" and r.name == name), None)
    indicator = catalog.measure(component, objective, estate.account(component.account))
    rule = fast_rule(objective)
    if above is None or rule is None or not isinstance(indicator, Native):
        return None
    children = composite_alarm(above).children - {heartbeat_key(estate.name)}
    windows = tuple(known[above.account, above.region, child] for child in sorted(children))
    return Form(objective, indicator, rule, windows, above)


def fed(alarm: MetricAlarm, indicator: Native, slices: Slices) -> tuple[MetricAlarm, dict[str, Counts]]:
    """The alarm, and the datapoints of its metrics that these slices stand for, by id."""
    if isinstance(indicator, TimeSlice):
        # Of the value of a minute only the verdict was kept: 1 breaches, 0 does not.
        told = replace(
            alarm, threshold=1.0, comparison="GreaterThanOrEqualToThreshold", returned="m", metrics={}, expressions={}
        )
        return told, {"m": Counts(slices.minutes, slices.bad)}
    first = _carriers(indicator, slices)
    nothing = Counts(slices.minutes[:0], slices.total[:0])
    return alarm, {id_: first.get((q.namespace, q.metric, q.dimensions, q.stat), nothing) for id_, q in alarm.metrics.items()}


def _carriers(indicator: EventRatio | RateRatio, slices: Slices) -> dict[tuple[object, ...], Counts]:
    """The counts by the metric that carries them: namespace, name, dimensions and statistic."""
    total = Counts(slices.minutes, slices.total)
    if isinstance(indicator, RateRatio):
        busy = slices.total > 0
        percent = 100 * slices.bad[busy] / slices.total[busy]
        return {_key(indicator.rate): Counts(slices.minutes[busy], percent, mean=True), _key(indicator.total): total}
    part = slices.bad if indicator.bad else slices.total - slices.bad
    return {_key((indicator.bad or indicator.good)[0]): Counts(slices.minutes, part), _key(indicator.total[0]): total}


def _key(query: object) -> tuple[object, ...]:
    """Accounts are told by name here and not in an alarm."""
    return tuple(getattr(query, name) for name in ("namespace", "metric", "dimensions", "stat"))


def _pages(estate: Estate, played: Played, alarm: Bools) -> tuple[NativePage, ...]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], alarm, [False])).astype(np.int8)))
    runs: Sequence[tuple[int, int]] = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(_page(estate, played, start, end) for start, end in runs)


def _page(estate: Estate, played: Played, start: int, end: int) -> NativePage:
    """A mute rule keeps the action back; CloudWatch carries it out when the rule ends, if it is in ALARM still."""
    mutes = estate.exclusions_of(played.objective, "mute")
    at, before = played.first + start, None
    while at != before:
        before, at = at, max([at, *(m.end for m in mutes if m.start <= at < m.end)])
    ok_at = played.first + end if played.first + end <= played.last else None
    return NativePage(played.objective.id, played.first + start, ok_at, at if at < played.first + end else None)
