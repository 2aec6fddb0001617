"""A kind of component: the keys of its resource, its indicators, what is promised, watched and drawn, what to beware of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from slo.catalog.template import LogsTemplate, MetricTemplate, TraceTemplate
from slo.estate.indicator import Unbound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from slo.catalog.signal import DefaultAlarm, Layer, Panel, Signal
    from slo.catalog.template import IndicatorTemplate
    from slo.catalog.watch import AlarmTemplate, PanelTemplate, Resource, SignalTemplate
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Account, AlarmChange

Role = Literal["identity", "parameter", "related", "selector"]
ROLES: dict[Role, str] = {
    "identity": "names the AWS resource that is measured",
    "related": "names a resource beside it that other parts of the product read, such as a replica",
    "selector": "a Prometheus series selector",
    "parameter": "a setting of an indicator",
}
Form = Literal["text", "number", "list"]

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class ResourceKey:
    name: str
    role: Role
    form: Form
    required: bool
    default: str | None
    about: str
    source: str | None

    def value(self, given: str | tuple[str, ...] | None) -> str | Unbound | None:
        """What a placeholder is filled with; None when an optional key without a default is absent."""
        if given is None:
            return self.default
        if isinstance(given, tuple) or not given:
            return Unbound("bad_resource", f"resource.{self.name} must be one value, not a list")
        if self.form == "number" and not (_NUMBER.fullmatch(given) and float(given)):
            return Unbound("bad_resource", f"resource.{self.name} must be a plain number above 0, not {given[:60]!r}")
        return given


@dataclass(frozen=True, slots=True)
class DefaultObjective:
    """`target` is a ratio, `window` in minutes."""

    indicator: str
    target: Decimal
    window: int
    source: str


@dataclass(frozen=True, slots=True)
class Pitfall:
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Kind:
    """`no_objective` is the reason why nothing is promised by default; it is there where `objectives` is empty."""

    name: str
    title: str
    layer: Layer
    resource: Mapping[str, ResourceKey]
    indicators: Mapping[str, IndicatorTemplate]
    objectives: tuple[DefaultObjective, ...]
    no_objective: str | None
    signals: tuple[SignalTemplate, ...]
    alarms: tuple[AlarmTemplate, ...]
    panels: tuple[PanelTemplate, ...]
    pitfalls: tuple[Pitfall, ...]

    def bind(
        self, indicator: str, resource: Mapping[str, str | tuple[str, ...]], account: Account | None
    ) -> Indicator | Unbound:
        template = self.indicators.get(indicator)
        if template is None:
            known = ", ".join(sorted(self.indicators)) or "none"
            return Unbound("unknown_indicator", f"kind {self.name!r} has no indicator {indicator!r}; it has {known}")
        return bound(template, self.resource, resource, account)

    def bind_signals(
        self, resource: Mapping[str, str | tuple[str, ...]], account: Account | None
    ) -> tuple[Signal, ...] | Unbound:
        """Empty where the kind has none; Unbound where it has some and the resource is not enough for a single one."""
        given = self._given(resource)
        if isinstance(given, Unbound) or not self.signals:
            return given if isinstance(given, Unbound) else ()
        if account is None:
            return _NO_ACCOUNT
        found = tuple(signal for template in self.signals for signal in template.fill(given, account))
        needed = sorted(frozenset().union(*(template.query.needs for template in self.signals)) - given.keys())
        return found or _lacking([self.resource[name] for name in needed])

    def bind_alarms(
        self,
        resource: Mapping[str, str | tuple[str, ...]],
        account: Account | None,
        changes: Mapping[str, AlarmChange] = MappingProxyType({}),
    ) -> tuple[DefaultAlarm, ...] | Unbound:
        """Empty and Unbound as for signals; `changes` is what the component wants otherwise, by the alarm's name."""
        signals, given = self.bind_signals(resource, account), self._given(resource)
        if isinstance(signals, Unbound) or isinstance(given, Unbound) or account is None:
            return signals if isinstance(signals, Unbound) else ()
        kept = [(t, changes.get(t.name)) for t in self.alarms]
        wanted = [t if change is None else t.changed(change) for t, change in kept if change is None or change.enabled]
        return tuple(alarm for template in wanted for alarm in template.fill(given, account))

    def bind_panels(self, resource: Mapping[str, str | tuple[str, ...]]) -> tuple[Panel, ...]:
        given = self._given(resource)
        if isinstance(given, Unbound):
            return ()
        return tuple(panel for template in self.panels for panel in template.fill(given))

    def _given(self, resource: Mapping[str, str | tuple[str, ...]]) -> Resource | Unbound:
        """The keys that have a value, or why one of them has a bad one. A list of one may be written as its item."""
        given: Resource = {}
        for key in self.resource.values():
            value = resource.get(key.name)
            read = value if key.form == "list" else key.value(value)
            if isinstance(read, Unbound):
                return read
            if read:
                given[key.name] = read
        return given


_NO_ACCOUNT = Unbound("missing_account", "the estate declares no account to read CloudWatch in; add one under accounts")


def bound(
    template: IndicatorTemplate,
    keys: Mapping[str, ResourceKey],
    given: Mapping[str, str | tuple[str, ...]],
    account: Account | None,
) -> Indicator | Unbound:
    """The template with the values that a component gives for its placeholders, all of which are `keys`."""
    needed = [keys[name] for name in sorted(template.placeholders)]
    missing = [k for k in needed if k.default is None and k.name not in given and (k.required or k.name in template.needs)]
    if missing:
        return _lacking(missing)
    values: dict[str, str] = {}
    for key in needed:
        value = key.value(given.get(key.name))
        if isinstance(value, Unbound):
            return value
        if value is not None:
            values[key.name] = value
    if account is None and any(isinstance(q, LogsTemplate | MetricTemplate | TraceTemplate) for q in template.queries):
        return _NO_ACCOUNT
    return template.fill(values, account)


def _lacking(keys: Iterable[ResourceKey]) -> Unbound:
    return Unbound("missing_resource", f"resource lacks {', '.join(f'{key.name} ({key.about})' for key in keys)}")
