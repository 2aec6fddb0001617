"""One component: its objectives with budget, burns and state, what its source says, and the signals of its kind."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dashboards import native, sloop_metrics
from dashboards.grid import Row
from dashboards.panels import Mark, Metric, Stat, StateTimeline, Text, TimeSeries, plain
from slo.estate.indicator import EventRatio, Unbound
from slo.judge.burn import rules_of
from slo.units import format_duration, format_percent, nearest_double

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dashboards.panels import Panel
    from slo.catalog.catalog import Catalog
    from slo.catalog.signal import DefaultAlarm, Signal
    from slo.catalog.signal import Panel as CatalogPanel
    from slo.estate.indicator import Indicator
    from slo.estate.spec import Component, Estate, Objective
    from slo.judge.burn import Rule

BURN_WINDOWS = ("1h", "6h")
_ADDRESS = re.compile(r"https?://[^\s()<>$\\]+")


def component_rows(estate: Estate, catalog: Catalog, component: Component, base_url: str) -> tuple[Row, ...]:
    objectives = (_objective_row(estate, catalog, component, o, base_url) for o in component.objectives)
    return (Row("", (_head(catalog, component, base_url),)), *objectives, _signal_row(estate, catalog, component))


def share_chart(
    estate: Estate, catalog: Catalog, component: Component, objective: Objective, base_url: str, *, title: str, width: int
) -> TimeSeries | None:
    """None when its indicator cannot be bound, or when only Sloop can compute it."""
    indicator = catalog.measure(component, objective, estate.account(component.account))
    if isinstance(indicator, Unbound):
        return None
    chart = native.chart(objective, indicator, title=title, width=width)
    return None if chart is None else replace(chart, link=_page(objective, base_url))


def _page(objective: Objective, base_url: str) -> tuple[str, str]:
    return (f"{objective.id} in Sloop", f"{base_url}/slos/{objective.id}")


def _head(catalog: Catalog, component: Component, base_url: str) -> Text:
    kind = catalog.kinds.get(component.kind)
    facts = [
        f"**{plain(kind.title if kind else component.kind)}**",
        f"[{component.name} in Sloop]({base_url}/components/{component.name})",
        *([f"tier {component.tier}"] if component.tier is not None else []),
        *([f"owner {plain(component.owner)}"] if component.owner else []),
        *([_runbook(component.runbook)] if component.runbook else []),
        *([f"needs {_needs(component, base_url)}"] if component.depends_on else []),
    ]
    lines = [f"# {plain(component.title)}", " · ".join(facts)]
    if component.description:
        lines += ["", plain(component.description)]
    if not component.objectives:
        lines += ["", f"No objective: {plain(component.no_objective or 'none is declared')}"]
    return Text("\n".join(lines), height=3 + 2 * (len(lines) > 2))


def _runbook(text: str) -> str:
    """A link where it is an address that markdown can hold; it may as well be a path, or words."""
    return f"[runbook]({text})" if _ADDRESS.fullmatch(text) else f"runbook: {plain(text)}"


def _needs(component: Component, base_url: str) -> str:
    return ", ".join(f"[{name}]({base_url}/components/{name})" for name in component.depends_on)


def _objective_row(estate: Estate, catalog: Catalog, component: Component, objective: Objective, base_url: str) -> Row:
    page = _page(objective, base_url)
    goal = f"{format_percent(objective.target)} % over {_window(objective)}"
    chart = share_chart(estate, catalog, component, objective, base_url, title=f"{objective.id}: bad events", width=12)
    panels: tuple[Panel, ...] = (
        Text(f"[{objective.id}]({page[1]})\n\n{goal}{_note(estate, catalog, component, objective)}", width=4, height=4),
        _budget(objective, page),
        *(_burn(objective, window, page) for window in BURN_WINDOWS),
        _state(objective, page),
        *([chart] if chart else []),
        _burns(objective, page),
    )
    return Row(f"{objective.id}: {goal}", panels)


def _window(objective: Objective) -> str:
    """`30d`, or `1M by the calendar of Europe/Berlin`."""
    if objective.calendar is None:
        return objective.window_text
    return f"{objective.window_text} by the calendar of {objective.calendar.zone}"


def _note(estate: Estate, catalog: Catalog, component: Component, objective: Objective) -> str:
    """What a reader of the numbers has to know: what they count if not events, or why there are none."""
    if objective.composite is not None:
        parts = ", ".join(part.indicator for part in objective.composite.parts)
        return f"\n\n{objective.composite.mode} composite of {parts}: counts minutes, not requests"
    if objective.method != "Occurrences":
        slices = format_duration(objective.budgeting.slice_window)
        return f"\n\n{objective.method} of {slices}: counts slices, not requests"
    indicator = catalog.measure(component, objective, estate.account(component.account))
    if isinstance(indicator, Unbound):
        return f"\n\nNot measured: {plain(indicator.text)}"
    return "\n\nsampled: counted from traces, not from every request" if is_sampled(indicator) else ""


def is_sampled(indicator: Indicator | Unbound) -> bool:
    return isinstance(indicator, EventRatio) and indicator.sampled


def _budget(objective: Objective, page: tuple[str, str]) -> Stat:
    marks = (Mark(0, "orange", "spent"), Mark(0.25, "green", "a quarter left"))
    query = sloop_metrics.budget_left(objective.id)
    about = "1 is the whole budget, 0 none, below 0 overspent."
    return Stat("Budget left", (query,), unit="ratio", about=about, base="red", marks=marks, link=page, width=4, height=4)


def _burn(objective: Objective, window: str, page: tuple[str, str]) -> Stat:
    """Coloured from the factor at which a rule with this long window fires; without one, from 1 (on budget)."""
    rule = next((r for r in rules_of(objective) if format_duration(r.long) == window), None)
    mark = _mark(rule) if rule else Mark(1, "yellow", "faster than the budget allows")
    query = sloop_metrics.burn(objective.id, window)
    return Stat(f"Burn {window}", (query,), unit="times", about=mark.label, marks=(mark,), link=page, width=4, height=4)


def _mark(rule: Rule) -> Mark:
    spans = " and ".join(map(format_duration, rule.windows))
    text = f"{rule.label or rule.severity} from {float(rule.factor):.3g}x in {spans}"
    return Mark(nearest_double(rule.factor), "red" if rule.severity == "page" else "orange", text)


def _state(objective: Objective, page: tuple[str, str]) -> StateTimeline:
    states = tuple((number, word, colour) for number, word, colour, _ in sloop_metrics.STATES)
    return StateTimeline("State", (sloop_metrics.state(objective.id),), states=states, link=page, width=8, height=4)


def _burns(objective: Objective, page: tuple[str, str]) -> TimeSeries:
    marks = _ascending(_mark(r) for r in rules_of(objective) if format_duration(r.long) in BURN_WINDOWS)
    queries = tuple(sloop_metrics.burn(objective.id, window, window) for window in ("5m", "30m", *BURN_WINDOWS))
    about = "; ".join(mark.label for mark in marks)
    return TimeSeries(f"{objective.id}: burn", queries, unit="times", about=about, marks=marks, link=page)


def _ascending(marks: Iterator[Mark]) -> tuple[Mark, ...]:
    """One per value, as drawing programs want their thresholds."""
    return tuple(sorted({mark.value: mark for mark in marks}.values(), key=lambda mark: mark.value))


def _signal_row(estate: Estate, catalog: Catalog, component: Component) -> Row:
    account = estate.account(component.account)
    panels = catalog.panels(component)
    if not panels:
        return Row("", ())
    signals, alarms = catalog.signals(component, account), catalog.alarms(component, account)
    if isinstance(signals, Unbound):
        return Row("Signals", (Text(f"Signals cannot be drawn: {plain(signals.text)}"),))
    known = () if isinstance(alarms, Unbound) else alarms
    by_name = {signal.name: signal for signal in signals}
    drawn = tuple(_signals(panel, [by_name[name] for name in panel.signals if name in by_name], known) for panel in panels)
    return Row("Signals", tuple(panel for panel in drawn if panel.targets))


def _signals(panel: CatalogPanel, signals: Sequence[Signal], alarms: Sequence[DefaultAlarm]) -> TimeSeries:
    targets = tuple(Metric(f"m{n}", signal.query, signal.title) for n, signal in enumerate(signals, 1))
    drawn = {signal.query for signal in signals}
    marks = _ascending(_alarm_mark(a) for a in alarms if a.expression is None and drawn.issuperset(a.queries.values()))
    about = "; ".join(mark.label for mark in marks)
    return TimeSeries(panel.title, targets, unit=panel.unit, about=about, base="blue", marks=marks, width=8)


def _alarm_mark(alarm: DefaultAlarm) -> Mark:
    text = f"{alarm.severity} when {alarm.comparison} {alarm.threshold.normalize():f} ({alarm.name})"
    return Mark(float(alarm.threshold), "red" if alarm.severity == "page" else "orange", text)
