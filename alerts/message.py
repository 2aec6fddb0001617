"""A page or a ticket as the message that tells it, and the message that only tests the way to the pager."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from alerts import naming
from alerts.envelope import Message, Origin, State, Telling, compose, metric, runbook_link
from alerts.text import clip, line
from slo.judge import document
from slo.units import format_duration, format_minute, format_percent, format_seconds, nearest_double

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction

    from alerts.breach import Breach
    from alerts.events import Event
    from alerts.naming import Kind
    from slo.estate.spec import Component, Objective
    from slo.judge.burn import Rule
    from slo.units import Minute


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at the moment of telling, from the verdict that the pages show; None where it is not.

    `spent` is a share of the budget, `burn` that of the last hour, `exhausts_at` epoch seconds. A repeated message has the
    minute `at` and an `occasion` of its own, which makes its transition unique.
    """

    spent: Fraction | None = None
    burn: Fraction | None = None
    exhausts_at: int | None = None
    changes: tuple[Event, ...] = ()
    at: Minute | None = None
    occasion: str = ""


NOTHING_KNOWN = Facts()


def page_message(
    origin: Origin, breach: Breach, kind: Kind, component: Component, objective: Objective, facts: Facts = NOTHING_KNOWN
) -> Message:
    """ALARM when a breach is told or told again, OK when it resolves."""
    moments = {"opened": breach.fired_at, "notified": breach.notified_at, "repeated": facts.at, "resolved": breach.resolved_at}
    at, breach_id = moments[kind], naming.breach_id(breach)
    if at is None:
        raise ValueError(f"breach {breach_id} is not {kind}")
    state: State = "OK" if kind == "resolved" else "ALARM"
    told = Telling(
        naming.key(origin.estate, objective.id, breach.severity),
        state,
        at * 60,
        naming.transition_id(breach, kind, facts.occasion),
        breach.severity,
        _sentence(breach, kind, component, objective, facts),
        f"{_effect(breach, kind)}: {component.title}",
        facts.changes,
    )
    links = {"breach": f"{origin.base}/breaches/{breach_id}", "objective": f"{origin.base}/slos/{breach.objective}"}
    return compose(
        origin,
        component,
        told,
        links=links | runbook_link(component.runbook),
        trigger=_trigger(objective, breach.rule),
        more=_more(breach, facts),
        breach=breach_id,
    )


def test_message(origin: Origin, component: Component, state: State, *, at: int) -> Message:
    """A drill of the way to the pager: ALARM, then OK, `at` epoch seconds."""
    told = Telling(
        naming.test_key(origin.estate, component.name),
        state,
        at,
        f"test/{component.name}/{at}/{state}",
        "test",
        f"Test of the way from Sloop to the pager for {clip(line(component.title), 120)}: nothing is wrong.",
        f"test, nothing is wrong: {component.title}",
    )
    links = {"component": f"{origin.base}/components/{component.name}"}
    trigger = metric("Test", [("Component", component.name)], periods=1, threshold=1.0)
    return compose(origin, component, told, links=links, trigger=trigger, more={"test": True, "fired_at": format_seconds(at)})


def _more(breach: Breach, facts: Facts) -> dict[str, Any]:
    left = None if facts.spent is None else 1 - facts.spent
    return {
        "rule": document.rule(breach.rule),
        **({"label": breach.rule.label} if breach.rule.label else {}),
        "fired_at": format_minute(breach.fired_at),
        "resolved_at": None if breach.resolved_at is None else format_minute(breach.resolved_at),
        "budget_spent": None if facts.spent is None else nearest_double(facts.spent),
        "budget_left": None if left is None else nearest_double(left),
        "burn_1h": None if facts.burn is None else nearest_double(facts.burn),
        "exhausts_at": None if facts.exhausts_at is None else format_seconds(facts.exhausts_at),
    }


def _effect(breach: Breach, kind: Kind) -> str:
    if kind == "resolved":
        return "resolved"
    still = "still " if kind == "repeated" else ""
    return f"{still}burns its budget at {float(breach.rule.factor):.3g}x or more"


def _sentence(breach: Breach, kind: Kind, component: Component, objective: Objective, facts: Facts) -> str:
    """The verdict in words; numbers are rounded here, where nothing is decided any more."""
    spans = " and ".join(f"in {format_duration(window)}" for window in breach.rule.windows)
    name = f"{clip(line(component.title), 120)} ({objective.id})"
    goal = f"{_percent(objective.target)} over {_window(objective)}"
    used = "" if facts.spent is None else f" {_spent(facts.spent)} of its budget is spent."
    if kind == "resolved":
        return f"{name} is quiet again: the {breach.severity} of {format_minute(breach.fired_at)} is resolved ({goal}).{used}"
    since = f", since {format_minute(breach.fired_at)}" if kind == "repeated" else ""
    gone = "" if facts.exhausts_at is None else f" At this speed all of it is gone at {format_seconds(facts.exhausts_at)}."
    return f"{name} {_effect(breach, kind)} {spans}{since} ({goal}).{used}{gone}"


def _window(objective: Objective) -> str:
    """`30d`, of a calendar `1M (Europe/Berlin)`; what the events are, where they are not requests."""
    text = objective.window_text if objective.calendar is None else f"{objective.window_text} ({objective.calendar.zone})"
    if objective.method != "Occurrences":
        return f"{text}, counted in slices of {format_duration(objective.budgeting.slice_window)}"
    return text if objective.composite is None else f"{text}, counted in minutes of the journey"


def _percent(share: Decimal) -> str:
    """0.9990 -> `99.9%`, exactly."""
    return f"{format_percent(share)}%"


def _spent(share: Fraction) -> str:
    """0.0333... -> `3.4%`, rounded up as the pages do: what was spent must not look like less."""
    return f"{ceil(share * 1000) / 10:,.1f}%"


def _trigger(objective: Objective, rule: Rule) -> dict[str, Any]:
    dimensions = [("Objective", objective.id), ("Severity", rule.severity)]
    return metric("BurnRate", dimensions, periods=rule.long, threshold=nearest_double(rule.factor))
