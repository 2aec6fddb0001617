"""A component on its own page: how it stands, what it leans on, what watches it, and what to beware of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.about import About
from app.web import traces
from app.web.badges import Badge, badge, worst
from app.web.component_alarms import alarm_rows
from app.web.layers import tile
from app.web.recovery import recovery_line
from app.web.troubles import trouble_line
from app.web.views import BreachLine, Row, breach_line, rows
from slo.catalog.signal import LAYERS

if TYPE_CHECKING:
    from app.snapshot import Snapshot
    from app.web.component_alarms import AlarmRow
    from app.web.layers import Tile
    from app.web.recovery import RecoveryLine
    from app.web.traces import Traces
    from app.web.troubles import TroubleLine
    from slo.catalog.kind import Pitfall
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
        return Runbook(f"No runbook declared: give component {component.name} one (runbook)")
    is_web = component.runbook.startswith(("https://", "http://"))
    return Runbook(component.runbook, component.runbook) if is_web else Runbook(f"Runbook: {component.runbook}")


@dataclass(frozen=True, slots=True)
class ComponentPage:
    """`badge` is the worst of its objectives', None without any: then `component.no_objective` says why, if it is known.

    `alarms_read` says that the alarms were compared with what lives in AWS.
    """

    component: Component
    badge: Badge | None
    runbook: Runbook
    facts: tuple[str, ...]
    rows: list[Row]
    breaches: tuple[BreachLine, ...]
    depends_on: tuple[Tile, ...]
    needed_by: tuple[Tile, ...]
    recovery: tuple[RecoveryLine, ...]
    troubles: tuple[TroubleLine, ...]
    alarms: tuple[AlarmRow, ...]
    alarms_read: bool
    resource: Facts
    pitfalls: tuple[Pitfall, ...]
    dashboards: tuple[tuple[str, str], ...]
    traces: Traces


def component_page(snapshot: Snapshot, component: Component, about: About | None = None) -> ComponentPage:
    known = about or About(None, component.kind)
    found = rows(snapshot, component.objectives)
    state = worst(row.badge.state for row in found)
    needed_by = (c for c in snapshot.estate.components if component.name in c.depends_on)
    return ComponentPage(
        component=component,
        badge=None if state is None else badge(state),
        runbook=runbook_of(component),
        facts=_facts(snapshot, component, known),
        rows=found,
        breaches=tuple(breach_line(snapshot, b) for o in component.objectives for b in snapshot.breaches_of(o.id)),
        depends_on=tuple(tile(snapshot, snapshot.estate.component(n)) for n in component.depends_on),
        needed_by=tuple(tile(snapshot, c) for c in needed_by),
        recovery=tuple(recovery_line(v, snapshot) for v in snapshot.recovery if v.component == component.name),
        troubles=tuple(trouble_line(b, snapshot) for b in snapshot.recovery_breaches if b.component == component.name),
        alarms=alarm_rows(snapshot, component, known.alarms),
        alarms_read=snapshot.alarms is not None and snapshot.alarms.read_at is not None,
        resource=tuple((k, v if isinstance(v, str) else ", ".join(v)) for k, v in component.resource.items()),
        pitfalls=known.pitfalls,
        dashboards=known.dashboards,
        traces=traces.of_component(snapshot, component.name),
    )


def _facts(snapshot: Snapshot, component: Component, about: About) -> tuple[str, ...]:
    account = snapshot.estate.account(component.account)
    return (
        component.name,
        about.kind if about.kind == component.kind else f"{about.kind} ({component.kind})",
        *((f"layer {LAYERS[about.layer].lower()}",) if about.layer else ()),
        "no tier" if component.tier is None else f"tier {component.tier}",
        f"owned by {component.owner}" if component.owner else "no owner named",
        "no account" if account is None else f"account {account.name} ({account.id}, {account.region})",
    )
