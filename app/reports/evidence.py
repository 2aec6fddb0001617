"""The sections beside the objectives: who is in scope, what was told, what was not measured, which alarms are wanted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from app.reports.values import minute, moment, ratio
from slo.resource import COMPONENT
from slo.units import format_duration, format_minute

if TYPE_CHECKING:
    from app.ports import Delivery
    from app.reports.gather import Inputs, Line, Told
    from slo.estate.spec import Component

UNREAD = "what exists in the account was not read for this report"


def scope(inputs: Inputs) -> dict[str, Any]:
    """Every declared component, measured or with the reason why not."""
    lines = {line.outcome.objective.id: line for line in inputs.lines}
    rows = [_component(inputs, component, lines) for component in inputs.estate.components]
    found = Counter(row["standing"] for row in rows)
    return {
        "summary": {
            "declared": len(rows),
            **{standing: found[standing] for standing in ("measured", "partly_measured", "not_measured", "no_objective")},
            "completeness": "not evidenced: declared components are counted; the inventory of the AWS accounts was not read",
        },
        "components": rows,
    }


def _component(inputs: Inputs, component: Component, lines: dict[str, Line]) -> dict[str, Any]:
    unmeasured = [o.id for o in component.objectives if lines[o.id].outcome.week.counts.measured == 0]
    standing, why = "measured", None
    if not component.objectives:
        standing, why = "no_objective", _why_none(inputs, component)
    elif unmeasured:
        standing = "not_measured" if len(unmeasured) == len(component.objectives) else "partly_measured"
        why = f"nothing was measured in the period for {', '.join(unmeasured)}"
    return {
        "name": component.name,
        "title": component.title,
        "kind": component.kind,
        "tier": component.tier,
        "owner": component.owner,
        "account": component.account,
        "objectives": [o.id for o in component.objectives],
        "depends_on": list(component.depends_on),
        "standing": standing,
        "why": why,
    }


def _why_none(inputs: Inputs, component: Component) -> str:
    kind = inputs.catalog.kinds.get(component.kind)
    return component.no_objective or (kind.no_objective if kind else None) or "the estate declares no objective and no reason"


def breach(told: Told) -> dict[str, Any]:
    breach = told.row.breach
    return {
        "id": told.row.id,
        "objective": breach.objective,
        "severity": breach.severity,
        "rule": {
            "long": format_duration(breach.rule.long),
            "short": None if breach.rule.short is None else format_duration(breach.rule.short),
            "factor": ratio(breach.rule.factor, 6),
        },
        "fired_at": format_minute(breach.fired_at),
        "notified_at": minute(breach.notified_at),
        "resolved_at": minute(breach.resolved_at),
        "open_minutes": None if breach.resolved_at is None else breach.resolved_at - breach.fired_at,
        "budget_spent_at_fire": ratio(breach.spent, 6),
        "told": _told(told),
        "deliveries": [_delivery(d) for d in told.deliveries],
    }


def _told(told: Told) -> str:
    """`not_due`: held back by a mute, or by an open page of the same objective."""
    if told.row.breach.notified_at is None:
        return "not_due"
    return "sent" if any(d.message.state == "ALARM" and d.sent_at is not None for d in told.deliveries) else "not_sent"


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "transition": delivery.message.transition,
        "state": delivery.message.state,
        "created_at": moment(delivery.created_at),
        "sent_at": moment(delivery.sent_at),
        "attempts": delivery.attempts,
        "provider_id": delivery.provider_id,
        "last_error": delivery.last_error,
    }


def exclusions(inputs: Inputs) -> list[dict[str, Any]]:
    """Those that touch the period."""
    return [
        {
            "of": e.objective or e.component,
            "kind": e.kind,
            "start": format_minute(e.start),
            "end": format_minute(e.end),
            "reason": e.reason,
            "approved_by": e.approved_by,
        }
        for e in sorted(inputs.estate.exclusions, key=lambda e: (e.start, e.end, e.objective or "", e.component or ""))
        if e.start < inputs.upto and e.end > inputs.period.start
    ]


def alarms(inputs: Inputs) -> list[dict[str, Any]]:
    """What the catalogue wants, by component. Without a look at the account nothing says that it is there."""
    reasons = dict(inputs.wanted.without)
    rows = []
    for component in inputs.estate.components:
        own = [
            r for r in inputs.wanted.resources if r.kind in ("alarm", "composite") and r.tags.get(COMPONENT) == component.name
        ]
        why = None if own else reasons.get(component.name, "the catalogue has no alarm for this kind")
        rows.append(
            {
                "component": component.name,
                "wanted": len(own),
                "with_action": sum(bool(r.spec.get("AlarmActions")) for r in own),
                "live": None,
                "verdict": "not_evidenced" if own else "none_wanted",
                "why": UNREAD if own else why,
                "names": sorted(r.name for r in own),
            }
        )
    return rows


def gaps(inputs: Inputs) -> list[dict[str, Any]]:
    """Each indicator once, with every stretch in which it was not measured."""
    lines = {line.outcome.objective.indicator_id: line for line in inputs.lines}
    return [_gap(indicator, line) for indicator, line in sorted(lines.items())]


def _gap(indicator: str, line: Line) -> dict[str, Any]:
    week = line.outcome.week
    return {
        "indicator": indicator,
        "component": line.outcome.objective.component,
        "source": line.source,
        "missing_minutes": week.missing,
        "minutes": week.minutes,
        "coverage": ratio(week.coverage, 6),
        "longest_minutes": max((end - start for start, end in line.missing), default=0),
        "why": "no slice of this indicator was ever stored" if line.source is None else None,
        "intervals": [
            {"start": format_minute(start), "end": format_minute(end), "minutes": end - start} for start, end in line.missing
        ],
    }
