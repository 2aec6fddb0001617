"""What the catalogue says of each component beside its objectives: for the pages, read once when the service starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.naming import grafana_uid
from slo.estate.indicator import Unbound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slo.catalog.catalog import Catalog
    from slo.catalog.kind import Pitfall
    from slo.catalog.signal import DefaultAlarm, Layer
    from slo.estate.spec import Component, Estate

Links = tuple[tuple[str, str], ...]
"""Titles and addresses."""


@dataclass(frozen=True, slots=True)
class About:
    """`kind` is the title of its kind, `layer` None where the catalogue lacks it."""

    layer: Layer | None
    kind: str
    pitfalls: tuple[Pitfall, ...] = ()
    alarms: tuple[DefaultAlarm, ...] = ()
    dashboards: Links = ()


def about(estate: Estate, catalog: Catalog, dashboards: Mapping[str, Links] | None = None) -> dict[str, About]:
    """By component name; `dashboards` too."""
    return {c.name: _about(estate, catalog, c, (dashboards or {}).get(c.name, ())) for c in estate.components}


def grafana_links(estate: Estate, url: str) -> dict[str, Links]:
    """Where `sloop apply` puts the dashboard of each component; empty without the address of a Grafana."""
    if not url:
        return {}
    base = url.rstrip("/")
    return {c.name: (("Grafana", f"{base}/d/{grafana_uid(estate.name, f'component_{c.name}')}"),) for c in estate.components}


def _about(estate: Estate, catalog: Catalog, component: Component, dashboards: Links) -> About:
    kind = catalog.kinds.get(component.kind)
    if kind is None:
        return About(None, component.kind, dashboards=dashboards)
    alarms = catalog.alarms(component, estate.account(component.account))
    return About(kind.layer, kind.title, kind.pitfalls, () if isinstance(alarms, Unbound) else alarms, dashboards)
