"""A plan, an outcome and a drift as people read them: one line per resource, the numbers at the end."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from alerts.prices import monthly
from app.files import read_prices
from slo.plan_file import document
from slo.prices.price_list import format_dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from alerts.prices import Choice
    from app.provision import Outcome
    from slo.plan import Change, Drift, Field, Plan
    from slo.resource import Resource

SIGNS = {"create": "+", "update": "~", "tag": "!", "delete": "-"}
WORDS = {
    "changed": "by hand",
    "missing": "is gone",
    "orphan": "nobody declares it",
    "unconfirmed": "its endpoint has not confirmed it: what is sent reaches nobody",
}
NAMED_UNMANAGED = 5
LONG = 120
"""Characters of a list or mapping beyond which only its size is told: a dashboard would fill a screen; `--json` has it."""
_COMPARED = {
    "GreaterThanOrEqualToThreshold": ">=",
    "GreaterThanThreshold": ">",
    "LessThanOrEqualToThreshold": "<=",
    "LessThanThreshold": "<",
}


def plan_lines(
    plan: Plan,
    read_at: datetime,
    without: Sequence[tuple[str, str]] = (),
    notes: Sequence[tuple[str, str]] = (),
    costs: Sequence[Choice] = (),
) -> Iterator[str]:
    """`costs` are of everything that the estate wants, not of what would change."""
    places = ", ".join(f"{p.account} {p.region} ({p.id})" for p in plan.places)
    sha = str(document(plan)["plan_sha256"])
    yield f"Estate {plan.estate} · {places} · live read {read_at:%H:%M:%S}Z · plan sha256 {sha[:12]}"
    yield from map(change_line, plan.changes)
    yield f"  = {plan.unchanged} unchanged{_unmanaged(plan)}{_drifted(plan)}"
    yield from (f"    {line}" for line in map(drift_line, plan.drifted))
    if plan.drifted and any(d.kind == "changed" for d in plan.drifted):
        yield "    What was changed by hand stays as it is, unless you say --accept-drift."
    yield from (f"    no alarms for {component}: {why}" for component, why in without)
    yield from (f"    no burn alarm for {objective}: {why}; Sloop alone pages for it" for objective, why in notes)
    yield from (f"    {format_dollars(c.dollars)}/month  {c.what} ({c.count})" for c in costs)
    yield guard_line(plan)
    yield from (f"  blocked: {reason}" for reason in plan.guard.blocked)


def change_line(change: Change) -> str:
    told = _fields(change.fields) if change.op in ("update", "tag") else described(change.resource)
    why = f"  ({change.reason})" if change.reason else ""
    kind = "tags" if change.op == "tag" else change.resource.kind
    return f"  {SIGNS[change.op]} {kind:<12} {change.resource.name}{_where(change.resource)}  {told}{why}".rstrip()


def drift_line(drift: Drift, who: str = "") -> str:
    word = f"{WORDS[drift.kind]}{who}"
    told = f"  {_fields(drift.fields)}" if drift.fields else ""
    return f"{drift.kind:<8} {drift.resource.kind} {drift.resource.name}{_where(drift.resource)}{told}  ({word})"


def guard_line(plan: Plan) -> str:
    counts = Counter(change.op for change in plan.changes)
    deletes = f"deletes {counts['delete']} of {plan.guard.existing} (free: {plan.guard.limit})"
    numbers = f"creates {counts['create']} · updates {counts['update']} · tags {counts['tag']} · {deletes}"
    return f"Guard: {numbers}  {'BLOCKED' if plan.guard.blocked else 'OK'}   cost {cost_of(plan)}/month (list price, estimate)"


def cost_of(plan: Plan) -> str:
    """What the plan adds to a month's bill, with its sign."""
    prices = read_prices()
    made = sum((monthly(c.after, prices) for c in plan.changes if c.after is not None), Fraction(0))
    gone = sum((monthly(c.before, prices) for c in plan.changes if c.before is not None), Fraction(0))
    delta = made - gone
    return f"{'' if delta < 0 else '+'}{format_dollars(delta)}"


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    for failure in outcome.failed:
        yield f"failed: {failure.change.op} {failure.change.resource.kind} {failure.change.resource.name}: {failure.error}"
    yield f"{len(outcome.done)} applied, {len(outcome.failed)} failed"


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    return {
        "done": [_named(c) for c in outcome.done],
        "failed": [{**_named(f.change), "error": f.error} for f in outcome.failed],
    }


def described(resource: Resource) -> str:
    """What it watches and whom it tells, in a few words."""
    spec = resource.spec
    if resource.kind == "composite":
        held = f" unless {spec['ActionsSuppressor']}" if "ActionsSuppressor" in spec else ""
        return f"{spec['AlarmRule']}{held}{_told(resource)}"
    if resource.kind == "subscription":
        return f"{spec['Protocol']} to {spec['Host']}"
    if resource.kind == "mute":
        return f"{spec['Expression']} for {spec['Duration']}: {len(spec['AlarmNames'])} alarms"
    return f"{_watched(spec)}{_told(resource)}" if resource.kind == "alarm" else ""


def _watched(spec: Any) -> str:
    if "Metrics" in spec:
        expression = next(q["Expression"] for q in spec["Metrics"] if q.get("ReturnData") and "Expression" in q)
        period = next(q["MetricStat"]["Period"] for q in spec["Metrics"] if "MetricStat" in q)
        what = str(expression)
    else:
        period = spec["Period"]
        what = f"{spec['MetricName']} {spec.get('Statistic') or spec.get('ExtendedStatistic')}"
    rule = f"{_COMPARED.get(spec['ComparisonOperator'], spec['ComparisonOperator'])} {spec['Threshold']:g}"
    return f"{what} {rule} {spec['DatapointsToAlarm']}/{spec['EvaluationPeriods']}x{period}s missing={spec['TreatMissingData']}"


def _told(resource: Resource) -> str:
    topics = ", ".join(action.rsplit(":", 1)[-1] for action in resource.spec["AlarmActions"]) or "nobody"
    return f"  -> {topics}" if resource.spec["ActionsEnabled"] else f"  -> {topics} (actions disabled)"


def _fields(fields: Iterable[Field]) -> str:
    return "; ".join(f"{f.path} {_value(f.old)} → {_value(f.new)}" for f in fields)


def _value(value: Any) -> str:
    if value is None or isinstance(value, str):
        return "none" if value is None else value
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= LONG or not isinstance(value, (list, dict)) else f"({len(value)} entries)"


def _where(resource: Resource) -> str:
    """Dashboards have no region, and Grafana's no account either."""
    place = " ".join(filter(None, (resource.account, resource.region)))
    return f" [{place}]" if place else ""


def _unmanaged(plan: Plan) -> str:
    if not plan.unmanaged:
        return ""
    named = ", ".join(plan.unmanaged[:NAMED_UNMANAGED]) + (", ..." if len(plan.unmanaged) > NAMED_UNMANAGED else "")
    return f" · {len(plan.unmanaged)} unmanaged, left alone: {named}"


def _drifted(plan: Plan) -> str:
    return f" · {len(plan.drifted)} drifted" if plan.drifted else ""


def _named(change: Change) -> dict[str, Any]:
    r = change.resource
    return {"op": change.op, "kind": r.kind, "account": r.account, "region": r.region, "name": r.name}
