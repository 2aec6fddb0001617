"""An indicator as its own source draws it, without Sloop: CloudWatch metric math, or PromQL on the application's counters."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dashboards.panels import Mark, Math, Metric, Promql, TimeSeries
from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, Journey, MetricQuery, RateRatio, TimeSlice
from slo.units import nearest_double

if TYPE_CHECKING:
    from dashboards.panels import Target
    from slo.estate.indicator import Indicator, Query
    from slo.estate.spec import Objective


def chart(objective: Objective, indicator: Indicator, *, title: str, width: int = 12) -> TimeSeries | None:
    """Bad events as a share of all against the objective, or the measured value against its threshold.

    None when the source has no query language of its own (X-Ray), and for composites, which only Sloop can combine.
    """
    if isinstance(indicator, Journey):
        return None
    if isinstance(indicator, TimeSlice):
        target = _value(indicator)
        threshold = Mark(float(indicator.threshold), "red", f"good when {indicator.op} {indicator.threshold}")
        return _series(title, (target,), "none", threshold, width, "One value per minute") if target else None
    targets = _rate_itself(indicator) if isinstance(indicator, RateRatio) else _share(indicator)
    # An objective of 99.9 % allows 0.1 % of events to be bad.
    allowed = Mark(nearest_double(100 * (1 - Fraction(objective.target))), "red", "objective")
    return _series(title, targets, "percent", allowed, width, "Bad events, in percent of all") if targets else None


def _series(title: str, targets: tuple[Target, ...], unit: str, mark: Mark, width: int, about: str) -> TimeSeries:
    return TimeSeries(title, targets, unit=unit, about=f"{about}. Line: {mark.label}.", base="blue", marks=(mark,), width=width)


def _rate_itself(indicator: RateRatio) -> tuple[Target, ...]:
    """The service tells the percentage."""
    rate = indicator.rate
    return (Metric("m1", rate, f"{rate.metric} {rate.stat}"),) if isinstance(rate, MetricQuery) else ()


def _share(indicator: EventRatio) -> tuple[Target, ...]:
    return _cloudwatch_share(indicator) or _prometheus_share(indicator)


def _cloudwatch_share(indicator: EventRatio) -> tuple[Target, ...]:
    """100 x bad / total. A bad count that CloudWatch does not report beside a total is 0, so it is filled; a total never is."""
    total, bad, good = _metrics("t", indicator.total), _metrics("b", indicator.bad), _metrics("g", indicator.good)
    if not total or not (bad or good):
        return ()
    all_events = "+".join(m.id for m in total)
    counted = "+".join(f"FILL({m.id},0)" for m in bad or good)
    share = f"100*({counted})/({all_events})" if bad else f"100*(({all_events})-({counted}))/({all_events})"
    return (*total, *bad, *good, Math("share", share, "bad %"))


def _metrics(letter: str, queries: tuple[Query, ...]) -> tuple[Metric, ...]:
    known = [q for q in queries if isinstance(q, MetricQuery)]
    return tuple(Metric(f"{letter}{n}", q, f"{q.metric} {q.stat}", hidden=True) for n, q in enumerate(known, 1))


def _prometheus_share(indicator: EventRatio) -> tuple[Target, ...]:
    """As above; counters of one code may not exist until it first happens, which is no bad event."""
    total, bad, good = (_rate(part) for part in (indicator.total, indicator.bad, indicator.good))
    if not total or not (bad or good):
        return ()
    share = f"({bad} or vector(0))" if bad else f"({total} - ({good} or vector(0)))"
    return (Promql(f"100 * {share} / {total}", "bad %"),)


def _rate(queries: tuple[Query, ...]) -> str:
    rates = [f"sum(rate({q.selector}[5m]))" for q in queries if isinstance(q, CounterQuery)]
    return f"({' + '.join(rates)})" if len(rates) > 1 else "".join(rates)


def _value(indicator: TimeSlice) -> Target | None:
    match indicator.value:
        case MetricQuery() as query:
            return Metric("m1", query, f"{query.metric} {query.stat}")
        case GaugeQuery(selector):
            return Promql(f"max({selector})", "value")
        case CounterQuery(selector):
            return Promql(f"60 * sum(rate({selector}[5m]))", "per minute")
        case _:
            return None
