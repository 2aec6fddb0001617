"""Thresholds and targets that were hardly meant in the unit they are read in: milliseconds for seconds, percent for a ratio.

CloudWatch answers numbers without a unit, so only their size can tell: no request that somebody waits for takes 100 s, and
none over a network less than a millisecond.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.estate.indicator import CounterQuery, EventRatio, GaugeQuery, MetricQuery, TimeSlice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slo.catalog.signal import Unit
    from slo.estate.indicator import Indicator
    from slo.estate.places import Place

    Units = Mapping[tuple[str, str], Unit]
    """By namespace and metric."""

LONGEST_RESPONSE = 100
"""Seconds."""
LONGEST_AGE = 100_000
"""Seconds, of ages and lags: more than a day, or 100 s in milliseconds."""
_WAITED_FOR = re.compile(r"(?<!Replication)Latency|ResponseTime|Duration|_duration_|_latency_|_response_", re.ASCII)
_UP_TO = re.compile(r"(?:TC|PR)\(:([0-9.]+)\)")
_BUCKET = re.compile(r'\ble="([0-9.]+)"')
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SUFFIXES: tuple[tuple[str, Unit], ...] = (
    ("_milliseconds", "milliseconds"),
    ("_ms", "milliseconds"),
    ("_seconds", "seconds"),
    ("_percent", "percent"),
    ("_ratio", "ratio"),
)
_LEAST_TARGET = Decimal("0.01")


def check(indicator: Indicator, units: Units, place: Place) -> None:
    """Warns at `place` where a threshold of the indicator is suspect."""
    for name, unit, threshold in _thresholds(indicator, units):
        meant = _meant(name, unit, threshold)
        if meant is not None:
            place.warn("suspected_unit", f"{name} is in {unit}, and the threshold is {threshold.normalize():f}: {meant}")


def check_target(share: Decimal, place: Place) -> None:
    """`0.999 %` is written where `99.9 %` or the ratio 0.999 is meant: nobody promises less than one in a hundred."""
    if 0 < share < _LEAST_TARGET:
        percent = (share * 100).normalize()
        told = f"{percent:f} % is a promise that 99 of 100 may break"
        place.warn("suspected_unit", f"{told}; write {(percent * 100).normalize():f} %, or {percent:f} as a ratio")


def _meant(name: str, unit: Unit, threshold: Decimal) -> str | None:
    """None where nothing is suspect."""
    if unit == "seconds" and threshold > (LONGEST_RESPONSE if _WAITED_FOR.search(name) else LONGEST_AGE):
        return f"milliseconds look meant; write {(threshold / 1000).normalize():f}"
    if unit == "milliseconds" and 0 < threshold < 1:
        return f"seconds look meant; write {(threshold * 1000).normalize():f}"
    if unit == "percent" and 0 < threshold < 1:
        return f"a ratio looks meant; write {(threshold * 100).normalize():f}"
    if unit == "ratio" and threshold > 1:
        return f"a percentage looks meant; write {(threshold / 100).normalize():f}"
    return None


def _thresholds(indicator: Indicator, units: Units) -> Iterator[tuple[str, Unit, Decimal]]:
    """Each as (metric, its unit, threshold), of metrics whose unit is known."""
    if isinstance(indicator, TimeSlice):
        named = _named(indicator.value, units)
        if named is not None:
            yield (*named, indicator.threshold)
    elif isinstance(indicator, EventRatio):
        for query in (*indicator.good, *indicator.bad):
            text = query.stat if isinstance(query, MetricQuery) else query.selector if isinstance(query, CounterQuery) else ""
            bound = _UP_TO.fullmatch(text) if isinstance(query, MetricQuery) else _BUCKET.search(text)
            named = _named(query, units)
            if bound is not None and named is not None:
                yield (*named, Decimal(bound[1]))


def _named(query: object, units: Units) -> tuple[str, Unit] | None:
    """A metric of CloudWatch has the unit of the catalogue; one of Prometheus says its own in its name."""
    if isinstance(query, MetricQuery):
        unit = units.get((query.namespace, query.metric))
        return None if unit is None or query.stat == "SampleCount" else (query.metric, unit)
    found = _NAME.match(query.selector) if isinstance(query, CounterQuery | GaugeQuery) else None
    if found is None:
        return None
    name = found[0]
    return next(((name, unit) for suffix, unit in _SUFFIXES if name.removesuffix("_bucket").endswith(suffix)), None)
