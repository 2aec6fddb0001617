"""Every dashboard of an estate in both formats: as documents to write to files, and as resources to plan and apply."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from dashboards import cloudwatch_json
from dashboards.naming import cloudwatch_name, grafana_uid
from dashboards.views import views
from slo.resource import ESTATE, MANAGED_BY, MANAGER, SPEC_SHA, Resource, normal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Estate

Format = Literal["grafana", "cloudwatch"]
FORMATS: tuple[Format, ...] = ("grafana", "cloudwatch")
Extent = Literal["all", "overview", "none"]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`key` is Grafana's uid or CloudWatch's name; `name` is for people and files; `body` is what the service is sent."""

    format: Format
    key: str
    name: str
    body: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The body as a file: the same bytes for the same estate."""
        return json.dumps(self.body, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def dashboards_of(
    estate: Estate, catalog: Catalog, base_url: str, formats: Collection[Format] = FORMATS
) -> tuple[Dashboard, ...]:
    """`base_url` is where people reach our pages, without a slash at the end."""
    found: list[Dashboard] = []
    if "grafana" in formats:
        from dashboards import grafana_json  # noqa: PLC0415  # its builders take long to import

        for view in views(estate, catalog, grafana_json.BASE_URL):
            document = grafana_json.body(estate, view, base_url)
            found.append(Dashboard("grafana", grafana_uid(estate.name, view.name), view.name, document))
    if "cloudwatch" in formats:
        for view in views(estate, catalog, base_url):
            name = cloudwatch_name(estate.name, view.name)
            found.append(Dashboard("cloudwatch", name, name, cloudwatch_json.body(estate, view)))
    return tuple(found)


def desired_dashboards(
    estate: Estate,
    catalog: Catalog,
    base_url: str,
    formats: Collection[Format] = FORMATS,
    *,
    cloudwatch: Extent = "all",
) -> tuple[Resource, ...]:
    """CloudWatch's stand in the first account, global and so without a region; without accounts there are none.

    `cloudwatch` may leave out those of single components, because AWS takes money for each beyond the third.
    """
    home = estate.account(None)
    found = dashboards_of(estate, catalog, base_url, formats)
    native = [d for d in found if d.format == "cloudwatch" and _wanted(estate, d, cloudwatch)] if home else []
    resources = [Resource("dashboard", home.name if home else "", "", d.key, {"body": normal(d.body)}) for d in native]
    resources += [Resource("grafana", "", "", d.key, {"body": normal(d.body)}) for d in found if d.format == "grafana"]
    return tuple(_tagged(estate, resource) for resource in resources)


def _wanted(estate: Estate, dashboard: Dashboard, extent: Extent) -> bool:
    return extent == "all" or (extent == "overview" and dashboard.key.startswith(cloudwatch_name(estate.name, "view_")))


def _tagged(estate: Estate, resource: Resource) -> Resource:
    tags = {MANAGED_BY: MANAGER, ESTATE: estate.name, SPEC_SHA: resource.spec_sha}
    return Resource(resource.kind, resource.account, resource.region, resource.name, resource.spec, tags)
