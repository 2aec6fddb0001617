"""Indicators that a component declares itself, in the grammar of the catalogue's files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slo.catalog.kind import ResourceKey, bound
from slo.catalog.parse_indicator import read_indicators

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.kind import Kind
    from slo.catalog.template import IndicatorTemplate
    from slo.estate.indicator import Indicator, Unbound
    from slo.estate.places import Place
    from slo.estate.spec import Account

Resource = dict[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class OwnIndicators:
    """By name: what was written, and what it measures with the component's resource in its account.

    `broken` are those with a problem: what they would have been is not known.
    """

    templates: Mapping[str, IndicatorTemplate] = field(default_factory=dict)
    bound: Mapping[str, Indicator | Unbound] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()


def read(place: Place, kind: Kind | None, resource: Resource, account: Account | None) -> OwnIndicators:
    """Placeholders are keys of the kind's resource; of a kind that is not known, whatever its resource gives."""
    keys = _keys(resource) if kind is None else kind.resource
    templates = read_indicators(place, keys, own=True)
    measured = {name: bound(t, keys, resource, account) for name, t in templates.items()}
    return OwnIndicators(templates, measured, frozenset(place.fields().keys() - templates.keys()))


def _keys(resource: Resource) -> dict[str, ResourceKey]:
    return {
        name: ResourceKey(name, "identity", "list" if isinstance(value, tuple) else "text", False, None, "", None)
        for name, value in resource.items()
    }
