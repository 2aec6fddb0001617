"""One message for many breaches with one root: what burns is listed, worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alerts import naming
from alerts.envelope import Message, Origin, Telling, compose, metric, runbook_link
from alerts.text import clip, line
from slo.judge import document
from slo.units import format_minute, nearest_double

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alerts.breach import Breach
    from alerts.events import Event
    from slo.estate.spec import Component
    from slo.units import Minute

LISTED = 500
"""Each of so many has a line in the body, which SNS takes up to 256 KiB; how many more there are is said."""
NAMED = 5
"""So many stand in the sentence."""


def group_message(
    origin: Origin,
    root: Component,
    members: Sequence[Breach],
    at: Minute,
    *,
    occasion: str = "",
    changes: tuple[Event, ...] = (),
) -> Message:
    """ALARM for `members`, worst first; told again it has an `occasion` that makes its transition unique."""
    names = ", ".join(b.objective for b in members[:NAMED])
    more = f" and {len(members) - NAMED} more" if len(members) > NAMED else ""
    still = "still burn" if occasion else "burn at once"
    told = Telling(
        naming.group_key(origin.estate, root.name),
        "ALARM",
        at * 60,
        naming.group_transition(root.name, at, occasion),
        "page",
        f"{len(members)} objectives {still}; the others depend on {_title(root)}. Worst first: {names}{more}.",
        f"{len(members)} objectives {still}: {root.title}",
        changes,
    )
    listed = [_member(origin, breach) for breach in members[:LISTED]]
    return _composed(origin, root, told, {"members": listed, "members_left_out": len(members) - len(listed)})


def group_resolved(origin: Origin, root: Component, opened: str, at: Minute) -> Message:
    """OK, when every breach that the transition `opened` told is resolved."""
    told = Telling(
        naming.group_key(origin.estate, root.name),
        "OK",
        at * 60,
        f"{opened}/resolved",
        "page",
        f"{_title(root)} and what depends on it are quiet again: every breach that was told together is resolved.",
        f"all resolved: {root.title}",
    )
    return _composed(origin, root, told, {"members": [], "members_left_out": 0})


def _composed(origin: Origin, root: Component, told: Telling, more: dict[str, Any]) -> Message:
    links = {"component": f"{origin.base}/components/{root.name}", "overview": f"{origin.base}/"}
    trigger = metric("BurnRate", [("Group", root.name), ("Severity", "page")], periods=1, threshold=1.0)
    return compose(origin, root, told, links=links | runbook_link(root.runbook), trigger=trigger, more=more)


def _member(origin: Origin, breach: Breach) -> dict[str, Any]:
    return {
        "objective": breach.objective,
        "rule": document.rule(breach.rule),
        "fired_at": format_minute(breach.fired_at),
        "budget_spent": nearest_double(breach.spent),
        "link": f"{origin.base}/breaches/{naming.breach_id(breach)}",
    }


def _title(component: Component) -> str:
    return clip(line(component.title), 120)
