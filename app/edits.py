"""Edits of the estate as events: what was declared of an objective before, and what is declared now."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alerts.events import Event
from slo.units import format_duration, format_percent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from slo.estate.spec import Estate
    from slo.units import Minute

Declared = tuple["Minute", "Mapping[str, Any]"]
"""(valid from, declaration), as `app.ports.Store.definitions` gives them."""
DAYS = 7
"""An edit is told again at every start, which changes nothing: so that none is lost with a process that died in between."""
_WORDS = {
    "method": "method",
    "policy_name": "policy",
    "calendar": "calendar",
    "target_source": "source of the target",
    "lane": "lane",
}
_WHOLE = {
    "policy": "burn rules",
    "budgeting": "budgeting",
    "composite": "parts",
    "measure": "what is measured",
    "survives_sloop": "native alarms",
    "burn_metric": "published burn",
}
"""What is too long for a title."""


def edits(estate: Estate, definitions: Callable[[str], Sequence[Declared]], now: Minute) -> list[Event]:
    """The last edit of each objective, where it was in the last week."""
    found = []
    for objective in estate.objectives:
        declared = definitions(objective.id)
        if len(declared) > 1 and declared[-1][0] > now - DAYS * 1440:
            (_, before), (at, after) = declared[-2:]
            changed = list(_changes(before, after)) or ["its declaration"]
            title = f"{objective.id} edited: {', '.join(changed)}"
            document = {"objective": objective.id, "changes": changed}
            found.append(
                Event(f"edit/{objective.id}/{at}", "estate", "edit", at * 60, at * 60, title, objective.component, document)
            )
    return found


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """`target 99.9 % -> 99.5 %`; None of an older release is what says nothing."""
    if before.get("target") != after.get("target"):
        yield f"target {_percent(before)} -> {_percent(after)}"
    if before.get("window") != after.get("window"):
        yield f"window {_window(before)} -> {_window(after)}"
    for name, words in _WORDS.items():
        if before.get(name) != after.get(name):
            yield f"{words} {before.get(name) or 'none'} -> {after.get(name) or 'none'}"
    yield from (words for name, words in _WHOLE.items() if before.get(name) != after.get(name))


def _percent(declared: Mapping[str, Any]) -> str:
    return f"{format_percent(Decimal(declared['target']))} %"


def _window(declared: Mapping[str, Any]) -> str:
    return format_duration(declared["window"])
