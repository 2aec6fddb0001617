"""Signals, alarms and panels with holes, as a kind describes them; a component's resource fills the holes.

One rule for all: what needs a key that the component does not give falls away. A signal `each` of a list is bound once per
item of it, and so are the alarms and panels on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from slo.catalog.signal import DefaultAlarm, Panel, Signal
from slo.catalog.template import fill, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slo.catalog.signal import Missing, Unit
    from slo.catalog.template import MetricTemplate
    from slo.estate.indicator import Comparison
    from slo.estate.spec import Account, AlarmChange, Severity

Resource = dict[str, str | tuple[str, ...]]
"""What a component gives, with the defaults of its kind filled in."""


@dataclass(frozen=True, slots=True)
class SignalTemplate:
    name: str
    title: str
    unit: Unit
    query: MetricTemplate
    each: str | None

    def items(self, resource: Resource) -> tuple[str | None, ...]:
        """What it is bound for: each item of its list, or once (None); nothing where a key is absent."""
        given = resource.keys()
        if not self.query.needs <= given:
            return ()
        items = resource[self.each] if self.each else None
        return (None,) if items is None else (items,) if isinstance(items, str) else items

    def fill(self, resource: Resource, account: Account) -> Iterator[Signal]:
        for item in self.items(resource):
            title = self.title if item is None else f"{self.title} ({item})"
            query = self.query.fill(values(resource, self.each, item), account)
            yield Signal(named(self.name, item), title, self.unit, query)


@dataclass(frozen=True, slots=True)
class AlarmTemplate:
    """`signals` is by the id that `expression` uses; all of them are `each` of the same list, or of none."""

    name: str
    signals: Mapping[str, SignalTemplate]
    expression: str | None
    comparison: Comparison
    threshold: str
    period: int
    datapoints: int
    periods: int
    missing: Missing
    severity: Severity
    reason: str
    source: str
    down: bool = False
    """That it fires means that the component is down: what depends on it has no news of its own then."""

    def changed(self, change: AlarmChange) -> AlarmTemplate:
        """As the estate wants it; its source says so."""
        return replace(
            self,
            threshold=self.threshold if change.threshold is None else f"{change.threshold:f}",
            datapoints=change.datapoints or self.datapoints,
            periods=change.periods or self.periods,
            severity=change.severity or self.severity,
            source=f"the estate; by default {self.source}",
        )

    @property
    def settings(self) -> frozenset[str]:
        """The keys that its numbers are taken from."""
        return placeholders(self.threshold, self.expression or "")

    def fill(self, resource: Resource, account: Account) -> Iterator[DefaultAlarm]:
        if not self.settings <= resource.keys():
            return
        every = [set(signal.items(resource)) for signal in self.signals.values()]
        first = next(iter(self.signals.values()))
        for item in first.items(resource):
            if all(item in items for items in every):
                yield self._fill(values(resource, first.each, item), item, account)

    def _fill(self, filled: Mapping[str, str], item: str | None, account: Account) -> DefaultAlarm:
        return DefaultAlarm(
            named(self.name, item),
            {name: signal.query.fill(filled, account) for name, signal in self.signals.items()},
            None if self.expression is None else fill(self.expression, filled),
            self.comparison,
            Decimal(fill(self.threshold, filled)),
            self.period,
            self.datapoints,
            self.periods,
            self.missing,
            self.severity,
            self.reason,
            self.source,
            self.down,
        )


@dataclass(frozen=True, slots=True)
class PanelTemplate:
    title: str
    signals: tuple[SignalTemplate, ...]

    def fill(self, resource: Resource) -> Iterator[Panel]:
        names = tuple(named(signal.name, item) for signal in self.signals for item in signal.items(resource))
        if names:
            yield Panel(self.title, self.signals[0].unit, names)


def values(resource: Resource, each: str | None, item: str | None) -> dict[str, str]:
    """What placeholders stand for; the key of a list stands for the item at hand."""
    texts = {name: value for name, value in resource.items() if isinstance(value, str)}
    return texts if each is None or item is None else texts | {each: item}


def named(name: str, item: str | None) -> str:
    """Stays a label: what no label may hold becomes `-`, and the end of a long item tells more than its start."""
    if item is None:
        return name
    end = re.sub(r"[^a-z0-9]+", "-", item.lower()).strip("-")[-(62 - len(name)) :]
    return f"{name}-{end}".strip("-")


def why_no_window(period: int, datapoints: int, periods: int) -> str | None:
    """CloudWatch takes M of N with M <= N, in all at most a day, or a week for periods of an hour and more."""
    if datapoints > periods:
        return f"{datapoints} of {periods} can never be reached"
    if period % 60 or period * periods > (604_800 if period >= 3600 else 86_400):
        return f"{periods} periods of {period} s are no window that CloudWatch evaluates"
    return None
