"""A view as a Grafana dashboard, built with Grafana's own builders; the same view gives the same JSON.

The data sources are variables of the dashboard: it is drawn on whatever Prometheus and CloudWatch the reader's Grafana has.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import bargauge, dashboard, stat, statetimeline, table, text, timeseries
from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.text import TextMode

from dashboards import grafana_query
from dashboards.grafana_query import PROMETHEUS
from dashboards.grid import place
from dashboards.naming import grafana_uid
from dashboards.panels import BarGauge, Column, Stat, StateTimeline, Table, Text

if TYPE_CHECKING:
    from dashboards.grid import Placed
    from dashboards.panels import Drawn, Panel
    from dashboards.views import View
    from slo.estate.spec import Estate

SCHEMA_VERSION = models.Dashboard().schema_version
_GRAFANAS_OWN = ("id", "version", "annotations")
BASE_URL = "${base_url:raw}"
"""What a view is to be made with: the address of our pages is a variable of the dashboard, put in as it is."""
UNITS = {
    "count": "short",
    "percent": "percent",
    "seconds": "s",
    "milliseconds": "ms",
    "bytes": "bytes",
    "bytes_per_second": "Bps",
    "per_second": "cps",
    "ratio": "percentunit",
    "times": "suffix:x",
    "none": "none",
}
COLOURS = {"grey": "text", "green": "green", "yellow": "yellow", "orange": "orange", "red": "red", "blue": "blue"}


def body(estate: Estate, view: View, base_url: str) -> dict[str, Any]:
    """The dashboard as JSON values, as it is posted; `view` was made with `BASE_URL`."""
    builder = (
        dashboard.Dashboard(view.title)
        .uid(grafana_uid(estate.name, view.name))
        .tags(["sloop"])
        .description("Written by Sloop from the estate file: change that, not this.")
        .timezone("utc")
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(_link("Sloop", f"{BASE_URL}{view.page}"))
        .variables(_variables(estate, view, base_url))
    )
    for number, placed in enumerate(place(view.rows), 1):
        if isinstance(placed.panel, str):
            builder.with_row(dashboard.Row(placed.panel).id(number).grid_pos(_grid(placed)))
        else:
            builder.with_panel(_panel(estate, placed.panel).id(number).grid_pos(_grid(placed)))
    return normal_form(json.loads(json.dumps(builder.build(), cls=JSONEncoder)))


def normal_form(document: dict[str, Any]) -> dict[str, Any]:
    """A dashboard as Grafana's schema of our version knows it: every default written out, ids and later additions gone.

    Equal for what we post and for what Grafana gives back of it. What does not fit the schema at all stays as it is.
    """
    register_default_plugins()
    try:
        known: dict[str, Any] = json.loads(json.dumps(models.Dashboard.from_json(document), cls=JSONEncoder))
    except (AttributeError, KeyError, TypeError, ValueError):
        return document
    kept = {key: value for key, value in known.items() if key not in _GRAFANAS_OWN}
    panels = [{key: value for key, value in panel.items() if key != "pluginVersion"} for panel in kept.get("panels", ())]
    return {**kept, "panels": panels, "schemaVersion": SCHEMA_VERSION}


def _grid(placed: Placed) -> models.GridPos:
    return models.GridPos(h=placed.height, w=placed.width, x=placed.x, y=placed.y)


def _variables(estate: Estate, view: View, base_url: str) -> list[Any]:
    """`job` chooses one of several Sloops that one Prometheus may scrape."""
    sources: list[Any] = [dashboard.DatasourceVariable(PROMETHEUS).label("Prometheus").type("prometheus")]
    for name, label in grafana_query.cloudwatch_variables(estate):
        sources.append(dashboard.DatasourceVariable(name).label(label).type("cloudwatch"))
    jobs = _query_variable("job", "Sloop", "label_values(sloop_snapshot_age_seconds, job)")
    chosen = _query_variable("slo", "Objective", 'label_values(sloop_coverage_ratio{job=~"$job"}, slo)')
    chosen = chosen.multi(True).include_all(True).all_value(".*").current(models.VariableOption(True, ["All"], ["$__all"]))
    address = dashboard.ConstantVariable("base_url").label("Address of Sloop").value(base_url)
    return [*sources, jobs, *([chosen] if view.chooses else []), address]


def _query_variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """Read again whenever the dashboard is opened."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(grafana_query.source(PROMETHEUS))
        .query({"query": query, "refId": name})
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK).url(url).target_blank(True)


