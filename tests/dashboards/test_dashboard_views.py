from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from app.files import read_catalog
from dashboards.panels import Promql, Stat, Text, TimeSeries
from dashboards.views import MOST_CHARTS, View, views
from slo.estate.calendar import Calendar
from slo.estate.spec import Budgeting, Component, Composite, Part
from tests.support.boards import BASE_URL, CATALOG, ESTATE
from tests.support.objectives import objective

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slo.estate.spec import Estate

Kind = TypeVar("Kind", Stat, Text, TimeSeries)


def made(estate: Estate = ESTATE) -> dict[str, View]:
    return {view.name: view for view in views(estate, CATALOG, BASE_URL)}


def panels(view: View, kind: type[Kind]) -> Iterator[Kind]:
    return (panel for row in view.rows for panel in row.panels if isinstance(panel, kind))


def test_there_is_one_for_the_estate_one_for_on_call_and_one_for_each_component() -> None:
    assert list(made()) == [
        "view_estate",
        "view_on-call",
        "component_shop",
        "component_archive",
        "component_orders",
        "component_quiet",
    ]


def test_a_component_links_to_its_page_its_runbook_and_what_it_needs() -> None:
    (head, *_) = panels(made()["component_shop"], Text)
    assert "(https://sloop.example/components/shop)" in head.markdown
    assert "(https://sloop.example/components/archive)" in head.markdown
    assert "[runbook](https://runbooks.example/shop)" in head.markdown
    assert "](javascript:" not in head.markdown


def test_a_component_without_objectives_says_why() -> None:
    (head, *_) = panels(made()["component_quiet"], Text)
    assert "No objective: a kind of the tests" in head.markdown


def test_burns_turn_colour_where_the_policy_pages() -> None:
    stats = {stat.title: stat for stat in panels(made()["component_shop"], Stat)}
    # 2 % of 7 days in 1 h is 3.36x, 5 % in 6 h is 1.4x; the last objective of the component has 7 days.
    assert [mark.value for mark in stats["Burn 1h"].marks] == [3.36]
    assert [mark.value for mark in stats["Burn 6h"].marks] == [1.4]
    assert stats["Burn 1h"].marks[0].colour == "red"


def test_every_objective_has_budget_burns_state_and_what_its_source_says() -> None:
    titles = [panel.title for row in made()["component_archive"].rows for panel in row.panels if not isinstance(panel, Text)]
    assert titles[:4] == ["Budget left", "Burn 1h", "Burn 6h", "State"]
    assert titles[4:6] == ["archive.connected: bad events", "archive.connected: burn"]


def test_the_signals_of_the_kind_are_drawn_with_the_lines_of_their_alarms() -> None:
    charts = {chart.title: chart for chart in panels(made()["component_shop"], TimeSeries)}
    assert [mark.value for mark in charts["Traffic"].marks] == [5.0]
    assert [(mark.value, mark.colour) for mark in charts["Disk"].marks] == [(90.0, "red")]
    assert charts["Disk"].unit == "percent"


def test_the_estate_is_drawn_layer_by_layer() -> None:
    rows = {row.heading: row for row in made()["view_estate"].rows if row.panels}
    assert [chart.title for chart in rows["Edge"].panels if isinstance(chart, TimeSeries)] == [
        "shop.availability",
        "shop.latency",
        "archive.connected",
    ]
    assert "Network" not in rows


def test_what_is_measured_from_a_sample_says_so_and_has_no_chart_of_its_source() -> None:
    traced = Component("traces", "xray", resource={"service": "api"}, objectives=(objective("traces"),))
    estate = replace(ESTATE, components=(traced,))
    (_, _, view) = views(estate, read_catalog(), BASE_URL)
    assert "sampled: counted from traces" in [text.markdown for text in panels(view, Text)][1]
    assert [chart.title for chart in panels(view, TimeSeries)][:1] == ["traces.availability: burn"]


def test_what_cannot_be_measured_says_why() -> None:
    shop = replace(ESTATE.component("shop"), resource={}, depends_on=())
    (_, _, view) = views(replace(ESTATE, components=(shop,)), CATALOG, BASE_URL)
    assert "Not measured: resource lacks balancer" in [text.markdown for text in panels(view, Text)][1]


def test_on_call_shows_the_sources_of_tier_1_only() -> None:
    charts = [chart.title for chart in panels(made()["view_on-call"], TimeSeries)]
    assert "shop.latency" in charts
    assert "archive.connected" not in charts


def test_an_estate_with_more_objectives_than_a_dashboard_takes_says_how_many_are_left_out() -> None:
    shop = ESTATE.component("shop")
    many = tuple(replace(shop, name=f"shop-{n}") for n in range(MOST_CHARTS))
    view = made(replace(ESTATE, components=many))["view_estate"]
    assert sum(chart.title.startswith("shop") for chart in panels(view, TimeSeries)) == MOST_CHARTS
    assert list(panels(view, Text))[-1].markdown.startswith(f"{MOST_CHARTS} more charts")


def test_every_query_on_sloop_chooses_one_sloop() -> None:
    expressions = [
        target.expression
        for view in made().values()
        for row in view.rows
        for panel in row.panels
        if not isinstance(panel, Text)
        for target in panel.targets
        if isinstance(target, Promql) and "sloop_" in target.expression
    ]
    assert expressions
    assert all(e.count("sloop_") == e.count('job=~"$job"') for e in expressions)


def test_the_overviews_name_what_is_measured_from_a_sample() -> None:
    traced = Component("traces", "xray", resource={"service": "api"}, objectives=(objective("traces"),))
    for view in views(replace(ESTATE, components=(traced,)), read_catalog(), BASE_URL)[:2]:
        assert "not from every request: traces.availability." in next(panels(view, Text)).markdown
    assert "ampled" not in next(panels(made()["view_estate"], Text)).markdown


def test_what_counts_no_requests_says_what_it_counts() -> None:
    shop = ESTATE.component("shop")
    sliced = replace(shop.objectives[0], budgeting=Budgeting("Timeslices", 5, Decimal("0.95")), calendar=Calendar(1, "M"))
    parts = (Part("shop.availability", Decimal("0.9")), Part("orders.availability", Decimal("0.9")))
    journey = replace(shop.objectives[0], id="shop.journey", indicator="journey", composite=Composite("serial", parts, 2))
    others = (component for component in ESTATE.components if component.name != "shop")
    estate = replace(ESTATE, components=(replace(shop, objectives=(sliced, journey)), *others))
    view = made(estate)["component_shop"]
    text = "\n".join(panel.markdown for panel in panels(view, Text))
    assert "over 1M by the calendar of UTC" in text
    assert "Timeslices of 5m: counts slices, not requests" in text
    assert "serial composite of shop.availability, orders.availability: counts minutes, not requests" in text
