"""Every kind of component that is known, and the burn policy that holds where an estate names none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.catalog.parse import parse_kind
from slo.catalog.template import Unbound
from slo.errors import SpecError
from slo.estate import policies
from slo.estate.problems import Log, choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from slo.catalog.kind import Kind
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Account, Component, RuleSpec


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

    def bind(self, component: Component, indicator: str, account: Account | None) -> Indicator | Unbound:
        """The queries to send, in this account, or why there are none. `MetricQuery.account` is the account's name."""
        kind = self.kinds.get(component.kind)
        if kind is None:
            return Unbound("unknown_kind", f"kind {component.kind!r} is not in the catalogue; there is {choices(self.kinds)}")
        return kind.bind(indicator, component.resource, account)
