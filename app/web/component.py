"""Components in lists and on their own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.web import numbers
from app.web.badges import Badge, badge, worst
from app.web.views import BreachLine, Row, breach_line, row_of, rows

if TYPE_CHECKING:
    from app.snapshot import Snapshot
    from slo.estate.spec import Component

Facts = tuple[tuple[str, str], ...]
"""Pairs for a definition list: what, and its value."""


@dataclass(frozen=True, slots=True)
class Runbook:
    """`href` only where the text is a web address: nothing else becomes a link."""

    text: str
    href: str | None = None


def runbook_of(component: Component) -> Runbook:
    if component.runbook is None:
        return Runbook(f"No runbook declared: add `runbook:` to component {component.name}")
    is_web = component.runbook.startswith(("https://", "http://"))
    return Runbook(component.runbook, component.runbook) if is_web else Runbook(f"Runbook: {component.runbook}")


@dataclass(frozen=True, slots=True)
class ComponentLine:
    """A component in a list: its badge is the worst of its objectives', None without any."""

    name: str
    title: str
    kind: str
    tier: str
    badge: Badge | None
    objectives: int
    open: int


def component_line(snapshot: Snapshot, component: Component) -> ComponentLine:
    found = [row_of(snapshot, o) for o in component.objectives]
    state = worst(row.badge.state for row in found)
    return ComponentLine(
        name=component.name,
        title=component.title,
        kind=component.kind,
        tier=numbers.UNKNOWN if component.tier is None else str(component.tier),
        badge=None if state is None else badge(state),
        objectives=len(found),
        open=sum(len([b for b in snapshot.breaches_of(o.id) if b.breach.open]) for o in component.objectives),
    )


@dataclass(frozen=True, slots=True)
class ComponentPage:
    line: ComponentLine
    component: Component
    runbook: Runbook
    rows: list[Row]
    depends_on: tuple[ComponentLine, ...]
    needed_by: tuple[ComponentLine, ...]
    breaches: tuple[BreachLine, ...]
    resource: Facts
    recovery: tuple[tuple[str, str, str], ...]


def component_page(snapshot: Snapshot, component: Component) -> ComponentPage:
    needed_by = [c for c in snapshot.estate.components if component.name in c.depends_on]
    return ComponentPage(
        line=component_line(snapshot, component),
        component=component,
        runbook=runbook_of(component),
        rows=rows(snapshot, component.objectives),
        depends_on=tuple(component_line(snapshot, snapshot.estate.component(n)) for n in component.depends_on),
        needed_by=tuple(component_line(snapshot, c) for c in needed_by),
        breaches=tuple(breach_line(snapshot, b) for o in component.objectives for b in snapshot.breaches_of(o.id)),
        resource=tuple((k, v if isinstance(v, str) else ", ".join(v)) for k, v in component.resource.items()),
        recovery=tuple((t.scenario, _minutes(t.rpo), _minutes(t.rto)) for t in component.recovery),
    )


def _minutes(value: int | None) -> str:
    return "not specified" if value is None else numbers.window(value)
