"""A kind of component: the keys of its resource, its indicators, what is promised by default, what to beware of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slo.catalog.template import MetricTemplate, Unbound

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from slo.catalog.template import IndicatorTemplate
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Account

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


@dataclass(frozen=True, slots=True)
class Pitfall:
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    title: str
    resource: Mapping[str, ResourceKey]
    indicators: Mapping[str, IndicatorTemplate]
    objectives: tuple[DefaultObjective, ...]
    pitfalls: tuple[Pitfall, ...]

    def bind(
        self, indicator: str, resource: Mapping[str, str | tuple[str, ...]], account: Account | None
    ) -> Indicator | Unbound:
        template = self.indicators.get(indicator)
        if template is None:
            known = ", ".join(sorted(self.indicators))
            return Unbound("unknown_indicator", f"kind {self.name!r} has no indicator {indicator!r}; it has {known}")
        needed = sorted(template.placeholders)
        missing = [self.resource[n] for n in needed if self.resource[n].required and n not in resource]
        if missing:
            return Unbound("missing_resource", f"resource lacks {', '.join(f'{k.name} ({k.about})' for k in missing)}")
        values: dict[str, str] = {}
        for name in needed:
            value = self.resource[name].value(resource.get(name))
            if isinstance(value, Unbound):
                return value
            if value is not None:
                values[name] = value
        if account is None and any(isinstance(q, MetricTemplate) for q in template.queries):
            return Unbound("missing_account", "the estate declares no account to read CloudWatch in; add one under accounts")
        return template.fill(values, account)
