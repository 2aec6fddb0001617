"""A state as colour, icon and word together: colour alone never carries the meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slo.judge.verdict import STATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slo.estate.spec import Severity
    from slo.judge.verdict import Verdict

PENDING = "warming_up"
ORDER = (*STATES[:-2], PENDING, *STATES[-2:])
"""States in order of precedence; what has no first verdict yet stands before what is in order."""

ICONS = {
    "config_error": "wrench",
    "burning_fast": "flame",
    "exhausted": "empty",
    "source_error": "unplugged",
    "stale": "clock",
    "burning_slow": "ember",
    "no_data": "circle",
    "warning": "triangle",
    "warming_up": "circle",
    "insufficient_history": "hourglass",
    "ok": "check",
}


@dataclass(frozen=True, slots=True)
class Badge:
    """`state` names the colour class, `icon` the symbol in the page's sprite."""

    state: str
    word: str
    icon: str


def badge(state: str) -> Badge:
    return Badge(state, state.replace("_", " "), ICONS[state])


def badge_of(verdict: Verdict | None) -> Badge:
    return badge(PENDING if verdict is None else verdict.state)


def severity_badge(severity: Severity, *, is_open: bool) -> Badge:
    """In the colour of what burns while the breach is open, grey afterwards."""
    if not is_open:
        return Badge("resolved", severity, "check")
    return Badge("burning_fast", "page", "flame") if severity == "page" else Badge("burning_slow", "ticket", "ember")


def rank(state: str) -> int:
    return ORDER.index(state)


def worst(states: Iterable[str]) -> str | None:
    """None of none: a component without objectives has no state."""
    return min(states, key=rank, default=None)
