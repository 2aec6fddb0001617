"""Every kind of component that is known, and the burn policy that holds where an estate names none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.catalog.parse import parse_kind
from slo.errors import SpecError
from slo.estate import policies
from slo.estate.indicator import Unbound
from slo.estate.problems import Log, choices
from slo.estate.spec import OPENSLO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slo.catalog.kind import Kind
    from slo.catalog.signal import DefaultAlarm, Layer, Panel, Signal, Unit
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Account, Component, Objective, RuleSpec

_DECLARED = Unbound("openslo", "an objective of an OpenSLO document says itself how it is measured, by the sources of its SLI")


@dataclass(frozen=True, slots=True)
class Catalog:
    kinds: Mapping[str, Kind]
    default_policy: tuple[RuleSpec, ...]

    @classmethod
    def of(cls, files: Iterable[tuple[str, bytes]], policy: bytes) -> Catalog:
        """From (file name, bytes) of every kind, and the bytes of `slo/policies/default.yaml`. SpecError if one is bad."""
        kinds: dict[str, Kind] = {}
        for file, data in files:
            kind = parse_kind(data, file)
            if kind.name in kinds:
                log = Log(file)
                log.add(1, "kind", "duplicate_name", f"kind {kind.name!r} is described by another file too")
                raise SpecError(tuple(log.found))
            kinds[kind.name] = kind
        return cls(kinds, policies.parse(policy, "default.yaml")["default"])

    @property
    def units(self) -> dict[tuple[str, str], Unit]:
        """What a metric of CloudWatch is in, by namespace and metric, of those that are drawn."""
        signals = (signal for kind in self.kinds.values() for signal in kind.signals)
        return {(signal.query.namespace, signal.query.metric): signal.unit for signal in signals}

    def measure(self, component: Component, objective: Objective, account: Account | None) -> Indicator | Unbound:
        """How this objective is measured: as it declares itself, else as the catalogue says; a composite only by its parts."""
        if objective.composite is not None:
            return Unbound("composite", f"{objective.id} is measured by its parts")
        return objective.measure or self.bind(component, objective.indicator, account)

    def bind(self, component: Component, indicator: str, account: Account | None) -> Indicator | Unbound:
        """The queries to send, in this account, or why there are none. `MetricQuery.account` is the account's name."""
        if indicator == OPENSLO:
            return _DECLARED
        if indicator in component.indicators:
            return component.indicators[indicator]
        kind = self._kind(component)
        return kind if isinstance(kind, Unbound) else kind.bind(indicator, component.resource, account)

    def signals(self, component: Component, account: Account | None) -> tuple[Signal, ...] | Unbound:
        """The series to draw and to alarm on; empty where the kind has none."""
        kind = self._kind(component)
        return kind if isinstance(kind, Unbound) else kind.bind_signals(component.resource, account)

    def alarms(self, component: Component, account: Account | None) -> tuple[DefaultAlarm, ...] | Unbound:
        """The alarms that every component of this kind gets, as this one wants them; empty where the kind has none."""
        kind = self._kind(component)
        return kind if isinstance(kind, Unbound) else kind.bind_alarms(component.resource, account, component.alarms)

    def panels(self, component: Component) -> tuple[Panel, ...]:
        """Names of `signals`, in the order to draw them."""
        kind = self._kind(component)
        return () if isinstance(kind, Unbound) else kind.bind_panels(component.resource)

    def layer(self, component: Component) -> Layer | None:
        kind = self._kind(component)
        return None if isinstance(kind, Unbound) else kind.layer

    def _kind(self, component: Component) -> Kind | Unbound:
        kind = self.kinds.get(component.kind)
        if kind is not None:
            return kind
        return Unbound("unknown_kind", f"kind {component.kind!r} is not in the catalogue; there is {choices(self.kinds)}")
