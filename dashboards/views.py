"""What each dashboard shows, for every format alike: one per component, one for the estate, one for who is on call."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from dashboards import sloop_metrics
from dashboards.component import component_rows, is_sampled, share_chart
from dashboards.grid import Row
from dashboards.panels import BarGauge, Column, Mark, Stat, StateTimeline, Table, Text, TimeSeries, plain
from dashboards.sloop_metrics import ALL
from slo.catalog.signal import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dashboards.panels import Panel, Promql
    from slo.catalog.catalog import Catalog
    from slo.estate.spec import Component, Estate

MOST_CHARTS = 200
"""Of objectives on one dashboard: CloudWatch takes 500 widgets, and nobody reads more."""
BUDGET_MARKS = (Mark(0, "orange", "spent"), Mark(0.25, "green", "a quarter left"))
STATE_MAP = tuple((number, word, colour) for number, word, colour, _ in sloop_metrics.STATES)


@dataclass(frozen=True, slots=True)
class View:
    """`name` is unique in the estate and safe in names; `page` is where our pages show the same, behind the base address.

    `chooses` says that the reader may narrow it to some objectives.
    """

    name: str
    title: str
    page: str
    rows: tuple[Row, ...]
    chooses: bool = False


def views(estate: Estate, catalog: Catalog, base_url: str) -> tuple[View, ...]:
    """`base_url` has no slash at the end; it may be a variable of the dashboard."""
    components = (_component_view(estate, catalog, component, base_url) for component in estate.components)
    return (_estate_view(estate, catalog, base_url), _oncall_view(estate, catalog, base_url), *components)


def _component_view(estate: Estate, catalog: Catalog, component: Component, base_url: str) -> View:
    title = component.name if component.display_name is None else f"{component.display_name} ({component.name})"
    rows = component_rows(estate, catalog, component, base_url)
    return View(f"component_{component.name}", f"{estate.name}: {title}", f"/components/{component.name}", rows)


def _estate_view(estate: Estate, catalog: Catalog, base_url: str) -> View:
    pages = ("/slos", "/recovery", "/alarms", "/reports")
    head = _head(f"# {plain(estate.name)}: the whole estate", base_url, pages, _sampled(estate, catalog))
    rows = (
        Row("", (head,)),
        Row("Objectives", (_objectives(base_url), _budgets(), _states())),
        *_by_layer(estate, catalog, base_url),
    )
    return View("view_estate", f"{estate.name}: estate", "/", rows, chooses=True)


def _oncall_view(estate: Estate, catalog: Catalog, base_url: str) -> View:
    first = tuple(c for c in estate.components if c.tier == 1)
    pages = ("/", "/alarms", "/recovery", "/sources")
    head = _head(f"# {plain(estate.name)}: on call", base_url, pages, _sampled(estate, catalog))
    rows = (
        Row("", (head,)),
        Row("Now", (*_counts(), _breaches(base_url), _fastest(), _burns())),
        Row("States", (_states(),)),
        Row("Tier 1, as its sources see it", tuple(islice(_charts(estate, catalog, base_url, first), MOST_CHARTS))),
        Row("Sloop itself", tuple(_health())),
    )
    return View("view_on-call", f"{estate.name}: on call", "/", rows, chooses=True)


def _sampled(estate: Estate, catalog: Catalog) -> str:
    """Names those whose numbers are estimates; empty where there are none."""
    found = [
        objective.id
        for component in estate.components
        for objective in component.objectives
        if is_sampled(catalog.measure(component, objective, estate.account(component.account)))
    ]
    return f" Sampled, counted from traces and not from every request: {', '.join(found)}." if found else ""


def _head(heading: str, base_url: str, pages: tuple[str, ...], sampled: str) -> Text:
    links = " · ".join(f"[{'overview' if page == '/' else page[1:]}]({base_url}{page})" for page in pages)
    note = "Budgets, burns and breaches are Sloop's own; CloudWatch cannot show them, its dashboard links to the pages instead."
    return Text(f"{heading}\n{links}\n\n{note}{sampled}")


def _by_layer(estate: Estate, catalog: Catalog, base_url: str) -> Iterator[Row]:
    """What the sources say of every objective, layer by layer; what is too much for one dashboard is counted."""
    room, left = MOST_CHARTS, 0
    for layer, title in (*LAYERS.items(), (None, "Other")):
        members = tuple(c for c in estate.components if catalog.layer(c) == layer)
        charts = tuple(_charts(estate, catalog, base_url, members))
        yield Row(title, charts[:room])
        room, left = max(0, room - len(charts)), left + max(0, len(charts) - room)
    if left:
        yield Row("", (Text(f"{left} more charts are on the dashboards of their components."),))


def _charts(estate: Estate, catalog: Catalog, base_url: str, components: tuple[Component, ...]) -> Iterator[Panel]:
    for component in components:
        for objective in component.objectives:
            chart = share_chart(estate, catalog, component, objective, base_url, title=objective.id, width=8)
            if chart is not None:
                yield chart


def _objectives(base_url: str) -> Table:
    faster = (Mark(1, "orange", "faster than the budget allows"),)
    budget = Column("Budget left", sloop_metrics.budget_left(ALL), "ratio", "red", BUDGET_MARKS)
    burns = (Column(f"Burn {w}", sloop_metrics.burn(ALL, w), "times", marks=faster) for w in ("1h", "6h", "3d"))
    return _table("Objectives", (budget, *burns), base_url, width=24, height=10)


def _table(title: str, columns: tuple[Column, ...], base_url: str, *, width: int, height: int) -> Table:
    """One row per objective, which leads to its page."""
    queries = tuple(column.query for column in columns)
    link = ("Objective", f"{base_url}/slos/")
    return Table(title, queries, key="slo", columns=columns, link=link, width=width, height=height)


def _budgets() -> BarGauge:
    about = "1 is the whole budget, 0 none, below 0 overspent."
    return BarGauge(
        "Budget left",
        (sloop_metrics.budget_left(ALL),),
        unit="ratio",
        about=about,
        base="red",
        marks=BUDGET_MARKS,
        height=12,
    )


def _states() -> StateTimeline:
    return StateTimeline("State", (sloop_metrics.state(ALL),), states=STATE_MAP, height=12)


def _counts() -> Iterator[Stat]:
    """The counters that say whether somebody has to act, or whether Sloop itself cannot."""
    yield _stat("Open pages", sloop_metrics.open_breaches("page"), "count", Mark(1, "red", "somebody was paged"))
    yield _stat("Open tickets", sloop_metrics.open_breaches("ticket"), "count", Mark(1, "orange", "somebody has a ticket"))
    unjudged = Mark(1, "yellow", "not judged yet, or cannot be measured")
    yield _stat("Without a verdict", sloop_metrics.gauge("sloop_objectives_unjudged"), "count", unjudged)
    unsent = Mark(120, "red", "pages do not get out")
    yield _stat("Oldest unsent message", sloop_metrics.gauge("sloop_outbox_oldest_seconds"), "seconds", unsent)


def _stat(title: str, query: Promql, unit: str, mark: Mark) -> Stat:
    about = f"From {mark.value:g}: {mark.label}"
    return Stat(title, (query,), unit=unit, about=about, marks=(mark,), width=6, height=4)


def _breaches(base_url: str) -> Table:
    page = Column("Page", sloop_metrics.open_breaches_by_slo("page"), "count", "red")
    ticket = Column("Ticket", sloop_metrics.open_breaches_by_slo("ticket"), "count", "orange")
    return _table("Open breaches", (page, ticket), base_url, width=12, height=8)


def _fastest() -> BarGauge:
    marks = (Mark(1, "orange", "on budget"),)
    return BarGauge("Fastest burns, 1h", (sloop_metrics.worst_burns("1h", 10),), unit="times", marks=marks, height=8)


def _burns() -> TimeSeries:
    line = (Mark(1, "orange", "1 spends the budget exactly within the window"),)
    return TimeSeries("Burn, 1h", (sloop_metrics.burn(ALL, "1h"),), unit="times", about=line[0].label, marks=line, width=24)


def _health() -> Iterator[Panel]:
    lag = (sloop_metrics.gauge("sloop_evaluation_lag_seconds", "source"),)
    yield TimeSeries("Age of the newest judged minute", lag, unit="seconds", width=8)
    failed = (sloop_metrics.rate("sloop_source_errors_total", "source"),)
    yield TimeSeries("Polls that failed", failed, unit="per_second", width=8)
    sent = (sloop_metrics.rate("sloop_notifications_total", "severity, outcome"),)
    yield TimeSeries("Messages handed to the topic", sent, unit="per_second", width=8)