def _panel(estate: Estate, panel: Panel) -> Any:
    """The builders of the kinds of panel have the same methods, but no common type."""
    if isinstance(panel, Text):
        return text.Panel().transparent(True).mode(TextMode.MARKDOWN).content(panel.markdown)
    builder = _empty(panel)
    builder.title(panel.title).description(panel.about).unit(UNITS[panel.unit]).thresholds(_thresholds(panel)).no_value(
        "no data"
    )
    builder.datasource(grafana_query.source(grafana_query.variable_of(estate, panel.targets)))
    builder.targets(grafana_query.targets(estate, panel))
    if panel.link and not isinstance(panel, Table):
        builder.links([_link(*panel.link)])
    return builder


def _empty(panel: Drawn) -> Any:
    """The kind of panel with what only that kind knows."""
    match panel:
        case Table():
            return _table(panel)
        case StateTimeline():
            mapping = models.ValueMap(
                {str(n): models.ValueMappingResult(word, COLOURS[c], index=n) for n, word, c in panel.states}
            )
            return statetimeline.Panel().mappings([mapping]).show_value(common.VisibilityMode.NEVER).row_height(0.9)
        case Stat():
            return stat.Panel().reduce_options(_newest()).graph_mode(common.BigValueGraphMode.NONE)
        case BarGauge():
            bars = bargauge.Panel().reduce_options(_newest()).orientation(common.VizOrientation.HORIZONTAL)
            return bars.display_mode(common.BarGaugeDisplayMode.BASIC)
        case _:
            lines = common.GraphThresholdsStyleMode.DASHED if panel.marks else common.GraphThresholdsStyleMode.OFF
            style = common_builders.GraphThresholdsStyleConfig().mode(lines)
            return timeseries.Panel().thresholds_style(style).line_width(1).fill_opacity(5)


def _newest() -> common_builders.ReduceDataOptions:
    return common_builders.ReduceDataOptions().calcs(["lastNotNull"])


def _thresholds(panel: Drawn | Column) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(_steps(panel))


def _steps(panel: Drawn | Column) -> list[models.Threshold]:
    return [models.Threshold(None, COLOURS[panel.base]), *(models.Threshold(m.value, COLOURS[m.colour]) for m in panel.marks)]


def _table(panel: Table) -> table.Panel:
    """The instant answers side by side: one row per key, a link from the key to its page."""
    values = [f"Value #{letter}" for letter in grafana_query.letters(panel.targets)]
    title, address = panel.link or ("", "")
    renamed = {panel.key: title, **dict(zip(values, (column.title for column in panel.columns), strict=True))}
    order = {name: at for at, name in enumerate(renamed)}
    options = {"excludeByName": {"Time": True}, "renameByName": renamed, "indexByName": order}
    link = {"title": "Open in Sloop", "url": f"{address}${{__value.raw}}", "targetBlank": True}
    drawn = (
        table.Panel()
        .transformations(
            [models.DataTransformerConfig("merge", options={}), models.DataTransformerConfig("organize", options=options)]
        )
        .sort_by([common_builders.TableSortByFieldState().display_name(panel.columns[0].title)])
        .override_by_name(title, [models.DynamicConfigValue("links", [link])])
    )
    for column in panel.columns:
        drawn.override_by_name(column.title, _column(column))
    return drawn


def _column(column: Column) -> list[models.DynamicConfigValue]:
    steps = [step.to_json() for step in _steps(column)]
    return [
        models.DynamicConfigValue("unit", UNITS[column.unit]),
        models.DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps}),
        models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
    ]
